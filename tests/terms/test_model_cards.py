"""Model cards: shipped ones hold to their digest, and a card cannot claim what it has not."""

from __future__ import annotations

from typing import Any

import pytest

from lutrace.core import ProtocolError, UnusableInputError
from lutrace.terms import ModelCard, check_card, model_card, model_cards

PREDICTOR = {
    "name": "age",
    "label": "Age",
    "transform": "identity",
    "unit": "per year",
    "coefficient": 0.1,
    "place": "t",
}


def card(**values: Any) -> ModelCard:
    told = {
        "name": "mine", "label": "Mine", "citation": "Made for this test", "outcome": "os", "setting": "mcrpc",
        "population": "no patients at all", "status": "transcribed", "checked": "by hand", "licence": "none",
        "predictors": [PREDICTOR],
    } | values  # fmt: skip
    return ModelCard.model_validate(told)


def test_the_shipped_cards_hold_to_their_digests_and_none_has_a_coefficient_without_a_table() -> None:
    names = [one.name for one in model_cards()]
    assert names == sorted(names)
    assert {"lupsma-nomogram-os", "ppp2-quantitative", "organ-volume-score"} <= set(names)
    for one in model_cards():
        assert one.digest == one.content_digest
        assert one.lacking, f"{one.name} can be used: its coefficients need three worked examples as a test"


def test_the_ratios_of_the_one_card_that_has_some_are_those_of_its_abstract() -> None:
    ratios = {one.name: (one.hazard_ratio, one.low, one.high) for one in model_card("lupsma-it-laboratory").predictors}
    assert ratios == {
        "crp": (1.10, 1.02, 1.18),
        "ldh": (1.07, 1.01, 1.11),
        "ast": (1.16, 1.06, 1.26),
        "interval": (0.95, 0.91, 0.99),
    }


def test_an_unknown_card_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UnusableInputError, match="expected a model card among lupsma-it-laboratory"):
        model_card("nomogram")


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"status": "absent"}, "expected no coefficient and no baseline"),
        ({"predictors": [PREDICTOR | {"coefficient": None}]}, "expected a coefficient with its unit"),
        ({"predictors": [PREDICTOR | {"unit": ""}]}, "expected a coefficient with its unit"),
        ({"predictors": [PREDICTOR | {"place": ""}]}, "expected the table"),
        ({"status": "ratios_only", "baseline": [{"months": 6, "survival": 0.5}]}, "expected no baseline"),
        (
            {"baseline": [{"months": 6, "survival": 0.5}, {"months": 12, "survival": 0.6}]},
            "ascending months and never rising survival",
        ),
    ],
)
def test_a_card_that_claims_what_it_has_not_is_refused(values: dict[str, Any], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        card(**values)


def test_a_card_without_a_digest_is_refused_and_the_message_names_the_one_to_write() -> None:
    mine = card()
    with pytest.raises(ProtocolError, match=f"expected the digest {mine.content_digest}, none stands there"):
        check_card(mine)
    assert check_card(mine.locked()).digest == mine.content_digest


def test_a_hazard_ratio_is_a_weight_only_with_its_unit() -> None:
    ratio = PREDICTOR | {"coefficient": None, "hazard_ratio": 2.0}
    (said,) = card(status="ratios_only", predictors=[ratio]).predictors
    (unsaid,) = card(status="ratios_only", predictors=[ratio | {"unit": ""}]).predictors
    assert said.weight == pytest.approx(0.6931471806)
    assert unsaid.weight is None
