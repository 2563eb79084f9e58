"""Mixed models on 60 synthetic samples against lmer live: `python -m validation.stats.regression.check_sweep`.

No restricted likelihood may be lower than lmer's; where it is not higher by more than rounding, errors and degrees of
freedom (Satterthwaite, Kenward-Roger) must agree to 0.001 (lmerTest's are by numerical derivatives).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from validation.stats.sweep import run_script

from lutrace.core import Row, read_rows
from lutrace.stats import RandomEffects, fit_mixed

SCRIPT = Path(__file__).with_name("sweep.R")
TERMS = ["t", "x", "z"]


def compute_fit(rows: list[Row], model: str) -> tuple[float, list[float]]:
    """Log likelihood; errors and degrees of freedom by both methods."""
    random = RandomEffects(
        [row["g"] for row in rows], [] if model == "intercept" else ["t"], correlated=model != "uncorrelated"
    )
    covariates = np.array([[float(row[term]) for term in TERMS] for row in rows])
    outcome = [float(row["y"]) for row in rows]
    one = fit_mixed(outcome, covariates, terms=TERMS, random=random, df_method="satterthwaite")
    other = fit_mixed(outcome, covariates, terms=TERMS, random=random)
    return one.loglik, [*one.se, *one.df, *other.se, *other.df]


def main() -> list[str]:
    """The faults found; what was compared is printed."""
    with tempfile.TemporaryDirectory() as folder:
        if not run_script(SCRIPT, folder):
            return []
        rows, fits = (read_rows(Path(folder) / name) for name in ("rows.csv", "fits.csv"))
    faults, n_higher, differences = [], 0, []
    for fit in fits:
        loglik, ours = compute_fit([row for row in rows if row["sample"] == fit["sample"]], fit["model"])
        gain = loglik - float(fit["loglik"])
        theirs = [float(fit[f"v{number}"]) for number in range(1, len(ours) + 1)]
        difference = float(np.abs(np.divide(ours, theirs) - 1).max())
        name = f"sample {fit['sample']}, {fit['model']}"
        if gain < -1e-8:
            faults.append(f"{name}: log likelihood lower by {-gain:.1e}")
        elif gain > 1e-6:
            n_higher += 1
        else:
            differences.append(difference)
            faults += [f"{name}: differs by {difference:.1e}"] if difference > 1e-3 else []
    print(
        f"   {len(fits)} mixed models: {n_higher} higher than lmer; the others differ by at most {max(differences):.1e}"
    )
    print(f"   and half of them by less than {np.median(differences):.1e}")
    return faults


if __name__ == "__main__":
    sys.exit("\n".join(main()))
