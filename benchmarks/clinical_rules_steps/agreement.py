"""Whether lutrace and the pandas peer give the same rows on one sample: every row and column that both have."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

KEYS = {"grade": ["input_row", "term"], "psa": ["patient_id"], "lines": ["patient_id", "line_number"]}


def count_differences(step: str, ours: Path, theirs: Path) -> tuple[int, int]:
    """How many rows were compared, and how many differ or are in one of both only. Numbers to 1e-6, all else equal."""
    one, other = pd.read_parquet(ours), pd.read_parquet(theirs)
    if step == "grade":
        one = one[one["term"].notna()]
    if step == "psa":
        one = one[one["baseline_ng_ml"].notna()]
    if step == "lines":
        one = one.assign(begin_date=pd.to_datetime(one["begin_date"]))
    keys = KEYS[step]
    shared = [name for name in other.columns if name in one.columns and name not in keys]
    both = one[[*keys, *shared]].merge(other[[*keys, *shared]], on=keys, how="outer", indicator=True)
    differ = both["_merge"] != "both"
    for name in shared:
        differ |= ~same(both[f"{name}_x"], both[f"{name}_y"])
    return len(both), int(differ.sum())


def same(one: pd.Series, other: pd.Series) -> pd.Series:
    if one.dtype.kind in "if" or other.dtype.kind in "if":
        numbers = one.astype(float), other.astype(float)
        return pd.Series(np.isclose(*numbers, rtol=1e-6, atol=1e-9, equal_nan=True), index=one.index)
    return (one == other) | (one.isna() & other.isna())


if __name__ == "__main__":
    print(json.dumps(count_differences(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
