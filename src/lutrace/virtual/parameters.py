"""The numbers that the virtual centre is drawn from, each with the place it was taken from."""

from __future__ import annotations

from dataclasses import dataclass

WEEK_DAYS = 7.0


@dataclass(frozen=True)
class CohortParameters:
    """Truth of the virtual patients; means and spreads chosen to meet published margins.

    Sources: S0 = Demirci et al., J Clin Oncol 2024;42(4_suppl):40 and J Nucl Med 2024 (10.2967/jnumed.124.267665);
    Hartrampf = PMC9606086; Gafita = J Nucl Med 2020;61:1476; Seifert = PMC8041668; John = J Nucl Med 2023;64:410.
    Values without a source are choices of this model, made so that the margins come out. Nothing here is evidence.
    """

    # Persons
    age_mean: float = 72.5
    age_sd: float = 8.2
    ecog_shares: tuple[float, float, float] = (0.40, 0.48, 0.12)
    weight_mean_kg: float = 84.0
    weight_sd_kg: float = 14.0
    height_mean_cm: float = 175.5
    height_sd_cm: float = 7.0
    share_bone: float = 0.92
    share_node: float = 0.80
    """On PSMA-PET; about 0.5 on CT."""
    share_liver: float = 0.12
    share_lung: float = 0.15
    share_taxane: tuple[float, float, float] = (0.15, 0.60, 0.25)
    """No, one, two or more earlier lines of taxane."""
    share_arpi: tuple[float, float, float] = (0.0, 0.45, 0.55)

    # Burden at the first cycle; correlation of ln PSA and ln TTV about 0.65
    ln_psa_mean: float = 4.6
    ln_psa_per_burden: float = 1.2
    ln_psa_own_sd: float = 1.25
    ln_ttv_mean: float = 5.86
    """Median 350 mL."""
    ln_ttv_per_burden: float = 1.25
    ln_ttv_own_sd: float = 0.30
    ln_suv_mean: float = 2.0149
    """ln 7.5: mean SUVbw of all tumour on PET."""
    ln_suv_mean_sd: float = 0.42
    ln_suv_mean_per_avidity: float = 0.20
    ln_suv_max: float = 3.6889
    ln_suv_max_sd: float = 0.65

    # PSA after the first cycle: down, up, fluctuating (Hartrampf 48.8, 34.7, 16.5 %; 24 % of the last rise first)
    share_down: float = 0.49
    share_up: float = 0.35
    share_flare_of_fluctuating: float = 0.24
    down_week6_mean: float = -0.90
    down_week6_sd: float = 0.50
    up_week6_mean: float = 0.27
    up_week6_sd: float = 0.20
    fluctuating_week6_mean: float = -0.44
    fluctuating_week6_sd: float = 0.20
    down_nadir_weeks: float = 38.0
    down_nadir_ln_sd: float = 0.45
    fluctuating_nadir_weeks: float = 13.0
    fluctuating_nadir_ln_sd: float = 0.25
    nadir_per_ln_ttv: float = -0.16
    """Earlier rise with larger TTV at cycle 2: gives the hazard ratio of PSA-PFS (S0 paper: 1.4)."""
    nadir_per_new_lesion: float = -0.45
    largest_rise_per_week: float = 0.12
    psa_noise: float = 0.08
    psa_noise_memory: float = 0.5
    week6_mean: float = -0.44
    """Mean of the true ln PSA change at week 6 that the shares above give."""
    week6_sd: float = 0.68
    week12_mean: float = -0.79
    week12_sd: float = 1.26

    # TTV at cycles 2 and 3
    change_correlation: float = 0.52
    """Of ln TTV change with ln PSA change; comes out at 0.55 (S0: 0.55 and 0.56) with what both owe to the start."""
    change_sd: tuple[float, float] = (0.60, 0.75)
    change_memory: float = 0.8
    change_per_start: float = -0.25
    """Large volumes shrink a little more, so that the spread of ln TTV at cycle 2 is about 1.2."""
    response_per_start: float = -0.28
    """Correlation of ln PSA change with the first ln TTV: makes later ln TTV independent of PSA change (S0 paper)."""
    ttv_drift: tuple[float, float] = (-0.25, -0.40)
    share_new_lesion: tuple[float, float] = (0.20, 0.165)
    """Of all; gives S0's 13 of 66 and 7 of 51 among those who reach cycles 2 and 3."""
    share_new_avid: tuple[float, float] = (0.54, 0.71)
    new_lesion_per_response: float = 0.8
    new_lesion_ml: tuple[float, float] = (4.0, 14.0)
    """Smallest and largest volume of a new lesion when it is first seen."""

    # Cycles (S0: median 4, quartiles 3 and 5; 51 of 66 reach cycle 3)
    interval_weeks: float = 6.2
    interval_ln_sd: float = 0.12
    stop_logits: tuple[float, float, float, float, float] = (-2.75, -1.75, -1.50, -0.75, -0.45)
    stop_per_response: float = 0.85
    stop_by_progression: tuple[float, float] = (0.85, 0.45)
    """Share of stops by progression, with a rising and with a falling PSA; the others by toxicity or choice."""

    # Survival from cycle 2; a Weibull shape between 1.2 and 1.4
    survival_shape: float = 1.3
    survival_median_weeks: float = 58.0
    """At the mean of all covariates, from cycle 2."""
    hazard_per_ln_ttv: float = 0.88
    """S0 paper: ln 2.1 = 0.74 per ln unit in a model with PSA change; a little more here, for what a fit loses."""
    hazard_new_lesion: tuple[float, float] = (1.2, 0.9)
    """At cycles 2 and 3: realistic values; those reported (1.84) are inflated by 13 exposed patients."""
    hazard_per_ln_psa_change: float = 0.30
    hazard_per_haemoglobin: float = -0.22
    """Per g/dL beyond what the burden explains."""
    hazard_per_doubling_ldh: float = 0.49
    """Seifert: 1.632 per doubling; beyond what the burden explains."""
    hazard_liver: float = 0.7
    hazard_per_suv_mean: float = -0.10
    early_death: float = 0.03
    early_death_per_doubling_ttv: float = 0.26

    # Follow-up from cycle 2 (S0 paper: 42 weeks, quartiles 33 and 48) and loss
    follow_up_weeks: float = 42.0
    follow_up_ln_sd: float = 0.28
    follow_up_range_weeks: tuple[float, float] | None = None
    """Shortest and longest time from cycle 1 to the data cut, every one as likely, in the place of the two above."""
    lost_per_week: float = 0.001

    # Blood at the start
    haemoglobin_mean: float = 11.8
    haemoglobin_per_burden: float = -0.55
    haemoglobin_per_marrow: float = 0.45
    haemoglobin_own_sd: float = 1.3
    ldh_median: float = 240.0
    ldh_ln_sd: float = 0.40
    ldh_ln_per_burden: float = 0.18

    # PSA draws: before the first cycle, every three weeks to week 36, every six after
    first_draw_days: float = -3.0
    draw_jitter_days: float = 2.0
    last_draw_week: int = 108
