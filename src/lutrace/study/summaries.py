"""Rows of SUMMARIES: Table 1, what the events were, new lesions by class, provenance of the volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lutrace.core import Row
from lutrace.models import SummaryLine, describe_groups, describe_table
from lutrace.protocol import Outcome, Protocol, Toxicity
from lutrace.report import Notice

TABLES: dict[str, tuple[SummaryLine, ...]] = {
    "characteristics": (
        SummaryLine("age_years", "number"),
        SummaryLine("cycles", "number"),
        SummaryLine("first_activity_gbq", "number"),
        SummaryLine("psa_baseline", "number"),
        SummaryLine("haemoglobin_baseline", "number"),
        SummaryLine("alp_baseline", "number"),
        SummaryLine("ldh_baseline", "number"),
        SummaryLine("ecog", "classes"),
        SummaryLine("prior_taxane", "yes"),
        SummaryLine("prior_arpi", "yes"),
        SummaryLine("ttv_baseline_ml", "number"),
        SummaryLine("ttv_ml", "number"),
        SummaryLine("ttv_change_pct", "number"),
        SummaryLine("psa_change_pct", "number"),
        SummaryLine("psa50", "yes"),
    ),
    "new_lesions": tuple(
        SummaryLine(
            f"new_lesions_{name}", "classes", ("psma_avid", "not_avid_ct", "indeterminate", "none", "not_assessed")
        )
        for name in ("any_earlier", "previous_cycle", "first_cycle", "by_mean", "by_mean_2sd")
    ),
    "response": (
        SummaryLine("recip", "classes", ("CR", "PR", "SD", "PD", "not_evaluable")),
        SummaryLine("psa_recip", "classes", ("response", "stable", "progression", "not_evaluable")),
        SummaryLine("ppp", "classes", ("met", "not_met", "not_evaluable")),
    ),
    "ttv_provenance": (
        SummaryLine("spect_plan", "classes"),
        SummaryLine("spect_review", "classes"),
        SummaryLine("spect_view", "classes"),
        SummaryLine("spect_tracer", "classes"),
        SummaryLine("spect_scanner", "classes"),
        SummaryLine("spect_hours", "number"),
        SummaryLine("spect_hours", "classes", ("within 20 to 28 h", "outside 20 to 28 h")),
    ),
}
_OUTCOME_LEVELS = {
    "psa_response": ("response", "death", "censored", "left_out"),
    "psa_pfs": ("psa_progression", "death", "censored", "left_out"),
    "os": ("death", "censored", "left_out"),
    "pfs": (
        "psa_progression",
        "radiological_progression",
        "clinical_progression",
        "death",
        "censored",
        "left_out",
    ),
    "ttnt": ("next_line", "death", "censored", "left_out"),
    "time_to_worsening": ("worsening", "progression", "death", "censored", "left_out"),
}


def _levels(outcome: Outcome) -> tuple[str, ...]:
    """The components of an outcome's events; those of toxicity are the terms that count."""
    if isinstance(outcome, Toxicity):
        return (*outcome.counted, "death", "censored", "left_out")
    return _OUTCOME_LEVELS[outcome.kind]


def summarise_values(values: Sequence[Row], protocol: Protocol) -> list[Row]:
    """Rows of SUMMARIES for every table, one group per landmark; medians with quartiles of type 7."""
    components = tuple(SummaryLine(one.name, "classes", _levels(one)) for one in protocol.endpoints)
    return summarise_lines({**TABLES, "components": components}, values, protocol)


def summarise_lines(
    tables: Mapping[str, Sequence[SummaryLine]], values: Sequence[Row], protocol: Protocol
) -> list[Row]:
    """Rows of SUMMARIES for these tables; of each value `population endpoint value category unit reason` are read.

    Where a value may also have `gap`, a short name of why it is missing, the missing are counted by it. Raises
    ContradictionError where classes do not sum to their patients.
    """
    groups = {
        landmark.name: [row for row in values if row["population"] == landmark.name] for landmark in protocol.time_zeros
    }
    return [row for table, lines in tables.items() for row in describe_groups(table, lines, groups)]


def describe_tables(values: Sequence[Row], protocol: Protocol) -> tuple[list[Row], tuple[Notice, ...]]:
    """Rows of SUMMARIES of the tables by group that the protocol declares, and what a reader must be told of them."""
    described = [describe_table(table, values) for table in protocol.tables]
    notices = [Notice(one.where, one.text, one.severity) for made in described for one in made.warnings]
    return [row for made in described for row in made.summaries], tuple(notices)
