"""The same derivations in pandas and numpy, written for columns: no loop over rows, all in memory, one process.

`grade` gives each row's terms with their grades by CTCAE 5.0, `psa` the columns of the contract of `lutrace psa`,
`lines` the lines of therapy with their drugs. No texts of rules, reasons or notes, no evidence, and units are checked
for three analytes: the peer does less. Rules as in `validation/` and docs/methods, for what is drawn.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SAME = 1e-9
FACTORS = {
    ("haemoglobin", "g/L"): 0.1, ("haemoglobin", "mmol/L"): 1.6114, ("albumin", "g/L"): 0.1,
    ("creatinine", "umol/L"): 0.011312, ("bilirubin", "umol/L"): 0.058466,
    **{(name, "/uL"): 0.001 for name in ("platelets", "neutrophils", "leukocytes", "lymphocytes")},
}  # fmt: skip
"""To g/dL, mg/dL and 10^9/L, where the unit is another one."""
PLAUSIBLE = {"haemoglobin": (2.0, 25.0), "albumin": (0.5, 8.0), "calcium": (3.0, 25.0)}
"""g/dL, g/dL, mg/dL; a value beyond looks like a slip of units and is not graded. Others are never drawn so far off."""
LOW = {
    "haemoglobin": ("Anemia", True, {2: 10.0, 3: 8.0}),
    "platelets": ("Platelet count decreased", True, {2: 75.0, 3: 50.0, 4: 25.0}),
    "neutrophils": ("Neutrophil count decreased", True, {2: 1.5, 3: 1.0, 4: 0.5}),
    "leukocytes": ("White blood cell decreased", True, {2: 3.0, 3: 2.0, 4: 1.0}),
    "lymphocytes": ("Lymphocyte count decreased", True, {2: 0.8, 3: 0.5, 4: 0.2}),
    "albumin": ("Hypoalbuminemia", True, {2: 3.0, 3: 2.0}),
    "calcium": ("Hypocalcemia", True, {2: 8.0, 3: 7.0, 4: 6.0}),
}
"""Term, whether below the lower limit is grade 1, and the cutoffs."""
HIGH = {
    "leukocytes": ("Leukocytosis", False, {3: 100.0}),
    "lymphocytes": ("Lymphocyte count increased", False, {2: 4.0, 3: 20.0}),
    "calcium": ("Hypercalcemia", True, {2: 11.5, 3: 12.5, 4: 13.5}),
}
OF_ULN = {
    "creatinine": ("Creatinine increased", (1.0, 1.5, 3.0, 6.0)),
    "alt": ("Alanine aminotransferase increased", (1.0, 3.0, 5.0, 20.0)),
    "ast": ("Aspartate aminotransferase increased", (1.0, 3.0, 5.0, 20.0)),
    "bilirubin": ("Blood bilirubin increased", (1.0, 1.5, 3.0, 10.0)),
    "alp": ("Alkaline phosphatase increased", (1.0, 2.5, 5.0, 20.0)),
}
FIRST_OF_BASELINE = {"alt": (1.5, True), "ast": (1.5, True), "bilirubin": (1.0, False), "alp": (2.0, True)}
"""Grade 1 against an abnormal baseline: from this multiple, and whether it is included."""
EXCLUSIVE = ("arpi", "taxane", "parp", "ra223")
INTERVAL = {"taxane": 42, "arpi": 45, "parp": 45, "ra223": 56, "rlt": 84}
GAP, RLT_GAP, WINDOW = 120, 112, 28


def read_numbers(text: pd.Series) -> pd.Series:
    """Numbers of cells such as `46.79`, `46,79` and `<0.02`, which counts as 0.02."""
    return pd.to_numeric(text.str.replace(",", ".", regex=False).str.lstrip("<"))


def grade(folder: Path) -> pd.DataFrame:
    """`input_row term grade`."""
    labs = pd.read_parquet(folder / "labs.parquet")
    labs["input_row"] = np.arange(len(labs)) + 2
    labs["date"] = pd.to_datetime(labs["date"])
    labs = labs[labs["analyte"] != "psa"]
    pairs = pd.Series(1.0, index=labs.index)
    for (analyte, unit), factor in FACTORS.items():
        pairs[(labs["analyte"] == analyte) & (labs["unit"] == unit)] = factor
    for name in ("value", "lln", "uln", "baseline_value"):
        labs[name] = read_numbers(labs[name]) * pairs
    for analyte, (low, high) in PLAUSIBLE.items():
        labs.loc[(labs["analyte"] == analyte) & ~labs["value"].between(low, high), "value"] = np.nan
    labs = correct(labs)
    labs["is_baseline"] = is_baseline(labs)
    found = []
    for analyte, rows in labs.groupby("analyte", sort=False):
        found += [grade_low(rows, *LOW[analyte])] if analyte in LOW else []
        found += [grade_high(rows, *HIGH[analyte])] if analyte in HIGH else []
        found += [grade_of_limit(rows, str(analyte))] if analyte in OF_ULN else []
        found += [grade_haemoglobin(rows)] if analyte == "haemoglobin" else []
    return pd.concat(found, ignore_index=True)


def correct(labs: pd.DataFrame) -> pd.DataFrame:
    """Total calcium corrected for the albumin of the day; without one there is no value."""
    albumin = labs.loc[labs["analyte"] == "albumin", ["patient_id", "date", "value"]].dropna()
    labs = labs.merge(albumin.rename(columns={"value": "albumin"}), on=["patient_id", "date"], how="left")
    corrected = labs["value"] + 0.8 * (4.0 - labs["albumin"])
    return labs.assign(value=labs["value"].where(labs["analyte"] != "calcium", corrected)).drop(columns="albumin")


def is_baseline(labs: pd.DataFrame) -> pd.Series:
    """Whether a row is the result that its own baseline names: the first equal one, if later rows name it too."""
    named = labs[labs["baseline_value"].notna()]
    keys = [named["patient_id"], named["analyte"]]
    equal = (named["value"] - named["baseline_value"]).abs() <= SAME * named["baseline_value"]
    first = named["date"].where(equal).groupby(keys).transform("min")
    last = named["date"].groupby(keys).transform("max")
    marked = equal & (named["date"] == first) & (first < last)
    return marked.reindex(labs.index, fill_value=False)


def told(rows: pd.DataFrame, term: str, found: Any, known: Any) -> pd.DataFrame:
    grades = np.where(known & rows["value"].notna(), found, np.nan)
    return pd.DataFrame({"input_row": rows["input_row"], "term": term, "grade": grades})


def grade_low(rows: pd.DataFrame, term: str, by_limit: bool, cutoffs: dict[int, float]) -> pd.DataFrame:
    molar = (rows["unit"] == "mmol/L").to_numpy()
    value, found = rows["value"], np.where(rows["value"] < rows["lln"] * (1 - SAME), 1, 0)
    for number, cutoff in sorted(cutoffs.items()):
        printed = {10.0: 6.2, 8.0: 4.9}.get(cutoff, cutoff) * 1.6114 if term == "Anemia" else cutoff
        found = np.where(value < np.where(molar, printed, cutoff) * (1 - SAME), number, found)
    return told(rows, term, found, rows["lln"].notna() | (found > 1))


def grade_high(rows: pd.DataFrame, term: str, by_limit: bool, cutoffs: dict[int, float]) -> pd.DataFrame:
    value = rows["value"]
    found = np.where((value > rows["uln"] * (1 + SAME)) & by_limit, 1, 0)
    for number, cutoff in sorted(cutoffs.items()):
        found = np.where(value > cutoff * (1 + SAME), number, found)
    return told(rows, term, found, rows["uln"].notna() | (found > 1) | (not by_limit))


def grade_haemoglobin(rows: pd.DataFrame) -> pd.DataFrame:
    found = sum((rows["value"] > (rows["uln"] + more) * (1 + SAME)).astype(int) for more in (0.0, 2.0, 4.0))
    return told(rows, "Hemoglobin increased", found, rows["uln"].notna())


def steps(value: Any, of: Any, multiples: tuple[float, ...], includes_first: bool = False) -> Any:
    low = np.array([-SAME if includes_first else SAME, SAME, SAME, SAME])
    return sum((value > of * m * (1 + s)).astype(int) for m, s in zip(multiples, low, strict=False))


def grade_of_limit(rows: pd.DataFrame, analyte: str) -> pd.DataFrame:
    term, multiples = OF_ULN[analyte]
    by_limit = steps(rows["value"], rows["uln"], multiples)
    later = ~rows["is_baseline"]
    if analyte == "creatinine":
        by_base = steps(rows["value"], rows["baseline_value"], multiples[:3]).where(later, 0)
        found = np.maximum(by_limit, by_base.where(by_base > 1, 0))
        return told(rows, term, found, rows["uln"].notna() | (found > 0))
    first, included = FIRST_OF_BASELINE[analyte]
    by_base = steps(rows["value"], rows["baseline_value"], (first, *multiples[1:]), included)
    instead = later & (rows["baseline_value"] > rows["uln"] * (1 + SAME))
    return told(rows, term, by_base.where(instead, by_limit), rows["uln"].notna())


def psa(folder: Path) -> pd.DataFrame:
    """The columns of the contract, a row per patient."""
    rows = pd.read_parquet(folder / "psa.parquet").merge(
        pd.read_parquet(folder / "index.parquet"), on="patient_id", suffixes=("", "_index")
    )
    days = pd.to_datetime(rows["date"]) - pd.to_datetime(rows["date_index"])
    rows = rows.assign(day=days.dt.days, psa=read_numbers(rows["psa_ng_ml"]))
    rows = rows.groupby(["patient_id", "day"], as_index=False, sort=True)["psa"].max()
    before = rows[(rows["day"] <= 0) & (rows["day"] >= -60)].groupby("patient_id").tail(1)
    start = before.set_index("patient_id")[["day", "psa"]].rename(columns={"day": "start", "psa": "baseline"})
    rows = rows.join(start, on="patient_id", how="inner")
    after = rows[rows["day"] > 0].copy()
    by = after.groupby("patient_id")
    answer = start.rename(columns={"baseline": "baseline_ng_ml"}).drop(columns="start")
    lowest = by["psa"].min()
    answer["nadir_ng_ml"] = np.minimum(answer["baseline_ng_ml"], lowest.reindex(answer.index))
    answer["best_change_pct"] = 100 * (lowest - answer["baseline_ng_ml"]) / answer["baseline_ng_ml"]
    for percent in (50, 90):
        falls = after[after["psa"] <= after["baseline"] * (1 - percent / 100) + SAME].groupby("patient_id")["day"]
        answer[f"psa{percent}_day"] = falls.min()
        answer[f"psa{percent}_confirmed"] = (falls.max() - falls.min() >= 21).reindex(answer.index, fill_value=False)
    answer = answer.join(progression(after))
    answer["psadt_months"] = doubling(rows)
    return answer.reset_index()


def progression(after: pd.DataFrame) -> pd.DataFrame:
    by = after.groupby("patient_id")["psa"]
    lowest = by.cummin().groupby(after["patient_id"]).shift()
    after["declined"] = lowest < after["baseline"]
    after["nadir"] = lowest.where(after["declined"], after["baseline"])
    far = after[["patient_id", "day"]].assign(least=after["day"] + 21).sort_values("least")
    later = after[["patient_id", "day", "psa"]].rename(columns={"psa": "second", "day": "at"}).sort_values("at")
    second = pd.merge_asof(far, later, left_on="least", right_on="at", by="patient_id", direction="forward")
    after = after.merge(second[["patient_id", "day", "second"]], on=["patient_id", "day"])

    def high(value: pd.Series) -> pd.Series:
        return (value >= after["nadir"] * 1.25 - SAME) & (value >= after["nadir"] + 2 - SAME)

    rise = high(after["psa"]) & (after["declined"] | (after["day"] > 84))
    first = after[rise & (~after["declined"] | high(after["second"]))].groupby("patient_id").head(1)
    first = first.set_index("patient_id")
    rule = np.where(first["declined"], "decline", "no_decline")
    return pd.DataFrame({"progression_day": first["day"], "progression_rule": rule}, index=first.index)


def doubling(rows: pd.DataFrame) -> pd.Series:
    """Months, from the last day of the lowest value since the baseline on, three values at least."""
    values = rows[rows["day"] >= rows["start"]]
    lowest = values.groupby("patient_id")["psa"].transform("min")
    last = values["day"].where(values["psa"] <= lowest + SAME).groupby(values["patient_id"]).transform("max")
    values = values[(values["day"] >= last) & (values["psa"] > 0)]
    x, y = values["day"].astype(float), np.log(values["psa"])
    x = x - x.groupby(values["patient_id"]).transform("mean")
    sums = pd.DataFrame({"patient_id": values["patient_id"], "xy": x * y, "xx": x * x, "n": 1})
    sums = sums.groupby("patient_id").sum()
    slope = (sums["xy"] / sums["xx"]).where((sums["n"] >= 3) & (sums["xx"] > 0))
    return math.log(2) / slope.where(slope > SAME) / (365.25 / 12)


def lines(folder: Path) -> pd.DataFrame:
    """`patient_id line_number begin_date agents`: each line with the drugs that were begun in it."""
    given = pd.read_parquet(folder / "treatments.parquet")[
        ["patient_id", "agent", "agent_class", "begin_date", "end_date"]
    ]
    cycles = pd.read_parquet(folder / "cycles.parquet")[["patient_id", "agent", "administered_date"]]
    cycles = cycles.rename(columns={"administered_date": "begin_date"})
    rows = pd.concat([given, cycles.assign(agent_class="rlt", end_date=cycles["begin_date"])], ignore_index=True)
    epoch = pd.Timestamp("1970-01-01")
    rows["begin"] = (pd.to_datetime(rows["begin_date"]) - epoch).dt.days
    rows["end"] = (pd.to_datetime(rows["end_date"]) - epoch).dt.days
    rows = mark_starts(rows)
    rows["episode"] = rows["starts"].astype(int).groupby([rows["patient_id"], rows["agent"]]).cumsum()
    rows["episode_begin"] = rows.groupby(["patient_id", "agent", "episode"])["begin"].transform("min")
    episodes = rows.drop_duplicates(["patient_id", "agent", "episode"])
    episodes = anchored(episodes.sort_values(["patient_id", "episode_begin", "agent", "episode"]))
    episodes["line_number"] = episodes.groupby("patient_id")["line_begin"].rank(method="dense").astype(int)
    named = episodes.sort_values(["patient_id", "line_number", "agent"])
    named = named.drop_duplicates(["patient_id", "line_number", "agent"])
    found = named.groupby(["patient_id", "line_number"]).agg(
        begin=("line_begin", "first"), begun_agents=("agent", " + ".join)
    )
    return found.assign(begin_date=epoch + pd.to_timedelta(found.pop("begin"), unit="D")).reset_index()


def mark_starts(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows by patient, drug and day, with `starts`: the first of an unbroken run of one drug."""
    rows = rows.sort_values(["patient_id", "begin", "agent", "end"], ignore_index=True)
    by = rows.groupby("patient_id")
    other = rows["begin"].where(rows["agent"] != by["agent"].shift())
    after = other.groupby(rows["patient_id"]).shift(-1)
    nearest = after[::-1].groupby(rows["patient_id"][::-1]).cummin()[::-1]
    nearest = nearest.groupby(rows["patient_id"]).bfill()
    ongoing = rows["agent_class"].isin(["arpi", "parp"])
    until = rows["end"].where(rows["end"].notna(), nearest.fillna(10**7).where(ongoing, rows["begin"]))
    keys = [rows["patient_id"], rows["agent"]]
    rows["previous"] = until.groupby(keys).cummax().groupby(keys).shift()
    pause = rows["begin"] - rows["previous"]
    rows["starts"] = rows["previous"].isna() | (pause > np.where(rows["agent_class"] == "rlt", RLT_GAP, GAP))
    for _ in range(2):
        ranked = rows.assign(rank=~rows["starts"]).sort_values(["patient_id", "begin", "rank", "agent", "end"])
        latest = ranked["begin"].where(ranked["starts"]).groupby(ranked["patient_id"]).cummax()
        latest = latest.groupby(ranked["patient_id"]).ffill().reindex(rows.index)
        rows["starts"] |= (latest > rows["previous"]) & (pause > rows["agent_class"].map(INTERVAL))
    return rows.sort_values(["patient_id", "agent", "begin", "end"], ignore_index=True)


