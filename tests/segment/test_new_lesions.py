import pytest

from lutrace.segment import LiverReference, classify_new

LIVER = LiverReference(5.0, 1.0, 5.0, 900)


@pytest.mark.parametrize(
    ("suv_max", "correlate", "expected"),
    [
        (5.6, None, "psma_avid"),
        (5.5, None, "indeterminate"),
        (4.6, True, "indeterminate"),
        (4.4, True, "not_avid_ct"),
        (4.4, None, "indeterminate"),
        (4.4, False, "indeterminate"),
    ],
)
def test_the_class_follows_the_liver_of_the_same_scan(suv_max: float, correlate: bool | None, expected: str) -> None:
    assert classify_new(suv_max, LIVER, ct_correlate=correlate) == expected


def test_without_a_liver_no_class_is_claimed() -> None:
    assert classify_new(40.0, None) == "indeterminate"
