"""What a finding may be corrected to: words of the vocabulary, numbers of their fact, units of their analyte."""

from __future__ import annotations

import pytest

from lutrace.core import UnusableInputError
from lutrace.notes import check_value


@pytest.mark.parametrize(
    ("fact", "value", "unit"),
    [
        ("psa", "12.5", "ng/ml"),
        ("psa", "<0.1", None),
        ("haemoglobin", "8.1", "mmol/l"),
        ("activity", "7.4", "GBq"),
        ("ecog", "1-2", None),
        ("gleason", "10", None),
        ("gleason", "4+5", None),
        ("karnofsky", "100", None),
        ("tnm", "pT3b N1 M1b", None),
        ("tnm", "cT2c", None),
        ("metastasis_site", "lymph_node", None),
        ("stop_reason", "toxicity", None),
        ("therapy_end", "docetaxel", None),
        ("toxicity_grade", "dry_eye 2", None),
    ],
)
def test_what_a_fact_can_say_is_taken(fact: str, value: str, unit: str | None) -> None:
    check_value(fact, value, unit)


@pytest.mark.parametrize(
    ("fact", "value", "unit", "told"),
    [
        ("psa", "abc", "ng/ml", "value: expected of psa: a number"),
        ("psa", "12,5", "ng/ml", "value: expected of psa: a number with a decimal point"),
        ("psa", "12.5", "xx", "psa: unknown unit"),
        ("haemoglobin", "8.1", None, "haemoglobin: the unit is missing"),
        ("haemoglobin", "120", "g/dl", "is the unit right?"),
        ("activity", "7.4", None, "unit: expected GBq, MBq, mCi"),
        ("activity", "much", "GBq", "value: expected of activity: a number"),
        ("ecog", "9", None, "value: expected of ecog: 0 to 5"),
        ("ecog", "1", "mg", "unit: ecog has none"),
        ("gleason", "11", None, "a sum of 2 to 10"),
        ("gleason", "6+3", None, "two patterns, as 3+4"),
        ("tnm", "T9", None, "value: expected of tnm: T, N and M"),
        ("metastasis_site", "livre", None, "lung, brain, bone_marrow"),
        ("metastasis_site", "livre", None, "did you mean liver?"),
        ("stop_reason", "bored", None, "value: expected of stop_reason one of decision, completed"),
        ("therapy_begin", "docetaxell", None, "did you mean docetaxel?"),
        ("toxicity_grade", "anaemia 6", None, "grade of 1 to 5"),
        ("toxicity_grade", "3", None, "value: expected of toxicity one of xerostomia"),
        ("shoe_size", "43", None, "value: expected of shoe_size one of no known values"),
    ],
)
def test_what_a_fact_cannot_say_is_refused_with_what_is_expected(
    fact: str, value: str, unit: str | None, told: str
) -> None:
    with pytest.raises(UnusableInputError) as refused:
        check_value(fact, value, unit)
    assert told in str(refused.value)
