"""Records: the site's name and the keys that tell records apart."""

from __future__ import annotations

from pathlib import Path

from lutrace.ingest import run_add_table, run_init
from lutrace.registry import Registry
from lutrace.tables import LABS, PATIENTS


def fill(base: Path, profile: str | None) -> Path:
    (base / "patients.csv").write_text("patient_id,synthetic\n4711,yes\n", encoding="utf-8")
    (base / "labs.csv").write_text(
        "patient_id,date,analyte,value,unit,record_key\n4711,2024-01-05,psa,12.5,ng/mL,case-4711-a\n", encoding="utf-8"
    )
    run_init(base / "registry", profile_text=profile)
    run_add_table(base / "registry", [base / "patients.csv", base / "labs.csv"])
    return base / "registry"


def test_patients_carry_the_centre_that_the_profile_names(tmp_path: Path) -> None:
    with Registry.open(fill(tmp_path, "centre: Klinik am Fluss\n"), write=False) as registry:
        assert [row["site"] for row in registry.rows(PATIENTS)] == ["Klinik am Fluss"]


def test_without_a_name_in_the_profile_the_centre_stays_empty(tmp_path: Path) -> None:
    with Registry.open(fill(tmp_path, None), write=False) as registry:
        assert [row["site"] for row in registry.rows(PATIENTS)] == [None]


def test_a_record_key_is_keyed_so_that_it_cannot_be_guessed_back(tmp_path: Path) -> None:
    folders = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        folders.append(fill(tmp_path / name, None))
    keys = []
    for folder in folders:
        with Registry.open(folder, write=False) as registry:
            (row,) = registry.rows(LABS)
        keys.append(row["record_key"])
    assert len(keys[0]) == 20
    assert keys[0] != keys[1], "two registries have two secrets"
    assert "4711" not in keys[0] + keys[1]
