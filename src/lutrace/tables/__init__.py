"""tables knows the columns of every registry and result table: one declaration each, no rules."""

from lutrace.core import Table
from lutrace.tables.adverse_events import ADVERSE_EVENTS
from lutrace.tables.agreements import AGREEMENTS
from lutrace.tables.answers import ANSWERS
from lutrace.tables.attrition import ATTRITION
from lutrace.tables.balances import BALANCES
from lutrace.tables.cohort_members import COHORT_MEMBERS
from lutrace.tables.columns import without
from lutrace.tables.completions import COMPLETION_VISITS, COMPLETIONS
from lutrace.tables.contacts import CONTACTS
from lutrace.tables.courses import (
    COURSE_COUNTS,
    COURSE_FLOWS,
    COURSE_QUERIES,
    COURSE_STATES,
    COURSE_SUPPORT,
    COURSE_TRANSITIONS,
    COURSES,
)
from lutrace.tables.curves import CURVES
from lutrace.tables.cycle_reconciliation import RECONCILED_CYCLES, SERIES_CHECKS
from lutrace.tables.cycle_statements import CYCLE_STATEMENTS
from lutrace.tables.cycles import CYCLES
from lutrace.tables.declare import PROVENANCE
from lutrace.tables.diagnoses import DIAGNOSES
from lutrace.tables.disease_events import DISEASE_EVENTS
from lutrace.tables.dispositions import DISPOSITIONS
from lutrace.tables.effects import EFFECTS
from lutrace.tables.endpoint_values import ENDPOINT_VALUES
from lutrace.tables.estimates import ESTIMATES
from lutrace.tables.facts import Facts
from lutrace.tables.finding_uptakes import FINDING_UPTAKES
from lutrace.tables.follow_up import FOLLOW_UP
from lutrace.tables.history import GRADE_GROUPS, METASTASIS_SITES
from lutrace.tables.incidences import INCIDENCES
from lutrace.tables.influences import INFLUENCES
from lutrace.tables.labs import LABS
from lutrace.tables.lesion_doses import LESION_DOSES
from lutrace.tables.lesion_links import LESION_LINKS
from lutrace.tables.lesions import LESIONS
from lutrace.tables.lines import LINE_AGENTS, LINE_QUERIES, LINES, PRIOR_REGIMENS
from lutrace.tables.masks import MASKS
from lutrace.tables.mcrpc import MCRPC_AGREEMENTS, MCRPC_CHOICES, MCRPC_DATES
from lutrace.tables.medications import MEDICATIONS
from lutrace.tables.merges import MERGE_RULES, MERGED_TABLES, MERGES, Compared, MergeRule
from lutrace.tables.occupancies import OCCUPANCIES
from lutrace.tables.organs import ORGANS
from lutrace.tables.overrides import OVERRIDES
from lutrace.tables.patients import PATIENTS
from lutrace.tables.pictures import PICTURES
from lutrace.tables.psa_flips import PSA_FLIPS
from lutrace.tables.quantifications import MEASURE_VERSION, QUANTIFICATIONS
from lutrace.tables.quarantine import QUARANTINE
from lutrace.tables.questionnaires import QUESTIONNAIRES
from lutrace.tables.reader_findings import READER_FINDINGS
from lutrace.tables.region_statistics import REGION_STATISTICS
from lutrace.tables.reviews import REVIEWS
from lutrace.tables.scans import SCANS
from lutrace.tables.score_courses import SCORE_COURSES
from lutrace.tables.scores import SCORES
from lutrace.tables.sources import SOURCES
from lutrace.tables.summaries import SUMMARIES
from lutrace.tables.support import SUPPORT
from lutrace.tables.survival_times import DEATH_DATES, PFS_COMPONENTS, SURVIVAL_TIMES
from lutrace.tables.text_findings import TEXT_FINDINGS
from lutrace.tables.timelines import GRADE_BANDS, TIMELINE_EVENTS, TRAJECTORIES, TRENDS
from lutrace.tables.toxicity import GRADE_FLIPS, TOXICITY_COURSES, TOXICITY_CYCLES
from lutrace.tables.tracking_checks import TRACKING_CHECKS
from lutrace.tables.treatments import TREATMENTS
from lutrace.tables.tumour_burdens import TUMOUR_BURDENS
from lutrace.tables.validations import VALIDATIONS
from lutrace.tables.vitals import VITALS
from lutrace.tables.worsenings import WORSENINGS

