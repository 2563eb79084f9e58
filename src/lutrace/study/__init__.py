"""study knows the way from a snapshot and a protocol to a report: cohort, endpoints, models, results."""

from lutrace.study.analysis_set import build_analysis_set

__all__ = ["build_analysis_set"]
