"""Follow-up: curves, risk sets, tests of equality, concordance."""
