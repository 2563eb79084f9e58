"""Groups made comparable: propensity scores, weights, matching, balance, and effects with the score's own error."""
