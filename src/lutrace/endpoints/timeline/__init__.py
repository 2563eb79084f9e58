"""What happened to each patient and when: results over time, dated events, and grades as bands."""
