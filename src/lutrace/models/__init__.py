"""models knows how endpoint rows and an analysis specification become estimates."""

__all__: list[str] = []
