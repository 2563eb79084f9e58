"""`lutrace init`, `add`, `measure`, `check`: fill a registry and look after it."""

from __future__ import annotations

import typer
def register(app): pass
