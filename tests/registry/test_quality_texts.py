"""Letters against records: each query finds its contradiction, and none of the near misses beside it (synthetic)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from tests.registry.rows import batch, cycle, lab, lesion, make_registry
from tests.registry.test_quality import scan, status
from tests.registry.test_quality_courses import Tables, diagnosis, treatment, weight

from lutrace.core import Row
from lutrace.registry import Registry
from lutrace.registry.quality_texts import TEXT_QUERIES

PATIENT = "P-TEST0001"
WRITTEN = "2024-03-01"
NOT_SAID = ({"negated": True}, {"uncertain": True}, {"hypothetical": True}, {"other_person": True})


def said(fact: str, value: str, date: str | None = None, **more: object) -> Row:
    """A finding of a letter of 1 March 2024, plainly stated unless told otherwise."""
    row: Row = {
        "patient_id": PATIENT, "note_id": "N-1", "note_date": WRITTEN, "note_date_precision": "day",
        "fact": fact, "value": value, "begin": 0, "end": 5, "rule": "", "confidence": "high", "proposer": "rules",
        "proposer_version": "1", "reviewed": False, "hypothetical": False, "other_person": False,
        **dict.fromkeys(("negated", "uncertain", "historical"), False),
    }  # fmt: skip
    if date is not None:
        precision = {4: "year", 7: "month", 10: "day"}[len(date)]
        row |= {"date": f"{date}-01-01"[:10] if len(date) < 7 else f"{date}-01"[:10], "date_precision": precision,
                "date_told": "written"}  # fmt: skip
    return {**row, **more}


def letter(*findings: Row, **records: list[Row]) -> Tables:
    return {"text_findings": list(findings), **records}


DEAD = [status("dead", "2024-05-03")]
GLEASON = [diagnosis("initial", "2015", gleason_primary=3, gleason_secondary=4)]
ONLY_SUM = [diagnosis("initial", "2015", gleason_sum=7)]
STAGE = [diagnosis("initial", "2015", t="pT3b")]
STOPPED = [treatment("lu177_psma_617", "2024-01-08", end_date="2024-02-19", agent_class="rlt", stop_reason="toxicity")]
ONE = [cycle(1, "2024-01-08")]
PSA = [lab(1, 10.0)]
BELOW = [lab(1, 0.1, comparator="<", value_text="<0.1")]
ECOG = [weight("2024-03-01", 1, "ecog")]
SEEN = {"scans": [scan(date="2024-01-31")], "lesions": [lesion(1, 5.0, site="liver")]}
DENIED = {"negated": True}
STATED = said("metastasis_site", "liver")

CASES: dict[str, tuple[list[Tables], list[Tables]]] = {
    "letter_tells_a_death_without_record": (
        [letter(said("death", "died")), letter(said("death", "died"), follow_up=[status("alive", "2024-05-03")])],
        [letter(said("death", "died"), follow_up=DEAD), *(letter(said("death", "died", **more)) for more in NOT_SAID)],
    ),
    "letter_and_record_differ_in_death": (
        [letter(said("death", "died", date), follow_up=DEAD) for date in ("2024-05-04", "2024-04", "2023")],
        [letter(said("death", "died", date), follow_up=DEAD) for date in ("2024-05-03", "2024-05", "2024", None)],
    ),
    "letter_and_record_differ_in_gleason": (
        [letter(said("gleason", value), diagnoses=GLEASON) for value in ("4+3", "4+5", "9")]
        + [letter(said("gleason", value), diagnoses=ONLY_SUM) for value in ("4+5", "9")],
        [letter(said("gleason", value), diagnoses=GLEASON) for value in ("3+4", "7")]
        + [letter(said("gleason", value), diagnoses=ONLY_SUM) for value in ("3+4", "4+3", "7")]
        + [letter(said("gleason", "4+5"), diagnoses=[*GLEASON, diagnosis("metastatic", "2018", gleason_sum=9)]),
           letter(said("gleason", "4+5", uncertain=True), diagnoses=GLEASON),
           letter(said("gleason", "4+5"), diagnoses=STAGE)],
    ),
    "letter_and_record_differ_in_t": (
        [letter(said("tnm", "pT2a pN1"), diagnoses=STAGE)],
        [letter(said("tnm", value), diagnoses=STAGE) for value in ("pT3b pN1 cM0", "cT3a", "Tx N1", "T3")]
        + [letter(said("tnm", "T2"), diagnoses=GLEASON),
           letter(said("tnm", "T2"), diagnoses=[*STAGE, diagnosis("metastatic", "2018", t="cT2")])],
    ),
    "letter_and_record_differ_in_stop_reason": (
        [letter(said("stop_reason", "progression"), treatments=STOPPED),
         letter(said("stop_reason", "decision", "2024-02-20"), treatments=STOPPED, cycles=ONE)],
        [letter(said("stop_reason", "toxicity"), treatments=STOPPED),
         letter(said("stop_reason", "progression", historical=True), treatments=STOPPED),
         letter(said("stop_reason", "progression", "2022-05"), treatments=STOPPED, cycles=ONE),
         letter(said("stop_reason", "decision"), treatments=[{**STOPPED[0], "stop_reason": "choice"}]),
         letter(said("stop_reason", "progression"), treatments=[{**STOPPED[0], "agent_class": "taxane"}])],
    ),
    "letter_and_record_differ_in_cycle": (
        [letter(said("rlt_cycle", "1", "2024-01-12"), cycles=ONE)],
        [letter(said("rlt_cycle", "1", date), cycles=ONE) for date in ("2024-01-11", "2024-01-05", "2024-02", None)]
        + [letter(said("rlt_cycle", "2", "2024-02-19"), cycles=ONE)],
    ),
    "letter_tells_a_cycle_without_record": (
        [letter(said("rlt_cycle", "2"), cycles=ONE)],
        [letter(said("rlt_cycle", "1"), cycles=ONE), letter(said("rlt_cycle", "2")),
         letter(said("rlt_cycle", "2", hypothetical=True), cycles=ONE)],
    ),
    "letter_and_record_differ_in_activity": (
        [letter(said("activity", value, "2024-01-08", unit=unit), cycles=ONE)
         for value, unit in (("6.6", "GBq"), ("740", "MBq"), ("222", "mCi"))],
        [letter(said("activity", value, "2024-01-08", unit=unit), cycles=ONE)
         for value, unit in (("7.4", "GBq"), ("7.0", "GBq"), ("7390", "MBq"), ("200", "mCi"), ("7.400", "MBq"))]
        + [letter(said("activity", "3.7", "2024-01-09", unit="GBq"), cycles=ONE),
           letter(said("activity", "3.7", "2024-01", unit="GBq"), cycles=[cycle(1, "2024-01-01")])],
    ),
    "letter_and_record_differ_in_psa": (
        [letter(said("psa", value, "2024-01-01"), labs=PSA) for value in ("12", "100", "<2")]
        + [letter(said("psa", "0.5", "2024-01-01", unit="ng/ml"), labs=BELOW)],
        [letter(said("psa", value, "2024-01-01"), labs=PSA) for value in ("10", "10.4", "10,000", "<12")]
        + [letter(said("psa", "12", date), labs=PSA) for date in ("2024-01-02", "2024-01", None)]
        + [letter(said("psa", "0.05", "2024-01-01"), labs=BELOW),
           letter(said("psa", "1000", "2024-01-01", unit="ng/dl"), labs=PSA),
           letter(said("psa", "12", "2024-01-01"), labs=[*PSA, lab(1, 12.0, record_key="r2")])],
    ),
    "letter_and_record_differ_in_ecog": (
        [letter(said("ecog", "2"), vitals=ECOG), letter(said("ecog", "2-3", "2024-03-01"), vitals=ECOG)],
        [letter(said("ecog", "1"), vitals=ECOG), letter(said("ecog", "0-1"), vitals=ECOG),
         letter(said("ecog", "2", "2024-02-01"), vitals=ECOG), letter(said("ecog", "2", "2024-03"), vitals=ECOG),
         letter(said("ecog", "2", historical=True), vitals=ECOG),
         letter(said("ecog", "2", note_date_precision="month"), vitals=ECOG)],
    ),
    "letter_denies_a_site_that_a_scan_shows": (
        [letter({**STATED, **DENIED}, **SEEN)],
        [letter(STATED, **SEEN),
         *(letter({**STATED, **DENIED, **more}, **SEEN)
           for more in ({"uncertain": True}, {"historical": True}, {"hypothetical": True}, {"other_person": True},
                        {"value": "lung"}, {"note_date": "2024-04-01"}, {"note_date": "2024-01-30"})),
         letter(said("metastasis_site", "liver", "2023-01-05", **DENIED), **SEEN),
         letter({**STATED, **DENIED}, **{**SEEN, "lesions": [lesion(1, 5.0, "physiological", site="liver")]})],
    ),
    "letter_says_and_denies": (
        [letter(STATED, {**STATED, **DENIED, "begin": 9, "end": 14})],
        [letter(STATED, {**STATED, **DENIED, "begin": 9, "end": 14, **more})
         for more in ({"value": "lung"}, {"note_id": "N-2"}, {"historical": True}, {"other_person": True})]
        + [letter(said("metastasis_site", "liver", "2024-02-01"),
                  said("metastasis_site", "liver", "2022-02-01", begin=9, end=14, **DENIED))],
    ),
}  # fmt: skip
PATIENTS = {
    f"P-CASE{number:04d}": (check, found, tables)
    for number, (check, found, tables) in enumerate(
        (check, found, tables)
        for check, cases in CASES.items()
        for found, some in zip((True, False), cases, strict=True)
        for tables in some
    )
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str | None]]:
    """What is found in one registry of all cases: check and patient."""
    rows: Tables = {}
    for patient, (_, _, tables) in PATIENTS.items():
        for name, some in tables.items():
            own = {"scan_id": f"S-{patient[2:]}000000", "study_key": patient, "patient_id": patient}
            rows.setdefault(name, []).extend(
                row
                | {key: value for key, value in own.items() if key in row}
                | ({"note_id": f"{row['note_id']}-{patient}"} if "note_id" in row else {})
                for row in some
            )
    with Registry.open(make_registry(tmp_path_factory.mktemp("letters") / "registry"), write=True) as registry:
        for name, some in rows.items():
            added = registry.add(batch(name, some, name=name))
            assert (added.added, added.quarantined) == (len(some), 0), name
        return {(one.check, one.patient_id) for one in registry.check()}


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda one: f"{PATIENTS[one][0]}-{one}")
def test_a_contradiction_is_found_and_a_near_miss_is_not(told: set[tuple[str, str | None]], patient: str) -> None:
    check, found, _ = PATIENTS[patient]
    assert ((check, patient) in told) is found


def test_every_query_has_its_cases() -> None:
    assert set(CASES) == {query.check for query in TEXT_QUERIES}


def test_letters_are_held_against_the_rows_that_count(tmp_path: Path) -> None:
    """A record that another source overrules, or that a person corrected, contradicts no letter."""
    with Registry.open(make_registry(tmp_path / "registry"), write=True) as registry:
        registry.add(batch("text_findings", [said("psa", "10", "2024-01-01")], name="letters"))
        for kind, value in (("fhir", 10.0), ("omop", 99.0)):
            registry.add(batch("labs", [lab(1, value, record_key=kind)], name=kind, kind=kind))
        assert "letter_and_record_differ_in_psa" not in {one.check for one in registry.check()}
        (registry.folder / "site.yaml").write_text("precedence: {labs: [omop]}\n", encoding="utf-8")
        (one,) = [one for one in registry.check() if one.check == "letter_and_record_differ_in_psa"]
        assert one.found.startswith("PSA 10 in a letter, 99.0 ng/mL on record of that day (labs:")
        act: Row = {"patient_id": PATIENT, "made_by": "U-1", "made_at": dt.datetime(2024, 6, 1), "reason": "misread"}
        registry.append_review({**act, "table": "text_findings", "target_row_id": one.row_id, "act": "reject"})
        assert "letter_and_record_differ_in_psa" not in {one.check for one in registry.check()}
