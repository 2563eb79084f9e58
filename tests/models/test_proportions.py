import pytest

from lutrace.core import ProtocolError
from lutrace.models import fit_analysis


def rows_with(n, n_yes, **values):
    """n patients at C2, the first n_yes with each value 1, the others 0."""
    return [
        {"population": "C2", **{name: float(number < n_yes) for name in values}, "os_days": 10.0, "os_event": False}
        for number in range(n)
    ]


def test_the_counts_of_the_abstract_give_its_shares(protocol, analysis_of):
    # Demirci et al. 2024: PSA50 in 33 of 66, new lesions in 13 of 66.
    psa50 = fit_analysis(analysis_of("psa50", populations=("C2",)), rows_with(66, 33, psa50=1), protocol)
    new = fit_analysis(
        analysis_of("new_lesions_any_earlier", populations=("C2",)),
        rows_with(66, 13, new_lesions_any_earlier=1),
        protocol,
    )
    assert round(100 * psa50.estimates[0]["estimate"]) == 50
    assert round(100 * new.estimates[0]["estimate"]) == 20
    assert (new.estimates[0]["events"], new.estimates[0]["n"]) == (13, 66)


def test_the_living_are_those_without_a_death(protocol, analysis_of):
    # 47 of 66 alive: 71 %.
    rows = rows_with(66, 0)
    for row in rows[:19]:
        row["os_event"] = True
    (share,) = fit_analysis(analysis_of("alive", populations=("C2",)), rows, protocol).estimates
    assert (share["events"], round(100 * share["estimate"])) == (47, 71)


def test_unknown_answers_are_not_counted(protocol, analysis_of):
    rows = rows_with(10, 5, psa50=1)
    rows[0]["psa50"] = None
    (share,) = fit_analysis(analysis_of("psa50", populations=("C2",)), rows, protocol).estimates
    assert (share["events"], share["n"]) == (4, 9)


def test_unknown_answers_count_as_no_where_the_share_is_of_all(protocol, analysis_of):
    analysis = analysis_of("psa50").model_copy(update={"not_evaluable": "count_as_no"})
    rows = [{"patient_id": str(n), "population": "C2", "psa50": [1.0, 0.0, None][n % 3]} for n in range(21)]
    row = fit_analysis(analysis, rows, protocol).estimates[0]
    assert (row["n"], row["events"]) == (21, 7)
    assert row["method"].endswith("of all: who cannot be evaluated counts as no")


def test_nobody_with_an_answer_gives_a_reason(protocol, analysis_of):
    result = fit_analysis(analysis_of("psa50", populations=("C2",)), [], protocol)
    assert result.estimates[0]["estimate"] is None
    assert "no patient has psa50" in result.warnings[0].text


def test_the_living_cannot_be_counted_without_an_outcome_of_survival(protocol, analysis_of):
    without = protocol.model_copy(update={"endpoints": protocol.endpoints[:1]})
    with pytest.raises(ProtocolError, match="alive needs an endpoint of kind os"):
        fit_analysis(analysis_of("alive"), rows_with(3, 1), without)
