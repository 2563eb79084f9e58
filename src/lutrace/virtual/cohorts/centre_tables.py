"""Makes a centre's tables for one study: what `lutrace add` reads, and the truth beside it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.virtual.cohorts.aftermath import list_aftermath
from lutrace.virtual.cohorts.answers import list_answers
from lutrace.virtual.cohorts.blood import list_labs, list_transfusions
from lutrace.virtual.cohorts.document import CentreDocument, centres_of
from lutrace.virtual.cohorts.parts import Column, TablePart, TableWriter
from lutrace.virtual.cohorts.patients import DrawnPatients, draw_patients
from lutrace.virtual.cohorts.real_world import RealWorld, list_real_world
from lutrace.virtual.cohorts.regions import list_regions
from lutrace.virtual.cohorts.treated import list_people

RECORDS, REGIONS_FILE, REGIONS_MAPPING = "records", "regions.csv", "regions.yaml"


@dataclass(frozen=True)
class CohortTables:
    """What was written: the folder, patients, rows by table, what `lutrace add` is told (a list per call), the cut."""

    folder: Path
    study: str
    patients: int
    rows: dict[str, int]
    add_arguments: tuple[tuple[str, ...], ...]
    data_cut: dt.date


def make_cohort_tables(study: str, n: int | None, seed: int, out: Path) -> CohortTables:
    """Write the synthetic records of `n` patients (None: as many as the abstract had) of a study's centres into `out`.

    `records/`: tables with declared columns, for `lutrace add table`; for PET regions `regions.csv` with its mapping;
    `truth.csv`: what is true of each patient; `truth.json`: the parameters with their sources. The same study, n and
    seed give the same bytes. Raises UnusableInputError for a study without such a centre, n below 1, or a full folder.
    """
    if n is not None and n < 1:
        raise UnusableInputError(f"a cohort needs at least one patient, got {n}")
    if out.exists() and any(out.iterdir()):
        raise UnusableInputError(f"{out.name}: the folder for the virtual centre must be empty; name a new one")
    centres = centres_of(study)
    sizes = _sizes(centres, n)
    with TableWriter(out / RECORDS) as records, TableWriter(out) as beside:
        for place, (centre, size) in enumerate(zip(centres, sizes, strict=True)):
            for part in _draw_parts(centre, size, seed=seed, place=place):
                writer = beside if part.table in ("regions", "truth") else records
                writer.write(part)
        rows = {name: count for name, count in records.rows.items() if count}
    calls: list[tuple[str, ...]] = [("table", str(out / RECORDS))]
    if (out / REGIONS_FILE).exists():
        mapping = resources.files("lutrace.virtual").joinpath("mappings", REGIONS_MAPPING).read_text(encoding="utf-8")
        (out / REGIONS_MAPPING).write_text(mapping, encoding="utf-8", newline="\n")
        calls.append(("table", str(out / REGIONS_FILE), "--mapping", str(out / REGIONS_MAPPING)))
    _write_truth(out / "truth.json", study, centres, seed=seed, sizes=sizes)
    return CohortTables(out, study, sum(sizes), rows, tuple(calls), data_cut=max(centre.data_cut for centre in centres))


def _sizes(centres: tuple[CentreDocument, ...], n: int | None) -> list[int]:
    """Patients of each centre: as in its document, or `n` shared out in the same proportion."""
    if n is None:
        return [centre.patients for centre in centres]
    total = sum(centre.patients for centre in centres)
    first = [round(n * centre.patients / total) for centre in centres[:-1]]
    return [*first, n - sum(first)]


def _draw_parts(centre: CentreDocument, n: int, *, seed: int, place: int) -> Iterator[TablePart]:
    for drawn, rng in draw_patients(centre, n, seed=seed, place=place):
        if isinstance(drawn, RealWorld):
            yield from list_real_world(drawn, rng)
            yield _truth_of_real_world(drawn)
        else:
            yield from _records(drawn, rng)
            yield _truth_of_treated(drawn)


def _records(drawn: DrawnPatients, rng: np.random.Generator) -> Iterator[TablePart]:
    """All tables of treated patients, and what their study needs beside."""
    people = drawn.people
    yield from list_people(people)
    yield from list_labs(people.ids, people.start, drawn.blood.days, drawn.blood.values)
    yield list_transfusions(people, drawn.blood)
    if drawn.answers is not None:
        yield from list_answers(people, drawn.answers, rng)
    if drawn.regions is not None:
        yield list_regions(people, drawn.regions)
    if drawn.after is not None:
        yield from list_aftermath(people, drawn.after, rng)


def _truth_of_treated(drawn: DrawnPatients) -> TablePart:
    people = drawn.people
    v = people.course
    columns: dict[str, Column] = {
        "patient_id": people.ids,
        "burden": np.round(v.burden, 5),
        "ln_ttv": np.round(v.ln_ttv[:, 0], 5),
        "psa_course": v.trajectory,
        "end_of_therapy": people.end,
        "death_day": v.death_day,
        "cut_day": v.follow_up_day,
        "toxicity_log_hazard": np.round(drawn.toxicity_log_hazard, 6),
        "toxicity_day": np.round(drawn.blood.toxicity_day, 2),
    }
    if drawn.answers is not None:
        columns |= {
            "fact_p_day": np.round(drawn.answers.fact_p_day, 2),
            "pain_day": np.round(drawn.answers.pain_day, 2),
            "xerostomia_slope": np.round(drawn.answers.xerostomia_slope, 5),
        }
    if drawn.after is not None:
        columns |= {"followed_by": drawn.after.what, "next_line_responds": drawn.after.responds}
    return TablePart("truth", columns)


def _truth_of_real_world(people: RealWorld) -> TablePart:
    return TablePart(
        "truth",
        {
            "patient_id": people.ids,
            "ln_psa": np.round(people.ln_psa, 5),
            "log_hazard": np.round(people.log_hazard, 6),
            "death_day": people.death_day,
            "cut_day": people.cut_day,
            "death_recorded": people.known_dead,
            "last_contact_day": people.last_contact_day,
        },
    )


def _write_truth(path: Path, study: str, centres: tuple[CentreDocument, ...], *, seed: int, sizes: list[int]) -> None:
    content: dict[str, Any] = {
        "note": "Synthetic. The truth that the virtual centre was made from; never evidence about patients.",
        "study": study,
        "seed": seed,
        "centres": [
            centre.model_dump(mode="json", exclude={"targets"}) | {"patients_made": size}
            for centre, size in zip(centres, sizes, strict=True)
        ],
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