def anchored(episodes: pd.DataFrame) -> pd.DataFrame:
    """`line_begin`: an episode within the window of the line's first belongs to it, unless it is a switch."""
    episodes = episodes.reset_index(drop=True)
    begin, patient = episodes["episode_begin"], episodes["patient_id"]
    cut = ~(begin - begin.groupby(patient).shift() <= WINDOW)
    chain = cut.astype(int).cumsum()
    keys = [patient, episodes["agent_class"]]
    exclusive = begin.where(episodes["agent_class"].isin(EXCLUSIVE))
    same_class = exclusive.groupby(keys).shift()
    anchor = begin.groupby(chain).transform("min")
    line = anchor.copy()
    while True:
        switched = (same_class >= anchor) & (same_class < begin)
        following = begin.where((begin - anchor > WINDOW) | switched).groupby(chain).transform("min")
        if not (following > anchor).any():
            return episodes.assign(line_begin=line)
        anchor = following.fillna(anchor)
        line = anchor.where(anchor <= begin, line)


STEPS = {"grade": grade, "psa": psa, "lines": lines}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=sorted(STEPS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    begun, cpu = time.perf_counter(), time.process_time()
    answer = STEPS[given.step](given.folder)
    answer.to_parquet(given.out)
    unit = 1e9 if sys.platform == "darwin" else 1e6 / 1.024
    print(
        json.dumps(
            {
                "wall_s": time.perf_counter() - begun,
                "cpu_s": time.process_time() - cpu,
                "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
            }
        )
    )


if __name__ == "__main__":
    main()
