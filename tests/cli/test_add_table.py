"""`lutrace add table` by a mapping: proposed, settled, tried, stored, read again under another mapping."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lutrace.cli.app import run
from lutrace.core import read_rows
from lutrace.registry import Registry
from lutrace.tables import LABS

LINES = (
    "PatNr;Abnahme;Hb (g/dl);PSA;Name",
    "SYN-4711;13.02.2023;11,8;<0,02;Synthetic",
    "SYN-4711;03.04.2023;10,2;46,79;Synthetic",
    "SYN-4712;03.04.2023;abc;5,1;Invented",
    "SYN-4713;03.04.2023;9,9",
    "Summe;;31,9;;",
)

N_NAMED = 2
"""Patients whose names go to the identities file, and who give a row of patients each."""


class Bench:
    """A registry, a German table and the command."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        self.registry, self.table, self.mapping = folder / "registry", folder / "labor.csv", folder / "labor.yaml"
        self.table.write_bytes(("sep=;\r\n" + "\r\n".join(LINES)).encode("cp1252"))
        assert run(["init", str(self.registry)]) == 0

    def add(self, *options: str) -> tuple[int, str, str]:
        self.capsys.readouterr()
        status = run(["add", "table", str(self.table), "--registry", str(self.registry), *options])
        told = self.capsys.readouterr()
        return status, told.out, told.err

    def settle(self, unit: str = "ng/ml") -> None:
        if not self.mapping.exists():
            assert self.add("--propose-mapping", str(self.mapping))[0] == 0
        text = self.mapping.read_text(encoding="utf-8").replace("ng/l", "?").replace("ng/ml", "?")
        self.mapping.write_text(
            text.replace('unit: {constant: "?"}', f'unit: {{constant: "{unit}"}}'), encoding="utf-8"
        )

    def labs(self) -> list[dict[str, Any]]:
        with Registry.open(self.registry, write=False) as registry:
            return registry.rows(LABS)


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    return Bench(tmp_path, capsys)


def test_a_mapping_is_proposed_and_refused_while_a_line_is_open(bench: Bench) -> None:
    status, said, _ = bench.add("--propose-mapping", str(bench.mapping))

    assert (status, said) == (0, "labor.yaml written; 1 lines are open (?) for you to decide\n")
    line = 1 + next(n for n, text in enumerate(bench.mapping.read_text().splitlines()) if '"?"' in text)
    status, _, error = bench.add("--mapping", str(bench.mapping))
    assert status == 2
    assert f"error: labor.yaml, line {line}, " in error
    assert "unit: is open (?)" in error
    assert bench.add("--propose-mapping", str(bench.mapping))[0] == 2, "a settled mapping is never written over"


def test_a_dry_run_says_what_becomes_of_every_row_and_stores_nothing(bench: Bench) -> None:
    bench.settle()
    out = bench.folder / "account.csv"

    status, said, _ = bench.add("--mapping", str(bench.mapping), "--dry-run", "--out", str(out), "--json")

    assert status == 1
    told = [(row["row"], row["outcome"], row["words"]) for row in json.loads(said)["explained"]]
    assert told == [
        ("2, column C", "stored", "date 2023-02-13, analyte haemoglobin, unit g/dl, value 11.8 g/dL"),
        ("2, column D", "stored", "date 2023-02-13, analyte psa, unit ng/ml, value < 0.02 ng/mL"),
        ("2", "stored", "synthetic no"),
        ("3, column C", "stored", "date 2023-04-03, analyte haemoglobin, unit g/dl, value 10.2 g/dL"),
        ("3, column D", "stored", "date 2023-04-03, analyte psa, unit ng/ml, value 46.79 ng/mL"),
        ("4, column C", "refused", "value: expected a number such as 46.79, 46,79 or <0.02, got other text"),
        ("4, column D", "stored", "date 2023-04-03, analyte psa, unit ng/ml, value 5.1 ng/mL"),
        ("4", "stored", "synthetic no"),
        ("5", "refused", "the row has 3 cells, expected 5"),
        ("6", "no row", "the row is a sum or another footer"),
    ]
    assert [row["words"] for row in read_rows(out)] == [words for _, _, words in told]
    assert not any(name in said + out.read_text() for name in ("SYN-47", "Synthetic", "Invented"))
    assert bench.labs() == []


def test_the_good_rows_are_in_a_second_run_changes_nothing_and_a_settled_unit_replaces(bench: Bench) -> None:
    bench.settle("ng/l")
    assert bench.add("--mapping", str(bench.mapping), "--json")[0] == 1
    wrong = {row["row_id"] for row in bench.labs()}

    again = json.loads(bench.add("--mapping", str(bench.mapping), "--json")[1])["rows"]
    bench.settle("ng/ml")
    bench.add("--mapping", str(bench.mapping))

    assert again == {"added": 0, "updated": 0, "unchanged": 5 + N_NAMED, "quarantined": 2}
    psa = sorted(row["value"] for row in bench.labs() if row["analyte"] == "psa")
    assert psa == [0.02, 5.1, 46.79], "what the wrong unit made of the file has left"
    assert len(wrong) == len(bench.labs()) == 5


def test_options_that_do_not_go_together_are_refused(bench: Bench) -> None:
    bench.settle()

    assert "--out goes with --dry-run" in bench.add("--mapping", str(bench.mapping), "--out", "x.csv")[2]
    assert "--table goes without --mapping" in bench.add("--mapping", str(bench.mapping), "--table", "labs")[2]
    again = bench.add("--propose-mapping", str(bench.folder / "second.yaml"), "--json")
    assert json.loads(again[1]) == {"mapping": "second.yaml", "open_lines": 1, "warnings": []}
    unknown = bench.add("--propose-mapping", str(bench.folder / "third.yaml"), "--mapping", "lifexx")
    assert "no shipped mapping is called a text like 'aaaaaa'; expected one of hermes, lifex" in unknown[2]
    over = bench.add("--mapping", str(bench.mapping), "--dry-run", "--out", str(bench.table))
    assert "--out names an input" in over[2]
