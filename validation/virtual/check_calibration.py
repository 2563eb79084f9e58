"""Do the virtual centres show the published numbers? Prints target, made and gate of each; about a minute.

`python validation/virtual/check_calibration.py [patients]`; 100,000 of each centre by default. All are synthetic.
"""

from __future__ import annotations

import sys

from validation.virtual.measures import measure_centre

from lutrace.virtual import CENTRES, Target, read_centre

PATIENTS, SEED = 100_000, 20


def gate_in_words(target: Target) -> str:
    """The gate as a reader says it."""
    if target.gate == "range":
        return f"{target.value:g} to {target.upper:g}"
    if target.gate == "relative":
        return f"within {100 * target.within:g} %"
    return f"within {target.within:g}"


def main(patients: int = PATIENTS) -> list[str]:
    """Print the tables; the targets that are not met."""
    faults = []
    for name in ("early-spect-response", *(name for names in CENTRES.values() for name in names)):
        centre = read_centre(name)
        made = measure_centre(centre, patients, seed=SEED)
        print(f"   {name}, {patients} synthetic patients")
        for target in centre.targets:
            value = made[target.measure]
            holds = target.holds(value)
            mark = "ok" if holds else "NOT MET, AS KNOWN" if target.not_met else "NOT"
            words = f"{target.label}: target {target.value:g}, made {value:.3g}, {gate_in_words(target)}"
            print(f"   {mark} {words}  [{target.source}] {target.not_met}".rstrip())
            faults += [] if holds or target.not_met else [f"{name}, {words}"]
        faults += [f"{name}: {one} has no source" for one in centre.without_source()]
    return faults


if __name__ == "__main__":
    sys.exit("\n".join(main(*(int(one) for one in sys.argv[1:2]))))
