"""Models of a plain table: columns named in the call, terms as written, a row per estimate."""
