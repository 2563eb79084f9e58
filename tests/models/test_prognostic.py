"""External validation of a synthetic model card against R survival 3.5-3 and glm, and what is refused."""

from __future__ import annotations

import json

import pytest
from tests.models.cohort_rows import two_cohorts

from lutrace.core import ProtocolError, Row
from lutrace.models import AnalysisResult, fit_analysis
from lutrace.protocol import ModelCard, PrognosticAnalysis, Protocol, parse_protocol

STUDY = """
study: validation
title: Validation of a synthetic card
question: Does the synthetic card fit synthetic patients?
population: {agents: [lu177_psma_617]}
populations: [{name: here, label: Treated here, index: {event: first_cycle}}]
endpoints: [{kind: os, name: os, label: Overall survival}]
covariates:
  - {name: x_age, label: Age, value: age_years, transform: identity, unit: per year}
  - {name: x_liver, label: Liver metastases, value: psa50, transform: present, unit: yes against no}
analyses: []
"""
CARD = ModelCard.model_validate(
    {
        "name": "synthetic-card",
        "label": "Synthetic card",
        "citation": "Made for this test, of no patients",
        "outcome": "os",
        "setting": "mcrpc",
        "population": "synthetic patients of no study",
        "status": "transcribed",
        "checked": "by hand",
        "licence": "none",
        "predictors": [
            {
                "name": "age", "label": "Age", "transform": "identity", "unit": "per year", "centre": 70,
                "coefficient": 0.05, "place": "here",
            },
            {
                "name": "liver", "label": "Liver metastases", "transform": "present", "unit": "yes against no",
                "coefficient": 0.6, "place": "here",
            },
        ],
        "baseline": [
            {"months": 6, "survival": 0.8}, {"months": 12, "survival": 0.55}, {"months": 18, "survival": 0.4},
        ],
    }
).locked()  # fmt: skip


def patients() -> list[Row]:
    """The 32 synthetic patients of both cohorts as one population."""
    named = {"age": "x_age", "liver": "x_liver", "age_days": "x_age_days", "liver_days": "x_liver_days"}
    return [
        {**{named.get(key, key): value for key, value in row.items()}, "population": "here"} for row in two_cohorts()
    ]


def study(card: ModelCard) -> Protocol:
    return parse_protocol(STUDY, "validation.yaml").model_copy(update={"cards": (card,)})


def fit(card: ModelCard = CARD, rows: list[Row] | None = None, shipped: str = "", **keys: object) -> AnalysisResult:
    told = {
        "kind": "prognostic", "name": "card", "label": "Card", "populations": ["here"], "endpoint": "os",
        "card": shipped or card.name, "predictors": {"age": "x_age", "liver": "x_liver"}, "horizon": "360 days",
        "differs": "synthetic patients", "thresholds": [0.3, 0.6],
    } | keys  # fmt: skip
    return fit_analysis(PrognosticAnalysis.model_validate(told), patients() if rows is None else rows, study(card))


def one(result: AnalysisResult, term: str) -> Row:
    (found,) = [row for row in result.estimates if row["term"] == term]
    return found


@pytest.fixture(scope="module")
def found() -> AnalysisResult:
    return fit()


EXPECTED = [
    ("harrell", {"estimate": 0.8002207506, "se": 0.0346175074}),  # concordance(Surv ~ lp, reverse = TRUE)
    ("uno", {"estimate": 0.85933503836, "se": 0.03546443596}),  # timewt = "n/G2", ymax = 360
    ("slope", {"estimate": 2.8985750451, "se": 0.6662439284}),  # coxph(Surv ~ lp)
    ("observed_expected", {"estimate": 0.9801418215, "low": 0.6868447885, "high": 1.3072347635}),  # survfit, log-log
    ("intercept", {"estimate": 0.07225542704, "se": 0.24252833112}),  # glm(offset(log(expected)), poisson)
]


@pytest.mark.parametrize(("term", "numbers"), EXPECTED)
def test_each_number_is_what_r_gives(found: AnalysisResult, term: str, numbers: dict[str, float]) -> None:
    row = one(found, term)
    assert {name: row[name] for name in numbers} == pytest.approx(numbers, rel=1e-4)


def test_groups_of_risk_and_decisions_are_those_of_the_curves_of_r(found: AnalysisResult) -> None:
    groups = [(row["x"], row["y"], row["n"]) for row in found.validations if row["curve"] == "calibration_groups"]
    expected = [(0.35960966, 0.125), (0.4672956877, 0.25), (0.5882621451, 0.75), (0.7528861025, 1.0)]
    for got, wanted in zip(groups, expected, strict=True):
        assert got == (pytest.approx(wanted[0], rel=1e-6), pytest.approx(wanted[1]), 8)
    benefit = {(row["curve"], row["x"]): row["y"] for row in found.validations if row["curve"].startswith("decision")}
    assert benefit == {
        ("decision_model", 0.3): pytest.approx(0.34375),
        ("decision_all", 0.3): pytest.approx(0.3303571429),
        ("decision_model", 0.6): pytest.approx(0.265625),
        ("decision_all", 0.6): pytest.approx(-0.171875),
    }


