"""Tables of characteristics by group: which variables, by which statistics, compared by which tests."""

from __future__ import annotations

from typing import Any, Literal

from lutrace.core import Field, FrozenModel, model_validator

BY_POPULATION = "population"
TestName = Literal["rank_sum", "kruskal_wallis", "welch", "chi_square", "fisher"]
_TESTS: dict[str, tuple[str, ...]] = {
    "number": ("rank_sum", "kruskal_wallis", "welch"),
    "yes": ("chi_square", "fisher"),
    "classes": ("chi_square", "fisher"),
}


class TableVariable(FrozenModel):
    """One variable: a value of the patient at time zero, as a `number`, as `yes` (above 0) or by its `classes`.

    `levels` orders the classes; without them they stand by name. A class that is not among given levels is an error.
    `test` compares the groups; there is none unless it is named. `remark` is a footnote to this variable.
    """

    value: str
    type: Literal["number", "yes", "classes"]
    statistics: tuple[Literal["median_iqr", "median_range", "mean_sd"], ...] = Field(("median_iqr",), min_length=1)
    levels: tuple[str, ...] = ()
    test: TestName | None = None
    remark: str = ""

    @model_validator(mode="after")
    def _fits_its_type(self) -> TableVariable:
        if self.test is not None and self.test not in _TESTS[self.type]:
            raise ValueError(f"{self.value}: expected a test for {self.type} ({', '.join(_TESTS[self.type])})")
        if self.levels and self.type != "classes":
            raise ValueError(f"{self.value}: expected type: classes where levels are given, got {self.type}")
        return self


class GroupTable(FrozenModel):
    """Variables of the patients of `populations`, a column for each group of `by`.

    by: `population` (each population a column), or a value with classes or of yes and no (a centre, a response), of one
    population then; `groups` orders its classes. `overall` adds a column of all; `smd` the standardised mean difference
    of two groups. Both, and every test, need groups that share no patient. Patients without a group are left out, and
    their number is said.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_]*$")
    label: str
    populations: tuple[str, ...] = Field(min_length=1)
    by: str = BY_POPULATION
    groups: tuple[str, ...] = ()
    overall: bool = False
    smd: bool = False
    variables: tuple[TableVariable, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_one_kind_of_group(self) -> GroupTable:
        if self.by != BY_POPULATION and len(self.populations) > 1:
            raise ValueError(f"expected one population where groups are those of {self.by}; declare a table for each")
        if self.by == BY_POPULATION and self.groups:
            raise ValueError("expected no groups where each population is one")
        if self.smd and self.by == BY_POPULATION and len(self.populations) != 2:
            raise ValueError("expected two populations, for a standardised mean difference is one of two groups")
        twice = _twice([one.value for one in self.variables])
        if twice:
            raise ValueError(f"expected each variable once, got twice: {', '.join(twice)}")
        return self

    @property
    def compares(self) -> bool:
        """Whether anything in it sets groups against each other."""
        return self.smd or self.overall or any(one.test is not None for one in self.variables)


def _twice(names: list[Any]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
