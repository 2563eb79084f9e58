"""PSA of 3,000 random patients and of the 36 real men: lutrace beside the second implementation."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pandas as pd
from validation.psa import compare, compare_crpc

HERE = Path(__file__).parent
PATIENTS = 1_000
"""Of each way of writing decimals: ".", "," and both."""


def check_random() -> pd.DataFrame:
    found = []
    for seed, mark in enumerate((".", ",", "mixed"), start=1):
        psa, index = compare.draw_table(PATIENTS, seed, mark)
        if mark == ",":
            psa, index = compare.write_dates(psa, index)
        differ = compare.compare(psa, index)
        by = "date" if "date" in psa.columns else "day"
        print(f"   {len(index)} random patients, {len(psa)} values by {by}, decimals {mark}: {_count(differ)}")
        found.append(differ)
    dated, differ = compare_crpc.compare(*compare_crpc.draw(1_500), compare_crpc.OLDEST_TESTOSTERONE_DAYS)
    print(f"   castration resistance of 1500 random men, {_told(dated)}: {_count(differ)}")
    return pd.concat([*found, differ])


def check_real(folder: Path) -> pd.DataFrame:
    path = folder / "psa_vancouver_ias" / "psa_androgen.csv"
    found = []
    for which in ("start", "off"):
        psa, index = compare.read_vancouver(path, which)
        differ = compare.compare(psa, index)
        print(f"   {len(index)} real men, index {which} of the first treatment phase: {_count(differ)}")
        found.append(differ)
    for oldest in (None, compare_crpc.OLDEST_TESTOSTERONE_DAYS):
        dated, differ = compare_crpc.compare(*compare_crpc.read_vancouver(path), oldest)
        print(f"   castration resistance of the real men, {_told(dated)}: {_count(differ)}")
        found.append(differ)
    return pd.concat(found)


def _told(dated: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in dated.items())


def _count(differ: pd.DataFrame) -> str:
    return f"{differ['patient_id'].nunique()} differ"


def main(out: Path | None = None) -> list[str]:
    tables = [check_random()]
    real = os.environ.get("LUTRACE_REAL_DATA")
    if real:
        tables.append(check_real(Path(real)))
    else:
        print("   the real men: not run: no real data")
    differ = pd.concat(tables)
    if out is not None:
        differ.to_csv(out, index=False)
    if not differ.empty:
        print(differ.head(20).to_string(index=False))
    return [f"{column}: {count} answers differ" for column, count in differ["column"].value_counts().items()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="write the disagreements to this CSV file")
    sys.exit(1 if main(parser.parse_args().out) else 0)