FACT_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        PATIENTS,
        DIAGNOSES,
        VITALS,
        CYCLES,
        CYCLE_STATEMENTS,
        TREATMENTS,
        MEDICATIONS,
        LABS,
        QUESTIONNAIRES,
        ADVERSE_EVENTS,
        SUPPORT,
        SCANS,
        MASKS,
        QUANTIFICATIONS,
        ORGANS,
        LESIONS,
        TUMOUR_BURDENS,
        LESION_LINKS,
        LESION_DOSES,
        FINDING_UPTAKES,
        TRACKING_CHECKS,
        PICTURES,
        READER_FINDINGS,
        REGION_STATISTICS,
        TEXT_FINDINGS,
        DISEASE_EVENTS,
        DISPOSITIONS,
        CONTACTS,
        FOLLOW_UP,
        OVERRIDES,
        REVIEWS,
    )
}
"""The tables that sources and measurements fill, by name; all of them are frozen into a snapshot."""

RESULT_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ATTRITION,
        COHORT_MEMBERS,
        ENDPOINT_VALUES,
        ESTIMATES,
        CURVES,
        EFFECTS,
        INFLUENCES,
        INCIDENCES,
        OCCUPANCIES,
        BALANCES,
        VALIDATIONS,
        AGREEMENTS,
        SUMMARIES,
        SCORES,
        WORSENINGS,
        SCORE_COURSES,
        COMPLETIONS,
        COMPLETION_VISITS,
        PSA_FLIPS,
        GRADE_FLIPS,
        TOXICITY_COURSES,
        TOXICITY_CYCLES,
        TRAJECTORIES,
        TIMELINE_EVENTS,
        TRENDS,
        GRADE_BANDS,
        COURSES,
        COURSE_STATES,
        COURSE_TRANSITIONS,
        COURSE_COUNTS,
        COURSE_FLOWS,
        COURSE_QUERIES,
        COURSE_SUPPORT,
        SURVIVAL_TIMES,
        DEATH_DATES,
        PFS_COMPONENTS,
        LINES,
        LINE_AGENTS,
        PRIOR_REGIMENS,
        LINE_QUERIES,
        RECONCILED_CYCLES,
        SERIES_CHECKS,
        MCRPC_DATES,
        MCRPC_CHOICES,
        MCRPC_AGREEMENTS,
        GRADE_GROUPS,
        METASTASIS_SITES,
    )
}
"""The tables that a run fills, by name."""

__all__ = [
    "ADVERSE_EVENTS",
    "AGREEMENTS",
    "ANSWERS",
    "ATTRITION",
    "BALANCES",
    "COHORT_MEMBERS",
    "COMPLETIONS",
    "COMPLETION_VISITS",
    "CONTACTS",
    "COURSES",
    "COURSE_COUNTS",
    "COURSE_FLOWS",
    "COURSE_QUERIES",
    "COURSE_STATES",
    "COURSE_SUPPORT",
    "COURSE_TRANSITIONS",
    "CURVES",
    "CYCLES",
    "CYCLE_STATEMENTS",
    "DEATH_DATES",
    "DIAGNOSES",
    "DISEASE_EVENTS",
    "DISPOSITIONS",
    "EFFECTS",
    "ENDPOINT_VALUES",
    "ESTIMATES",
    "FACT_TABLES",
    "FINDING_UPTAKES",
    "FOLLOW_UP",
    "GRADE_BANDS",
    "GRADE_FLIPS",
    "GRADE_GROUPS",
    "INCIDENCES",
    "INFLUENCES",
    "LABS",
    "LESIONS",
    "LESION_DOSES",
    "LESION_LINKS",
    "LINES",
    "LINE_AGENTS",
    "LINE_QUERIES",
    "MASKS",
    "MCRPC_AGREEMENTS",
    "MCRPC_CHOICES",
    "MCRPC_DATES",
    "MEASURE_VERSION",
    "MEDICATIONS",
    "MERGED_TABLES",
    "MERGES",
    "MERGE_RULES",
    "METASTASIS_SITES",
    "OCCUPANCIES",
    "ORGANS",
    "OVERRIDES",
    "PATIENTS",
    "PFS_COMPONENTS",
    "PICTURES",
    "PRIOR_REGIMENS",
    "PROVENANCE",
    "PSA_FLIPS",
    "QUANTIFICATIONS",
    "QUARANTINE",
    "QUESTIONNAIRES",
    "READER_FINDINGS",
    "RECONCILED_CYCLES",
    "REGION_STATISTICS",
    "RESULT_TABLES",
    "REVIEWS",
    "SCANS",
    "SCORES",
    "SCORE_COURSES",
    "SERIES_CHECKS",
    "SOURCES",
    "SUMMARIES",
    "SUPPORT",
    "SURVIVAL_TIMES",
    "TEXT_FINDINGS",
    "TIMELINE_EVENTS",
    "TOXICITY_COURSES",
    "TOXICITY_CYCLES",
    "TRACKING_CHECKS",
    "TRAJECTORIES",
    "TREATMENTS",
    "TRENDS",
    "TUMOUR_BURDENS",
    "VALIDATIONS",
    "VITALS",
    "WORSENINGS",
    "Compared",
    "Facts",
    "MergeRule",
    "without",
]
