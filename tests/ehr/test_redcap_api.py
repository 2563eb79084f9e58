"""REDCap's API against a test double in a process of its own; no real REDCap was met."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.ehr.redcap_projects import FIELDS, HEADINGS

from lutrace.cli.app import run
from lutrace.core import HttpAddress, HttpService, UnusableInputError, parse_document
from lutrace.ehr import RedcapMapping, fetch_project
from lutrace.ehr.redcap_api import RECORDS_PER_CALL
from lutrace.registry import Registry
from lutrace.tables import LABS

TOKEN = "0123456789ABCDEF0123456789ABCDEF"
MAPPING = """
patient_id: record_id
rules:
  - table: labs
    columns: {date: drawn, analyte: {constant: psa}, value: psa, unit: {constant: ng/mL}}
    only_with: value
"""


@dataclass(frozen=True)
class Double:
    """A running test double: its address, and the file of its state."""

    url: str
    state: Path

    def ask(self, **form: str) -> Any:
        """What one call gives, asked without the code under test but for its session."""
        asked = {"token": TOKEN, "format": "json", **form}
        return HttpService(HttpAddress("double", self.url)).ask(self.url, method="POST", form=asked).json()


StartDouble = Callable[..., Double]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartDouble]:
    """Starts a double with the records given; it is stopped after the test."""
    running: list[subprocess.Popen[str]] = []

    def started(records: list[dict[str, str]], *, busy: int = 0, **more: Any) -> Double:
        metadata = [dict(zip(HEADINGS, [*one, *[""] * (len(HEADINGS) - len(one))], strict=True)) for one in FIELDS]
        state = tmp_path / f"state{len(running)}.json"
        state.write_text(json.dumps({"metadata": metadata, "records": records, **more}), encoding="utf-8")
        command = [sys.executable, str(Path(__file__).with_name("redcap_double.py")), str(state), TOKEN, str(busy)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        return Double(f"http://127.0.0.1:{process.stdout.readline().strip()}/api/", state)

    yield started
    for process in running:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()


def blood(record: int, day: str, psa: str, instance: int | None = None) -> dict[str, str]:
    at = {"redcap_repeat_instrument": "blood", "redcap_repeat_instance": str(instance)} if instance else {}
    return {"record_id": str(record), **at, "drawn": day, "psa": psa, "blood_complete": "2"}


def mapping() -> RedcapMapping:
    return parse_document(MAPPING, "map.yaml", RedcapMapping)


def test_records_are_asked_for_in_parts_and_columns_of_repetition_may_be_missing_in_some(start: StartDouble) -> None:
    n = RECORDS_PER_CALL + 7
    records = [blood(number, "2023-01-10", "3,5") for number in range(1, n + 1)]
    records += [blood(n, "2023-02-10", "4,5", instance) for instance in (1, 2)]
    steps: list[tuple[str, int, int]] = []
    double = start(records, busy=2)
    project = fetch_project(
        HttpAddress("REDCap", double.url), TOKEN, mapping(), progress=lambda *step: steps.append(step)
    )
    rows = project.exports[0].rows
    assert len(rows) == n + 2
    assert [row.cells.get("redcap_repeat_instance") for row in rows][-3:] == [None, "1", "2"]
    assert {row.cells["psa"] for row in rows} == {"3.5", "4.5"}
    assert steps == [("records fetched", 100, n), ("records fetched", n, n)]


def test_forms_that_nobody_opened_have_no_status_and_identifiers_that_no_rule_reads_are_not_asked_for(
    start: StartDouble,
) -> None:
    double = start([{"record_id": "1", "mrn": "H-1", "born": "1950-03-04", "sex": "1", "person_complete": "2"}])
    project = fetch_project(HttpAddress("REDCap", double.url), TOKEN, mapping())
    (row,) = project.exports[0].rows
    assert row.cells["person_complete"] == "2"
    assert row.cells["blood_complete"] is None
    assert "mrn" not in row.cells
    assert "born" not in row.cells


def test_codes_for_missing_values_come_with_the_project(start: StartDouble) -> None:
    double = start([], project={"missing_data_codes": "-99, not known | NI, no information"})
    project = fetch_project(HttpAddress("REDCap", double.url), TOKEN, mapping())
    assert project.missing == ("-99", "NI")
    assert project.exports[0].rows == ()


def test_a_wrong_token_is_refused_in_words_without_it(start: StartDouble) -> None:
    double = start([])
    with pytest.raises(UnusableInputError, match=r"refuses content=metadata \(status 403\); check the token") as told:
        fetch_project(HttpAddress("REDCap", double.url), "F" * 32, mapping())
    assert "F" * 32 not in str(told.value)


def test_a_token_goes_to_no_other_machine_over_http() -> None:
    with pytest.raises(UnusableInputError, match="use https"):
        fetch_project(HttpAddress("REDCap", "http://redcap.example.org/api/"), TOKEN, mapping())


def test_the_double_takes_raw_codes_only() -> None:
    """What stands in the way of labels on import is the double's, as it is REDCap's."""
    from tests.ehr.redcap_double import Project, RefusedError

    project = object.__new__(Project)
    project.metadata = [dict(zip(HEADINGS, [*one, *[""] * (len(HEADINGS) - len(one))], strict=True)) for one in FIELDS]
    project.records, project.events, project.repeating = [], [], []
    project.save = lambda: None  # type: ignore[method-assign]
    assert project.add([{"record_id": "1", "sex": "2"}]) == 1
    with pytest.raises(RefusedError, match="not valid for this field"):
        project.add([{"record_id": "1", "sex": "weiblich"}])


def test_add_redcap_reads_an_address_with_the_token_of_a_file(start: StartDouble, tmp_path: Path) -> None:
    double = start([blood(1, "2023-01-10", "3,5"), blood(2, "2023-01-11", "<0,02")])
    (tmp_path / "token").write_text(TOKEN + "\n", encoding="utf-8")
    (tmp_path / "map.yaml").write_text(MAPPING, encoding="utf-8")
    registry = str(tmp_path / "registry")
    assert run(["init", registry]) == 0
    call = ["add", "redcap", double.url, "--registry", registry, "--mapping", str(tmp_path / "map.yaml")]
    assert run(call) == 2, "without a token"
    assert run([*call, "--token-file", str(tmp_path / "token")]) == 0
    assert run([*call, "--token-file", str(tmp_path / "token")]) == 0
    with Registry.open(tmp_path / "registry", write=False) as opened:
        found = sorted((row["value"], row["comparator"]) for row in opened.rows(LABS))
    assert found == [(0.02, "<"), (3.5, None)]
