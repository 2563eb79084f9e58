"""PSA: the series, its baseline, decline, progression, kinetics and castration resistance, as expressions."""
