from pathlib import Path

import pytest

from lutrace.core import ProtocolError, UnusableInputError
from lutrace.segment import load_plan, plan_names, read_plan


def test_the_shipped_plans_are_those_of_the_command_line() -> None:
    assert plan_names() == ("adaptive", "liver", "nnunet", "percent41", "percent50", "suv3", "suv4")


@pytest.mark.parametrize("name", plan_names())
def test_each_plan_is_named_as_its_file(name: str) -> None:
    assert load_plan(name).name == name


def test_every_plan_has_a_digest_of_its_own() -> None:
    assert len({load_plan(name).digest for name in plan_names()}) == 7


def test_one_changed_number_changes_the_digest() -> None:
    plan = load_plan("suv3")
    assert plan.model_copy(update={"min_volume_share": 0.6}).digest != plan.digest


def test_an_unknown_plan_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnusableInputError, match="expected one of adaptive, liver"):
        load_plan("suv5")


def test_a_misspelt_key_is_refused_with_its_line(tmp_path: Path) -> None:
    plan = load_plan("suv3").model_dump(mode="json") | {"min_volume": 1.0}
    (tmp_path / "p.yaml").write_text("\n".join(f"{k}: {v!r}" for k, v in plan.items()), encoding="utf-8")
    with pytest.raises(ProtocolError, match="min_volume"):
        read_plan(tmp_path / "p.yaml")


def test_a_percentage_plan_without_its_percentage_is_refused(tmp_path: Path) -> None:
    plan = load_plan("percent41").model_dump(mode="json", exclude_none=True)
    del plan["threshold"]["percent"]
    text = "\n".join(f"{k}: {v!r}" for k, v in plan.items())
    (tmp_path / "p.yaml").write_text(text.replace("None", "null"), encoding="utf-8")
    with pytest.raises(ProtocolError, match=r"threshold\.percent must lie between 0 and 100"):
        read_plan(tmp_path / "p.yaml")
