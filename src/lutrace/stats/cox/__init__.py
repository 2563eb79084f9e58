"""The Cox model: likelihood, fit, diagnostics, Firth's penalty."""
