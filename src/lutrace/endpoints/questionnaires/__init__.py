"""From raw answers to scores, from scores to the time of worsening."""
