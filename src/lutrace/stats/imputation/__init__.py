"""Missing covariates: several plausible completions, and one answer from the analyses of all of them."""
