"""endpoints knows how facts become endpoints, each row with its evidence: PSA, tumour, survival."""

from lutrace.endpoints.basis import FIRST_CYCLE, Basis, held
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.endpoints.course.counts import (
    CourseSumError,
    check_course,
    derive_course_counts,
    derive_course_flows,
)
from lutrace.endpoints.course.queries import derive_course_queries
from lutrace.endpoints.course.states import (
    Course,
    build_course,
    derive_course_states,
    derive_course_transitions,
    derive_courses,
)
from lutrace.endpoints.course.support import derive_course_support
from lutrace.endpoints.derivations import (
    derive_endpoints,
    derive_values,
    derive_worsening_rows,
    derived_names,
    express_values,
)
from lutrace.endpoints.history.agreement import compare_mcrpc_dates, count_mcrpc_patterns
from lutrace.endpoints.history.chain import History
from lutrace.endpoints.history.cycles import check_series, list_cycle_statements, reconcile_cycles
from lutrace.endpoints.history.gleason import derive_grade_groups
from lutrace.endpoints.history.lines import derive_line_agents, derive_lines
from lutrace.endpoints.history.mcrpc import choose_mcrpc_dates, derive_mcrpc_dates
from lutrace.endpoints.history.prior_regimens import count_prior_regimens, find_line_queries
from lutrace.endpoints.history.settings import find_setting_queries
from lutrace.endpoints.history.sites import derive_sites
from lutrace.endpoints.letters import said_in_letters
from lutrace.endpoints.new_lesions import UNREVIEWED
from lutrace.endpoints.psa.castration_resistance import (
    aua_castration_resistance,
    castrate_state,
    eau_castration_resistance,
    pcwg3_castration_resistance,
    screening_castration_resistance,
)
from lutrace.endpoints.psa.course import classify_course, derive_dose_response, dose_windows
from lutrace.endpoints.psa.kinetics import doubling_time
from lutrace.endpoints.psa.progression import describe_rule, find_psa_progression
from lutrace.endpoints.psa.response import best_response
from lutrace.endpoints.psa.series import baseline_of, keep_baseline_assay, one_per_day
from lutrace.endpoints.psa.summary import SUMMARY_COLUMNS, summarise_psa
from lutrace.endpoints.psa.switch_flips import PsaVariant, read_psa_flips
from lutrace.endpoints.questionnaires.completion import (
    count_completion,
    derive_visits_by_cycle,
    derive_visits_by_day,
)
from lutrace.endpoints.questionnaires.courses import derive_score_courses, derive_score_series
from lutrace.endpoints.questionnaires.scores import derive_scores
from lutrace.endpoints.questionnaires.scoring import score_long, score_wide
from lutrace.endpoints.questionnaires.variants import worsening_variants
from lutrace.endpoints.questionnaires.worsening import derive_worsenings, describe_worsening
from lutrace.endpoints.response_basis import NewAgainst, ResponseBasis
from lutrace.endpoints.response_rows import derive_response_rows
from lutrace.endpoints.scan_provenance import CUT_BY_VIEW, UNREVIEWED_VOLUME
from lutrace.endpoints.survival.deaths import derive_death_dates
from lutrace.endpoints.survival.index_dates import derive_index_dates
from lutrace.endpoints.survival.pfs import derive_pfs_components
from lutrace.endpoints.survival.times import derive_survival_times
from lutrace.endpoints.timeline.events import derive_timeline_events
from lutrace.endpoints.timeline.grade_bands import find_grade_bands
from lutrace.endpoints.timeline.trajectories import derive_trajectories
from lutrace.endpoints.toxicity.course import count_shifts, derive_toxicity_courses, derive_toxicity_cycles
from lutrace.endpoints.toxicity.graded_events import ToxicityBasis
from lutrace.endpoints.toxicity.grading import grade_labs
from lutrace.endpoints.toxicity.preparation import (
    check_plausible,
    correct_calcium,
    find_albumin_days,
    find_baseline_series,
    mark_baselines,
    to_canonical_units,
)
from lutrace.endpoints.toxicity.version_flips import derive_grade_flips

__all__ = [
    "CUT_BY_VIEW",
    "FIRST_CYCLE",
    "SUMMARY_COLUMNS",
    "UNREVIEWED",
    "UNREVIEWED_VOLUME",
    "Basis",
    "Course",
    "CourseBasis",
    "CourseSumError",
    "History",
    "NewAgainst",
    "PsaVariant",
    "ResponseBasis",
    "ToxicityBasis",
    "aua_castration_resistance",
    "baseline_of",
    "best_response",
    "build_course",
    "castrate_state",
    "check_course",
    "check_plausible",
    "check_series",
    "choose_mcrpc_dates",
    "classify_course",
    "compare_mcrpc_dates",
    "correct_calcium",
    "count_completion",
    "count_mcrpc_patterns",
    "count_prior_regimens",
    "count_shifts",
    "derive_course_counts",
    "derive_course_flows",
    "derive_course_queries",
    "derive_course_states",
    "derive_course_support",
    "derive_course_transitions",
    "derive_courses",
    "derive_death_dates",
    "derive_dose_response",
    "derive_endpoints",
    "derive_grade_flips",
    "derive_grade_groups",
    "derive_index_dates",
    "derive_line_agents",
    "derive_lines",
    "derive_mcrpc_dates",
    "derive_pfs_components",
    "derive_response_rows",
    "derive_score_courses",
    "derive_score_series",
    "derive_scores",
    "derive_sites",
    "derive_survival_times",
    "derive_timeline_events",
    "derive_toxicity_courses",
    "derive_toxicity_cycles",
    "derive_trajectories",
    "derive_values",
    "derive_visits_by_cycle",
    "derive_visits_by_day",
    "derive_worsening_rows",
    "derive_worsenings",
    "derived_names",
    "describe_rule",
    "describe_worsening",
    "dose_windows",
    "doubling_time",
    "eau_castration_resistance",
    "express_values",
    "find_albumin_days",
    "find_baseline_series",
    "find_grade_bands",
    "find_line_queries",
    "find_psa_progression",
    "find_setting_queries",
    "grade_labs",
    "held",
    "keep_baseline_assay",
    "list_cycle_statements",
    "mark_baselines",
    "one_per_day",
    "pcwg3_castration_resistance",
    "read_psa_flips",
    "reconcile_cycles",
    "said_in_letters",
    "score_long",
    "score_wide",
    "screening_castration_resistance",
    "summarise_psa",
    "to_canonical_units",
    "worsening_variants",
]
