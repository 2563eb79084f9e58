"""The first study on a constructed cohort: the counts of its abstract come out, and lead to their rows."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.study.conftest import run_computed

from lutrace.core import MissingFactError, UnusableInputError
from lutrace.study import Computation, RunResult, compute_study, load_protocol, run_study


@pytest.fixture
def written(first_study: RunResult) -> Path:
    """The folder of the study, which is run once."""
    return first_study.results.parent


@pytest.fixture
def computed(first_study: RunResult) -> Computation:
    """What that run computed."""
    return first_study.computation


def share(computed: Computation, analysis: str, population: str, term: str | None = None) -> tuple[int, int, str]:
    rows = [
        row
        for row in computed.tables["estimates"]
        if row["analysis"] == analysis
        and row["population"] == population
        and row["measure"] == "proportion"
        and term in (None, row["term"])
    ]
    assert len(rows) == 1
    return rows[0]["events"], rows[0]["n"], f"{100 * rows[0]['estimate']:.0f} %"


@pytest.mark.parametrize(
    ("analysis", "population", "term", "expected"),
    [
        ("psa50", "C2", None, (33, 66, "50 %")),
        ("alive", "C2", None, (47, 66, "71 %")),
        ("new_lesions_any_earlier", "C2", None, (13, 66, "20 %")),
        ("new_lesions_any_earlier", "C3", None, (7, 51, "14 %")),
        ("concordance", "C2", "same_sign", (50, 66, "76 %")),
        ("concordance", "C3", "same_sign", (42, 51, "82 %")),
    ],
)
def test_the_counts_of_the_abstract_give_its_percentages(
    computed: Computation, analysis: str, population: str, term: str | None, expected: tuple[int, int, str]
) -> None:
    assert share(computed, analysis, population, term) == expected


def test_new_lesions_by_class_are_7_avid_and_6_not_at_cycle_2_and_5_and_2_at_cycle_3(computed: Computation) -> None:
    counts = {
        (row["group"], row["level"]): row["value"]
        for row in computed.tables["summaries"]
        if row["variable"] == "new_lesions_any_earlier"
    }
    assert [counts["C2", "psma_avid"], counts["C2", "not_avid_ct"]] == [7, 6]
    assert [counts["C3", "psma_avid"], counts["C3", "not_avid_ct"]] == [5, 2]


def test_there_are_eight_hazard_ratios_with_and_eight_without_psa_change(computed: Computation) -> None:
    rows = [row for row in computed.tables["estimates"] if row["analysis"] == "cox"]
    cells = {(row["term"], row["population"], row["endpoint"], row["adjusted"]) for row in rows}
    wanted = {
        (term, population, endpoint, adjusted)
        for term in ("ttv", "new_lesions")
        for population in ("C2", "C3")
        for endpoint in ("psa_pfs", "os")
        for adjusted in (True, False)
    }
    assert wanted <= cells
    for row in rows:
        assert row["covariate_unit"]
        assert row["n"] in (66, 51)
        assert row["events"] > 0


def test_every_event_of_psa_pfs_has_its_component_and_they_add_up(computed: Computation) -> None:
    for population, n in (("C2", 66), ("C3", 51)):
        counts = {
            row["level"]: row["value"]
            for row in computed.tables["summaries"]
            if (row["table"], row["group"], row["variable"]) == ("components", population, "psa_pfs")
        }
        assert sum(counts.values()) == n
        curve = [
            row
            for row in computed.tables["curves"]
            if (row["analysis"], row["population"], row["endpoint"]) == ("km", population, "psa_pfs")
        ]
        assert sum(row["events"] for row in curve) == counts["psa_progression"] + counts["death"]


def test_attrition_ends_with_66_and_51(computed: Computation) -> None:
    ends = {row["population"]: row["n"] for row in computed.tables["attrition"]}
    assert (ends["C2"], ends["C3"]) == (66, 51)
    assert ends["C2, psa_pfs"] == 66


def test_every_number_of_the_results_names_evidence_that_exists(written: Path) -> None:
    results = json.loads((written / "results.json").read_text(encoding="utf-8"))
    evidence = (written / "evidence.csv").read_text(encoding="utf-8")
    known = {tuple(line.split(",")[1:3]) for line in evidence.splitlines()[1:] if not line.startswith('"')}
    orphans = [
        key
        for key, number in results["numbers"].items()
        if number["value"] not in (None, 0)
        and not key.startswith("attrition")
        and not any(tuple(place.split("/", 1)) in known for place in number["evidence"])
    ]
    assert orphans == []
    for number in results["numbers"].values():
        assert {"value", "unit", "method"} <= set(number)
    assert results["synthetic"] is True
    assert len(results["protocol_digest"]) == 64


class _Cells(HTMLParser):
    """Each number in the body of a table: its text, and the number of the evidence that it leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str | None]] = []
        self.evidence = ""
        self._open = self._link = None  # type: str | None
        self._in_body = self._in_evidence = False
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self._in_body = tag == "tbody" or (self._in_body and tag != "thead")
        self._in_evidence = tag == "script" and named.get("id") == "evidence-data"
        holds_words = "w" in (named.get("class") or "").split()
        if self._in_body and (tag == "th" or (tag == "td" and not holds_words)):
            self._open, self._text, self._link = tag, "", None
        if tag == "a" and named.get("class") == "ev":
            self._link = named["data-ev"]

    def handle_data(self, data: str) -> None:
        self._text += data
        self.evidence += data if self._in_evidence else ""

    def handle_endtag(self, tag: str) -> None:
        self._in_evidence = False
        if tag in ("td", "th") and tag == self._open:
            is_number = tag == "td" or self._text.startswith(("Concordance:", "Kappa:"))
            if is_number and re.search(r"\d", self._text):
                self.found.append((self._text.strip(), self._link))
            self._open = None


