"""`lutrace psa` and castration resistance beside the second implementation in validation/psa, on few patients."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parents[2] / "validation" / "psa"
SERIES = Path("psa_vancouver_ias") / "psa_androgen.csv"


def load(name: str) -> ModuleType:
    key = f"lutrace_validation_psa_{name}"
    if key not in sys.modules:
        spec = importlib.util.spec_from_file_location(key, HERE / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[key] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[key])
    return sys.modules[key]


def test_second_implementation_agrees_on_patients_at_the_boundaries() -> None:
    compare = load("compare")
    psa, index = compare.draw_table(250, seed=84, mark="mixed")
    assert compare.compare(psa, index).to_dict("records") == []


def test_the_comparison_sees_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    compare, second = load("compare"), load("second")
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
    together = load("compare_crpc")
    dated, differ = together.compare(*together.draw(200), together.OLDEST_TESTOSTERONE_DAYS)
    assert differ.to_dict("records") == []
    assert min(dated.values()) > 10


@pytest.mark.real_data
@pytest.mark.parametrize("which", ["start", "off"])
def test_second_implementation_agrees_on_every_real_man(real_data: Path, which: str) -> None:
    compare = load("compare")
    psa, index = compare.read_vancouver(real_data / SERIES, which)
    assert len(index) == 36
    assert compare.compare(psa, index).empty


@pytest.mark.real_data
@pytest.mark.parametrize("oldest", [None, 180])
def test_second_castration_resistance_agrees_on_every_real_man(real_data: Path, oldest: int | None) -> None:
    together = load("compare_crpc")
    dated, differ = together.compare(*together.read_vancouver(real_data / SERIES), oldest)
    assert differ.empty
    assert dated == {"eau": 2, "aua": 7, "pcwg3": 3, "screening": 29}
