"""study knows the order of steps from a snapshot and a protocol to a report."""

__all__: list[str] = []
