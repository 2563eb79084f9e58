"""ingest knows the order of steps from scans and records to the registry, parallel and resumable."""

__all__: list[str] = []