def test_every_number_in_a_table_leads_to_rows_but_zeros(written: Path) -> None:
    page = _Cells()
    page.feed((written / "report.html").read_text(encoding="utf-8"))
    assert len(page.found) > 400
    assert [text for text, link in page.found if link is None and not re.fullmatch(r"0(/\d+ \(0%\))?", text)] == []
    links = json.loads(page.evidence)["links"]
    for text, link in page.found:
        assert link is None or any(end > begin for begin, end in links[int(link)]["ranges"]), text


def test_a_cell_of_a_confusion_matrix_counts_the_patients_of_its_evidence(computed: Computation) -> None:
    classes: dict[tuple[str, str, str | None], set[str]] = {}
    for row in computed.evidence:
        classes.setdefault((row.population, row.endpoint, row.category), set()).add(row.patient_id)
    for cell in computed.tables["agreements"]:
        name = f"{cell['analysis']}.{cell['definition']}"
        in_row = classes.get((cell["population"], f"{name}.row", cell["row_class"]), set())
        in_column = classes.get((cell["population"], f"{name}.column", cell["column_class"]), set())
        assert len(in_row & in_column) == cell["n"]


def test_a_median_of_a_group_counts_the_patients_of_its_evidence(computed: Computation) -> None:
    for row in computed.tables["estimates"]:
        if row["analysis"] == "km_ttv":
            name = f"km_ttv.{row['endpoint']}"
            found = [
                one
                for one in computed.evidence
                if (one.population, one.endpoint, one.category) == (row["population"], name, row["term"])
            ]
            assert len(found) == row["n"]


def test_volumes_that_nobody_reviewed_are_said_so_wherever_they_are_used(written: Path) -> None:
    results = json.loads((written / "results.json").read_text(encoding="utf-8"))
    said = "Tumour volumes: automatic, not reviewed; reviewed 0 of 66 (SPECT of cycle 2), 0 of 51 (SPECT of cycle 3)."
    numbers = results["numbers"]
    assert numbers["cox/C2/os/ttv/adjusted"]["status"] == [said]
    assert numbers["concordance/C2/same_sign/fell/fell"]["status"] == [said]
    assert "status" not in numbers["psa50/C2/psa50/psa50/unadjusted"]
    assert (written / "report.html").read_text(encoding="utf-8").count(said) > 5


def test_no_calendar_date_and_no_pseudonym_leaves(written: Path) -> None:
    for name in ("results.json", "evidence.csv", "report.html"):
        text = (written / name).read_text(encoding="utf-8")
        assert "patient-0" not in text, name
        assert re.search(r"\b202[23]-\d{2}-\d{2}\b", text) is None, name


def test_a_run_that_breaks_while_it_writes_leaves_the_earlier_results_whole(
    first_study: RunResult, written: Path, abstract_facts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = shutil.copytree(written, tmp_path / "out")
    run_computed(monkeypatch, first_study)

    def broken(*_: Any, **__: Any) -> None:
        raise MissingFactError("stopped")

    monkeypatch.setattr("lutrace.study.run.write_results", broken)
    with pytest.raises(MissingFactError, match="stopped"):
        run_study(load_protocol("early-spect-response"), abstract_facts, out)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    for path in (one for one in written.rglob("*") if one.is_file()):
        assert path.read_bytes() == (out / path.relative_to(written)).read_bytes(), path.name
    (out / "own.txt").write_text("of the user", encoding="utf-8")
    with pytest.raises(UnusableInputError, match=r"holds 1 other files or folders \(own.txt"):
        run_study(load_protocol("early-spect-response"), abstract_facts, out)


@pytest.mark.slow
def test_a_second_run_writes_the_same_bytes(written: Path, abstract_facts: Any, tmp_path: Path) -> None:
    run_study(load_protocol("early-spect-response"), abstract_facts, tmp_path)
    for path in sorted(written.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(written)).read_bytes(), path.name


def test_an_empty_registry_is_told_and_where_the_patients_went(make_facts: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(MissingFactError, match="nobody reaches SPECT of cycle 2 of 0 patients screened"):
        run_study(load_protocol("early-spect-response"), make_facts(), tmp_path)


def test_a_data_cut_in_the_past_knows_less(abstract_facts: Any, computed: Computation) -> None:
    cut = compute_study(load_protocol("early-spect-response"), abstract_facts, data_cut=dt.date(2022, 10, 1))
    deaths = [
        sum(1 for row in one.tables["endpoint_values"] if row["endpoint"] == "os" and row["event"])
        for one in (cut, computed)
    ]
    assert deaths[0] < deaths[1]
    assert max(row["days"] for row in cut.tables["endpoint_values"] if row["endpoint"] == "os") <= 122 - 43


def test_time_from_cycle_1_is_a_blocking_warning(abstract_facts: Any) -> None:
    protocol = load_protocol("early-spect-response")
    biased = protocol.model_copy(
        update={"landmarks": (protocol.landmarks[0].model_copy(update={"origin": "first_cycle"}),), "analyses": ()}
    )
    notices = compute_study(biased, abstract_facts).notices
    blocking = [notice.text for notice in notices if notice.severity == "blocking"]
    assert any(text.startswith("immortal time") for text in blocking)
    assert any("from after time zero" in text for text in blocking)
