"""report knows how result rows look: tables, figures, HTML and DOCX; it computes nothing."""

__all__: list[str] = []
