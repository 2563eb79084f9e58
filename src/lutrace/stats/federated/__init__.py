"""Models over several sites from sums alone: what each site computes, what it refuses, and what is made of it."""
