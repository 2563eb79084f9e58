"""What the labeller says of components whose nature is known, with and without CT, wherever the scan begins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.imaging.make import mask, volume
from tests.segment import phantom
from tests.segment.phantom import ORGANS, Spot, geometry, scan

from lutrace.core import ContradictionError
from lutrace.imaging import Components, Geometry, Volume, label_components
from lutrace.segment import Identity, identify
from lutrace.terms import uptake_identities, uptake_priors

WHOLE = geometry()


def components(image: Volume, suv: float = 3.0) -> Components:
    return label_components(image.array >= suv, min_voxels=4)


def at(found: tuple[Identity, ...], parts: Components, grid: Geometry, spot: Spot) -> Identity:
    """The identity of the component at the middle of a spot."""
    z, y, x = np.rint(grid.to_index(np.array([spot.centre]))[0]).astype(int)
    number = int(parts.labels[z, y, x])
    assert number > 0, "the spot is not above the threshold"
    return found[number - 1]


def labelled(spots: tuple[Spot, ...], grid: Geometry = WHOLE, **more: object) -> dict[Spot, Identity]:
    image = scan(grid, spots)
    parts = components(image)
    found = identify(image, parts, **more)  # type: ignore[arg-type]
    assert [one.component for one in found] == list(range(1, parts.count + 1))
    return {spot: at(found, parts, grid, spot) for spot in spots}


APART = tuple(spot for spot in ORGANS if spot is not phantom.LIVER)
"""Without the liver, whose uptake above SUV 3 would touch the right kidney: components are one organ each."""
LESIONS = (phantom.VERTEBRA, phantom.ILIUM)


def test_the_organs_of_a_whole_scan_are_named_without_a_ct() -> None:
    found = labelled((*APART, *LESIONS))
    assert {found[one].identity for one in phantom.KIDNEYS} == {"kidney"}
    assert found[phantom.SPLEEN].identity == "spleen"
    assert found[phantom.BLADDER].identity == "bladder"
    assert {found[one].identity for one in phantom.PAROTIDS} == {"parotid_gland"}
    assert {found[one].identity for one in phantom.SUBMANDIBULARS} == {"submandibular_gland"}
    assert found[phantom.JEJUNUM].identity == "bowel"
    assert {found[one].category for one in APART} == {"physiological"}
    assert {found[one].category for one in LESIONS} == {"tumour"}


def test_a_ct_makes_a_lesion_in_bone_surer() -> None:
    without = labelled((*APART, *LESIONS))[phantom.ILIUM]
    with_ct = labelled((*APART, *LESIONS), ct=phantom.ct(WHOLE))[phantom.ILIUM]
    assert with_ct.identity == "tumour"
    assert with_ct.probability > without.probability


@pytest.mark.parametrize(("low", "high"), [(150.0, 560.0), (-100.0, 660.0), (230.0, 990.0)])
def test_kidneys_and_spleen_are_named_in_a_cropped_field_of_view(low: float, high: float) -> None:
    spots = (*phantom.KIDNEYS, phantom.SPLEEN, phantom.VERTEBRA)
    found = labelled(spots, geometry(low, high))
    assert [found[spot].identity for spot in spots] == ["kidney", "kidney", "spleen", "tumour"]


def test_the_place_on_the_table_and_the_order_of_slices_change_nothing() -> None:
    spots = (*APART, *LESIONS)
    first = scan(WHOLE, spots)
    parts = components(first)
    plain = [one.identity for one in identify(first, parts)]
    moved = Geometry(WHOLE.size_xyz, WHOLE.spacing_mm, (-200.0, -430.0, 1500.0))
    assert [one.identity for one in identify(volume(first.array, moved), parts)] == plain
    x, _, z = WHOLE.size_xyz
    last = (WHOLE.origin_mm[0] + 5 * (x - 1), WHOLE.origin_mm[1], WHOLE.origin_mm[2] + 5 * (z - 1))
    turned = Geometry(WHOLE.size_xyz, WHOLE.spacing_mm, last, (-1, 0, 0, 0, 1, 0, 0, 0, -1))
    feet_last = Components(np.ascontiguousarray(parts.labels[::-1, :, ::-1]), parts.count)
    image = volume(first.array[::-1, :, ::-1], turned)
    assert [one.identity for one in identify(image, feet_last)] == plain


def test_a_hot_focus_in_the_liver_is_tumour_and_the_liver_around_it_is_liver() -> None:
    image = scan(WHOLE, (*APART, phantom.LIVER, phantom.LIVER_METASTASIS))
    labels = np.zeros(WHOLE.shape_zyx, np.int32)
    liver = scan(WHOLE, (phantom.LIVER,)).array >= 3
    focus = scan(WHOLE, (phantom.LIVER_METASTASIS,)).array >= 6
    labels[liver & ~focus] = 1
    labels[focus] = 2
    kidneys = [scan(WHOLE, (one,)).array >= 6 for one in phantom.KIDNEYS]
    labels[kidneys[0]], labels[kidneys[1]] = 3, 4
    found = identify(image, Components(labels, 4))
    assert [one.identity for one in found] == ["liver", "tumour", "kidney", "kidney"]


def test_a_tumour_seed_makes_a_component_tumour_at_the_bladder_in_the_liver_and_at_the_kidney() -> None:
    image = scan(WHOLE, (*APART, *LESIONS))
    parts = components(image)
    for spot in (phantom.BLADDER, phantom.KIDNEYS[0], phantom.SPLEEN):
        seeds = np.zeros(WHOLE.shape_zyx, bool)
        z, y, x = np.rint(WHOLE.to_index(np.array([spot.centre]))[0]).astype(int)
        seeds[z, y, x] = True
        one = at(identify(image, parts, tumour_seeds=seeds), parts, WHOLE, spot)
        assert (one.identity, one.category, one.probability) == ("tumour", "tumour", 1.0)
        assert one.reasons == ("a tumour seed lies in it",)
        assert at(identify(image, parts), parts, WHOLE, spot).category == "physiological"


def test_a_third_mass_like_a_kidney_is_not_taken_for_one() -> None:
    third = Spot((-92, 45, 130), (27, 27, 45), 34.0)
    found = labelled((*phantom.KIDNEYS, phantom.BLADDER, *phantom.PAROTIDS, third))
    assert [found[one].identity for one in phantom.KIDNEYS] == ["kidney", "kidney"]
    assert found[third].identity != "kidney"
    assert found[third].category != "physiological"


def labels_apart(spots: tuple[Spot, ...], *last: np.ndarray) -> Components:
    """Components of the spots, but for the voxels of `last`, each of which is one."""
    labels = components(scan(WHOLE, spots)).labels.copy()
    for region in last:
        labels[region] = labels.max() + 1
    names = np.unique(labels)
    return Components(np.searchsorted(names, labels).astype(np.int32), len(names) - 1)


@pytest.mark.parametrize("with_ct", [False, True])
def test_nodes_that_touch_a_kidney_as_large_as_its_mate_are_no_part_of_it(with_ct: bool) -> None:
    node = Spot((42, 25, 262), (24, 24, 34), 34.0)
    image = scan(WHOLE, (*APART, node))
    parts = labels_apart(APART, scan(WHOLE, (node,)).array >= 3)
    found = identify(image, parts, ct=phantom.ct(WHOLE) if with_ct else None)
    assert at(found, parts, WHOLE, node).identity == "tumour"
    assert [at(found, parts, WHOLE, one).identity for one in phantom.KIDNEYS] == ["kidney", "kidney"]


def test_a_kidney_that_fell_in_two_is_kidney_in_both_pieces() -> None:
    image = scan(WHOLE, APART)
    kidney = scan(WHOLE, (phantom.KIDNEYS[0],)).array >= 3
    lower = kidney & (WHOLE.to_mm(np.argwhere(np.ones_like(kidney)).astype(float))[:, 2] < 310).reshape(kidney.shape)
    parts = labels_apart(APART, lower)
    found = identify(image, parts)
    pieces = {int(number) for number in np.unique(parts.labels[kidney])} - {0}
    assert len(pieces) == 2
    assert {found[number - 1].identity for number in pieces} == {"kidney"}


def test_large_masses_on_one_side_do_not_draw_the_midline_over() -> None:
    places = [(118, 45, 120), (110, 0, -40), (112, 10, -160), (150, 60, 520), (140, 20, 600), (122, -20, 90)]
    masses = tuple(Spot(place, (24, 24, 26), 40.0) for place in places)
    found = labelled((*phantom.KIDNEYS, phantom.BLADDER, *masses), ct=phantom.ct(WHOLE))
    assert found[phantom.BLADDER].identity == "bladder"
    assert [found[one].identity for one in phantom.KIDNEYS] == ["kidney", "kidney"]
    (place,) = (one for one in found[phantom.BLADDER].reasons if one.startswith("place"))
    assert int(place.split()[1]) <= 8  # it lies in the middle: 0 mm, and the frame may err by 8


def test_an_organ_mask_that_was_given_decides_between_bowel_and_node() -> None:
    spot = Spot((30, -12, 255), (12, 12, 14), 9.0)
    image = scan(WHOLE, (*APART, spot))
    parts = components(image)
    here = at(identify(image, parts), parts, WHOLE, spot)
    bowel = mask(scan(WHOLE, (spot,)).array >= 1, WHOLE, "small_bowel")
    masked = at(identify(image, parts, organs=[bowel]), parts, WHOLE, spot)
    odds = {one: dict([(one.identity, one.probability), *one.rivals]).get("bowel", 0.0) for one in (here, masked)}
    assert odds[masked] > odds[here]
    assert any("small_bowel" in reason for reason in masked.reasons)


def test_faint_small_bone_foci_are_likelier_unspecific_with_psma_1007() -> None:
    rib = Spot((128, -20, 520), (8.0, 8.0, 8.0), 4.6)
    image = scan(WHOLE, (*APART, rib))
    parts = components(image)

    def benign(tracer: str | None) -> float:
        one = at(identify(image, parts, tracer=tracer), parts, WHOLE, rib)
        shares = dict([(one.identity, one.probability), *one.rivals])
        return shares.get("unspecific_bone", 0.0)

    assert benign("18F-PSMA-1007") > 2 * benign("68Ga-PSMA-11")
    assert benign("68Ga-PSMA-11") == benign(None)


def test_a_hot_mass_in_the_middle_of_the_pelvis_is_no_bladder_of_a_tracer_that_leaves_by_the_liver() -> None:
    mass = Spot((0, -45, 75), (34, 34, 34), 30.0)
    kidneys = tuple(replace(one, suv=13.0) for one in phantom.KIDNEYS)
    organs = (*kidneys, replace(phantom.SPLEEN, suv=11.0), *phantom.PAROTIDS, *phantom.SUBMANDIBULARS)
    assert labelled((*organs, mass), tracer="18F-PSMA-1007")[mass].category != "physiological"
    faint = replace(mass, suv=5.0)
    assert labelled((*organs, faint), tracer="18F-PSMA-1007")[faint].identity == "bladder"
    assert labelled((*organs, mass), tracer="68Ga-PSMA-11")[mass].identity == "bladder"


def test_a_liver_as_hot_as_the_kidneys_is_liver_with_psma_1007() -> None:
    liver, kidneys = replace(phantom.LIVER, suv=13.0), [replace(one, suv=13.0) for one in phantom.KIDNEYS]
    image = scan(WHOLE, (liver, *kidneys, phantom.SPLEEN, *phantom.PAROTIDS))
    labels = np.zeros(WHOLE.shape_zyx, np.int32)
    for number, spot in enumerate((liver, *kidneys, phantom.SPLEEN), start=1):
        labels[(scan(WHOLE, (spot,)).array >= 3) & (labels == 0)] = number
    parts = Components(labels, 4)
    shares = {
        tracer: dict([(one.identity, one.probability), *one.rivals])
        for tracer in ("18F-PSMA-1007", "68Ga-PSMA-11")
        for one in identify(image, parts, tracer=tracer)[:1]
    }
    assert shares["18F-PSMA-1007"]["liver"] > 0.99
    assert shares["18F-PSMA-1007"].get("tumour", 0.0) <= shares["68Ga-PSMA-11"].get("tumour", 0.0)


def test_probabilities_of_all_identities_add_up_to_one() -> None:
    names = {one.name for one in uptake_identities()}
    for one in labelled((*APART, *LESIONS)).values():
        shares = [one.probability, *(share for _, share in one.rivals)]
        if one.identity == "uncertain":
            shares = [share for _, share in one.rivals]
        assert {one.identity, *(name for name, _ in one.rivals)} <= names
        assert sum(shares) == pytest.approx(1.0, abs=0.03)  # rivals below 1 % are not listed
        assert one.reasons


def test_what_no_identity_explains_is_uncertain_with_its_rivals() -> None:
    between = Spot((20, 20, 375), (6, 8, 9), 6.0)  # coeliac ganglion, node, crus
    found = labelled((*APART, between))[between]
    assert (found.identity, found.category) == ("uncertain", "uncertain")
    assert found.probability == found.rivals[0][1] < uptake_priors().physiological_from
    assert len(found.rivals) >= 2


def test_no_component_gives_no_identity() -> None:
    image = scan(geometry(200, 400), ())
    assert identify(image, Components(np.zeros(image.array.shape, np.int32), 0)) == ()


def test_components_of_another_grid_and_activity_are_refused() -> None:
    image = scan(geometry(200, 400), ())
    labels = np.zeros((3, 3, 3), np.int32)
    with pytest.raises(ContradictionError, match="resample them first"):
        identify(image, Components(labels, 0))
    activity = volume(image.array, image.geometry, "Bq/mL")
    with pytest.raises(ContradictionError, match="in g/mL"):
        identify(activity, Components(np.zeros(image.array.shape, np.int32), 0))


def test_every_form_of_the_priors_names_a_declared_identity_and_sides_do_not_contradict() -> None:
    names = {one.name for one in uptake_identities()}
    for form in uptake_priors().forms:
        assert form.identity in names
        assert form.x[0] >= 0 or not form.mirrored, f"{form.identity}/{form.form}: a mirrored form lies on the left"
    for change in uptake_priors().tracers:
        known = {form.identity for form in uptake_priors().forms}
        known |= {f"{form.identity}/{form.form}" for form in uptake_priors().forms}
        assert set(change.factors) | set(change.heat) <= known
    assert set(uptake_priors().single) <= names
