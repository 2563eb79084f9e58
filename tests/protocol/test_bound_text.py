from __future__ import annotations

import pytest

from lutrace.core import ProtocolError
from lutrace.protocol import find_typed, parse_protocol
from lutrace.study import load_protocol

BASE = load_protocol("early-spect-response").as_yaml()
RESULTS = [
    "PSA50 was seen in 33/66 patients",
    "33 of 66 patients responded",
    "a decline (50 %) was frequent",
    "response in 38.1 %",
    "50% of patients responded",
    "of 21 patients, eight",
    "(n = 21)",
    "p < .001",
    "HR 1.4",
    "hazard ratio of 2.26",
    "95% CI: 8.6, 11.3",
    "9.8 (8.6-11.3) months",
    "median survival was 13 months",
]
RULES = [
    "PSA baseline is the last value within 28 days (60 days, flagged).",
    "A rise of at least 25 % and 2 ng/mL above the nadir, confirmed 21 days later.",
    "Response, stable, progression (PSA -50/+25 %, tumour volume -30/+20 %).",
    "All intervals are 95 % intervals; months have 30.4375 days.",
    "Volumes below 1 mL count as 1 mL; the dose was 7.4 GBq every 6 weeks, up to 6 cycles.",
    "Median overall survival was {km/C2/os/all/unadjusted}, in {psa50/C2/psa50/psa50/unadjusted|events} patients.",
]


@pytest.mark.parametrize("text", RESULTS)
def test_what_looks_like_a_result_is_found(text: str) -> None:
    assert find_typed(text)


@pytest.mark.parametrize("text", RULES)
def test_rules_and_bound_numbers_are_no_results(text: str) -> None:
    assert find_typed(text) == []


def test_the_shipped_study_types_no_result() -> None:
    for place, text in load_protocol("early-spect-response").report.texts:
        assert find_typed(text) == [], place


def with_abstract(text: str) -> str:
    return BASE.replace("report:\n", f"report:\n  abstract:\n  - heading: Results\n    text: '{text}'\n", 1)


def test_a_text_may_name_numbers_of_the_study_only() -> None:
    assert parse_protocol(with_abstract("{km/C2/os/all/unadjusted}"), "own").report.abstract[0].heading == "Results"
    with pytest.raises(ProtocolError, match=r"report\.abstract\.Results, \{kn/C2/os\}: .*expected one of attrition"):
        parse_protocol(with_abstract("{kn/C2/os}"), "own")
    with pytest.raises(ProtocolError, match=r"\{km/C2/os\|\.\.\.\}: expected one of value, interval, .*'mean'"):
        parse_protocol(with_abstract("{km/C2/os|mean}"), "own")


def test_an_abstract_is_part_of_the_digest_and_no_abstract_changes_none() -> None:
    plain, own = parse_protocol(BASE, "a"), parse_protocol(with_abstract("x"), "b")
    assert plain.digest == load_protocol("early-spect-response").digest
    assert own.digest != plain.digest
