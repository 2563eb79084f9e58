"""What the patients of a virtual centre show, by the names of its document's targets. All patients are synthetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.stats import compute_kaplan_meier, survival_of
from lutrace.virtual import (
    AGENTS,
    REGIMENS,
    REGION_NAMES,
    STOP_REASONS,
    CentreDocument,
    DrawnPatients,
    RealWorld,
    VirtualPatients,
    draw_patients,
    simulate_patients,
)

Array = NDArray[Any]
Arrays = dict[str, Array]
MONTH_DAYS = 30.4375
HOSPICE, NEXT_LINE, BREAK = 1, 2, 3


def measure_centre(centre: CentreDocument, n: int, *, seed: int) -> dict[str, float]:
    """Every measure that the targets of a centre name, on `n` patients."""
    if centre.study == "early-spect-response":
        return measure_spect(simulate_patients(n, seed=seed, parameters=centre.cohort_parameters()))
    drawn = (one for one, _ in draw_patients(centre, n, seed=seed))
    if centre.study == "real-world-survival":
        return measure_real_world(_join(_real_world_arrays(one) for one in drawn if isinstance(one, RealWorld)))
    parts = (one for one in drawn if isinstance(one, DrawnPatients))
    arrays, measure = _TREATED[centre.study]
    return measure(_join({**_treated_arrays(one), **arrays(one)} for one in parts))


def _join(parts: Iterable[Arrays]) -> Arrays:
    listed = list(parts)
    return {name: np.concatenate([one[name] for one in listed]) for name in listed[0]}


def _share(of: Array) -> float:
    return float(np.mean(of))


def _quartiles(name: str, values: Array) -> dict[str, float]:
    low, middle, high = np.nanpercentile(values, [25, 50, 75])
    return {f"{name}_q1": float(low), f"{name}_median": float(middle), f"{name}_q3": float(high)}


def _correlation(a: Array, b: Array) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def _median_months(day: Array, event: Array) -> float:
    found = compute_kaplan_meier(survival_of(day / MONTH_DAYS, event)).quantile().estimate
    return np.nan if found is None else found


def _best(psa: Array) -> Array:
    return np.asarray(np.fmin.reduce(psa[:, 1:] / psa[:, :1], axis=1))


def measure_spect(v: VirtualPatients) -> dict[str, float]:
    """S0: response, volume, new lesions, cycles and survival of patients with SPECT."""
    second, third = v.reached(2), v.reached(3)
    change, best = np.exp(v.ln_psa_change), _best(v.psa_ng_ml)
    found = {
        "age_median": float(np.median(v.age_years)),
        "age_sd": float(v.age_years.std()),
        "psa_ln_mean": float(v.ln_psa.mean()),
        "psa_ln_sd": float(v.ln_psa.std()),
        "ttv_median": float(np.exp(np.median(v.ln_ttv[:, 0]))),
        "haemoglobin_mean": float(v.haemoglobin.mean()),
        "haemoglobin_sd": float(v.haemoglobin.std()),
        "suv_mean_median": float(np.median(v.suv_mean)),
        "suv_mean_at_least_10": _share(v.suv_mean >= 10),
        "liver": _share(v.has_liver),
        "bone": _share(v.has_bone),
        "r_psa_ttv": _correlation(v.ln_psa, v.ln_ttv[:, 0]),
        "r_week_6_week_12": _correlation(v.ln_psa_change[:, 1], v.ln_psa_change[:, 2]),
        "psa50_cycle_2": _share(change[:, 1] <= 0.5),
        "psa50_best": _share(best <= 0.5),
        "psa90_best": _share(best <= 0.1),
        "psa_down": _share(v.trajectory == 0),
        "psa_up": _share(v.trajectory == 1),
        "psa_flare": _share(v.trajectory == 3),
        "reach_cycle_3": _share(third[second]),
        "new_lesions_cycle_2": _share(v.new_lesion[second, 1]),
        "new_lesions_cycle_3": _share(v.new_lesion[third, 2]),
        "ln_ttv_cycle_2_sd": float(v.ln_ttv[second, 1].std()),
        "survival_median": float(np.median(v.death_day)) / MONTH_DAYS,
        "alive_at_cut": _share(~v.os_event[second]),
        "follow_up_median_weeks": float(np.median((v.follow_up_day - v.landmark_day)[second])) / 7,
        "psa_pfs_median": _median_months(v.pfs_day, v.pfs_event),
        **{
            f"cycles_{q}": float(np.percentile(v.n_cycles[second], p))
            for q, p in (("q1", 25), ("median", 50), ("q3", 75))
        },
    }
    for column, here in ((1, second), (2, third)):
        shrink = (v.ln_ttv[:, column] - v.ln_ttv[:, 0])[here]
        psa = v.ln_psa_change[here, column]
        found[f"r_change_cycle_{column + 1}"] = _correlation(shrink, psa)
        found[f"r_absolute_cycle_{column + 1}"] = _correlation(v.ln_ttv[here, column], psa)
    return found


def _treated_arrays(one: DrawnPatients) -> Arrays:
    people = one.people
    v = people.course
    return {
        "age": v.age_years,
        "n_cycles": v.n_cycles,
        "end": people.end,
        "death_day": v.death_day,
        "cut_day": v.follow_up_day,
        "best": _best(v.psa_ng_ml),
        "prior_lines": (people.lines.agent >= 0).sum(axis=1),
        "toxic": _is_toxic(one),
        "haemoglobin": one.blood.baseline_haemoglobin,
    }


def _is_toxic(one: DrawnPatients) -> Array:
    """Whose count was of grade 3 at a draw until 30 days after the last cycle."""
    blood = one.blood
    inside = np.isfinite(blood.values["haemoglobin"]) & (blood.days <= one.people.last_cycle_day[:, None] + 30)
    return np.asarray((inside & (blood.days >= blood.toxicity_day[:, None])).any(axis=1))


def _measure_treated(a: Arrays) -> dict[str, float]:
    return {
        "age_median": float(np.median(a["age"])),
        "survival_median": float(np.median(a["death_day"])) / MONTH_DAYS,
        "follow_up_median": float(np.median(a["cut_day"])) / MONTH_DAYS,
        "cycles_median": float(np.median(a["n_cycles"])),
        "cycles_mean": float(np.mean(a["n_cycles"])),
        **{f"end_{name}": _share(a["end"] == number) for number, name in enumerate(STOP_REASONS)},
    }


def _kinetics_arrays(one: DrawnPatients) -> Arrays:
    """When PSA50 was first reached: 2 = by the draws before dose 3, 3 = before dose 4, 9 = later or never."""
    v = one.people.course
    ratio = v.psa_ng_ml / v.psa_ng_ml[:, :1]
    dose = np.nan_to_num(v.cycle_day, nan=np.inf)
    after = v.psa_day > 0
    reached = {number: ((ratio <= 0.5) & after & (v.psa_day <= dose[:, [number]])).any(axis=1) for number in (2, 3)}
    return {"by_dose": np.where(reached[2], 2, np.where(reached[3], 3, 9))}


def _measure_kinetics(a: Arrays) -> dict[str, float]:
    responds = a["best"] <= 0.5
    ends = a["end"][responds]
    ongoing, completed = _share(ends == STOP_REASONS.index("ongoing")), _share(ends == STOP_REASONS.index("completed"))
    return {
        **_measure_treated(a),
        "prior_lines_median": float(np.median(a["prior_lines"])),
        "psa50": _share(responds),
        "psa50_by_dose_2_of_responders": _share(a["by_dose"][responds] == 2),
        "psa50_by_dose_3_of_responders": _share(a["by_dose"][responds] <= 3),
        "psa90_of_responders": _share(a["best"][responds] <= 0.1),
        "completed_of_responders": completed,
        "ongoing_of_responders": ongoing,
    }


def _aftermath_arrays(one: DrawnPatients) -> Arrays:
    after = one.after
    assert after is not None
    chemo = after.chemotherapy
    return {
        "what": after.what,
        "cabazitaxel": np.isin(after.regimen, [k for k, names in enumerate(REGIMENS) if "cabazitaxel" in names]),
        "chemo": chemo,
        "chemo_cycles": after.n_cycles,
        "responds": after.responds,
        "anaemia": after.anaemia,
        "low_platelets": after.low_platelets,
        "supported": after.supported,
    }


def _measure_aftermath(a: Arrays) -> dict[str, float]:
    stopped = a["end"] == STOP_REASONS.index("progression")
    what, line, chemo = a["what"][stopped], a["what"] == NEXT_LINE, a["chemo"]
    return {
        **_measure_treated(a),
        "hospice_of_stopped": _share(what == HOSPICE),
        "next_line_of_stopped": _share(what == NEXT_LINE),
        "break_of_stopped": _share(what == BREAK),
        "cabazitaxel_of_lines": _share(a["cabazitaxel"][line]),
        "psa50_of_lines": _share(a["responds"][line]),
        "psa50_without_cabazitaxel": _share(a["responds"][line & ~a["cabazitaxel"]]),
        "chemotherapy_cycles_median": float(np.median(a["chemo_cycles"][chemo])),
        "anaemia_of_chemotherapies": _share(a["anaemia"][chemo]),
        "thrombocytopenia_of_chemotherapies": _share(a["low_platelets"][chemo]),
        "support_of_chemotherapies": _share(a["supported"][chemo]),
    }


def _toxicity_arrays(one: DrawnPatients) -> Arrays:
    regions, answers, values = one.regions, one.answers, one.blood.values
    assert regions is not None and answers is not None
    day = np.where(answers.answered, answers.days, -1.0)
    last = day.max(axis=1)
    place = {name: REGION_NAMES.index(name) for name in REGION_NAMES}
    first_pain = answers.severity[:, 0] / 4
    return {
        "burden": one.people.course.burden,
        "platelets": values["platelets"][:, 0],
        "leukocytes": values["leukocytes"][:, 0],
        "neutrophils": values["neutrophils"][:, 0],
        "lymphocytes": values["lymphocytes"][:, 0],
        "suv_mean": regions.suv_mean[:, place["Whole-body tumour"]],
        "suv_max": regions.suv_max[:, place["Whole-body tumour"]],
        "volume": regions.volume_ml[:, place["Whole-body tumour"]],
        "marrow": regions.suv_mean[:, place["Skeleton outside lesions"]],
        "parotid": regions.suv_max[:, place["Left parotid"]],
        "submandibular": regions.suv_max[:, place["Left submandibular"]],
        "fact_p": answers.fact_p[:, 0],
        "pain": first_pain,
        "dryness": answers.xerostomia - 11,
        "expected": np.isfinite(answers.days),
        "answered": answers.answered,
        "fact_p_worse": answers.fact_p_day <= last,
        "pain_worse": answers.pain_day <= last,
        "fact_p_day": answers.fact_p_day,
    }


def _measure_toxicity(a: Arrays) -> dict[str, float]:
    expected, answered = a["expected"], a["answered"]
    visits = np.arange(expected.shape[1])
    seen = expected[:, :6]
    slope = np.polyfit(np.broadcast_to(visits[:6], seen.shape)[seen], a["dryness"][:, :6][seen], 1)[0]
    completion = [_share(answered[expected[:, k], k]) for k in (0, 5)]
    return {
        **_measure_treated(a),
        "haemoglobin_mean": float(a["haemoglobin"].mean()),
        "haemoglobin_sd": float(a["haemoglobin"].std()),
        **{f"{name}_median": float(np.median(a[name])) for name in ("platelets", "leukocytes", "lymphocytes")},
        "neutrophils_of_leukocytes": float(np.median(a["neutrophils"] / a["leukocytes"])),
        "suv_mean_median": float(np.median(a["suv_mean"])),
        "suv_mean_at_least_10": _share(a["suv_mean"] >= 10),
        "suv_max_median": float(np.median(a["suv_max"])),
        "volume_median": float(np.median(a["volume"])),
        "marrow_mean": float(a["marrow"].mean()),
        "parotid_mean": float(a["parotid"].mean()),
        "submandibular_mean": float(a["submandibular"].mean()),
        "fact_p_mean": float(a["fact_p"].mean()),
        "fact_p_sd": float(a["fact_p"].std()),
        "no_pain": _share(a["pain"] == 0),
        "pain_mean": float(a["pain"].mean()),
        "dryness_start_mean": float(a["dryness"][:, 0].mean()),
        "dryness_per_cycle": float(slope),
        "completion_first": completion[0],
        "completion_last": completion[1],
        "severe_toxicity": _share(a["toxic"]),
        "fact_p_worsened": _share(a["fact_p_worse"]),
        "pain_worsened": _share(a["pain_worse"]),
        "fact_p_worse_median": float(np.median(a["fact_p_day"])) / MONTH_DAYS,
        "r_marrow_burden": _correlation(a["marrow"], a["burden"]),
    }


def _real_world_arrays(one: RealWorld) -> Arrays:
    return {
        "age": one.age_years,
        "psa": np.exp(one.ln_psa),
        "gleason": one.milestones.gleason,
        "diagnosis": one.milestones.diagnosis_months,
        "mcrpc": one.milestones.mcrpc_months,
        "taxanes": np.isin(one.lines.agent, _numbers("docetaxel", "cabazitaxel")).sum(axis=1),
        "arpis": np.isin(one.lines.agent, _numbers("abiraterone", "enzalutamide")).sum(axis=1),
        "death_day": one.death_day,
        "cut_day": one.cut_day,
        "recorded": one.known_dead,
        "contact": one.last_contact_day,
        **one.sites,
    }


def _numbers(*names: str) -> list[int]:
    return [AGENTS.index(name) for name in names]


def measure_real_world(a: Arrays) -> dict[str, float]:
    """S4: who they are, and survival as it is and as the record has it."""
    dies = a["death_day"] <= a["cut_day"]
    recorded_day = np.where(a["recorded"], a["death_day"], np.maximum(a["contact"], 0.5))
    return {
        **_quartiles("age", a["age"]),
        **_quartiles("psa", a["psa"]),
        **_quartiles("diagnosis", a["diagnosis"]),
        **_quartiles("mcrpc", a["mcrpc"]),
        "gleason_high": _share(a["gleason"] >= 8),
        **{f"taxanes_{k}": _share(a["taxanes"] == k) for k in (1, 2)},
        **{f"arpis_{k}": _share(a["arpis"] == k) for k in (1, 2)},
        **{name: _share(a[name]) for name in ("bone", "lymph_node", "liver", "lung")},
        "survival_median": float(np.median(a["death_day"])) / MONTH_DAYS,
        "survival_shape": _shape(a["death_day"]),
        "deaths_recorded": _share(a["recorded"][dies]),
        "recorded_median": _median_months(recorded_day, a["recorded"]),
        "cut_off_before_death": _share(~dies),
    }


def _shape(day: Array) -> float:
    """The Weibull shape from the quartiles of times."""
    first, third = np.quantile(day, [0.25, 0.75])
    return float(np.log(np.log(4) / np.log(4 / 3)) / np.log(third / first))


_TREATED: Mapping[str, tuple[Callable[[DrawnPatients], Arrays], Callable[[Arrays], dict[str, float]]]] = {
    "baseline-pet-toxicity": (_toxicity_arrays, _measure_toxicity),
    "psa-kinetics": (_kinetics_arrays, _measure_kinetics),
    "after-rlt": (_aftermath_arrays, _measure_aftermath),
}
