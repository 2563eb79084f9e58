"""Linear, logistic, ordinal and mixed models: an outcome on covariates, with an intercept."""
