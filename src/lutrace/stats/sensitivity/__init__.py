"""How wrong the data would have to be: unmeasured confounding, missed deaths."""
