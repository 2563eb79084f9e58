from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.segment.make import at, organs, patient

from lutrace.ingest.dose_rows import measure_doses
from lutrace.segment import find_lesions, load_plan
from lutrace.tables import LESION_DOSES, PROVENANCE

FOUND = find_lesions(
    patient((at(0, 40, 120, 10), 10.0), (at(-60, 0, 130, 8), 12.0)),
    organs("kidney_left", "liver", "skeleton"),
    load_plan("suv3"),
)
"""One lesion of SUV 10 in bone, and one in the liver, which is uncertain."""

ORGANS = [{"region": "kidney_left", "suv_mean": 30.0}, {"region": "liver", "suv_mean": 4.0}]


def quantified(**changes: Any) -> Any:
    """7.4 GBq of 177Lu in 75 kg, 24 h ago."""
    facts = {"injected_bq": 7.4e9, "weight_kg": 75.0, "half_life_s": 574300.0, "hours": 24.0} | changes
    return SimpleNamespace(
        hours_after_injection=facts["hours"],
        factor=SimpleNamespace(weight_kg=facts["weight_kg"], half_life_s=facts["half_life_s"]),
        facts=SimpleNamespace(injected_bq=facts["injected_bq"]),
    )


def test_tumour_and_kidney_have_both_doses_and_liver_and_uncertain_lesions_have_none() -> None:
    rows = measure_doses(FOUND, ORGANS, quantified())
    assert sorted({one.category for one in FOUND.lesions}) == ["tumour", "uncertain"]
    methods = {"haenscheid", "population_half_life"}
    (tumour,) = [one.lesion for one in FOUND.lesions if one.category == "tumour"]
    expected = {(target, method) for target in ((tumour, None), (None, "kidney_left")) for method in methods}
    assert {((row["lesion"], row["region"]), row["method"]) for row in rows} == expected
    assert len(rows) == 4


def test_the_dose_of_a_lesion_is_the_one_found_by_hand() -> None:
    (row,) = [row for row in measure_doses(FOUND, [], quantified()) if row["method"] == "haenscheid" and row["lesion"]]
    # SUV 10 = 10 x 7.4e9 Bq x 0.90097 / 75000 g = 889 kBq/mL; x 2 x 24 h / ln 2 = 69.25 h; 147.9 keV per decay and g
    assert row["dose_gy"] == pytest.approx(5.25, abs=0.01)
    assert row["dose_low_gy"] <= row["dose_gy"] <= row["dose_high_gy"]
    beside = {"patient_id", "scan_id"} | {column.name for column in PROVENANCE}
    assert set(row) == {column.name for column in LESION_DOSES.columns} - beside


def test_a_lesion_of_which_half_is_recovered_has_twice_the_dose() -> None:
    halved = replace(FOUND, lesions=tuple(replace(one, recovery=0.5) for one in FOUND.lesions))
    whole, half = (measure_doses(found, [], quantified()) for found in (FOUND, halved))
    assert [row["dose_gy"] for row in half] == pytest.approx([2 * row["dose_gy"] for row in whole])


@pytest.mark.parametrize("missing", ["injected_bq", "weight_kg", "half_life_s", "hours"])
def test_no_dose_is_guessed_without_activity_weight_half_life_or_time(missing: str) -> None:
    assert measure_doses(FOUND, ORGANS, quantified(**{missing: None})) == []


def test_a_scan_at_the_injection_has_no_dose() -> None:
    assert measure_doses(FOUND, ORGANS, quantified(hours=0.0)) == []
