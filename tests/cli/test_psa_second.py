"""`lutrace psa` and castration resistance beside the second implementation in validation/psa, on few patients."""

from __future__ import annotations

from pathlib import Path

import pytest
from validation.psa import compare, compare_crpc, second

SERIES = Path("psa_vancouver_ias") / "psa_androgen.csv"


def test_second_implementation_agrees_on_patients_at_the_boundaries() -> None:
    psa, index = compare.draw_table(250, seed=84, mark="mixed")
    assert compare.compare(psa, index).to_dict("records") == []


def test_the_comparison_sees_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    psa, index = compare.draw_table(250, seed=84, mark="mixed")
    theirs = compare.run_lutrace(psa, index)
    monkeypatch.setattr(compare, "run_lutrace", lambda *_: theirs)
    for name, other in [
        ("BASELINE_DAYS_FLAGGED", 59),
        ("EARLY_DAYS", 83),
        ("CONFIRM_DAYS", 22),
        ("CONFIRM_DAYS", 20),
        ("RISE", second.RISE + second.Fraction(1, 10_000)),
        ("RISE_NG_ML", second.Fraction(201, 100)),
    ]:
        with monkeypatch.context() as changed:
            changed.setattr(second, name, other)
            assert not compare.compare(psa, index).empty, name


def test_second_castration_resistance_agrees_on_men_at_the_boundaries() -> None:
    dated, differ = compare_crpc.compare(*compare_crpc.draw(200), compare_crpc.OLDEST_TESTOSTERONE_DAYS)
    assert differ.to_dict("records") == []
    assert min(dated.values()) > 10


@pytest.mark.real_data
@pytest.mark.parametrize("which", ["start", "off"])
def test_second_implementation_agrees_on_every_real_man(real_data: Path, which: str) -> None:
    psa, index = compare.read_vancouver(real_data / SERIES, which)
    assert len(index) == 36
    assert compare.compare(psa, index).empty


@pytest.mark.real_data
@pytest.mark.parametrize("oldest", [None, 180])
def test_second_castration_resistance_agrees_on_every_real_man(real_data: Path, oldest: int | None) -> None:
    dated, differ = compare_crpc.compare(*compare_crpc.read_vancouver(real_data / SERIES), oldest)
    assert differ.empty
    assert dated == {"eau": 2, "aua": 7, "pcwg3": 3, "screening": 29}
