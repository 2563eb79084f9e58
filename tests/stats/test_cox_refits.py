"""A Cox model fitted in many samples at once against the same samples fitted one by one."""

import numpy as np
import pytest

from lutrace.core import EstimationError, UnsupportedError, UnusableInputError
from lutrace.stats import CoxRows, fit_cox, fit_firth_cox, refit_cox, survival_of

TERMS = ("age", "marker", "treated")


def draw(seed, n=90):
    """Patients followed by the week, so that many die together."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(60, 9, n), rng.lognormal(0, 2, n), rng.random(n) < 0.4])
    entry = rng.integers(0, 5, n)
    time = entry + np.ceil(40 * rng.exponential(np.exp(-0.02 * (x[:, 0] - 60) - 0.5 * x[:, 2])))
    return {"time": time, "event": rng.random(n) < 0.7, "entry": entry, "x": x, "label": rng.integers(0, 3, n),
            "weight": rng.uniform(0.5, 2, n), "offset": rng.normal(0, 0.3, n)}  # fmt: skip


def fit_rows(data, rows, *, entry=False, strata=False, known=(), ties="efron"):
    return fit_cox(
        survival_of(data["time"][rows], data["event"][rows], entry=data["entry"][rows] if entry else None),
        data["x"][rows],
        terms=TERMS,
        strata=data["label"][rows] if strata else None,
        ties=ties,
        rows=CoxRows(**{f"{name}s" if name == "weight" else name: data[name][rows] for name in known}),
    )


@pytest.mark.parametrize(
    "model",
    [
        {},
        {"ties": "breslow"},
        {"entry": True},
        {"strata": True},
        {"known": ("weight",)},
        {"entry": True, "strata": True, "known": ("weight", "offset")},
    ],
    ids=["plain", "breslow", "entry", "strata", "weights", "all"],
)
def test_samples_fitted_together_have_the_coefficients_of_each_alone(model):
    data = draw(1)
    rng = np.random.default_rng(2)
    everybody = np.arange(90)
    samples = [rng.integers(0, 90, 90) for _ in range(200)] + [np.delete(everybody, row) for row in range(90)]
    together = refit_cox(fit_rows(data, everybody, **model), samples)
    alone = np.array([fit_rows(data, rows, **model).coef for rows in samples])
    spread = alone[:200].std(axis=0)
    assert (np.abs(together - alone) / spread).max() < 1e-7


def test_a_sample_has_no_coefficients_exactly_where_it_cannot_be_fitted():
    # Ten patients, two of them exposed: many samples hold no event, nobody exposed, or are separated.
    time, event, exposed = np.arange(1, 11), np.array([1, 1, 0, 1, 0, 0, 1, 0, 0, 1]), np.repeat([1.0, 0.0], (2, 8))
    exposed[[1, 6]] = [0.0, 1.0]
    rng = np.random.default_rng(3)
    samples = [rng.integers(0, 10, int(rng.integers(1, 11))) for _ in range(400)]

    def alone(rows):
        try:
            return fit_cox(survival_of(time[rows], event[rows]), exposed[rows], terms=["exposed"]).coef[0]
        except EstimationError:
            return np.nan

    together = refit_cox(fit_cox(survival_of(time, event), exposed, terms=["exposed"]), samples)[:, 0]
    expected = np.array([alone(rows) for rows in samples])
    assert 50 < np.isnan(expected).sum() < 350
    assert (np.isnan(together) == np.isnan(expected)).all()
    assert np.nanmax(np.abs(together - expected)) < 1e-7


@pytest.mark.parametrize("samples", [[], [np.array([0]), np.array([], dtype=int)], [np.array([90])], [np.array([-1])]])
def test_rows_that_the_model_does_not_have_are_refused(samples):
    with pytest.raises(UnusableInputError, match="numbered from 0 to 89"):
        refit_cox(fit_rows(draw(1), np.arange(90)), samples)


def test_a_penalised_model_is_refused():
    penalised = fit_firth_cox(survival_of([1, 2, 3], [1, 1, 0]), [1, 0, 1], terms=["x"])
    with pytest.raises(UnsupportedError, match="firth"):
        refit_cox(penalised, [np.arange(3)])
