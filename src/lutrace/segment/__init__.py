"""segment knows organs and lesions in a volume: threshold plans, physiological uptake, identity across time."""

__all__: list[str] = []
