"""Results in canonical units: factors by hand from the sources, unknown units refused by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutrace.core import UnusableInputError
from lutrace.terms import analyte_named, analyte_names, analyte_of_loinc, canonical_lab, canonical_limit

AGREED = {
    "psa": "ng/mL",
    "haemoglobin": "g/dL",
    "platelets": "10^9/L",
    "leukocytes": "10^9/L",
    "neutrophils": "10^9/L",
    "lymphocytes": "10^9/L",
    "creatinine": "mg/dL",
    "alp": "U/L",
    "ldh": "U/L",
    "ast": "U/L",
    "alt": "U/L",
    "albumin": "g/dL",
    "bilirubin": "mg/dL",
    "testosterone": "ng/dL",
    "ggt": "U/L",
    "lipase": "U/L",
    "amylase": "U/L",
    "cpk": "U/L",
    "potassium": "mmol/L",
    "sodium": "mmol/L",
    "calcium": "mg/dL",
    "calcium_corrected": "mg/dL",
    "calcium_ionised": "mmol/L",
    "magnesium": "mg/dL",
    "phosphate": "mg/dL",
    "glucose": "mg/dL",
    "glucose_fasting": "mg/dL",
    "uric_acid": "mg/dL",
    "creatinine_clearance": "mL/min",
}


def test_the_vocabulary_holds_the_agreed_analytes_in_the_agreed_units() -> None:
    found = {name: analyte.unit for name in analyte_names() if (analyte := analyte_named(name)) is not None}

    assert found == AGREED


@pytest.mark.parametrize(
    ("analyte", "text", "unit", "expected"),
    [
        ("psa", "12.5", "ug/L", 12.5),
        ("psa", "12.5", "µg/l", 12.5),
        ("haemoglobin", "118", "g/L", 11.8),
        ("haemoglobin", "8", "mmol/L", 12.8912),
        ("platelets", "210", "Tsd/µl", 210.0),
        ("platelets", "210", "10*3/uL", 210.0),
        ("platelets", "210", "K/uL", 210.0),
        ("platelets", "210", "G/l", 210.0),
        ("platelets", "210", "/nL", 210.0),
        ("platelets", "210000", "/µL", 210.0),
        ("platelets", "210000", "/mm³", 210.0),
        ("leukocytes", "5.1", "x10^9/L", 5.1),
        ("leukocytes", "5.1", "10E9/L", 5.1),
        ("leukocytes", "5.1", "10⁹/L", 5.1),
        ("neutrophils", "1500", "{cells}/uL", 1.5),
        ("alp", "2", "µkat/L", 120.0),
        ("albumin", "38", "g/L", 3.8),
        ("testosterone", "0.5", "ng/mL", 50.0),
    ],
)
def test_a_unit_of_practice_becomes_the_canonical_one(analyte: str, text: str, unit: str, expected: float) -> None:
    assert canonical_lab(analyte, text, unit).value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("analyte", "per_canonical", "molar_unit"),
    [
        ("haemoglobin", 0.6206, "mmol/L"),
        ("creatinine", 88.42, "umol/L"),
        ("bilirubin", 17.1, "umol/L"),
        ("testosterone", 0.0347, "nmol/L"),
    ],
)
def test_molar_factors_agree_with_the_published_ones_to_a_part_in_a_thousand(
    analyte: str, per_canonical: float, molar_unit: str
) -> None:
    assert canonical_lab(analyte, str(10 * per_canonical), molar_unit).value == pytest.approx(10, rel=1e-3)


def test_one_limit_of_castration_is_the_other_in_molar_units() -> None:
    assert canonical_lab("testosterone", "1.7", "nmol/L").value == pytest.approx(50, rel=0.02)


@pytest.mark.parametrize("unit", ["mg/dL", "IU", "%", "ng"])
def test_an_unknown_unit_is_refused_by_name(unit: str) -> None:
    with pytest.raises(UnusableInputError, match=f"psa: unknown unit '{unit}'; expected one such as ng/mL"):
        canonical_lab("psa", "5", unit)


@pytest.mark.parametrize("unit", [None, "", "  "])
def test_a_missing_unit_is_never_guessed(unit: str | None) -> None:
    with pytest.raises(UnusableInputError, match="psa: the unit is missing"):
        canonical_lab("psa", "5", unit)


@pytest.mark.parametrize(
    ("analyte", "text", "unit"),
    [
        ("haemoglobin", "118", "g/dL"),
        ("platelets", "210000", "10^9/L"),
        ("leukocytes", "6", "/uL"),
        ("psa", "-1", "ng/mL"),
    ],
)
def test_a_value_that_only_a_wrong_unit_explains_is_refused(analyte: str, text: str, unit: str) -> None:
    with pytest.raises(UnusableInputError, match="is the unit right"):
        canonical_lab(analyte, text, unit)


def test_an_unknown_analyte_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnusableInputError, match=r"is not in the vocabulary \(psa, "):
        canonical_lab("ferritin", "5", "ng/mL")


def test_names_and_codes_lead_to_one_analyte_each() -> None:
    assert analyte_named("Hämoglobin") is analyte_of_loinc("718-7")
    assert analyte_of_loinc("770-8") is None
    codes = [code for name in analyte_names() for code in getattr(analyte_named(name), "loinc", ())]
    assert len(codes) == len(set(codes))


def test_the_loinc_check_digit_of_every_code_is_right() -> None:
    for name in analyte_names():
        for code in getattr(analyte_named(name), "loinc", ()):
            number, digit = code.split("-")
            assert int(digit) == _mod_10(number), code


def _mod_10(number: str) -> int:
    """The Luhn check digit, which LOINC uses."""
    total = 0
    for place, figure in enumerate(reversed(number)):
        value = int(figure) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


@given(st.floats(3, 24, allow_nan=False), st.sampled_from(["g/dL", "g/L", "mmol/L"]))
def test_a_limit_is_scaled_as_its_value_is(value: float, unit: str) -> None:
    haemoglobin = analyte_named("haemoglobin")
    assert haemoglobin is not None
    in_unit = value / haemoglobin.factor(unit)

    assert canonical_limit(haemoglobin, in_unit, unit) == pytest.approx(value)
    assert canonical_lab("haemoglobin", repr(in_unit), unit).value == pytest.approx(value)
