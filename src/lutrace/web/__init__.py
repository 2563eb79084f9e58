"""web knows the browser face. Empty until the web application's issue; placed so that it has a room."""

__all__: list[str] = []
