"""Which series of a study to use, and why: the attenuation-corrected PET or SPECT, and the CT that belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

ACTIVITY = ("PT", "NM")
_ALIKE = 0.95
"""Share of the longest extent from which two series count as equally long."""


@dataclass(frozen=True)
class Candidate:
    """What the choice knows of a series; places along the patient in mm, times in s, nothing that names anybody.

    `corrected` is whether attenuation was corrected, None when no element tells, and `told_by` which element does;
    `preference` is the place in the site's list of preferred series; `not_a_volume` says why it is no static image.
    """

    key: str
    study: str
    frame: str | None
    modality: str
    not_a_volume: str | None
    corrected: bool | None
    told_by: str
    begin_s: float | None
    end_s: float | None
    low_mm: float | None
    high_mm: float | None
    width_mm: float
    n_images: int
    is_original: bool
    kernel: str | None
    is_soft: bool | None
    has_contrast: bool
    exposure_mas: float | None
    preference: int | None
    number: int

    @property
    def extent_mm(self) -> float:
        """Length along the patient; 0 when no element tells."""
        return self.high_mm - self.low_mm if self.low_mm is not None and self.high_mm is not None else 0.0


@dataclass(frozen=True)
class Choice:
    """Whether a series is used, and why; `chosen` is None where there is nothing to choose."""

    key: str
    chosen: bool | None
    reason: str


Rule = tuple[str, Callable[[Candidate], float]]
"""What a rule prefers, in words, and a number that is larger for what it prefers."""


def choose_series(candidates: Sequence[Candidate], unreadable: Collection[str] = ()) -> dict[str, Choice]:
    """The choice for each candidate, by key.

    PET and SPECT: of the reconstructions of one acquisition (same study, overlapping times) one is used: attenuation
    corrected, then the longest extent (within 5 %), then the site's preference, then PET before NM objects, original
    before derived, more images, the lower series number. CT: of those in its frame of reference the one that covers
    most of it, then soft kernel, widest field, no contrast, least exposure. `unreadable` keys are never chosen.
    """
    made: dict[str, Choice] = {}
    usable = []
    for one in candidates:
        if one.not_a_volume is not None:
            made[one.key] = Choice(one.key, False, f"not used: {one.not_a_volume}")
        elif one.key in unreadable:
            made[one.key] = Choice(one.key, False, "not used: it cannot be read")
        else:
            usable.append(one)
    for group in _acquisitions([one for one in usable if one.modality in ACTIVITY]):
        for choice in _of_acquisition(group):
            made[choice.key] = choice
    uptake = [one for one in usable if one.modality in ACTIVITY and made[one.key].chosen]
    for choice in _of_cts([one for one in usable if one.modality not in ACTIVITY], uptake):
        made[choice.key] = choice
    return made


def _acquisitions(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Candidates grouped by study and overlapping times; one without a time goes with all of its study."""
    groups: list[list[Candidate]] = []
    for one in sorted(candidates, key=lambda c: (c.study, c.begin_s is not None, c.begin_s or 0.0, c.key)):
        mine = next((group for group in groups if _belongs(one, group)), None)
        if mine is None:
            groups.append([one])
        else:
            mine.append(one)
    return groups


def _belongs(one: Candidate, group: Sequence[Candidate]) -> bool:
    if one.study != group[0].study:
        return False
    if one.begin_s is None or one.end_s is None:
        return True
    return any(
        other.begin_s is None or other.end_s is None or (one.begin_s <= other.end_s and other.begin_s <= one.end_s)
        for other in group
    )


def _of_acquisition(group: Sequence[Candidate]) -> list[Choice]:
    longest = max(one.extent_mm for one in group if one.corrected == _best_correction(group))
    rules: tuple[Rule, ...] = (
        ("attenuation corrected", lambda one: {True: 2.0, None: 1.0, False: 0.0}[one.corrected]),
        ("longest extent", lambda one: float(one.extent_mm >= _ALIKE * longest)),
        ("preferred in the site profile", lambda one: -float(one.preference if one.preference is not None else 1e6)),
        ("PET object", lambda one: float(one.modality == "PT")),
        ("original, not derived", lambda one: float(one.is_original)),
        ("more images", lambda one: float(one.n_images)),
        ("lower series number", lambda one: -float(one.number)),
    )
    best, why = _best(group, rules)
    told = {
        True: f"attenuation corrected: {best.told_by}",
        None: "no element tells whether attenuation was corrected",
        False: f"not attenuation corrected: {best.told_by}; no series of this acquisition is",
    }[best.corrected]
    reason = f"chosen: {told}"
    if len(group) > 1:
        reason += f"; of {len(group)} series of this acquisition by: {why}"
    return [Choice(best.key, True, reason), *(_left(one, best, rules) for one in group if one is not best)]


