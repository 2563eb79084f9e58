"""One library's fits of the same data: `fits.py LIBRARY FOLDER TIMES TERMS ROUNDS TASK`; prints seconds and estimates.

TASK is cox (ten covariates, Efron, standard errors), refits (1,000 bootstrap samples of a Cox model) or km.
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

REFITS = 1000


def read(folder: Path, times: str, p: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    event = np.fromfile(folder / "event.bin").astype(bool)
    x = np.ascontiguousarray(np.fromfile(folder / "x.bin").reshape(p, event.size).T)
    return np.fromfile(folder / f"{times}.bin"), event, x


def lutrace(time: np.ndarray, event: np.ndarray, x: np.ndarray) -> Any:
    from lutrace.stats import fit_cox, survival_of

    fit = fit_cox(survival_of(time, event), x, terms=[f"x{number}" for number in range(x.shape[1])])
    return fit.coef, fit.se


def lifelines(time: np.ndarray, event: np.ndarray, x: np.ndarray) -> Any:
    import pandas as pd
    from lifelines import CoxPHFitter

    frame = pd.DataFrame(x, columns=[f"x{number}" for number in range(x.shape[1])])
    frame["time"], frame["event"] = time, event
    fit = CoxPHFitter().fit(frame, "time", "event")
    return list(fit.params_), list(fit.standard_errors_)


def statsmodels(time: np.ndarray, event: np.ndarray, x: np.ndarray) -> Any:
    from statsmodels.duration.hazard_regression import PHReg

    fit = PHReg(time, x, status=event.astype(float), ties="efron").fit()
    return list(fit.params), list(fit.bse)


def sksurv(time: np.ndarray, event: np.ndarray, x: np.ndarray) -> Any:
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    fit = CoxPHSurvivalAnalysis(ties="efron").fit(x, Surv.from_arrays(event, time))
    return list(fit.coef_), None


def km(time: np.ndarray, event: np.ndarray, x: np.ndarray) -> Any:
    from lutrace.stats import compute_kaplan_meier, survival_of

    return [compute_kaplan_meier(survival_of(time, event)).quantile(0.5).estimate], None


def refits(time: np.ndarray, event: np.ndarray, x: np.ndarray) -> Any:
    rng = np.random.default_rng(1)
    coefs = []
    for _ in range(REFITS):
        taken = rng.integers(0, time.size, time.size)
        coefs.append(lutrace(time[taken], event[taken], x[taken])[0])
    return list(np.mean(coefs, axis=0)), list(np.std(coefs, axis=0))


def main() -> None:
    library, folder, times, p, rounds, task = sys.argv[1:]
    data = read(Path(folder), times, int(p))
    tasks: dict[str, Callable[..., Any]] = {"km": km, "refits": refits}
    libraries = {"lutrace": lutrace, "lifelines": lifelines, "statsmodels": statsmodels, "sksurv": sksurv}
    work = tasks.get(task, libraries[library])
    warnings.simplefilter("ignore")
    if task == "cox":
        work(*(part[:500] for part in data))  # what is loaded or compiled at the first call
    clock, processor, found = [], [], None
    for _ in range(int(rounds)):
        started, used = time.perf_counter(), time.process_time()
        found = work(*data)
        clock.append(time.perf_counter() - started)
        processor.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    coef, se = found or ((), None)
    print(json.dumps({"wall": min(clock), "cpu": min(processor), "peak_gb": peak, "coef": list(coef),
                      "se": None if se is None else list(se)}))  # fmt: skip


if __name__ == "__main__":
    main()
