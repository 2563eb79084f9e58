"""Names, numbers, telephones and addresses typed into any cell, heading, key or file name: no message or file has them.

Everything here is synthetic; the persons do not exist.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tests.ingest.small_centre import write_scan

from lutrace.cli.app import run
from lutrace.registry import Registry

PERSONAL = (
    "Zwiebelfisch",
    "Zwiebelfisch, Herbert",
    "8700456 Zwiebelfisch",
    8700456,
    "A987654321",
    "0176 9876543",
    "+49 176 98765432",
    "Rosenkohlweg 17, 99998 Lauchstadt",
)
"""What people type where it does not belong."""
TELLING = ("zwiebelfisch", "herbert", "8700456", "987654321", "9876543", "rosenkohl", "lauchstadt", "8.70046e+06")
"""What of it would name the person, in small letters."""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    folder = tmp_path / "registry"
    assert run(["init", str(folder)]) == 0
    return folder


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    folder = tmp_path / "inputs"
    folder.mkdir()
    return folder


def leaks(text: str) -> list[str]:
    plain = text.casefold()
    return [one for one in TELLING if one in plain]


def stored_texts(registry: Path) -> Iterator[tuple[str, str]]:
    """All that the registry holds beside the identities: the bytes of each file, and every cell of the database."""
    with duckdb.connect(str(registry / "registry.duckdb"), read_only=True) as connection:
        for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"').fetchall():
                yield table, " ".join(map(str, row))
    for path in sorted(registry.rglob("*")):
        assert not leaks(path.relative_to(registry).as_posix())
        if path.is_file() and not path.name.startswith("identities.duckdb"):
            yield path.name, path.read_bytes().decode("latin-1")


def check_told(capsys: pytest.CaptureFixture[str], command: str) -> None:
    said = capsys.readouterr()
    assert leaks(said.out + said.err) == [], (command, said.out[-1500:], said.err[-1500:])


def add_everywhere(registry: Path, capsys: pytest.CaptureFixture[str], kind: str, *arguments: str | Path) -> None:
    """Read a source dry, as JSON and in earnest, then ask and export: nobody is named anywhere."""
    given = ["add", kind, *map(str, arguments), "--registry", str(registry)]
    account = [] if kind not in ("table", "redcap") else ["--out", str(registry.parent / "account.csv")]
    for more in (["--dry-run", *account], ["--json"]):
        run([*given, *more])
        check_told(capsys, " ".join([kind, *more]))
    check_stored(registry)
    if account and (registry.parent / "account.csv").exists():
        assert leaks((registry.parent / "account.csv").read_text(encoding="utf-8")) == []
    run(["check", "--registry", str(registry)])
    check_told(capsys, "check")


def check_stored(registry: Path) -> None:
    for name, text in stored_texts(registry):
        assert leaks(text) == [], (name, text[:400])


def ask_and_export(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = registry.parent / "out"
    for command in (
        ["check", "--registry", str(registry), "--out", str(registry.parent / "findings.csv")],
        ["check", "--registry", str(registry), "--json"],
        ["check", "--registry", str(registry), "--merges", "--json"],
        *(["export", form, str(registry), str(out / form)] for form in ("csv", "redcap", "omop", "fhir", "cbioportal")),
    ):
        run(command)
        check_told(capsys, " ".join(command[:2]))
    with Registry.open(registry, write=True) as opened:
        opened.freeze()
    for path in [registry.parent / "findings.csv", *out.rglob("*")]:
        if path.is_file():
            assert leaks(path.name) == []
            assert leaks(path.read_bytes().decode("latin-1")) == [], path.name
    check_stored(registry)


GOOD = {
    "labs": {"patient_id": "SYN-1", "date": "2023-05-17", "analyte": "psa", "value": "12.5", "unit": "ng/mL",
             "lln": "0", "uln": "4", "time": "08:30", "loinc": "2857-1"},
    "treatments": {"patient_id": "SYN-1", "agent": "docetaxel", "agent_class": "taxane", "begin_date": "2021-03",
                   "end_date": "2021-09-01", "stop_reason": "completed"},
    "medications": {"patient_id": "SYN-1", "kind": "adt", "agent": "leuprorelin", "begin_date": "2020-01-01",
                    "product": "eligard", "depot_days": "84"},
    "adverse_events": {"patient_id": "SYN-1", "term": "Anemia", "grade": "2", "criteria": "ctcae-5.0",
                       "begin_date": "2023-06-01", "reporter": "clinician", "attribution": "possible"},
    "diagnoses": {"patient_id": "SYN-1", "milestone": "initial", "date": "2018-05-02", "method": "code",
                  "code_system": "icd10", "code": "C61", "t": "T3a", "n": "N1", "m": "M0", "gleason_sum": "8"},
    "disease_events": {"patient_id": "SYN-1", "kind": "clinical_progression", "date": "2024-01-02", "basis": "pain"},
    "reader_findings": {"patient_id": "SYN-1", "kind": "ct_read", "date": "2023-05-17", "site": "bone", "basis": "ct"},
    "region_statistics": {"patient_id": "SYN-1", "date": "2023-05-17", "software": "mim", "suv_basis": "bw",
                          "original_name": "Liver", "software_version": "7", "threshold": "41 %", "suv_mean": "5.1"},
    "patients": {"patient_id": "SYN-1", "family": "Erfunden", "given": "Emil", "birth_date": "1950-02-03",
                 "sex": "male", "site": "Nord"},
    "dispositions": {"patient_id": "SYN-1", "date": "2023-09-01", "code_system": "lutrace", "code": "completed"},
    "questionnaires": {"patient_id": "SYN-1", "date": "2023-05-17", "instrument": "bpi-sf", "item": "Q3",
                       "answer": "4"},
    "cycles": {"patient_id": "SYN-1", "cycle": "1", "administered_date": "2023-05-17", "administered_mbq": "7400",
               "agent": "lu177_psma_617"},
}  # fmt: skip
TO_IDENTITIES = ("patient_id", "record_key", "family", "given", "birth_date")


def test_a_cell_of_any_column_that_names_a_person_is_in_no_file_and_no_message(
    registry: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = inputs.parent / "patients.csv"
    people.write_text(
        "patient_id,family,given,birth_date\n8700456,Zwiebelfisch,Herbert,1951-02-03\n"
        "A987654321,Lauchstadt,Rosenkohl,1952-02-03\n",
        encoding="utf-8",
    )
    run(["add", "table", str(people), "--registry", str(registry)])
    for table, good in GOOD.items():
        planted = [
            [str(personal) if name == at else cell for name, cell in good.items()]
            for at in good if at not in TO_IDENTITIES for personal in PERSONAL
        ]  # fmt: skip
        lines = [";".join(f'"{cell}"' for cell in line) for line in ([*good], *planted)]
        (inputs / f"{table}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    add_everywhere(registry, capsys, "table", inputs)
    ask_and_export(registry, capsys)


def test_headings_file_names_and_mapped_values_that_name_a_person_are_told_by_letter_and_digest(
    registry: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = inputs / "Zwiebelfisch 8700456.csv"
    heads = ["PatNr", "Abnahme", "PSA (ng/ml)", "8700456 Zwiebelfisch", "Hb Rosenkohlweg 17"]
    rows = [
        ["SYN-1", "17.05.2023", "12,5", "x", "11,1"],
        ["SYN-2", "17.05.23", "Zwiebelfisch", "8700456", "A987654321"],
    ]
    file.write_text("\n".join(";".join(line) for line in [heads, *rows]) + "\n", encoding="utf-8")
    mapping = inputs / "mapping.yaml"
    lines = (
        "patient_id: PatNr",
        "rules:",
        "  - table: labs",
        "    columns:",
        "      date: Abnahme",
        "      value: PSA (ng/ml)",
        "      analyte: {constant: psa}",
        "      unit: {constant: ng/mL}",
    )
    mapping.write_text("\n".join(lines) + "\n", encoding="utf-8")
    add_everywhere(registry, capsys, "table", file, "--mapping", mapping)
    for options in ((), ("--table", "labs")):
        run(["add", "table", str(file), "--registry", str(registry), *options])
        check_told(capsys, f"without a mapping {options}")
    faulty = (
        "      lln: 8700456 Zwiebelfisch\n      uln: Lauchstadt",
        "      time: {column: Abnahme, values: {Zwiebelfisch: 8700456, Zwiebelfisch: 1}}",
        "      Zwiebelfisch: Abnahme",
        "      time: {constant: 8700456, Rosenkohlweg: A987654321}",
        "    where: {Zwiebelfisch: 8700456}",
        "  - table: Zwiebelfisch\n    columns: {}",
        "not_read: {8700456 Zwiebelfisch: '?'}",
        "decimal: Zwiebelfisch",
    )
    for more in faulty:
        mapping.write_text("\n".join(lines) + f"\n{more}\n", encoding="utf-8")
        run(["add", "table", str(file), "--mapping", str(mapping), "--registry", str(registry)])
        check_told(capsys, more)
    run(["add", "table", str(file), "--propose-mapping", str(inputs / "proposed.yaml"), "--registry", str(registry)])
    check_told(capsys, "propose")
    kinds = (("table", "xlsx"), ("fhir", "json"), ("omop", "duckdb"), ("redcap", "csv"), ("notes", "docx"),
             ("dicom", "8700456"), ("masks", "dcm"))  # fmt: skip
    for kind, ending in kinds:
        broken = inputs / f"Zwiebelfisch.{ending}"
        broken.write_bytes(b"\x00\xff\x81Zwiebelfisch")
        for path in (broken, inputs / "8700456" / broken.name):
            options = ["--mapping", str(inputs / "proposed.yaml")] if kind == "redcap" else []
            run(["add", kind, str(path), "--registry", str(registry), *options])
            check_told(capsys, f"{kind} {path.name}")


def fhir_resources() -> Iterator[dict[str, object]]:
    mr = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
    patient = {"resourceType": "Patient", "id": "p1", "gender": "male",
               "identifier": [{"type": mr, "value": "8700456"}],
               "name": [{"family": "Zwiebelfisch", "given": ["Herbert"]}], "birthDate": "1951-02-03",
               "address": [{"text": "Rosenkohlweg 17, 99998 Lauchstadt"}],
               "telecom": [{"value": "0176 9876543"}]}  # fmt: skip
    yield patient
    yield {**patient, "id": "p2", "identifier": [{"value": 8700456}], "birthDate": "Zwiebelfisch"}
    subject = {"subject": {"reference": "Patient/p1"}}
    loinc = "http://loinc.org"
    psa = {"resourceType": "Observation", "status": "final", **subject, "effectiveDateTime": "2023-05-17",
           "code": {"coding": [{"system": loinc, "code": "2857-1"}]},
           "valueQuantity": {"value": 12.5, "unit": "ng/mL", "code": "ng/mL"}}  # fmt: skip
    for personal in PERSONAL:
        said = str(personal)
        coding = {"coding": [{"system": f"http://klinik.example/{said}", "code": said, "display": said}], "text": said}
        yield {**psa, "valueQuantity": {"value": 12.5, "unit": said, "code": said}}
        yield {**psa, "valueQuantity": {"value": 8700456, "unit": "ng/mL"}}
        yield {**psa, "code": coding}
        yield {**psa, "code": {"coding": [{"system": loinc, "code": said}]}}
        yield {**psa, "status": said}
        yield {**psa, "effectiveDateTime": said}
        yield {**psa, "valueQuantity": None, "valueString": said}
        yield {**psa, said: said, "subject": {"reference": said, "display": said}}
        yield {"resourceType": said, **subject}
        yield {"resourceType": "Procedure", "status": "completed", **subject, "code": coding, "performedDateTime": said}
        yield {"resourceType": "AdverseEvent", "actuality": "actual", **subject, "event": coding, "date": "2023-05-17"}
        yield {"resourceType": "MedicationStatement", "status": "active", **subject,
               "medicationCodeableConcept": coding, "effectivePeriod": {"start": "2022-01-01"}}  # fmt: skip
        yield {"resourceType": "MedicationStatement", "status": "active", **subject,
               "effectivePeriod": {"start": "2022-01-01"},
               "medicationCodeableConcept": {"text": f"Leuprorelin {said}"}}  # fmt: skip
        yield {"resourceType": "Condition", **subject, "code": coding, "onsetDateTime": "2020-01-01"}
        yield {"resourceType": "DocumentReference", "status": "current", **subject,
               "content": [{"attachment": {"contentType": said, "data": "WndpZWJlbGZpc2No"}}]}  # fmt: skip


def test_nothing_of_fhir_that_names_a_person_leaves_the_identities(
    registry: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = inputs / "Zwiebelfisch.ndjson"
    lines = [json.dumps({name: value for name, value in one.items() if value is not None}) for one in fhir_resources()]
    file.write_text("\n".join([*lines, '{"resourceType": "Zwiebelfisch", 8700456']) + "\n", encoding="utf-8")
    add_everywhere(registry, capsys, "fhir", file)


def test_nothing_of_a_cdm_that_names_a_person_leaves_the_identities(
    registry: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    person = (
        "person_id,gender_concept_id,year_of_birth,month_of_birth,race_concept_id,ethnicity_concept_id,"
        "person_source_value"
    )
    (inputs / "person.csv").write_text(f"{person}\n1,8507,1950,,0,0,8700456\n", encoding="utf-8")
    heads = ("measurement_id", "person_id", "measurement_concept_id", "measurement_date", "measurement_type_concept_id",
             "value_as_number", "unit_source_value", "measurement_source_value", "value_source_value",
             "unit_concept_id", "zwiebelfisch")  # fmt: skip
    good = ("7", "1", "3013603", "2023-05-17", "0", "12.5", "ng/mL", "LOINC:2857-1", "", "", "")
    planted = [
        ",".join(f'"{personal}"' if place == at else cell for place, cell in enumerate(good))
        for at in range(len(good)) if at != 1 for personal in PERSONAL if (at, personal) != (0, 8700456)
    ]  # fmt: skip
    (inputs / "measurement.csv").write_text("\n".join([",".join(heads), *planted]) + "\n", encoding="utf-8")
    drugs = (
        "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date,"
        "drug_type_concept_id,drug_source_value"
    )
    exposed = [f'{n},1,0,2022-01-01,2022-02-01,0,"{said}"' for n, said in enumerate(PERSONAL)]
    (inputs / "drug_exposure.csv").write_text("\n".join([drugs, *exposed]) + "\n", encoding="utf-8")
    (inputs / "zwiebelfisch_8700456.csv").write_text("a\n1\n", encoding="utf-8")
    add_everywhere(registry, capsys, "omop", inputs)
    (inputs / "measurement.csv").write_text(
        'measurement_id,person_id\n1,"Zwiebelfisch 8700456\n2,3,4,5\n', encoding="utf-8"
    )
    run(["add", "omop", str(inputs), "--registry", str(registry)])
    check_told(capsys, "a broken table of a CDM")


def test_nothing_of_a_redcap_project_that_names_a_person_leaves_the_identities(
    registry: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heads = (
        "field_name,form_name,field_type,field_label,select_choices_or_calculations,"
        "text_validation_type_or_show_slider_number,identifier"
    )
    fields = (
        "record_id,person,text,Record,,,",
        "mrn,person,text,Number,,,y",
        'doctor,person,radio,Arzt,"1, Zwiebelfisch | 2, Lauchstadt",,',
        'boxes,person,checkbox,Arzt,"8700456, Zwiebelfisch | 2, Lauchstadt",,',
        "drawn,blood,text,Blood drawn,,date_ymd,",
        "psa,blood,text,PSA,,,",
        "agent,blood,text,Agent,,,",
    )
    (inputs / "data_dictionary.csv").write_text("\n".join([heads, *fields]) + "\n", encoding="utf-8")
    cells = ["mrn", "doctor", "boxes___8700456", "drawn", "psa", "agent", "zwiebelfisch 8700456", "blood_complete"]
    good = ["SYN-1", "1", "1", "2023-05-17", "12.5", "docetaxel", "", "2"]
    lines = [
        ",".join([str(number), *(f'"{personal}"' if at == place else cell for place, cell in enumerate(good))])
        for number, (at, personal) in enumerate(((at, one) for at in range(1, len(good)) for one in PERSONAL), start=1)
    ]
    data = "\n".join([",".join(["record_id", *cells]), *lines]) + "\n"
    (inputs / "Zwiebelfisch.csv").write_text(data, encoding="utf-8")
    mapping = inputs.parent / "mapping.yaml"
    mapping.write_text(
        "patient_id: mrn\nrules:\n  - table: labs\n    sheet: blood\n    columns:\n      date: drawn\n      value: psa"
        "\n      analyte: {constant: psa}\n      unit: {constant: ng/mL}\n  - table: treatments\n    sheet: blood\n"
        "    columns:\n      agent: agent\n      begin_date: drawn\n",
        encoding="utf-8",
    )
    add_everywhere(registry, capsys, "redcap", inputs, "--mapping", mapping)
    for more in ("  - table: labs\n    sheet: Zwiebelfisch\n    columns: {date: drawn, value: psa, analyte: doctor}",
                 "missing: [Zwiebelfisch]\nforms: {Zwiebelfisch 8700456: Lauchstadt}",
                 "letters: [{text: Zwiebelfisch}]"):  # fmt: skip
        mapping.write_text(f"{mapping.read_text(encoding='utf-8')}{more}\n", encoding="utf-8")
        run(["add", "redcap", str(inputs), "--mapping", str(mapping), "--registry", str(registry)])
        check_told(capsys, more)


def test_nothing_of_timelines_that_names_a_person_leaves_the_identities(
    registry: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "meta_timeline_labs.txt").write_text(
        "cancer_study_identifier: s\ngenetic_alteration_type: CLINICAL\ndatatype: TIMELINE\n"
        "data_filename: data_Zwiebelfisch.txt\n",
        encoding="utf-8",
    )
    heads = [
        "PATIENT_ID",
        "START_DATE",
        "STOP_DATE",
        "EVENT_TYPE",
        "TEST",
        "RESULT",
        "UNIT",
        "AGENT",
        "8700456 Zwiebelfisch",
    ]
    good = ["8700456", "10", "", "LAB_TEST", "psa", "12.5", "ng/mL", "", ""]
    lines = [
        "\t".join(str(personal) if at == place else cell for place, cell in enumerate(good))
        for at in range(1, len(good)) for personal in PERSONAL
    ]  # fmt: skip
    treated = [f"8700456\t10\t20\tTREATMENT\t\t\t\t{personal}\t" for personal in PERSONAL]
    text = "\n".join(["\t".join(heads), *lines, *treated]) + "\n"
    (inputs / "data_Zwiebelfisch.txt").write_text(text, encoding="utf-8")
    anchors = inputs.parent / "anchors.csv"
    anchors.write_text("patient_id,date\n8700456,2020-01-01\n", encoding="utf-8")
    add_everywhere(registry, capsys, "table", inputs, "--anchor", anchors)
    anchors.write_text("patient_id,date\n8700456,Zwiebelfisch\n", encoding="utf-8")
    run(["add", "table", str(inputs), "--anchor", str(anchors), "--registry", str(registry)])
    check_told(capsys, "a day zero that is none")


LETTER = """Betreff: Herbert Zwiebelfisch, geb. 03.02.1951, Rosenkohlweg 17, 99998 Lauchstadt, Tel. 0176 9876543
Sehr geehrter Herr Kollege, wir berichten über Herrn Zwiebelfisch (8700456, A987654321).
Ossäre Metastasen. PSA 12,5 ng/ml am 17.05.2023. Herr Zwiebelfisch verstarb am 03.06.2024.
Vorherige Therapie mit Docetaxel bei Zwiebelfisch 2021.
"""


def test_of_letters_only_spans_and_facts_are_outside_the_identities(
    registry: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "Zwiebelfisch_8700456.txt").write_text(LETTER, encoding="utf-8")
    (inputs / "Zwiebelfisch.docx").write_bytes(b"Zwiebelfisch")
    (inputs / "Herbert.8700456").write_bytes(b"Zwiebelfisch")
    (inputs / "notes.csv").write_text(
        "file,patient_id,date,language\nZwiebelfisch_8700456.txt,8700456,2024-06-10,de\n", encoding="utf-8"
    )
    add_everywhere(registry, capsys, "notes", inputs)
    run(["extract", "--registry", str(registry)])
    check_told(capsys, "extract")
    for cells in ("Zwiebelfisch,8700456,x,", "x,8700456,Zwiebelfisch,8700456", "Zwiebelfisch.docx,1,2023,Zwiebelfisch"):
        (inputs / "notes.csv").write_text(f"file,patient_id,date,language\n{cells}\n", encoding="utf-8")
        run(["add", "notes", str(inputs), "--registry", str(registry)])
        check_told(capsys, cells)
    table = inputs.parent / "letters.csv"
    table.write_text(
        'note_id,patient_id,date,text\nZwiebelfisch,8700456,Zwiebelfisch,"x"\n,8700456,,\n', encoding="utf-8"
    )
    add_everywhere(registry, capsys, "notes", table)
    run(["extract", str(table)])
    check_told(capsys, "extract table")


def test_a_linked_identifier_is_told_by_its_row_only(
    registry: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = inputs / "identifiers.csv"
    file.write_text(
        "identifier,same_as,system,same_as_system\n8700456,A987654321,,\nZwiebelfisch,8700456,Lauchstadt,\n",
        encoding="utf-8",
    )
    add_everywhere(registry, capsys, "table", file)
    file.write_text("identifier,same_as\n8700456,A987654321\nZwiebelfisch,\n", encoding="utf-8")
    run(["add", "table", str(file), "--registry", str(registry)])
    check_told(capsys, "identifiers")


def test_the_quarantine_of_an_older_version_loses_its_raw_cells_in_every_byte(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(registry / "registry.duckdb")) as connection:
        connection.execute("COMMENT ON TABLE quarantine IS NULL")
        connection.execute(
            "INSERT INTO quarantine VALUES ('quarantine:1', 'labs', 's', 'row 7', 'unit', ?, 'correct it', ?)",
            [
                "haemoglobin: unknown unit 'Zwiebelfisch'; expected one such as g/dL",
                json.dumps({"patient_id": "P-ABCDEFGH", "date": "2023-05-17", "analyte": "haemoglobin",
                            "value_text": "8700456", "unit": "Zwiebelfisch", "time": "0176 9876543"}),
            ],
        )  # fmt: skip
    assert run(["check", "--registry", str(registry)]) == 1
    check_told(capsys, "check of the old registry")
    assert run(["upgrade", "--registry", str(registry)]) == 0
    check_told(capsys, "upgrade")
    check_stored(registry)
    with duckdb.connect(str(registry / "registry.duckdb"), read_only=True) as connection:
        rule, row = connection.execute('SELECT rule, "row" FROM quarantine').fetchall()[0]
    assert "like 'aaaaaaaaaaaa'" in rule
    assert json.loads(row) == {
        "patient_id": "P-ABCDEFGH",
        "date": "2023-05-17",
        "analyte": "haemoglobin",
        "value_text": "a text like '9999999'",
        "unit": "a text like 'aaaaaaaaaaaa'",
        "time": "a text like '9999 9999999'",
    }


def test_nothing_of_a_scan_that_names_a_person_leaves_the_identities(
    registry: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = dict.fromkeys(
        ("SeriesDescription", "StudyDescription", "InstitutionName", "OperatorsName", "PatientComments", "ProtocolName",
         "StudyID", "AccessionNumber", "ImageComments"),
        "Zwiebelfisch 8700456",
    )  # fmt: skip
    person = {"PatientName": "Zwiebelfisch^Herbert", "PatientID": "8700456", "PatientBirthDate": "19510203"}
    folder = write_scan(inputs / "Zwiebelfisch 8700456", 0, **named, **person)
    (folder / "Zwiebelfisch.dcm").write_bytes(b"\x00" * 128 + b"DICMZwiebelfisch")
    for more in (["--dry-run"], ["--json"]):
        run(["add", "dicom", str(inputs), "--registry", str(registry), "--jobs", "1", *more])
        check_told(capsys, "dicom")
    run(["check", "--registry", str(registry), "--json"])
    check_told(capsys, "check")
    check_stored(registry)
    run(["suv", str(inputs), "--json"])
    check_told(capsys, "suv")
