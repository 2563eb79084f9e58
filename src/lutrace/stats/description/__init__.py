"""What describes a group or compares two measurements: summaries, proportions, correlation, agreement."""