def test_the_smooth_curve_lies_between_0_and_1_and_rises_with_a_slope_above_0(found: AnalysisResult) -> None:
    points = [(row["x"], row["y"]) for row in found.validations if row["curve"] == "calibration_smooth"]
    assert len(points) == 25
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert 0 <= points[0][1] < points[-1][1] <= 1


def test_the_brier_score_stands_beside_that_of_the_share_of_all(found: AnalysisResult) -> None:
    row = one(found, "brier")
    checks = json.loads(row["checks"])
    assert row["estimate"] < checks["of_the_share_of_all"]
    assert checks["gain"] == pytest.approx(1 - row["estimate"] / checks["of_the_share_of_all"])
    assert 0 < one(found, "integrated_brier")["estimate"] < 0.25


def test_a_recalibrated_card_is_a_card_of_its_own_with_slope_and_baseline_of_these_patients(
    found: AnalysisResult,
) -> None:
    made = ModelCard.model_validate(json.loads(one(found, "slope")["checks"])["recalibrated_card"])
    assert made.digest == made.content_digest != CARD.digest
    assert made.made_from == CARD.digest
    assert made.status == "re_estimated"
    slope = 2.8985750451
    assert [predictor.coefficient for predictor in made.predictors] == pytest.approx([0.05 * slope, 0.6 * slope])
    assert [point.survival for point in made.baseline] == pytest.approx([0.9059179330, 0.6707638186, 0.3220632782])
    again = fit(made)
    assert one(again, "slope")["estimate"] == pytest.approx(1)
    assert one(again, "harrell")["estimate"] == pytest.approx(0.8002207506)


def test_a_card_of_another_population_has_a_banner(found: AnalysisResult) -> None:
    (banner,) = [warning for warning in found.warnings if "was made on" in warning.text]
    assert "synthetic patients of no study. Here: synthetic patients" in banner.text
    assert "was not made for 177Lu-PSMA in mCRPC" in banner.text


def test_relative_hazards_without_a_baseline_order_patients_and_predict_no_risk() -> None:
    ratios = CARD.model_copy(update={"baseline": (), "status": "ratios_only"}).locked()
    result = fit(ratios)
    assert {row["measure"] for row in result.estimates} == {"concordance", "auc", "calibration_slope"}
    assert result.validations == ()


def test_a_card_whose_steps_are_not_said_is_not_validated_and_the_reason_names_them() -> None:
    unsaid = CARD.predictors[0].model_copy(update={"unit": "", "coefficient": None, "hazard_ratio": 1.1})
    card = CARD.model_copy(update={"predictors": (unsaid, CARD.predictors[1]), "baseline": (), "status": "ratios_only"})
    row = one(fit(card.locked()), "harrell")
    assert row["estimate"] is None
    assert "Age: the source does not say what one step is" in row["method"]


def test_a_shipped_card_without_coefficients_says_so() -> None:
    predictors = dict.fromkeys(("bone_volume", "node_volume", "visceral_volume"), "x_age")
    row = one(fit(shipped="organ-volume-score", predictors=predictors), "harrell")
    assert row["estimate"] is None
    assert "its coefficients are not published where they could be read" in row["method"]


def test_a_changed_coefficient_without_a_new_digest_is_refused() -> None:
    changed = CARD.predictors[0].model_copy(update={"coefficient": 0.06})
    with pytest.raises(ProtocolError, match=r"expected the digest .* compare every number with its source"):
        fit(CARD.model_copy(update={"predictors": (changed, CARD.predictors[1])}))


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"predictors": {"age": "x_age"}}, r"expected those of the card synthetic-card \(age, liver\)"),
        ({"predictors": {"age": "x_liver", "liver": "x_liver"}}, "the card takes Age as identity"),
    ],
)
def test_predictors_are_those_of_the_card_transformed_as_it_says(keys: dict[str, object], match: str) -> None:
    with pytest.raises(ProtocolError, match=match):
        fit(**keys)


def test_a_horizon_beyond_the_card_and_a_predictor_from_after_time_zero_are_refused() -> None:
    beyond = one(fit(horizon="600 days"), "harrell")
    assert "the card predicts up to 18 months" in beyond["method"]
    rows = patients()
    rows[0]["x_age_days"] = 3.0
    assert "known only after time zero: x_age" in one(fit(rows=rows), "harrell")["method"]


def test_patients_without_a_predictor_are_left_out_and_counted() -> None:
    rows = patients()
    rows[0] |= {"x_age": None, "x_age_days": None}
    result = fit(rows=rows)
    assert one(result, "harrell")["n"] == 31
    assert any(warning.text.startswith("1 of 32 patients lack a predictor") for warning in result.warnings)
