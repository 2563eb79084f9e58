import numpy as np
import pytest

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import competing_of, compute_cumulative_incidence, compute_state_occupancy, histories_of

STATES = ["well", "ill", "dead"]


def test_without_censoring_it_is_the_share_of_patients_in_each_state():
    # 1: ill at 2, dead at 6; 2: dead at 4; 3: well throughout.
    histories = histories_of(
        [1, 1, 2, 3], [0, 2, 0, 0], [2, 6, 4, 9], state=["well", "ill", "well", "well"],
        target=["ill", "dead", "dead", "well"], states=STATES,
    )  # fmt: skip
    found = compute_state_occupancy(histories)
    assert found.time.tolist() == [2, 4, 6, 9]
    assert np.allclose(found.probability, np.array([[2, 1, 0], [1, 1, 1], [1, 0, 2], [1, 0, 2]]) / 3)
    assert np.allclose(found.std_error[0], np.sqrt([2 / 9 / 3, 2 / 9 / 3, 0]))
    assert found.transitions.tolist() == [[0, 1, 1], [0, 0, 1], [0, 0, 0]]
    assert found.at_risk.tolist() == [[3, 0, 0], [2, 1, 0], [1, 1, 0], [1, 0, 0]]
    assert (found.n, found.n_events, found.start.tolist()) == (3, 3, [1, 0, 0])


def test_competing_causes_are_states_that_nobody_leaves():
    rng = np.random.default_rng(4)
    time, cause = np.ceil(rng.exponential(9, 40)), rng.choice(["n", "a", "b"], 40)
    weights = rng.uniform(0.5, 2, 40)
    curves = compute_cumulative_incidence(competing_of(time, cause, censored="n"), weights=weights)
    histories = histories_of(range(40), [0] * 40, time, state=["n"] * 40, target=cause, states=["n", "a", "b"])
    found = compute_state_occupancy(histories, weights=weights)
    for number, curve in enumerate(curves, start=1):
        assert np.allclose(found.probability[:, number], curve.incidence)
        assert np.allclose(found.std_error[:, number], curve.std_error)


def test_the_order_of_rows_does_not_matter():
    given = {"state": np.array(["well", "ill", "well"]), "target": np.array(["ill", "dead", "dead"])}
    start, stop, patient = np.array([0, 2, 0]), np.array([2, 5, 3]), np.array(["b", "b", "a"])
    weights = np.array([2.5, 2.5, 1.0])
    order = [2, 1, 0]
    first = compute_state_occupancy(histories_of(patient, start, stop, states=STATES, **given), weights=weights)
    turned = {name: values[order] for name, values in given.items()}
    histories = histories_of(patient[order], start[order], stop[order], states=STATES, **turned)
    second = compute_state_occupancy(histories, weights=weights[order])
    assert np.array_equal(first.probability, second.probability)
    assert np.array_equal(first.std_error, second.std_error)


def test_probabilities_at_a_time_hold_from_the_last_move():
    histories = histories_of([1, 2], [0, 0], [2, 5], state=["well"] * 2, target=["ill", "well"], states=STATES)
    probability, error = compute_state_occupancy(histories).at([1, 3, 9])
    assert probability[:2].tolist() == [[1, 0, 0], [0.5, 0.5, 0]]
    assert np.isnan(error[2]).all()


def test_late_entrants_are_named():
    histories = histories_of([1, 2], [0, 3], [2, 5], state=["well"] * 2, target=["ill", "ill"], states=STATES)
    assert "1 rows start after the first move" in compute_state_occupancy(histories).warnings[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": ["well", "well"]}, "must be the one that the patient's row before it ended in; not so in row 2"),
        ({"start": [0, 1]}, "must not start before the patient's row before it has ended; not so in row 2"),
        ({"stop": [2, 2]}, "start must lie before stop.*row 2"),
        ({"target": ["ill", "gone"]}, "must be one of well, ill, dead; not so in row 2"),
        ({"states": ["well", "well"]}, "states must be different"),
        ({"patient": [1]}, "of one length"),
        ({"target": ["ill"]}, "one label per row"),
    ],
)
def test_impossible_histories_are_refused(change, message):
    given = {"start": [0, 2], "stop": [2, 5], "state": ["well", "ill"], "target": ["ill", "dead"], "states": STATES}
    given = {"patient": [1, 1], **given, **change}
    with pytest.raises(UnusableInputError, match=message):
        histories_of(given.pop("patient"), given.pop("start"), given.pop("stop"), **given)


def test_weights_that_differ_within_a_patient_and_no_moves_are_refused():
    histories = histories_of([1, 1], [0, 2], [2, 5], state=["well", "ill"], target=["ill", "dead"], states=STATES)
    with pytest.raises(UnusableInputError, match="the same in all rows of a patient; not so in row 2"):
        compute_state_occupancy(histories, weights=[1, 2])
    still = histories_of([1], [0], [2], state=["well"], target=["well"], states=STATES)
    with pytest.raises(EstimationError, match="needs a move"):
        compute_state_occupancy(still)
