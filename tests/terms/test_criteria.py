from __future__ import annotations

import pytest

from lutrace.core import UnusableInputError
from lutrace.terms import (
    describe_repeatability,
    is_psma_tracer,
    recip_rule,
    repeatability_of,
    repeatability_values,
    response_rule,
    response_rules,
    tracer_named,
)


def test_every_rule_has_its_own_name_a_version_and_says_how_its_text_was_checked() -> None:
    rules = response_rules()
    assert len({rule.name for rule in rules}) == len(rules)
    assert {rule.kind for rule in rules} == {"recip", "psa_recip", "ppp", "vision", "therap"}
    assert all(rule.version and rule.source and rule.checked for rule in rules)


def test_the_two_versions_of_recip_differ_in_the_fall_only() -> None:
    new, old = recip_rule("recip-1.0"), recip_rule("recip-asco-2021")
    assert (new.fall, new.rise) == (30.0, 20.0)
    assert (old.fall, old.rise) == (20.0, 20.0)


def test_an_unknown_rule_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnusableInputError, match="vision-2021"):
        response_rule("vision")
    with pytest.raises(UnusableInputError, match="expected a RECIP rule"):
        recip_rule("ppp-2020")


def test_the_composite_names_a_recip_rule_that_exists() -> None:
    names = [rule.recip for rule in response_rules() if rule.kind == "psa_recip"]
    assert names
    assert all(recip_rule(name) for name in names)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("68Ga-PSMA-11", "psma_11"),
        ("PSMA-HBED-CC", "psma_11"),
        ("[18F]PSMA-1007", "psma_1007"),
        ("18F-DCFPyL", "dcfpyl"),
        ("Lu-177 PSMA 617", "psma_617"),
        ("177Lu-PSMA-I&T", "psma_it"),
        ("68Ga-PSMA-I&T", "psma_it"),
        ("68Ga-PSMA", None),
        ("FDG", "fdg"),
        ("a new ligand", None),
        (None, None),
    ],
)
def test_a_tracer_is_known_in_any_spelling(text: str | None, name: str | None) -> None:
    assert tracer_named(text) == name


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("68Ga-PSMA-11", True),
        ("Locametz", True),
        ("a new PSMA ligand", True),
        ("Fluorodeoxyglucose", False),
        ("FDG -- fluorodeoxyglucose", False),
        ("177Lu DOTATATE", False),
        ("unknown", None),
        (None, None),
    ],
)
def test_only_a_ligand_of_psma_is_one_and_the_unknown_is_not_guessed(text: str | None, known: bool | None) -> None:
    assert is_psma_tracer(text) is known


def test_a_coefficient_holds_for_its_level_metric_modality_tracer_and_site_only() -> None:
    known = repeatability_of("lesion", "volume", modality="PET", tracer="psma_11", site="bone")
    assert known is not None
    assert known.coefficient_pct == 77.0
    assert repeatability_of("patient", "volume", modality="PET", tracer="psma_11") is None
    assert repeatability_of("lesion", "volume", modality="SPECT", tracer="psma_617") is None
    assert repeatability_of("lesion", "suv_max", modality="PET", tracer="psma_11") is None
    node = repeatability_of("lesion", "suv_max", modality="PET", tracer="psma_11", site="node")
    assert node is not None
    assert node.coefficient_pct == 37.9


def test_what_was_read_in_an_abstract_only_is_said_to_be_not_verified() -> None:
    for value in repeatability_values():
        words = describe_repeatability(value, modality=value.modality, tracer=value.tracer)
        assert ("not verified in the full text" in words) == (value.checked == "abstract")
    assert describe_repeatability(None, modality="SPECT", tracer=None).endswith("a tracer that is not recorded")
