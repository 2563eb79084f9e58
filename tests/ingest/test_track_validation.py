"""The hide-one trials on public real pairs, a sixth of them; all of them are in validation/tracking (which see)."""

import csv
from collections import defaultdict
from pathlib import Path

from lutrace.core import Row, write_rows
from lutrace.ingest import run_track

TABLE = Path(__file__).parents[2] / "validation" / "tracking" / "deeplesion_pairs.csv"


def test_a_hidden_lesion_of_real_pairs_comes_out_new_and_no_other_does(tmp_path: Path) -> None:
    pairs: dict[int, list[dict[str, str]]] = defaultdict(list)
    with TABLE.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            pairs[int(row["pair"])].append(row)
    before: list[Row] = []
    after: list[Row] = []
    trials = []
    for number in sorted(pairs)[::6]:
        for hidden in pairs[number]:
            trial = f"{number} without {hidden['entry']}"
            trials.append((trial, hidden["entry"]))
            before += [cells(trial, row, "predicted") for row in pairs[number] if row is not hidden]
            after += [cells(trial, row, "target") for row in pairs[number]]
    write_rows(tmp_path / "baseline.csv", before)
    write_rows(tmp_path / "followup.csv", after)
    links = run_track(tmp_path / "baseline.csv", tmp_path / "followup.csv").links
    new = {(link["pair"], str(link["followup_id"])) for link in links if link["status"] == "new"}
    hits = len(new & set(trials))
    assert len(trials) > 40
    assert hits / len(trials) >= 0.97
    assert 2 * hits / (len(new) + len(trials)) >= 0.97


def cells(trial: str, row: dict[str, str], place: str) -> Row:
    found: Row = {f"{axis}_mm": float(row[f"{place}_{axis}_mm"]) for axis in "xyz"}
    return {"pair": trial, "lesion_id": row["entry"]} | found
