"""Survival: signs of life, days of death, overall survival, PFS with components, next treatment, index dates."""
