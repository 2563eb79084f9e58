"""notes knows clinical sentences in English and German: asserted facts with the span that says them."""

__all__: list[str] = []
