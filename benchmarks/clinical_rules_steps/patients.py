"""Synthetic patients: 100 laboratory rows each, of which 16 are PSA, their first cycles, and what else they were given.

Nobody's data: numbers from one generator with a fixed seed, 20,000 patients at a time, so that the first N patients are
the same in every size. Files: `labs.parquet` as a laboratory exports it (all text, units by site, rows by date within a
block of patients), `psa.parquet` and `index.parquet` for `lutrace psa`, and `treatments.parquet`, `cycles.parquet` and
`mcrpc.parquet` as a snapshot holds them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lutrace.tables import CYCLES, TREATMENTS

BLOCK = 20_000
SEED = 20_260
VISITS = 7
PSA_ROWS = 16
FIRST_DAY = np.datetime64("2016-01-04")
FIRST_DAYS = 2_500
"""First cycles are spread over so many days."""
TABLES = ("labs", "psa", "index", "treatments", "cycles", "mcrpc")


@dataclass(frozen=True)
class Drawn:
    """An analyte in its first unit: middle and spread (of the logarithm), limits, whether a baseline is named.

    `units`: each site's unit, what a number in the first is multiplied by, and decimals.
    """

    name: str
    middle: float
    spread: float
    lln: float
    uln: float
    units: tuple[tuple[str, float, int], ...]
    has_baseline: bool = False


_CELLS = (("10^9/L", 1.0, 2), ("/uL", 1000.0, 0), ("Tsd/uL", 1.0, 2), ("K/uL", 1.0, 2))
_ENZYME = (("U/L", 1.0, 0), ("IU/L", 1.0, 1))
ANALYTES = (
    Drawn("haemoglobin", 10.8, 0.22, 13.5, 17.5, (("g/dL", 1.0, 1), ("g/L", 10.0, 0), ("mmol/L", 0.6206, 1))),
    Drawn("platelets", 160.0, 0.65, 150.0, 400.0, _CELLS),
    Drawn("neutrophils", 3.2, 0.6, 1.8, 7.5, _CELLS),
    Drawn("leukocytes", 5.0, 0.5, 4.0, 11.0, _CELLS),
    Drawn("lymphocytes", 1.1, 0.55, 1.0, 4.0, _CELLS),
    Drawn("creatinine", 1.1, 0.45, 0.7, 1.2, (("mg/dL", 1.0, 2), ("umol/L", 88.42, 0)), has_baseline=True),
    Drawn("alt", 32.0, 0.75, 5.0, 45.0, _ENZYME, has_baseline=True),
    Drawn("ast", 30.0, 0.7, 5.0, 35.0, _ENZYME, has_baseline=True),
    Drawn("bilirubin", 0.7, 0.7, 0.2, 1.2, (("mg/dL", 1.0, 2), ("umol/L", 17.104, 1)), has_baseline=True),
    Drawn("alp", 140.0, 0.8, 40.0, 130.0, _ENZYME, has_baseline=True),
    Drawn("albumin", 3.7, 0.16, 3.5, 5.2, (("g/dL", 1.0, 1), ("g/L", 10.0, 0))),
    Drawn("calcium", 9.1, 0.1, 8.6, 10.3, (("mg/dL", 1.0, 1),)),
)
SITES = 4
_DRUGS = (
    ("abiraterone", "arpi", False), ("enzalutamide", "arpi", False), ("docetaxel", "taxane", True),
    ("cabazitaxel", "taxane", True), ("olaparib", "parp", False), ("radium_223", "ra223", True),
)  # fmt: skip


def write_patients(folder: Path, patients: int) -> None:
    """The tables of so many patients, one row group per block."""
    writers: dict[str, pq.ParquetWriter] = {}
    for begin in range(0, patients, BLOCK):
        for name, table in draw_block(begin // BLOCK, min(BLOCK, patients - begin)).items():
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="zstd")
            writers[name].write_table(table, row_group_size=1 << 20)
    for writer in writers.values():
        writer.close()


def draw_block(block: int, patients: int) -> dict[str, pa.Table]:
    """The tables of one block; each patient is the same however many of the block are kept."""
    rng = np.random.default_rng([SEED, block])
    people = np.arange(BLOCK)
    c1 = FIRST_DAY + rng.integers(0, FIRST_DAYS, BLOCK)
    names = pa.array([f"P{block * BLOCK + number:07}" for number in people])
    labs = [_draw_analyte(one, people, c1, rng) for one in ANALYTES]
    psa = _draw_psa(people, c1, rng)
    treatments, cycles = _draw_treatments(people, c1, rng)
    mcrpc = {"person": people, "crpc_date": c1 - rng.integers(200, 1_500, BLOCK), "metastatic_date": c1 - 1_600}
    mcrpc |= {f"{name}_precision": np.full(BLOCK, "day") for name in ("crpc", "metastatic")}
    index = {"person": people, "date": c1}
    made = {
        "labs": pa.concat_tables([*labs, psa.select(labs[0].column_names)]),
        "psa": psa.select(["person", "date", "value"]).rename_columns(["person", "date", "psa_ng_ml"]),
        "index": pa.table(index),
        "treatments": treatments,
        "cycles": cycles,
        "mcrpc": pa.table(mcrpc),
    }
    return {name: _named(table, names, patients, name) for name, table in made.items()}


def _named(table: pa.Table, names: pa.Array, patients: int, which: str) -> pa.Table:
    """The rows of the first patients by date, with their names in place of numbers."""
    table = table.filter(pc.less(table["person"], patients))
    if "date" in table.column_names:
        table = table.take(pc.sort_indices(table, [("date", "ascending"), ("person", "ascending")]))
    column = names.take(table["person"].combine_chunks())
    table = table.drop_columns("person").add_column(0, "patient_id", column)
    declared = {"treatments": TREATMENTS, "cycles": CYCLES}.get(which)
    return table if declared is None else _declared(table, declared)


def _declared(table: pa.Table, declared: Any) -> pa.Table:
    keys = [table[name].cast(pa.string()) for name in ("patient_id", "record_key") if name in table.column_names]
    keys = keys if len(keys) == 2 else [table["patient_id"], table["cycle"].cast(pa.string())]
    row_id = pc.binary_join_element_wise(f"{declared.name}", *keys, "-")
    table = table.append_column("row_id", row_id)
    missing = {column.name: pa.nulls(table.num_rows, column.arrow_type) for column in declared.columns}
    found = {name: table[name] if name in table.column_names else empty for name, empty in missing.items()}
    return pa.table(found).cast(pa.schema([pa.field(one.name, one.arrow_type) for one in declared.columns]))


def _draw_analyte(one: Drawn, people: Any, c1: Any, rng: np.random.Generator) -> pa.Table:
    """Seven results of each patient in the unit of the site; some values, limits and baselines are not given."""
    own = one.middle * np.exp(rng.normal(0.0, one.spread * 0.7, BLOCK))
    values = own[:, None] * np.exp(rng.normal(0.0, one.spread * 0.7, (BLOCK, VISITS)))
    low, high = 0.25 * one.lln, 30 * one.uln
    values = np.clip(values, low, high)
    days = c1[:, None] + (42 * np.arange(VISITS) - 5) + np.where(np.arange(VISITS) > 0, 2, 0)
    gone = rng.random((BLOCK, VISITS)) < 0.01
    unlimited = rng.random((BLOCK, VISITS)) < 0.02
    parts = []
    for site in range(SITES):
        unit, factor, decimals = one.units[site % len(one.units)]
        here = people % SITES == site
        value = np.round(values[here] * factor, decimals).ravel()
        n = value.size
        baseline = np.repeat(np.round(values[here][:, 0] * factor, decimals), VISITS)
        without = np.full(n, not one.has_baseline) | np.repeat(people[here] % 7 == 0, VISITS)
        hidden = unlimited[here].ravel()
        parts.append(
            pa.table(
                {
                    "person": np.repeat(people[here], VISITS),
                    "date": days[here].ravel(),
                    "analyte": pa.array([one.name]).take(np.zeros(n, np.int64)),
                    "value": _texts(value, gone[here].ravel()),
                    "unit": pa.array([unit]).take(np.zeros(n, np.int64)),
                    "lln": _texts(np.full(n, round(one.lln * factor, decimals)), hidden),
                    "uln": _texts(np.full(n, round(one.uln * factor, decimals)), hidden),
                    "baseline_value": _texts(baseline, without),
                }
            )
        )
    return pa.concat_tables(parts)


def _texts(numbers: Any, empty: Any) -> pa.Array:
    return pc.cast(pa.array(numbers, mask=empty), pa.string())


def _draw_psa(people: Any, c1: Any, rng: np.random.Generator) -> pa.Table:
    """A fall and a rise, or only one of them: three values before the first cycle, thirteen after, some of one day."""
    start = np.exp(rng.normal(3.0, 1.4, (BLOCK, 1)))
    fall, turn = rng.uniform(0.0, 0.05, (BLOCK, 1)), rng.integers(0, 300, (BLOCK, 1))
    rise = rng.uniform(0.0, 0.02, (BLOCK, 1))
    offsets = np.array([-50, -21, -3, 14, 28, 49, 70, 84, 105, 126, 154, 182, 210, 252, 294, 336])
    days = offsets + rng.integers(-4, 5, (BLOCK, PSA_ROWS))
    days[:, 2] = -rng.integers(0, 4, BLOCK)
    doubled = rng.random(BLOCK) < 0.05
    days[doubled, 9] = days[doubled, 8]
    course = -fall * np.clip(days, 0, turn) + rise * np.clip(days - turn, 0, None)
    values = start * np.exp(course + rng.normal(0.0, 0.08, (BLOCK, PSA_ROWS)))
    values = np.round(np.clip(values, 0.01, 90_000.0), 2).ravel()
    text = pc.cast(pa.array(values), pa.string())
    commas = np.repeat(people % 10 == 0, PSA_ROWS)
    text = pc.if_else(pa.array(commas), pc.replace_substring(text, ".", ","), text)
    below = np.where(commas, "<0,02", "<0.02")
    text = pc.if_else(pa.array(values < 0.02), pa.array(below), text)
    n = values.size
    same = np.zeros(n, np.int64)
    return pa.table(
        {
            "person": np.repeat(people, PSA_ROWS),
            "date": (c1[:, None] + days).ravel(),
            "analyte": pa.array(["psa"]).take(same),
            "value": text,
            "unit": pa.array(["ng/mL"]).take(same),
            **{name: pa.nulls(n, pa.string()) for name in ("lln", "uln", "baseline_value")},
        }
    )


def _draw_treatments(people: Any, c1: Any, rng: np.random.Generator) -> tuple[pa.Table, pa.Table]:
    """Five treatments before the first cycle, or two after it; doses singly or as a period; up to six cycles."""
    n = 7
    drug = rng.integers(0, len(_DRUGS), (BLOCK, n))
    begin = c1[:, None] + np.array([-1_400, -1_100, -800, -500, -200, 320, 480]) + rng.integers(-90, 90, (BLOCK, n))
    near = rng.random((BLOCK, n)) < 0.2
    begin[:, 1:] = np.where(near[:, 1:], begin[:, :-1] + rng.integers(1, 60, (BLOCK, n - 1)), begin[:, 1:])
    single = np.array([one[2] for one in _DRUGS])[drug]
    length = np.where(single, rng.integers(0, 2, (BLOCK, n)) * 105, rng.integers(30, 300, (BLOCK, n)))
    open_end = rng.random((BLOCK, n)) < 0.25
    kept = (rng.random((BLOCK, n)) < 0.85).ravel()
    names, classes = (pa.array([one[place] for one in _DRUGS]) for place in (0, 1))
    flat = drug.ravel()
    treatments = pa.table(
        {
            "person": np.repeat(people, n),
            "agent": names.take(flat),
            "agent_class": classes.take(flat),
            "begin_date": begin.ravel(),
            "begin_date_precision": pa.array(["day"]).take(np.zeros(flat.size, np.int64)),
            "end_date": pa.array((begin + length).ravel(), mask=open_end.ravel()),
            "end_date_precision": pa.array(np.where(open_end.ravel(), None, "day"), pa.string()),
            "record_key": pc.cast(pa.array(np.tile(np.arange(n), BLOCK)), pa.string()),
        }
    ).filter(pa.array(kept))
    doses = rng.integers(1, 7, (BLOCK, 1))
    given = (np.arange(6) < doses).ravel()
    cycles = pa.table(
        {
            "person": np.repeat(people, 6),
            "cycle": np.tile(np.arange(1, 7), BLOCK),
            "administered_date": (c1[:, None] + 42 * np.arange(6)).ravel(),
            "agent": pa.array(["lu177_psma_617"]).take(np.zeros(6 * BLOCK, np.int64)),
        }
    ).filter(pa.array(given))
    return treatments, cycles


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("patients", type=int)
    chosen = parser.parse_args()
    write_patients(chosen.folder, chosen.patients)
