"""Lean mass, ideal weight and surface against the published vectors of calculate-suv and by hand."""

from __future__ import annotations

import pytest
from tests.physics.make import facts

from lutrace.core import ContradictionError, LutraceError, MissingFactError, UnsupportedError
from lutrace.physics import (
    body_surface_cm2,
    compute_suv_factor,
    ideal_weight_kg,
    lean_mass_120_kg,
    lean_mass_james_kg,
    lean_mass_janmahasatian_kg,
)


def test_calculate_suv_vectors_are_met() -> None:
    """75 kg, 1.85 m, M, 100 Bq: suvbsa, suvlbm (120) and suvlbm by Janmahasatian per Bq/mL."""
    assert body_surface_cm2(75, 1.85) / 100 == pytest.approx(198.13758427117767, rel=1e-12)
    assert lean_mass_120_kg(75, 1.85, "M") * 1000 / 100 == pytest.approx(627.7757487216948, rel=1e-12)
    assert lean_mass_janmahasatian_kg(75, 1.85, "M") * 1000 / 100 == pytest.approx(609.1533588651974, rel=1e-12)


def test_women_have_their_own_formulas() -> None:
    bmi = 60 / 1.6**2
    assert lean_mass_janmahasatian_kg(60, 1.6, "F") == pytest.approx(9270 * 60 / (8780 + 244 * bmi))
    assert lean_mass_james_kg(60, 1.6, "F") == pytest.approx(1.07 * 60 - 148 * (60 / 160) ** 2)
    assert ideal_weight_kg(1.6, "F") == pytest.approx(45.5 + 0.91 * 8)


@pytest.mark.parametrize(
    ("suv_type", "per_body_weight"),
    [
        (None, 1.0),
        ("BW", 1.0),
        ("LBM", 750 / 627.7757487216948),
        ("LBMJANMA", 750 / 609.1533588651974),
        ("LBMJAMES128", 75 / (1.10 * 75 - 128 * (75 / 185) ** 2)),
        ("IBW", 75 / (48 + 1.06 * 33)),
        ("BSA", 75000 / 19813.758427117767),
    ],
)
def test_suv_of_each_type_becomes_body_weight_suv(suv_type: str | None, per_body_weight: float) -> None:
    factor = compute_suv_factor(facts(units="GML", suv_type=suv_type))
    assert factor.factor_suvbw == pytest.approx(per_body_weight, rel=1e-12)
    assert factor.injected_bq_at_reference is None


def test_cm2ml_is_surface_suv_whatever_its_type() -> None:
    assert compute_suv_factor(facts(units="CM2ML")).factor_suvbw == pytest.approx(75000 / 19813.758427117767)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"suv_type": "XYZ"}, UnsupportedError, "SUV Type"),
        ({"suv_type": "LBM", "sex": None}, MissingFactError, "sex"),
        ({"suv_type": "LBM", "sex": "O"}, MissingFactError, "expected M or F"),
        ({"suv_type": "LBM", "height_m": None}, MissingFactError, "height_m"),
        ({"suv_type": "BSA", "height_m": 185.0}, ContradictionError, "looks like cm"),
        ({"suv_type": "BSA", "height_m": 0.3}, ContradictionError, "0.4 to 2.6 m, got 0.3$"),
        ({"suv_type": "BSA", "weight_kg": None}, MissingFactError, "weight_kg"),
        ({"suv_type": "BSA", "weight_kg": 1.5}, ContradictionError, "2 to 400 kg, got 1.5$"),
        ({"suv_type": "LBM", "weight_kg": 400.0, "height_m": 1.2}, ContradictionError, "mass of -"),
    ],
)
def test_another_type_needs_its_facts(changes: dict[str, object], error: type[LutraceError], words: str) -> None:
    with pytest.raises(error, match=words):
        compute_suv_factor(facts(units="GML", **changes))


def test_a_woman_has_her_own_suv_by_ideal_weight() -> None:
    factor = compute_suv_factor(facts(units="GML", suv_type="IBW", sex="F"))
    assert factor.factor_suvbw == pytest.approx(75 / (45.5 + 0.91 * 33))
