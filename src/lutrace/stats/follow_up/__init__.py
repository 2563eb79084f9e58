"""Data sets that keep time in order: landmarks, covariates that change, and the guard against immortal time."""
