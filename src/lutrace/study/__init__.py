"""study knows the way from a snapshot and a protocol to a report: cohort, endpoints, models, results."""

from lutrace.models import Combined, FitCall, PlainFit, SiteAnswer
from lutrace.study.analysis_set import build_analysis_set
from lutrace.study.claims import ClaimsResult, run_claims
from lutrace.study.claims_page import write_claims_page
from lutrace.study.demo_index import IndexedRun, index_run, write_demo_index
from lutrace.study.diff import RunDiff, run_diff
from lutrace.study.diff_page import NOTHING as NOTHING_CHANGED
from lutrace.study.diff_page import list_parts as list_diff_parts
from lutrace.study.diff_page import write_diff_page
from lutrace.study.fit_run import run_combine, run_fit, run_site_sums
from lutrace.study.grade_run import GradeResult, run_comparison, run_grades, write_grades
from lutrace.study.missing_facts import MISSING_COLUMNS, MissingResult, find_missing
from lutrace.study.psa_run import PsaResult, run_psa
from lutrace.study.psa_switches import SWITCHES as PSA_SWITCHES
from lutrace.study.registry_run import run_registry_study
from lutrace.study.response_run import DEFAULT_RULES, ResponseResult, run_response
from lutrace.study.run import Computation, RunResult, compute_study, run_study, summarise_notices
from lutrace.study.schema_text import format_schema
from lutrace.study.score_run import ScoreResult, run_score, widen_scores
from lutrace.study.shipped import load_protocol, shipped_names, shipped_text
from lutrace.study.text_columns import write_table

__all__ = [
    "DEFAULT_RULES",
    "MISSING_COLUMNS",
    "NOTHING_CHANGED",
    "PSA_SWITCHES",
    "ClaimsResult",
    "Combined",
    "Computation",
    "FitCall",
    "GradeResult",
    "IndexedRun",
    "MissingResult",
    "PlainFit",
    "PsaResult",
    "ResponseResult",
    "RunDiff",
    "RunResult",
    "ScoreResult",
    "SiteAnswer",
    "build_analysis_set",
    "compute_study",
    "find_missing",
    "format_schema",
    "index_run",
    "list_diff_parts",
    "load_protocol",
    "run_claims",
    "run_combine",
    "run_comparison",
    "run_diff",
    "run_fit",
    "run_grades",
    "run_psa",
    "run_registry_study",
    "run_response",
    "run_score",
    "run_site_sums",
    "run_study",
    "shipped_names",
    "shipped_text",
    "summarise_notices",
    "widen_scores",
    "write_claims_page",
    "write_demo_index",
    "write_diff_page",
    "write_grades",
    "write_table",
]
