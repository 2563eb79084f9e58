"""review knows a reviewer's acts on a stored scan. Empty until the web application's issue; placed so that it has a room."""

__all__: list[str] = []
