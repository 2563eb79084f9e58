"""federation knows how sites share aggregates only. Empty until federated studies are built."""

__all__: list[str] = []
