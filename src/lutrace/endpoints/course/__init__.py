"""The course of radioligand therapy: doses, stops, what followed, states, counts, queries, support."""
