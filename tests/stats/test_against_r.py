"""lutrace.stats against R: the stored numbers of validation/stats (which see for scripts and versions)."""

import importlib

import pytest
from validation.stats.comparison import STATS, compare, read_reference

TOPICS = (
    "cox",
    "regression",
    "survival",
    "curves",
    "competing",
    "intervals",
    "prediction",
    "follow_up",
    "propensity",
    "imputation",
    "meta",
    "multiplicity",
    "command",
    "study",
)


@pytest.fixture(scope="module", params=TOPICS)
def topic(request):
    """The cases of a topic, its numbers by lutrace and R's."""
    cases = importlib.import_module(f"validation.stats.{request.param}.cases")
    stored = read_reference(STATS / request.param / "reference.csv")
    return cases, cases.compute_all(), {key: values for key, values in stored.items() if key[0] != "version"}


def test_all_numbers_of_a_topic_equal_r(topic):
    cases, found, stored = topic
    far = [difference for difference in compare(found, stored) if difference[2] > cases.tolerance_of(difference[0])]
    assert far == []


def test_no_number_of_r_is_left_out(topic):
    _, found, stored = topic
    assert set(stored) == set(found)


@pytest.mark.parametrize("topic", ["regression"], indirect=True)
def test_no_restricted_likelihood_is_lower_than_that_of_lmer(topic):
    _, found, stored = topic
    fits = sorted({case for case, quantity in found if quantity.endswith("Kenward-Roger df")})
    assert fits
    assert [case for case in fits if found[(case, "loglik")][0] < stored[(case, "loglik")][0] - 1e-9] == []
