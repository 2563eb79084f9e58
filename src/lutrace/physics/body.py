"""Body measures that an uptake value is normalised to: lean mass, ideal weight, surface."""

from __future__ import annotations

from typing import Literal

from lutrace.core import ContradictionError, MissingFactError

Sex = Literal["M", "F"]


def check_weight(weight_kg: float | None) -> float:
    """The weight in kg, if it is one: above 2 and at most 400.

    Raises MissingFactError when absent or 0, ContradictionError when it is none of a person in kg.
    """
    if weight_kg is None or weight_kg == 0:
        raise MissingFactError(
            f"weight_kg (0010,1030): expected above 0, got {weight_kg}; give it in the injections table or as a "
            "correction: SUV takes no default"
        )
    if not 2 < weight_kg <= 400:
        hint = "; it looks like grams: set weight_in_grams in the site profile" if weight_kg >= 1000 else ""
        raise ContradictionError(f"weight_kg (0010,1030): expected 2 to 400 kg, got {weight_kg:g}{hint}")
    return weight_kg


def check_height(height_m: float | None) -> float:
    """The height in m, if it is one: 0.4 to 2.6.

    Raises MissingFactError when absent or 0, ContradictionError when it is none of a person in m.
    """
    if height_m is None or height_m == 0:
        raise MissingFactError(f"height_m (0010,1020): expected above 0, got {height_m}; give it as a correction")
    if not 0.4 <= height_m <= 2.6:
        hint = "; it looks like cm: set height_in_cm in the site profile" if height_m > 3 else ""
        raise ContradictionError(f"height_m (0010,1020): expected 0.4 to 2.6 m, got {height_m:g}{hint}")
    return height_m


def check_sex(sex: str | None) -> Sex:
    """The sex as M or F. Raises MissingFactError for anything else: lean mass has no third formula."""
    if sex == "M":
        return "M"
    if sex == "F":
        return "F"
    raise MissingFactError("sex (0010,0040): expected M or F for lean or ideal weight, found neither")


def lean_mass_janmahasatian_kg(weight_kg: float, height_m: float, sex: Sex) -> float:
    """Lean body mass in kg. Source: Janmahasatian et al., Clin Pharmacokinet 2005;44:1051 (DICOM LBMJANMA).

    >>> round(lean_mass_janmahasatian_kg(75, 1.85, "M"), 4)
    60.9153
    """
    bmi = weight_kg / height_m**2
    if sex == "M":
        return 9270.0 * weight_kg / (6680.0 + 216.0 * bmi)
    return 9270.0 * weight_kg / (8780.0 + 244.0 * bmi)


def lean_mass_james_kg(weight_kg: float, height_m: float, sex: Sex) -> float:
    """Lean body mass in kg by James with 128 for men. Source: DICOM PS3.3 C.8.9.1, SUV Type LBMJAMES128."""
    return _james(weight_kg, height_m, sex, men=128.0)


def lean_mass_120_kg(weight_kg: float, height_m: float, sex: Sex) -> float:
    """Lean body mass in kg by James with 120 for men, the misprint that DICOM's SUV Type LBM stands for.

    >>> round(lean_mass_120_kg(75, 1.85, "M"), 4)
    62.7776
    """
    return _james(weight_kg, height_m, sex, men=120.0)


def ideal_weight_kg(height_m: float, sex: Sex) -> float:
    """Ideal body weight in kg; not capped at the true weight. Source: DICOM PS3.3 C.8.9.1, SUV Type IBW."""
    height_cm = 100.0 * height_m
    return 48.0 + 1.06 * (height_cm - 152.0) if sex == "M" else 45.5 + 0.91 * (height_cm - 152.0)


def body_surface_cm2(weight_kg: float, height_m: float) -> float:
    """Body surface in cm2. Source: Du Bois and Du Bois, Arch Intern Med 1916;17:863.

    >>> round(body_surface_cm2(75, 1.85), 3)
    19813.758
    """
    return float(weight_kg**0.425 * (100.0 * height_m) ** 0.725 * 71.84)


def _james(weight_kg: float, height_m: float, sex: Sex, *, men: float) -> float:
    ratio = (weight_kg / (100.0 * height_m)) ** 2
    return 1.10 * weight_kg - men * ratio if sex == "M" else 1.07 * weight_kg - 148.0 * ratio
