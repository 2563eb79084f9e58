"""1,000 bootstrap samples of a Cox model of 4 covariates on 200 patients, the same samples for all.

lutrace fits them together (`refit_cox`) and, to compare, one by one (`lutrace alone`), as the others do; R's
`coxph.fit` is called without residuals. What is compared is the mean and the standard deviation of the coefficients.
Who takes more processor seconds than the limit is told so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from shared.survival_peers import Fit, describe, find_commands, make_patients, run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=300, help="processor seconds for each process")
    given = parser.parse_args()
    commands = find_commands(("lean",))
    commands["lutrace alone"] = [*commands["lutrace"][:-1], "lutrace_alone"]
    with tempfile.TemporaryDirectory(prefix="lutrace-bench-") as name:
        fit = Fit("refits", make_patients(Path(name), 200, 4), "daily", 4, 3)
        mine = run(commands["lutrace"], fit, given.limit)
        assert mine is not None, "lutrace took more than the limit"
        answers = {"lutrace": mine}
        for which, command in commands.items():
            often = which.startswith(("lutrace", "R"))
            answer = answers.get(which) or run(command, fit if often else fit._replace(rounds=1), given.limit)
            print(f"1,000 refits of 200 patients: {describe(which, answer, mine, given.limit)}", flush=True)
            if answer is not None:
                answers[which] = answer
    met = all(answer["cpu"] >= mine["cpu"] for answer in answers.values())
    print(f"bar: nobody takes fewer processor seconds: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
