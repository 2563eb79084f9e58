"""Toxicity as the study declares it: version, terms, window, and what counts as an event."""

from __future__ import annotations

from typing import Annotated, Literal

from lutrace.core import AfterValidator, Days, Field, FrozenModel
from lutrace.terms import ctcae_term_names, ctcae_version

HAEMATOLOGY = ("Anemia", "Platelet count decreased", "White blood cell decreased", "Neutrophil count decreased")
"""Terms of an endpoint of haematological toxicity; lymphocytes come by their own switch."""
LYMPHOCYTES = "Lymphocyte count decreased"


def _check_terms(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in names if name.lower() not in ctcae_term_names()]
    if unknown:
        raise ValueError(f"expected laboratory terms of CTCAE, got {', '.join(unknown)}")
    return names


TermNames = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_check_terms)]
"""Laboratory terms of any version of CTCAE."""


def counted_terms(terms: tuple[str, ...], criteria: str, *, lymphocytes: bool) -> tuple[str, ...]:
    """The terms under the names of the version, with lymphopenia when asked for.

    A term that the version has under another name (Platelet count decreased, in 6.0 Thrombocytopenia) goes by it.
    """
    known = ctcae_version(criteria).terms
    found: dict[str, None] = {}
    for name in (*terms, *((LYMPHOCYTES,) if lymphocytes else ())):
        pairs = ctcae_term_names()[name.lower()]
        same = [one.term for one in known if any((a, one.direction) in pairs for a in one.analytes)]
        found.update(dict.fromkeys(same or [name]))
    return tuple(found)


class ToxicityRules(FrozenModel):
    """How toxicity is read from a registry.

    after_last_dose: the window ends that long after the last cycle; until_next_line: or when the next systemic
    treatment begins, whichever is first. baseline_window: how old a baseline may be. transfusions: `count` = red cells
    (and, in CTCAE 6.0, platelets) given are grade 3 of anaemia (of thrombocytopenia) on their day, as the standard's
    "transfusion indicated"; `ignored` = laboratory values alone. with_symptoms: clauses for a patient with symptoms.
    """

    criteria: Literal["ctcae-4.0", "ctcae-5.0", "ctcae-6.0"] = "ctcae-5.0"
    after_last_dose: Days = Field(default=30.0, ge=0)
    until_next_line: bool = True
    baseline_window: Days = Field(default=28.0, ge=0)
    transfusions: Literal["count", "ignored"] = "ignored"
    with_symptoms: bool = False


class Toxicity(FrozenModel):
    """Time from the landmark to the first grade `least_grade` or worse of any of `terms`, within the window.

    A patient who had that grade at the last value on or before the landmark is not evaluable (prevalent). Without an
    event, censored at the last graded value of the terms. lymphocytes: whether lymphopenia counts too (it is frequent
    and changes the endpoint). source: laboratory grades, those that clinicians recorded, or whichever is first.
    death: a death within the window before that grade `censors` at the last graded value like any end of follow-up, or
    `competes`: such a patient ends on that day with category `death`, without an event (see `cumulative_incidence`).
    """

    kind: Literal["toxicity"]
    name: str
    label: str
    rules: ToxicityRules = ToxicityRules()
    terms: TermNames = HAEMATOLOGY
    lymphocytes: bool = False
    least_grade: int = Field(default=3, ge=1, le=5)
    source: Literal["laboratory", "clinician", "either"] = "laboratory"
    death: Literal["censors", "competes"] = Field(default="censors", exclude_if=lambda role: role == "censors")

    @property
    def counted(self) -> tuple[str, ...]:
        """The terms that count under the names of the version, lymphopenia included when asked for."""
        return counted_terms(self.terms, self.rules.criteria, lymphocytes=self.lymphocytes)
