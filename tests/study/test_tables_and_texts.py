"""Tables by group, tables put together, and texts bound to numbers, from the study file to the report's files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.report.test_tables import read_html
from tests.study.conftest import run_computed

from lutrace.core import DisclosureError, ProtocolError
from lutrace.protocol import Protocol, parse_protocol
from lutrace.report import ReleasePolicy
from lutrace.study import RunResult, load_protocol, run_study

TABLES = """\
tables:
  - name: by_response
    label: Patients by PSA50
    populations: [C2]
    by: psa50
    overall: true
    smd: true
    variables:
      - {value: age_years, type: number, statistics: [median_iqr, median_range], test: rank_sum}
      - {value: ttv_ml, type: number, test: welch}
      - {value: new_lesions_any_earlier, type: yes, test: fisher, remark: By the links of lesions.}
      - {value: spect_tracer, type: classes}
"""
REPORT = """\
report:
  abstract:
    - {heading: Results, text: "Of {attrition/C2/3} patients {psa50/C2/psa50/psa50/unadjusted} had PSA50."}
    - {heading: Conclusions, text: "None."}
  methods: ["Patients were {by_response/all/age_years/median_iqr} old."]
  sections:
    - title: Patients
      text: ["Survival: {km/C2/os/all/unadjusted}."]
      items:
        - {show: group_table, name: by_response, caption: By PSA50, of: by_response}
        - {show: regression, name: models, caption: Models, analyses: [cox], beside: population}
        - {show: survival_table, name: times, caption: Survival, analyses: [km]}
        - show: merge
          name: both
          caption: Two landmarks
          parts:
            - {show: estimates, name: at_c2, caption: C2, analyses: [psa50, alive], populations: [C2]}
            - {show: estimates, name: at_c3, caption: C3, analyses: [psa50, alive], populations: [C3]}
        - show: stack
          name: all
          caption: Shares and medians
          parts:
            - {show: estimates, name: shares, caption: Shares, analyses: [psa50], notes: ["Typed: 33/66."]}
            - {show: estimates, name: medians, caption: Medians, analyses: [km]}
"""


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    """The shipped study with a table by group and a report of its own, without examples and correlations."""
    text = load_protocol("early-spect-response").as_yaml()
    return parse_protocol(f"{text.partition('report:')[0]}{TABLES}{REPORT}", "own")


@pytest.fixture(scope="module")
def ran(protocol: Protocol, abstract_facts: Any, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """That study, run."""
    return run_study(protocol, abstract_facts, tmp_path_factory.mktemp("texts"))


def numbers_of(ran: RunResult) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ran.results.read_text(encoding="utf-8"))
    return document["numbers"]


def test_the_abstract_has_its_numbers_from_the_run_in_every_format(ran: RunResult) -> None:
    said = "Of 66 patients 33/66 (50%, 95% CI 37–63%) had PSA50."
    assert ran.report.abstract is not None
    text = ran.report.abstract.read_text(encoding="utf-8")
    assert f"Results: {said}" in text
    assert "SYNTHETIC DATA" in text and "Research software, not a medical device" in text
    assert said in ran.report.html.read_text(encoding="utf-8")


def test_other_texts_are_bound_too(ran: RunResult) -> None:
    page = ran.report.html.read_text(encoding="utf-8")
    assert re.search(r"Patients were \d\d(\.\d)? years \(IQR \d\d(\.\d)?–\d\d(\.\d)?\) old\.", page)
    assert re.search(r"Survival: ([\d.]+ weeks \(95% CI |not reached)", page)


def test_what_was_typed_by_hand_is_told(ran: RunResult) -> None:
    (found,) = [one for one in ran.computation.notices if one.where == "report.shares"]
    assert found.text == "typed by hand, not bound to the run: 33/66; name its key in braces"


def test_groups_of_a_value_have_their_numbers_keys_and_evidence(ran: RunResult) -> None:
    numbers = numbers_of(ran)
    age = numbers["by_response/yes/age_years/median_iqr"]
    assert (age["n"], age["N"], age["statistic"]) == (33, 33, "median_iqr")
    assert age["evidence"] == ["C2/age_years"]
    assert 0 <= numbers["by_response/all/age_years/p"]["value"] <= 1
    assert numbers["by_response/all/age_years/p"]["method"].startswith("Wilcoxon rank-sum test")
    lines = read_html(ran.report)["by_response"]
    assert lines[0] == ["Characteristic", "Overall, N = 66", "no, N = 33", "yes, N = 33", "SMD", "p"]
    counted = next(line for line in lines if line[0].startswith("New lesions"))
    assert counted[0].endswith("[a]") and counted[1] == "13/66 (20%)"


def test_a_cell_of_a_group_leads_to_the_patients_of_that_group(ran: RunResult) -> None:
    page = ran.report.html.read_text(encoding="utf-8")
    found = re.search(r'id="evidence-data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    links = json.loads(found[1])["links"]
    assert [["by_response.psa50", "yes"]] in [link["classes"] for link in links]


def test_tables_put_together_stand_in_the_report(ran: RunResult) -> None:
    page = read_html(ran.report)
    assert page["both"][0][1:] == [
        *("n, C2", "n with, C2", "Proportion (95% CI), C2"),
        *("n, C3", "n with, C3", "Proportion (95% CI), C3"),
    ]
    assert ["Shares"] in page["all"] and ["Medians"] in page["all"]
    assert any("SPECT of cycle 3" in header for header in page["models"][0])
    assert page["times"][0][:4] == ["Group", "n", "Events", "Median, weeks (95% CI)"]


def test_an_unknown_number_is_refused_with_those_near_it(
    protocol: Protocol, ran: RunResult, abstract_facts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_computed(monkeypatch, ran)
    document = protocol.as_yaml().replace("{km/C2/os/all/unadjusted}", "{km/C2/os/al/unadjusted}")
    wrong = parse_protocol(document, "own")
    with pytest.raises(ProtocolError, match=r"report\.Patients: no number \{km/C2/os/al/.*there are km/C2/os/all/una"):
        run_study(wrong, abstract_facts, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_small_counts_are_hidden_in_texts_and_tables_alike(
    protocol: Protocol, ran: RunResult, abstract_facts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_computed(monkeypatch, ran)
    strict = run_study(protocol, abstract_facts, tmp_path / "out", policy=ReleasePolicy(min_cell=10))
    lines = read_html(strict.report)["by_response"]
    ranges = next(line for line in lines if line[0].startswith("Median (minimum"))
    assert set(ranges[1:4]) == {"hidden"}
    counted = next(line for line in lines if line[0].startswith("New lesions"))
    assert {"<10", "hidden"} & set(counted[2:4])
    assert counted[4:] == ["hidden", "hidden [3]"]
    hidden = {key for key, one in numbers_of(strict).items() if one["value"] == "hidden"}
    assert "by_response/all/new_lesions_any_earlier/p" in hidden


def test_a_group_of_few_patients_does_not_leave(
    protocol: Protocol, ran: RunResult, abstract_facts: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_computed(monkeypatch, ran)
    with pytest.raises(DisclosureError, match=r"tables\.by_response: a group of fewer than 40 patients"):
        run_study(protocol, abstract_facts, tmp_path / "out", policy=ReleasePolicy(min_cell=40))


def test_a_study_without_a_report_shows_its_tables_by_group(protocol: Protocol) -> None:
    plain = parse_protocol(protocol.as_yaml().partition("report:")[0], "plain")
    (shown,) = [item for item in plain.report.items if item.show == "group_table"]
    assert (shown.name, shown.caption) == ("by_response", "Patients by PSA50")
