"""One library's fits of the same data: `fits.py LIBRARY FOLDER TIMES TERMS ROUNDS TASK`; prints seconds and estimates.

TASK is cox (Efron, standard errors), refits (the Cox model in each sample of the folder) or km (Kaplan-Meier with
log-log intervals: survival at five times and the standard error of its logarithm).
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray
ASKED = (100.0, 300.0, 600.0, 1200.0, 2000.0)
SHORTEST = 0.2
"""Seconds that a round lasts at least: short fits are repeated in it, as clocks of processes tick in milliseconds."""


def read(folder: Path, times: str, p: int) -> tuple[Array, Array, Array]:
    event = np.fromfile(folder / "event.bin").astype(bool)
    x = np.ascontiguousarray(np.fromfile(folder / "x.bin").reshape(p, event.size).T)
    return np.fromfile(folder / f"{times}.bin"), event, x


def lutrace(time: Array, event: Array, x: Array) -> Any:
    from lutrace.stats import fit_cox, survival_of

    fit = fit_cox(survival_of(time, event), x, terms=[f"x{number}" for number in range(x.shape[1])])
    return fit.coef, fit.se


def lifelines(time: Array, event: Array, x: Array) -> Any:
    import pandas as pd
    from lifelines import CoxPHFitter

    frame = pd.DataFrame(x, columns=[f"x{number}" for number in range(x.shape[1])])
    frame["time"], frame["event"] = time, event
    fit = CoxPHFitter().fit(frame, "time", "event")
    return list(fit.params_), list(fit.standard_errors_)


def statsmodels(time: Array, event: Array, x: Array) -> Any:
    from statsmodels.duration.hazard_regression import PHReg

    fit = PHReg(time, x, status=event.astype(float), ties="efron").fit()
    return list(fit.params), list(fit.bse)


def sksurv(time: Array, event: Array, x: Array) -> Any:
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    fit = CoxPHSurvivalAnalysis(ties="efron").fit(x, Surv.from_arrays(event, time))
    return list(fit.coef_), None


def lutrace_km(time: Array, event: Array, x: Array) -> Any:
    from lutrace.stats import compute_kaplan_meier, survival_of

    curve = compute_kaplan_meier(survival_of(time, event))
    place = np.searchsorted(curve.time, ASKED, side="right") - 1
    return curve.survival[place], curve.std_error[place]


def lifelines_km(time: Array, event: Array, x: Array) -> Any:
    from lifelines import KaplanMeierFitter

    return list(KaplanMeierFitter().fit(time, event).survival_function_at_times(ASKED)), None


def statsmodels_km(time: Array, event: Array, x: Array) -> Any:
    from statsmodels.duration.survfunc import SurvfuncRight

    curve = SurvfuncRight(time, event.astype(float))
    place = np.searchsorted(curve.surv_times, ASKED, side="right") - 1
    return curve.surv_prob[place], curve.surv_prob_se[place] / curve.surv_prob[place]


def sksurv_km(time: Array, event: Array, x: Array) -> Any:
    from sksurv.nonparametric import kaplan_meier_estimator

    times, survival, _ = kaplan_meier_estimator(event, time, conf_type="log-log")
    return survival[np.searchsorted(times, ASKED, side="right") - 1], None


def spread(coefs: Any) -> tuple[list[float], list[float]]:
    return list(np.mean(coefs, axis=0)), list(np.std(coefs, axis=0))


def refit_together(time: Array, event: Array, x: Array, samples: Array) -> Any:
    from lutrace.stats import fit_cox, refit_cox, survival_of

    fit = fit_cox(survival_of(time, event), x, terms=[f"x{number}" for number in range(x.shape[1])])
    return spread(refit_cox(fit, samples))


def refit_alone(fit: Callable[..., Any]) -> Callable[..., Any]:
    return lambda time, event, x, samples: spread([fit(time[rows], event[rows], x[rows])[0] for rows in samples])


COX = {"lutrace": lutrace, "lifelines": lifelines, "statsmodels": statsmodels, "sksurv": sksurv}
WORK: dict[str, dict[str, Callable[..., Any]]] = {
    "cox": COX,
    "km": {"lutrace": lutrace_km, "lifelines": lifelines_km, "statsmodels": statsmodels_km, "sksurv": sksurv_km},
    "refits": {name: refit_alone(fit) for name, fit in COX.items()}
    | {"lutrace": refit_together, "lutrace_alone": refit_alone(lutrace)},
}


def main() -> None:
    library, name, times, p, rounds, task = sys.argv[1:]
    folder = Path(name)
    work, data = WORK[task][library], read(folder, times, int(p))
    warnings.simplefilter("ignore")
    small: tuple[Array, ...] = tuple(part[:500] for part in data)  # what is loaded or compiled at the first call
    if task == "refits":
        samples = np.fromfile(folder / "samples.bin", dtype=np.int32).reshape(-1, data[0].size)
        data, small = (*data, samples), (*small, samples[:2])  # type: ignore[assignment]
    work(*small)
    clock, processor, found = [], [], None
    for _ in range(int(rounds)):
        started, used, fits = time.perf_counter(), time.process_time(), 0
        while fits == 0 or time.perf_counter() - started < SHORTEST:
            found, fits = work(*data), fits + 1
        clock.append((time.perf_counter() - started) / fits)
        processor.append((time.process_time() - used) / fits)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    coef, se = found or ((), None)
    print(json.dumps({"wall": min(clock), "cpu": min(processor), "peak_gb": peak, "coef": list(coef),
                      "se": None if se is None else list(se)}))  # fmt: skip


if __name__ == "__main__":
    main()
