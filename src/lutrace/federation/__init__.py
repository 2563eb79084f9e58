"""federation knows how sites share aggregates only. Empty until federated studies are built; placed so that it has a room."""

__all__: list[str] = []