def _best_correction(group: Sequence[Candidate]) -> bool | None:
    found = {one.corrected for one in group}
    return True if True in found else None if None in found else False


def _of_cts(cts: Sequence[Candidate], uptake: Sequence[Candidate]) -> list[Choice]:
    made: dict[str, Choice] = {}
    for one in uptake:
        group = [ct for ct in cts if _same_position(ct, one)]
        if not group:
            continue
        rules = _ct_rules(group, one)
        best, why = _best(group, rules)
        where = "same frame of reference" if best.frame is not None else "same examination, no frame of reference"
        reason = f"chosen: CT of {one.key}: {where}, covers {100 * _coverage(best, one):.0f} % of its length"
        if best.is_soft:
            reason += f", soft kernel {best.kernel}"
        if len(group) > 1:
            reason += f"; of {len(group)} CT series by: {why}"
        for choice in (Choice(best.key, True, reason), *(_left(ct, best, rules) for ct in group if ct is not best)):
            if not (choice.key in made and made[choice.key].chosen):
                made[choice.key] = choice
    alone = "no PET or SPECT in its frame of reference: nothing to choose"
    return [made.get(ct.key) or Choice(ct.key, None, alone) for ct in cts]


def _ct_rules(group: Sequence[Candidate], uptake: Candidate) -> tuple[Rule, ...]:
    """The rules for the CT of an uptake scan, relative to the best of the group where a rule compares."""
    enough = min(_ALIKE, 0.98 * max(_coverage(ct, uptake) for ct in group))
    wide = 0.9 * max(ct.width_mm for ct in group)
    least = 1.1 * min((ct.exposure_mas for ct in group if ct.exposure_mas is not None), default=0.0)
    return (
        ("covers it", lambda ct: float(_coverage(ct, uptake) >= enough)),
        ("soft kernel", lambda ct: {True: 2.0, None: 1.0, False: 0.0}[ct.is_soft]),
        ("widest field", lambda ct: float(ct.width_mm >= wide)),
        ("no contrast medium", lambda ct: -float(ct.has_contrast)),
        ("least exposure", lambda ct: float(ct.exposure_mas is not None and ct.exposure_mas <= least)),
        ("original, not derived", lambda ct: float(ct.is_original)),
        ("more images", lambda ct: float(ct.n_images)),
        ("lower series number", lambda ct: -float(ct.number)),
    )


def _same_position(ct: Candidate, uptake: Candidate) -> bool:
    if ct.frame is None and uptake.frame is None:
        return ct.study == uptake.study
    return ct.frame == uptake.frame


def _coverage(ct: Candidate, uptake: Candidate) -> float:
    """Share of the length of the uptake scan that the CT covers; 0 when a place is not told."""
    if ct.low_mm is None or ct.high_mm is None or uptake.low_mm is None or uptake.high_mm is None:
        return 0.0
    if uptake.extent_mm <= 0:
        return float(ct.low_mm <= uptake.low_mm <= ct.high_mm)
    shared = min(ct.high_mm, uptake.high_mm) - max(ct.low_mm, uptake.low_mm)
    return max(0.0, shared / uptake.extent_mm)


def _best(group: Sequence[Candidate], rules: Sequence[Rule]) -> tuple[Candidate, str]:
    """The candidate that the rules prefer, and the rules that told it from others, in words."""
    left, decided = list(group), []
    for name, value in rules:
        top = max(value(one) for one in left)
        kept = [one for one in left if value(one) == top]
        if len(kept) < len(left):
            decided.append(name)
        left = kept
    if len(left) > 1:
        decided.append("alike in all, the first by name")
    return min(left, key=lambda one: one.key), ", then ".join(decided)


def _left(one: Candidate, best: Candidate, rules: Sequence[Rule]) -> Choice:
    """The reason why `one` was left: the first rule by which `best` is preferred."""
    name = next((name for name, value in rules if value(best) > value(one)), "alike in all, the first by name")
    return Choice(one.key, False, f"not chosen: {best.key} is preferred by: {name}")
