"""review knows a reviewer's acts on a stored scan. Empty until the web application is built."""

__all__: list[str] = []
