"""study knows the way from a snapshot and a protocol to a report: cohort, endpoints, models, results."""

from lutrace.study.analysis_set import build_analysis_set
from lutrace.study.run import Computation, RunResult, compute_study, run_study
from lutrace.study.shipped import load_protocol, shipped_names, shipped_text

__all__ = [
    "Computation",
    "RunResult",
    "build_analysis_set",
    "compute_study",
    "load_protocol",
    "run_study",
    "shipped_names",
    "shipped_text",
]
