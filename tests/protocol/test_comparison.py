"""What a comparison may not say: one cohort twice, an unsigned yes, an adjustment for what was looked for otherwise."""

import pytest
from tests.models.cohort_rows import EFFECT, SIGNED, checklist, study

from lutrace.core import ProtocolError
from lutrace.protocol import Capture, MissedDeathsAnalysis


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"populations": "[here, here]"}, "expected two different populations"),
        ({"populations": "[here]"}, "expected a second population, or published curves"),
        ({"populations": "[here]", "balance": "[age]"}, "balance, checklist and effect expect two populations"),
        ({"populations": "[here, nowhere]"}, "expected one of here, there, got 'nowhere'"),
        ({"balance": "[weight]"}, "expected one of age, liver, period, got 'weight'"),
        ({"external": "[trial]"}, "expected one of none, got 'trial'"),
        ({"ascertainment_differs": "{age: other forms}"}, "expects covariates of balance"),
        (
            {"balance": "[liver]", "ascertainment_differs": "{liver: PET}", "effect": EFFECT},
            "expects what both cohorts looked for in the same way, got liver",
        ),
        ({"checklist": checklist().replace("by: N. N., ", "", 1)}, "expected who .* and which day"),
        ({"checklist": "{eligibility: " + SIGNED + "}"}, "index_date: is missing; add it"),
        ({"effect": "{adjust_for: [age, age]}"}, "expected each entry once"),
        ({"reruns": "[{name: a, label: A, change: {x: 1}}, {name: a, label: B, change: {x: 2}}]"}, "different names"),
    ],
)
def test_it_is_refused_with_what_would_be_allowed(keys: dict[str, str], match: str) -> None:
    with pytest.raises(ProtocolError, match=match):
        study(**keys)


def test_open_lines_are_listed_in_the_checklists_order() -> None:
    (analysis,) = study(checklist=checklist("calendar_time")).analyses
    assert analysis.open_items == ("calendar_time",)
    (bare,) = study().analyses
    assert bare.open_items == ("eligibility", "index_date", "calendar_time", "mortality_capture", "ascertainment")


def test_the_digest_holds_who_signed_what() -> None:
    signed = study(checklist=checklist())
    by_another = study(checklist=checklist().replace("N. N.", "M. M.", 1))
    assert signed.digest != by_another.digest


@pytest.mark.parametrize("ends", [(0, 1), (0.9, 0.8), (0.5, 1.2)])
def test_a_capture_of_deaths_is_two_shares_in_order(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="expected two shares above 0 and up to 1"):
        Capture(population="here", sensitivity=ends, source="assumed")


def test_missed_deaths_take_each_population_once() -> None:
    one = {"population": "here", "sensitivity": (0.8, 0.9), "source": "assumed"}
    with pytest.raises(ValueError, match="expected each population once"):
        MissedDeathsAnalysis.model_validate(
            {"kind": "missed_deaths", "name": "m", "label": "M", "endpoint": "os", "capture": [one, one]}
        )


def test_the_standard_report_shows_curves_of_each_weighting_and_the_rows_of_each_rerun() -> None:
    reruns = "[{name: first_day, label: First day of the month, change: {endpoints.os.death_dates.day: first}}]"
    report = study(balance="[age]", checklist=checklist(), effect=EFFECT, reruns=reruns).report
    shown = {item.name: item for section in report.sections for item in section.items}
    assert {"beside_os", "beside_os_overlap", "beside_os_ATE", "beside_os_ATT", "beside_os_matching"} <= set(shown)
    assert {"beside_balance", "beside_love"} <= set(shown)
    asked = getattr(shown["beside_estimates"], "analyses", ())
    assert {"beside", "beside.overlap", "beside.first_day", "beside.first_day.overlap"} <= set(asked)


def test_a_rerun_that_changes_what_there_is_not_is_refused_when_the_study_is_read() -> None:
    with pytest.raises(ProtocolError, match=r"reruns\.nothing: change endpoints\.os\.colour: the study has no"):
        study(reruns="[{name: nothing, label: Nothing, change: {endpoints.os.colour: red}}]")
