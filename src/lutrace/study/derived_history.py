"""Derived tables of cycles, grade groups and sites: what of each is counted."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import Row
from lutrace.endpoints import check_series, derive_grade_groups, derive_sites
from lutrace.protocol import DerivedGradeGroups, DerivedSites
from lutrace.study.derived_parts import Derivation, Ground, Reading, Variable, having
from lutrace.tables import GRADE_GROUPS, METASTASIS_SITES, RECONCILED_CYCLES, SERIES_CHECKS

_CONFLICTS = {
    "activity_conflict": "Statements of a cycle differ in activity",
    "agent_conflict": "Statements of a cycle name other radioligands",
    "number_conflict": "A cycle is stated under another number",
    "tandem": "Tandem of 177Lu and 225Ac",
}
_GROUPS = {f"grade_group_{number}": f"Grade group {number}" for number in range(1, 6)}
_SITES = {
    "bone": "Bone",
    "node_pelvic": "Lymph nodes, pelvic",
    "node_distant": "Lymph nodes, distant",
    "node": "Lymph nodes, not told which",
    "liver": "Liver",
    "lung": "Lung",
    "other_visceral": "Other visceral",
    "generalised": "Generalised",
    "local": "Local",
}


def derive_cycle_tables(ground: Ground) -> Derivation:
    """Cycles of all statements, and series against their sum."""
    history, rules = ground.history, ground.protocol.history.cycles
    cycles, series = RECONCILED_CYCLES.name, SERIES_CHECKS.name
    differs, differing = having("verdict", "differs"), "A series that differs from the sum of its cycles"
    conflicts = (Variable(name, label, "yes", cycles, bool, having(name, True)) for name, label in _CONFLICTS.items())
    return Derivation(
        {cycles: history.cycles, series: check_series(history.cycle_statements, history.cycles, rules)},
        (
            Variable("n", "Cycles, of all statements", "number", cycles, lambda rows: float(len(rows)), unit="cycles"),
            Variable("no_activity", "A cycle without activity", "yes", cycles, bool, having("activity_mbq", None)),
            *conflicts,
            Variable("series", "A stated series of cycles", "yes", series, bool),
            Variable("series_differs", differing, "yes", series, bool, differs),
        ),
        (
            f"Statements at most {rules.same_cycle:g} days apart are one cycle. Activities of one radioligand that "
            f"differ by more than {rules.activity_tolerance:g} % are told; the total of a series may differ by "
            f"{rules.series_tolerance:g} %.",
        ),
    )


def derive_grade_tables(ground: Ground, item: DerivedGradeGroups) -> Derivation:
    """The ISUP grade group of each patient."""
    name = GRADE_GROUPS.name

    def read(rows: Sequence[Row]) -> Reading:
        if not rows:
            return None
        return "not_knowable" if rows[0]["grade_group"] is None else f"grade_group_{rows[0]['grade_group']}"

    def several(rows: Sequence[Row]) -> Reading:
        return any(row["n_grade_groups"] > 1 for row in rows)

    return Derivation(
        {name: derive_grade_groups(ground.facts, item.which)},
        (
            Variable("grade_group", "ISUP grade group", "classes", name, read, levels=(*_GROUPS, "not_knowable")),
            Variable("several", "Scores of more than one grade group", "yes", name, several),
        ),
        (f"Of several scores the {item.which} counts. A sum of 7 without patterns is group 2 or 3: not known.",),
        labels={**_GROUPS, "not_knowable": "not known from the score"},
    )


def derive_site_tables(ground: Ground, item: DerivedSites) -> Derivation:
    """Sites of metastases as of the day asked about, from scans, readers, diagnoses and letters."""
    name, rules = METASTASIS_SITES.name, ground.protocol.history.sites
    age = "" if rules.look_back is None else f" of the last {rules.look_back:g} days"
    return Derivation(
        {name: derive_sites(ground.facts, ground.index(item.as_of), rules)},
        tuple(Variable(code, label, "yes", name, bool, having("site", code)) for code, label in _SITES.items()),
        (f"Scans, readers and letters{age} count, diagnoses always. A site that nobody names may still be involved.",),
        item.as_of,
    )
