"""`lutrace grade` beside the second implementation in validation/ctcae, on few records."""

from __future__ import annotations

import pytest
from validation.ctcae import compare, second


@pytest.mark.parametrize("version", ["4.0", "5.0", "6.0"])
def test_second_implementation_agrees_on_records_at_the_boundaries(version: str) -> None:
    counts, differ = compare.compare(compare.draw_labs(500), version)
    assert differ.to_dict("records") == []
    assert min(counts.values()) > 20


def test_the_comparison_sees_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    labs = compare.draw_labs(500)
    theirs = compare.run_lutrace(labs, "5.0")
    monkeypatch.setattr(compare, "run_lutrace", lambda *_: theirs)
    for table, key, other in [
        (second.LOW_CUTOFFS, "platelets", (75, second.Fraction("50.0001"), 25)),
        (second.ULN_STEPS, "creatinine", (1, 1.5, 3, 4)),
        (second.BASELINE_STEPS, ("5.0", "alt"), ((1.5, 2, 5, 20), True)),
        (second.BASELINE_STEPS, ("5.0", "bilirubin"), ((1, 2.5, 3, 10), False)),
        (second.HAEMOGLOBIN_G_L, "g/dL", second.Fraction("10.1")),
    ]:
        with monkeypatch.context() as changed:
            changed.setitem(table, key, other)
            assert not compare.compare(labs, "5.0")[1].empty, key
