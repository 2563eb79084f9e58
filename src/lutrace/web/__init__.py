"""web knows the browser face. Empty until the web application is built."""

__all__: list[str] = []
