"""CTCAE grades of laboratory values, and what follows from them: worst, first, emergent, shift, recovery."""
