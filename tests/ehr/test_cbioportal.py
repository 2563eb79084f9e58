"""A registry as a study of cBioPortal, held to the published rules of its validator, and timelines read back.

No real portal was met: the rules are written anew from docs/File-Formats.md and scripts/importer/validateData.py of
cBioPortal, as read on 2026-11-22.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from lutrace.cli.app import run
from lutrace.core import Row, Source, UnusableInputError
from lutrace.ehr.cbioportal_study import TABLES, make_cbioportal_study
from lutrace.ehr.cbioportal_timeline import is_timeline_folder, read_timeline
from lutrace.ingest import run_export_cbioportal, run_init
from lutrace.registry import FactBatch, Registry
from lutrace.tables import CYCLES, LABS, QUARANTINE, TREATMENTS

ZERO = dt.date(2020, 2, 20)
KEYED = {"record_key": "0" * 20, "source_locator": "row 1"}
PLACE = {"source_locator": "row 1"}


def day(number: int) -> dt.date:
    return ZERO + dt.timedelta(days=number)


def lab(number: int, value: float, comparator: str | None = None) -> Row:
    return {
        "patient_id": "P-1",
        "date": day(number),
        "time": None,
        "analyte": "psa",
        "loinc": None,
        "value_text": f"{comparator or ''}{value}",
        "comparator": comparator,
        "unit": "ng/mL",
        "value": value,
        "canonical_unit": "ng/mL",
        "lln": None,
        "uln": None,
        **KEYED,
    }


def treated(agent: str, begin: int, end: int | None, precision: str = "day") -> Row:
    return {
        "patient_id": "P-1",
        "agent": agent,
        "agent_class": "taxane",
        "begin_date": day(begin),
        "begin_date_precision": precision,
        "end_date": None if end is None else day(end),
        "end_date_precision": None if end is None else "day",
        "stop_reason": "progression",
        **KEYED,
    }


def diagnosed(patient: str, precision: str) -> Row:
    return {
        "patient_id": patient,
        "milestone": "initial",
        "date": ZERO,
        "date_precision": precision,
        "method": "code",
        **PLACE,
    }


ROWS: dict[str, list[Row]] = {
    "patients": [
        {"patient_id": "P-1", "birth_year": 1950, "sex": "male", "site": None, "synthetic": True},
        {"patient_id": "P-2", "birth_year": 1925, "sex": "male", "site": None, "synthetic": True},
    ],
    "diagnoses": [diagnosed("P-1", "day"), diagnosed("P-2", "month")],
    "cycles": [
        {
            "patient_id": "P-1",
            "cycle": number,
            "administered_date": day(800 + 42 * number),
            "agent": "lu177_psma_617",
            "administered_mbq": 7400.5,
            **PLACE,
        }
        for number in (1, 2)
    ],
    "treatments": [treated("docetaxel", 300, 420), treated("cabazitaxel", 500, None, "month")],
    "labs": [lab(-3, 46.79), lab(900, 0.02, "<")],
    "follow_up": [
        {
            "patient_id": "P-1",
            "status": "dead",
            "date": day(1000),
            "date_precision": "day",
            "cause": None,
            "basis": "record",
            **PLACE,
        }
    ],
}
ALL_ROWS = {table.name: ROWS.get(table.name, []) for table in TABLES}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cbioportal") / "registry"
    run_init(folder)
    with Registry.open(folder, write=True) as opened:
        assert opened.add(FactBatch(Source("table", "a" * 64), ROWS)).quarantined == 0
    return folder


@pytest.fixture(scope="module")
def study(registry: Path) -> Path:
    assert run(["export", "cbioportal", str(registry), str(registry.parent / "study")]) == 0
    return registry.parent / "study"


def meta_of(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def table_of(path: Path) -> list[dict[str, str]]:
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert {len(line) for line in lines} == {len(lines[0])}
    assert len(set(lines[0])) == len(lines[0])
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def test_every_data_file_has_a_meta_file_with_the_fields_that_its_type_needs(study: Path) -> None:
    metas = {path.name: meta_of(path) for path in study.glob("meta_*.txt")}
    identifier = metas["meta_study.txt"]["cancer_study_identifier"]
    assert set(metas.pop("meta_study.txt")) == {
        "type_of_cancer",
        "cancer_study_identifier",
        "name",
        "description",
        "add_global_case_list",
    }
    assert {meta["data_filename"] for meta in metas.values()} == {path.name for path in study.glob("data_*.txt")}
    for name, meta in metas.items():
        assert meta["cancer_study_identifier"] == identifier
        assert meta["genetic_alteration_type"] == "CLINICAL"
        level = {"meta_clinical_patient.txt": "PATIENT_ATTRIBUTES", "meta_clinical_sample.txt": "SAMPLE_ATTRIBUTES"}
        assert meta["datatype"] == level.get(name, "TIMELINE")


def test_clinical_data_have_four_lines_of_attributes_and_values_of_their_types(study: Path) -> None:
    for level in ("patient", "sample"):
        path = study / f"data_clinical_{level}.txt"
        heads = [line[1:].split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line[0] == "#"]
        rows = table_of(path)
        names = list(rows[0])
        assert [len(one) for one in heads] == [len(names)] * 4
        assert all(cell.strip() for one in heads for cell in one)
        assert all(name.isupper() for name in names)
        assert all(int(priority) >= 0 for priority in heads[3])
        for name, kind in zip(names, heads[2], strict=True):
            assert kind in ("STRING", "NUMBER", "BOOLEAN")
            for row in rows:
                if kind == "NUMBER" and row[name]:
                    float(row[name])
        assert all(re.fullmatch(r"[A-Za-z0-9._-]+", row["PATIENT_ID"]) for row in rows)
    assert [row["SAMPLE_ID"] for row in table_of(study / "data_clinical_sample.txt")] == ["P-1-S1"]


def test_survival_runs_from_the_diagnosis_in_months(study: Path) -> None:
    (row,) = table_of(study / "data_clinical_patient.txt")
    assert (row["OS_STATUS"], row["OS_MONTHS"]) == ("1:DECEASED", "32.85"), "1000 / 30.4375"
    assert (row["SEX"], row["AGE"], row["RLT_CYCLES"], row["RLT_GBQ"]) == ("Male", "70", "2", "14.801")


def test_timelines_are_whole_days_of_patients_of_the_study(study: Path) -> None:
    patients = {row["PATIENT_ID"] for row in table_of(study / "data_clinical_patient.txt")}
    found = sorted(study.glob("data_timeline_*.txt"))
    assert [path.stem.removeprefix("data_timeline_") for path in found] == [
        "diagnosis",
        "labtest",
        "status",
        "treatment",
    ]
    for path in found:
        for row in table_of(path):
            assert row["PATIENT_ID"] in patients
            assert re.fullmatch(r"-?\d+", row["START_DATE"])
            assert not row["STOP_DATE"] or int(row["STOP_DATE"]) >= int(row["START_DATE"])
            assert row["EVENT_TYPE"]
    labs = table_of(study / "data_timeline_labtest.txt")
    assert [(row["START_DATE"], row["TEST"], row["RESULT"], row["UNIT"], row["COMPARATOR"]) for row in labs] == [
        ("-3", "psa", "46.79", "ng/mL", ""),
        ("900", "psa", "0.02", "ng/mL", "<"),
    ]


def test_no_calendar_date_and_no_old_age_is_written(study: Path) -> None:
    texts = "\n".join(path.read_text(encoding="utf-8") for path in study.iterdir())
    assert re.search(r"\b(19|20)\d\d[-./]\d\d?", texts) is None
    assert "2020" not in texts
    made = make_cbioportal_study(
        {**ALL_ROWS, "diagnoses": [diagnosed("P-2", "day")]}, anchor="diagnosis", identifier="one", name="One"
    )
    assert "AGE" not in made.files["data_clinical_patient.txt"].splitlines()[4], "95 years at day zero"


def test_what_has_no_exact_day_is_left_out_and_told() -> None:
    made = make_cbioportal_study(ALL_ROWS, anchor="diagnosis", identifier="one", name="One")
    assert made.left_out == {"patients without a day zero (diagnosis)": 1, "rows of treatments without an exact day": 1}
    assert "cabazitaxel" not in made.files["data_timeline_treatment.txt"]


def test_a_registry_without_a_day_zero_is_refused_with_what_to_do(tmp_path: Path) -> None:
    run_init(tmp_path / "registry")
    with pytest.raises(UnusableInputError, match="known to the day; count days from the first cycle with --anchor"):
        run_export_cbioportal(tmp_path / "registry", tmp_path / "study")
    with pytest.raises(UnusableInputError, match="holds no cycle to count days from"):
        run_export_cbioportal(tmp_path / "registry", tmp_path / "study", anchor="first_cycle")
    assert not (tmp_path / "study").exists()


def test_days_can_be_counted_from_the_first_cycle(registry: Path, tmp_path: Path) -> None:
    assert run(["export", "cbioportal", str(registry), str(tmp_path / "study"), "--anchor", "first_cycle"]) == 0
    cycles = [row for row in table_of(tmp_path / "study" / "data_timeline_treatment.txt") if row["CYCLE"]]
    assert [(row["START_DATE"], row["CYCLE"]) for row in cycles] == [("0", "1"), ("42", "2")]


def test_a_study_read_back_has_the_days_that_it_was_made_of(study: Path, tmp_path: Path) -> None:
    (tmp_path / "days.csv").write_text(f"patient_id,date\nP-1,{ZERO}\n", encoding="utf-8")
    run_init(tmp_path / "second")
    call = ["add", "table", str(study), "--registry", str(tmp_path / "second"), "--anchor", str(tmp_path / "days.csv")]
    assert run(call) == 0
    assert run(call) == 0
    with Registry.open(tmp_path / "second", write=False) as second:
        labs = sorted((row["date"], row["value"], row["comparator"]) for row in second.rows(LABS))
        cycles = [(row["cycle"], row["administered_date"], row["administered_mbq"]) for row in second.rows(CYCLES)]
        (docetaxel,) = second.rows(TREATMENTS)
    assert labs == [(day(-3), 46.79, None), (day(900), 0.02, "<")]
    assert cycles == [(1, day(842), 7400.5), (2, day(884), 7400.5)]
    assert (docetaxel["agent"], docetaxel["begin_date"], docetaxel["end_date"], docetaxel["stop_reason"]) == (
        "docetaxel",
        day(300),
        day(420),
        "progression",
    )


def test_the_day_zero_is_the_diagnosis_that_the_registry_knows(study: Path, tmp_path: Path) -> None:
    run_init(tmp_path / "second")
    (tmp_path / "diagnoses.csv").write_text(
        f"patient_id,milestone,date,method\nP-1,initial,{ZERO},code\n", encoding="utf-8"
    )
    add = ["add", "table", "--registry", str(tmp_path / "second")]
    assert run([*add, str(study)]) == 1, "no day zero is known yet"
    with Registry.open(tmp_path / "second", write=False) as second:
        assert second.rows(LABS) == []
        rules = {row["rule"] for row in second.rows(QUARANTINE)}
    assert rules == {"the day zero of the patient is not known, so its days stand for no dates"}
    assert run([*add, str(tmp_path / "diagnoses.csv")]) == 0
    assert run([*add, str(study)]) == 0
    with Registry.open(tmp_path / "second", write=False) as second:
        assert sorted(row["date"] for row in second.rows(LABS)) == [day(-3), day(900)]
        assert second.rows(QUARANTINE) == []


def write_timeline(folder: Path, lines: list[str], *, kind: str = "labs") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"meta_timeline_{kind}.txt").write_text(
        "cancer_study_identifier: x\ngenetic_alteration_type: CLINICAL\ndatatype: TIMELINE\n"
        f"data_filename: data_timeline_{kind}.txt\n",
        encoding="utf-8",
    )
    text = "\n".join("\t".join(line.split("|")) for line in lines) + "\n"
    (folder / f"data_timeline_{kind}.txt").write_text(text, encoding="utf-8")
    return folder


def test_a_result_without_a_unit_is_refused_and_an_unknown_test_is_counted(tmp_path: Path) -> None:
    folder = write_timeline(
        tmp_path / "study",
        [
            "PATIENT_ID|START_DATE|STOP_DATE|EVENT_TYPE|TEST|RESULT|UNIT",
            "A|10||LAB_TEST|PSA|3.5|ng/mL",
            "A|20||LAB_TEST|PSA|4.5|",
            "A|30||LAB_TEST|Chromogranin Z|4.5|ng/mL",
            "A|ten||LAB_TEST|PSA|4.5|ng/mL",
            "A|40|30|LAB_TEST|PSA|4.5|ng/mL",
            "B|40||LAB_TEST|PSA|4.5|ng/mL",
        ],
    )
    ((_, batch),) = read_timeline(folder, {"A": ZERO})
    assert [(row["date"], row["value"]) for row in batch.rows["labs"]] == [(day(10), 3.5)]
    assert batch.unread == {"LAB_TEST of a text like 'aaaaaaaaaaaa a' (not in the vocabulary)": 1}
    faults = {fault.locator: fault.rule for fault in batch.faults}
    assert sorted(faults) == ["row 3", "row 5", "row 6", "row 7"]
    assert "unit" in faults["row 3"]
    assert faults["row 5"] == "START_DATE must be a whole number of days, of at most six digits"
    assert faults["row 6"] == "STOP_DATE is before START_DATE"


def test_agents_go_where_the_vocabulary_puts_them(tmp_path: Path) -> None:
    folder = write_timeline(
        tmp_path / "study",
        [
            "PATIENT_ID|START_DATE|STOP_DATE|EVENT_TYPE|TREATMENT_TYPE|SUBTYPE|AGENT",
            "A|10|90|TREATMENT|Medical Therapy|Chemotherapy|DOCETAXEL",
            "A|5||TREATMENT|Medical Therapy|Hormone Therapy|LEUPROLIDE",
            "A|5||TREATMENT|Medical Therapy|Other|INVESTIGATIONAL-77",
            "A|5||SPECIMEN||||",
        ],
        kind="treatment",
    )
    ((_, batch),) = read_timeline(folder, {"A": ZERO})
    (docetaxel,) = batch.rows["treatments"]
    assert (docetaxel["agent"], docetaxel["begin_date"], docetaxel["end_date"]) == ("docetaxel", day(10), day(90))
    (leuprolide,) = batch.rows["medications"]
    assert leuprolide["kind"] == "adt"
    assert batch.unread["TREATMENT with a text like 'aaaaaaaaaaaaaaa-99' (not in the vocabulary)"] == 1
    assert sum(batch.unread.values()) == 2


def test_a_folder_without_its_data_file_or_a_needed_column_is_refused(tmp_path: Path) -> None:
    folder = write_timeline(tmp_path / "study", ["PATIENT_ID|START_DATE", "A|1"])
    assert is_timeline_folder(folder)
    with pytest.raises(UnusableInputError, match="a timeline needs the columns EVENT_TYPE"):
        list(read_timeline(folder, {}))
    (folder / "data_timeline_labs.txt").unlink()
    with pytest.raises(UnusableInputError, match="a meta file names this data file, and it is not there"):
        list(read_timeline(folder, {}))
    assert not is_timeline_folder(tmp_path)
