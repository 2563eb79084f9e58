"""Honest numbers from many looks: adjusted p values, optimism, single patients left out."""
