"""Numbers of an abstract beside those of a run: a results file written out by hand, sentences made up for the test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lutrace.cli.app import run
from lutrace.core import Row, UnusableInputError
from lutrace.study import ClaimsResult, RunResult, run_claims

LABELS = {
    "C2": "SPECT of cycle 2",
    "C3": "SPECT of cycle 3",
    "os": "Overall survival",
    "psa_pfs": "PSA progression-free survival",
    "ttv": "Tumour volume",
    "new_lesions": "New lesions",
    "psa50": "PSA50 at any time",
    "age_years": "Age",
    "alive": "Alive when last known",
    "follow_up": "Follow-up (reverse Kaplan-Meier)",
}


def ratio(value: float, low: float, high: float, p: float, *, adjusted: bool = True) -> dict[str, Any]:
    more = {"adjusted_for": "psa_change" if adjusted else "none", "n": 66, "events": 24, "unit": "1"}
    return {"measure": "hazard_ratio", "value": value, "low": low, "high": high, "p": p, **more}


def share(events: int, n: int) -> dict[str, Any]:
    return {
        "measure": "proportion",
        "value": events / n,
        "low": 0.1,
        "high": 0.9,
        "n": n,
        "events": events,
        "unit": "1",
    }


def median(value: float, low: float, high: float, unit: str, total: int = 66) -> dict[str, Any]:
    ends = {"low": low, "high": high}
    return {"statistic": "median_iqr", "value": value, **ends, "unit": unit, "n": total, "N": total}


NUMBERS: dict[str, Any] = {
    "attrition/C2/0": {"value": 70, "excluded": 0, "reason": None, "rule": "screened", "unit": "patients"},
    "attrition/C2/1": {"value": 66, "excluded": 4, "reason": "no SPECT", "rule": "SPECT done", "unit": "patients"},
    "characteristics/C2/age_years/median_iqr": median(73.46, 68.0, 79.0, "years"),
    "psa50/C2/psa50/psa50/unadjusted": share(33, 66),
    "psa50/C3/psa50/psa50/unadjusted": share(30, 51),
    "alive/C2/alive/alive/unadjusted": share(46, 66),
    "cox/C2/os/ttv/adjusted": ratio(2.26, 1.5, 2.9, 0.0004),
    "cox/C2/psa_pfs/ttv/adjusted": ratio(1.34, 1.1, 1.8, 0.012),
    "cox/C2/os/new_lesions/adjusted": ratio(6.28, 2.0, 19.5, 0.001),
    "cox/C2/os/new_lesions/unadjusted": ratio(5.1, 1.9, 16.0, 0.002, adjusted=False),
    "follow_up/C2/os/follow_up/unadjusted": {
        "measure": "median", "value": 11.2, "low": 10.0, "high": 12.0, "unit": "months", "n": 66, "events": 42
    },
    "km/C2/os/all/unadjusted": {
        "measure": "median", "value": 298.0, "low": 262.0, "high": 344.0, "unit": "days", "n": 66, "events": 24
    },
}  # fmt: skip


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    results = {
        "study": "made-up",
        "synthetic": True,
        "protocol_digest": "a" * 64,
        "snapshot_digest": "b" * 64,
        "labels": LABELS,
        "numbers": NUMBERS,
    }
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    return folder


def compare(text: str, out: Path) -> ClaimsResult:
    path = out.parent / "abstract.txt"
    path.write_text(text, encoding="utf-8")
    return run_claims(path, out)


def only(text: str, out: Path) -> Row:
    *_, row = [row for row in compare(text, out).claims if row["verdict"] != "no result"]
    return row


@pytest.mark.parametrize(
    ("text", "verdict", "key"),
    [
        ("Median age was 73.5 years (IQR: 68–79).", "equal after rounding", "characteristics/C2/age_years/median_iqr"),
        ("Median age was 74 years.", "differs", "characteristics/C2/age_years/median_iqr"),
        ("Median age was 73 years (IQR 60-79).", "differs", "characteristics/C2/age_years/median_iqr"),
        ("PSA50 was noted in 33/66 (50%) patients.", "equal after rounding", "psa50/C2/psa50/psa50/unadjusted"),
        ("A PSA50 was seen in 30 of 51 (59 %).", "equal after rounding", "psa50/C3/psa50/psa50/unadjusted"),
        ("47/66 (71%) were alive.", "differs", "alive/C2/alive/alive/unadjusted"),
        ("Median OS was 9.8 months (95% CI: 8.6, 11.3).", "equal after rounding", "km/C2/os/all/unadjusted"),
        ("Median OS was 42.6 weeks.", "equal after rounding", "km/C2/os/all/unadjusted"),
        ("TTV was associated with OS (adjusted HR 2.26, p<0.001).", "equal after rounding", "cox/C2/os/ttv/adjusted"),
        ("TTV was associated with OS (adjusted HR 2.26, p=0.04).", "differs", "cox/C2/os/ttv/adjusted"),
        (
            "Median age was 73.5 years and, after a while, median follow-up was 10 months.",
            "differs",
            "follow_up/C2/os/follow_up/unadjusted",
        ),
        ("Xerostomia was seen in 12/66 (18%).", "not in this run", None),
    ],
)
def test_a_number_is_found_by_what_it_is_of_and_compared_after_rounding(
    text: str, verdict: str, key: str | None, out: Path
) -> None:
    row = only(text, out)
    assert (row["verdict"], row["key"]) == (verdict, key)


def test_two_numbers_in_the_order_of_two_outcomes_are_told_apart_and_the_row_says_how(out: Path) -> None:
    text = "Higher tumor volume, adjusted for PSA change, meant worse PFS and OS (HR=1.3 and 2.26)."
    rows = [row for row in compare(text, out).claims if row["role"] == "hazard ratio"]
    assert [row["key"] for row in rows] == ["cox/C2/psa_pfs/ttv/adjusted", "cox/C2/os/ttv/adjusted"]
    assert [row["verdict"] for row in rows] == ["equal after rounding"] * 2
    assert "by the order of mention" in rows[0]["note"]


def test_where_several_numbers_fit_all_are_listed_and_none_is_chosen(out: Path) -> None:
    row = only("Patients with new lesions had shorter overall survival (HR 6.28).", out)
    assert row["verdict"] == "ambiguous"
    assert row["run"] is None
    assert row["key"].split("; ") == [
        "cox/C2/os/new_lesions/adjusted = 6.28 (CI 2.00 to 19.50)",
        "cox/C2/os/new_lesions/unadjusted = 5.10 (CI 1.90 to 16.00)",
    ]


def test_days_thresholds_and_steps_are_no_results(out: Path) -> None:
    text = "Methods: From June 2022 men with a decline of ≥50% at cycle 2 after 24 hours were reviewed."
    assert {row["role"] for row in compare(text, out).claims} == {"calendar", "threshold", "definition"}


def test_the_size_of_the_group_is_compared_with_who_was_analysed(out: Path) -> None:
    row = only("Sixty-six patients entered.", out)
    assert (row["verdict"], row["key"]) == ("equal after rounding", "attrition/C2/1")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("PSA50 was noted in 33/66 (50%) patients.", 0),
        ("PSA50 was noted in 30/66 (45%) patients.", 1),
        ("Pain was noted in 30/66 (50%) patients.", 1),
        ("Pain was noted in 30/66 (45%) patients.", 0),
    ],
)
def test_the_exit_status_tells_whether_something_certain_speaks_against_the_text(
    text: str, status: int, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (out.parent / "abstract.txt").write_text(text, encoding="utf-8")
    assert run(["claims", str(out.parent / "abstract.txt"), str(out), "--json"]) == status
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"claims", "faults", "warnings"}


def test_the_page_and_the_rows_hold_every_number(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    abstract = out.parent / "abstract.txt"
    abstract.write_text("In 2022, PSA50 was noted in 33/66 (55%) patients.", encoding="utf-8")
    assert run(["claims", str(abstract), str(out), "--out", str(out.parent / "c.html")]) == 1
    assert run(["claims", str(abstract), str(out), "--out", str(out.parent / "c.csv")]) == 1
    page = (out.parent / "c.html").read_text(encoding="utf-8")
    for words in (
        "SYNTHETIC DATA",
        "not a medical device",
        "33/66 = 50.0 %",
        "psa50/C2/psa50/psa50/unadjusted",
        "calendar",
    ):
        assert words in page
    assert "<script" not in page
    rows = (out.parent / "c.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 3
    assert "no contradiction" not in capsys.readouterr().out


def test_what_is_no_text_or_no_run_is_refused(out: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text(" \n", encoding="utf-8")
    with pytest.raises(UnusableInputError, match="expected the text of an abstract, found nothing"):
        run_claims(empty, out)
    empty.write_bytes("Universitätsklinik".encode("latin-1"))
    with pytest.raises(UnusableInputError, match="expected plain text in UTF-8"):
        run_claims(empty, out)
    (tmp_path / "abstract.txt").write_text("PSA50 in 3/4.", encoding="utf-8")
    with pytest.raises(UnusableInputError, match=r"expected the folder of a run with its results\.json"):
        run_claims(tmp_path / "abstract.txt", tmp_path)


FIRST_STUDY = """\
Results: Sixty-six men were followed from the SPECT of cycle 2, and 47/66 (71%) were alive when last known. PSA50 was
seen in 33/66 (50%). The changes in PSA and TTV at 2nd and 3rd cycle were concordant in 50/66 (76%) and 42/51 (82%).
NLs were seen in 13/66 (7/13 PSMA-avid, 6/13 non-PSMA-avid) and 7/51 (5/7 PSMA-avid, 2/7 non-PSMA-avid) at 2nd and 3rd
cycle, respectively.
"""


def test_the_counts_of_the_first_abstract_are_those_of_the_run_on_the_constructed_cohort(
    first_study: RunResult, tmp_path: Path
) -> None:
    (tmp_path / "abstract.txt").write_text(FIRST_STUDY, encoding="utf-8")
    result = run_claims(tmp_path / "abstract.txt", first_study.results.parent)
    shares = {row["claim"]: row["verdict"] for row in result.claims if row["role"] == "share"}
    assert len(shares) == 10
    assert {claim for claim, verdict in shares.items() if verdict != "equal after rounding"} == set()
    assert result.faults == ()
