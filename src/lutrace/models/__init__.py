"""models knows how endpoint rows and an analysis specification become estimates.

`fit_analysis(analysis, rows, protocol)` takes one analysis of the protocol and the analysis set: a row per patient and
population (landmark) with `population`, `entry_days` (day from which the patient is at risk), for each outcome
`<name>_days` and `<name>_event`, each endpoint value under its own name, and for each covariate `<name>` (a number, as
it enters a model) and `<name>_days` (when it was known, from time zero). None is unknown; such patients leave the
analyses that need the value.

It gives rows of ESTIMATES, CURVES and AGREEMENTS and the warnings a reader must see. A covariate that was measured
after time zero, or that nothing dates, gets no hazard ratio (blocking); time that runs from cycle 1 gets a blocking
warning of immortal time.

`fit_plain(table, call)` takes a table as a file holds it and the names of its columns: `lutrace fit`; `answer_site` and
`combine_sites` do so for several sites that send sums only.
"""

from lutrace.models.cohort_effect import effect_term, restricted_term
from lutrace.models.comparison import describe_open_items
from lutrace.models.cox import describe_immortal_time
from lutrace.models.curves import fit_times, group_patients
from lutrace.models.description import SummaryLine, describe_groups
from lutrace.models.fit import fit_analysis
from lutrace.models.group_tables import DescribedTable, describe_table, find_group
from lutrace.models.multiplicity import adjust_families
from lutrace.models.outcome import is_late
from lutrace.models.pairs import classify_with
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import PlainTable, find_number_columns
from lutrace.models.plain.fit import fit_plain
from lutrace.models.plain.results import PlainFit
from lutrace.models.plain.sites import Combined, SiteAnswer, SiteQuestion, answer_site, combine_sites
from lutrace.models.prognostic import auc_term
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, join_results
from lutrace.models.trends import fit_trends

__all__ = [
    "AnalysisResult",
    "Cell",
    "Combined",
    "DescribedTable",
    "FitCall",
    "ModelWarning",
    "PlainFit",
    "PlainTable",
    "SiteAnswer",
    "SiteQuestion",
    "SummaryLine",
    "adjust_families",
    "answer_site",
    "auc_term",
    "classify_with",
    "combine_sites",
    "describe_groups",
    "describe_immortal_time",
    "describe_open_items",
    "describe_table",
    "effect_term",
    "find_group",
    "find_number_columns",
    "fit_analysis",
    "fit_plain",
    "fit_times",
    "fit_trends",
    "group_patients",
    "is_late",
    "join_results",
    "restricted_term",
]
