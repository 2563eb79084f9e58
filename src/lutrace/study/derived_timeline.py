"""The derived table of timelines: results and events of each patient, their middle course, grades as bands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import ibis
import pyarrow as pa

from lutrace.core import Row
from lutrace.endpoints import derive_timeline_events, derive_trajectories, find_grade_bands, held
from lutrace.models import fit_trends
from lutrace.protocol import SCORE_SEPARATOR, TUMOUR_VOLUME, WEIGHT, DerivedTimeline
from lutrace.study.derived_parts import Derivation, Ground, Reading, Variable, having
from lutrace.tables import GRADE_BANDS, LABS, TIMELINE_EVENTS, TRAJECTORIES, TRENDS
from lutrace.terms import analyte_named

_WORDS = {
    "dose": "dose",
    "psma_pet": "PSMA-PET",
    "rlt_spect": "SPECT after a dose",
    "psa": "PSA",
    "psa50": "PSA50",
    "psa90": "PSA90",
    "psa_progression": "PSA progression",
    "radiological_progression": "radiological progression",
    "clinical_progression": "clinical progression",
    "adverse_event": "event graded by a clinician",
    "last_contact": "last sign of life",
    "red_cells": "red cells",
    "g_csf": "G-CSF",
    "esa": "erythropoietin",
    "tpo_ra": "thrombopoietin agonist",
    TUMOUR_VOLUME: "Tumour volume",
    WEIGHT: "Weight",
}


def derive_timeline_tables(ground: Ground, item: DerivedTimeline) -> Derivation:
    """Rows of TRAJECTORIES, TIMELINE_EVENTS, TRENDS and GRADE_BANDS; counted are the results of each patient."""
    trajectories = held(derive_trajectories(ground.basis, item))
    order = [*TRAJECTORIES.key]
    rows: list[Row] = trajectories.order_by(order).to_pyarrow().to_pylist()
    events = held(derive_timeline_events(ground.basis, ground.history))
    bands = find_grade_bands(item.analytes, item.criteria, _common_limits(ground, item.analytes))
    return Derivation(
        {
            TRAJECTORIES.name: trajectories,
            TIMELINE_EVENTS.name: events,
            TRENDS.name: ibis.memtable(pa.Table.from_pylist(fit_trends(rows), schema=TRENDS.arrow_schema)),
            GRADE_BANDS.name: ibis.memtable(pa.Table.from_pylist(bands, schema=GRADE_BANDS.arrow_schema)),
        },
        tuple(_counted(name) for name in item.series),
        (
            "Days run from the first dose; a result of the day of a dose is before that dose. A change refers to the "
            "last result within 28 days up to the first dose (PSA: the baseline of the study's rules). Grades: "
            f"{item.criteria}; a band is drawn only where its limit is one number for all patients.",
        ),
        by_day=False,
        labels={**_WORDS, **dict(zip(item.series, map(_word, item.series), strict=True))},
    )


def _counted(series: str) -> Variable:
    def read(rows: Sequence[Row]) -> Reading:
        return float(len(rows))

    name = "_".join(series.replace(SCORE_SEPARATOR, " ").replace("-", " ").split())
    return Variable(
        name, f"Results of {_word(series)} of each patient", "number", TRAJECTORIES.name, read,
        having("series", series), unit="results",
    )  # fmt: skip


def _word(series: str) -> str:
    """A reader's word for a series."""
    if series in _WORDS:
        return _WORDS[series]
    known = analyte_named(series)
    if known is not None:
        return known.title[:1].upper() + known.title[1:]
    instrument, _, scale = series.partition(SCORE_SEPARATOR)
    return f"{instrument.upper()} {scale.replace('_', ' ')}"


def _common_limits(ground: Ground, analytes: Iterable[str]) -> dict[str, tuple[float | None, float | None]]:
    """The limits of normal of each analyte, where all its results that have one name the same."""
    labs = ground.basis.known(ground.facts.table(LABS), "date")
    labs = labs.filter(labs.analyte.isin(list(analytes)))
    ends = labs.group_by("analyte").aggregate(
        lowest=labs.lln.min(), highest=labs.lln.max(), least=labs.uln.min(), most=labs.uln.max()
    )
    return {
        row["analyte"]: (_only(row["lowest"], row["highest"]), _only(row["least"], row["most"]))
        for row in ends.to_pyarrow().to_pylist()
    }


def _only(lowest: float | None, highest: float | None) -> float | None:
    return lowest if lowest == highest else None
