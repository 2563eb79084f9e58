"""The derived table of PSA switches: how many patients each other value of each switch moves."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import Row
from lutrace.endpoints import PsaVariant, describe_rule, read_psa_flips
from lutrace.protocol import DerivedPsaSwitches, PsaPfs
from lutrace.study.derived_parts import Derivation, Ground, Reading, Variable, seen
from lutrace.study.psa_switches import PsaChoices, value_of, variants
from lutrace.tables import PSA_FLIPS

_NOT_JUDGED = "not_judged"
_ALWAYS = {"event gained", "event lost"}
"""Classes that are counted also where nobody is in them."""
_NO_ASSAY = "assay"
"""A registry keeps no assay with its values."""
_LABELS = {"other day": "another day", _NOT_JUDGED: "not judged by either"}


def derive_switch_tables(ground: Ground, item: DerivedPsaSwitches) -> Derivation:
    """PSA progression and PSA50 under each other value of each switch, against the rules of the outcome named."""
    outcome = ground.protocol.outcome(item.of)
    assert isinstance(outcome, PsaPfs)  # checked when the protocol was read
    choices = PsaChoices(psa=ground.protocol.psa, progression=outcome.progression)
    every = [
        PsaVariant(switch.name, value_of(choices, switch), value, changed.psa, changed.progression)
        for switch, value, changed in variants(choices)
        if switch.name != _NO_ASSAY
    ]
    flips = read_psa_flips(ground.basis, outcome, every)
    rows: list[Row] = flips.to_pyarrow().to_pylist()
    return Derivation(
        {PSA_FLIPS.name: flips},
        tuple(variable for one in every for variable in _of_switch(one, rows)),
        (
            f"The study's rule: {describe_rule(outcome.progression)}.",
            "Progression at any time after the first cycle, also before a landmark; one switch is changed at a time.",
        ),
        labels=_LABELS,
    )


def _of_switch(variant: PsaVariant, flips: Sequence[Row]) -> tuple[Variable, ...]:
    """Progression, and PSA50 where the switch moves anybody's."""

    def holds(row: Row) -> bool:
        return (row["switch"], row["value"]) == (variant.switch, variant.value)

    def moved(column: str) -> Variable:
        def read(rows: Sequence[Row]) -> Reading:
            return rows[0][column] if rows else _NOT_JUDGED

        found = seen(flips, read, holds) | _ALWAYS
        levels = (*(one for one in PSA_FLIPS.by_name[column].codes or () if one in found), _NOT_JUDGED)
        what = {"progression": "progression", "psa50": "PSA50"}[column]
        label = f"{variant.switch} = {variant.value} (study: {variant.chosen}): {what}"
        name = "_".join((variant.switch, *variant.value.split(), column))
        return Variable(name, label, "classes", PSA_FLIPS.name, read, holds, levels=levels)

    responds = any(row["psa50"] != "same" for row in filter(holds, flips))
    return (moved("progression"), moved("psa50")) if responds else (moved("progression"),)
