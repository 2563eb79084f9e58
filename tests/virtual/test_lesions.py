from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutrace.virtual.anatomy import build_body
from lutrace.virtual.lesions import LARGEST_TTV_ML, Course, draw_lesions

BODY = build_body(175, 80)


def course(ln_ttv: tuple[float, float, float], *, new: bool = False, avid: bool = True) -> Course:
    return Course(True, True, False, False, ln_ttv, (False, new, False), (False, new and avid, False), 8.0)


@given(
    st.tuples(*(st.floats(3.0, 8.5) for _ in range(3))),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=25, deadline=None)
def test_volumes_of_avid_lesions_add_up_to_the_ttv_of_each_cycle(ln_ttv: tuple[float, ...], seed: int) -> None:
    cycles = draw_lesions(course((ln_ttv[0], ln_ttv[1], ln_ttv[2])), BODY, np.random.default_rng(seed))
    for lesions, value in zip(cycles, ln_ttv, strict=True):
        total = min(float(np.exp(value)), LARGEST_TTV_ML)
        assert sum(lesion.volume_ml for lesion in lesions if lesion.avid) == pytest.approx(total, rel=0.05)


def test_without_new_disease_no_lesion_is_new_and_none_moves() -> None:
    first, second, third = draw_lesions(course((5.5, 5.0, 4.5)), BODY, np.random.default_rng(1))
    assert not any(lesion.is_new for lesion in (*first, *second, *third))
    places = {lesion.identity: lesion.centre_mm for lesion in first}
    assert all(places[lesion.identity] == lesion.centre_mm for lesion in third)


def test_new_avid_lesions_appear_at_cycle_2_and_are_not_new_at_cycle_3() -> None:
    first, second, third = draw_lesions(course((5.5, 5.4, 5.4), new=True), BODY, np.random.default_rng(2))
    new = {lesion.identity for lesion in second if lesion.is_new}
    assert new and not new & {lesion.identity for lesion in first}
    assert all(lesion.avid for lesion in second)
    assert not any(lesion.is_new for lesion in third)


def test_a_new_lesion_that_binds_no_tracer_is_below_the_liver_and_outside_the_ttv() -> None:
    _, second, _ = draw_lesions(course((5.5, 5.4, 5.4), new=True, avid=False), BODY, np.random.default_rng(3))
    (new,) = [lesion for lesion in second if lesion.is_new]
    assert not new.avid
    assert new.suv_spect < 1.0
    assert 3.0 < new.volume_ml < 16.0


def test_lesions_keep_off_the_kidneys() -> None:
    lesions, _, _ = draw_lesions(course((6.5, 6.0, 6.0)), BODY, np.random.default_rng(4))
    kidneys = [shape for shape in BODY if shape.region.startswith("kidney")]
    for lesion in lesions:
        for kidney in kidneys:
            scaled = [(p - c) / h for p, c, h in zip(lesion.centre_mm, kidney.centre_mm, kidney.half_mm, strict=True)]
            assert np.dot(scaled, scaled) > 1.0
