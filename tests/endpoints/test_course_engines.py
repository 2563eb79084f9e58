"""Course and survival are one expression on every backend: the same rows on DuckDB, PostgreSQL and Spark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest
from tests.conftest import day, freeze_by_hand
from tests.endpoints.test_backends import Unbound
from tests.engines import check_same, names_for_spark, read_rows_of
from tests.spec.course_patients import CUT, merged, rows_of
from tests.spec.test_course import CASES, QUERIES
from tests.spec.test_survival_endpoints import CASES as OUTCOMES
from tests.spec.test_survival_endpoints import PROTOCOL, PSA, psa_rows

from lutrace.core import Row
from lutrace.endpoints import Basis, express_values
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.endpoints.course.counts import derive_course_counts
from lutrace.endpoints.course.queries import derive_course_queries
from lutrace.endpoints.course.states import build_course, derive_course_states, derive_courses
from lutrace.endpoints.course.support import derive_course_support
from lutrace.endpoints.survival.deaths import derive_death_dates
from lutrace.endpoints.survival.pfs import derive_pfs_components
from lutrace.endpoints.survival.times import derive_survival_times
from lutrace.protocol import IndexDate, Pfs, parse_protocol
from lutrace.registry import Snapshot
from lutrace.tables import LINE_AGENTS, MCRPC_CHOICES, Facts

INDEXES = ("first_cycle", "next_line", "documented_stop", "eligible_lines", "mcrpc")
SUPPORT = [("support", 60, "red_cells"), ("support", 160, "platelets")]


def expressions(facts: Facts, members: list[Row], **given: ir.Table) -> dict[str, Any]:
    course = build_course(CourseBasis(facts, day(CUT), **given))
    states = derive_course_states(course)
    courses = derive_courses(course, states)
    protocol = parse_protocol(PROTOCOL, "small.yaml")
    basis = Basis(facts, protocol, members, [], day(CUT))
    pfs = protocol.outcome("pfs")
    assert isinstance(pfs, Pfs)
    made = {
        "states": states,
        "courses": courses,
        "counts": derive_course_counts(courses),
        "queries": derive_course_queries(course),
        "support": derive_course_support(course.basis, states),
        "deaths": derive_death_dates(facts, None, day(CUT)),
        "components": derive_pfs_components(basis, pfs),
        **{name: express_values(basis, name) for name in ("pfs", "ttnt", "os")},
    }
    for event in INDEXES:
        index = IndexDate.model_validate({"name": event, "event": event, "after": ["taxane"]})
        made[event] = derive_survival_times(course.basis, index, endpoints=("os", "ttnt"), censor_rules=("earlier",))
    return made


@pytest.mark.parametrize("dialect", ["postgres", "databricks"])
def test_each_derivation_is_translated_for_other_backends(dialect: str) -> None:
    given = {"agents": Unbound().table(LINE_AGENTS), "choices": Unbound().table(MCRPC_CHOICES)}
    for name, expression in expressions(Unbound(), [], **given).items():
        assert "SELECT" in str(ibis.to_sql(expression, dialect=dialect)), name


MEMBERS: list[Row] = [
    {"patient_id": name, "population": population, "index_date": day(when), "index_row": f"cycles:{name}:0"}
    for name, *_ in OUTCOMES
    for population, when in (("treated", 0), ("C1", 0), ("C2", 43))
]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """All patients of the specification as the Parquet files of a snapshot."""
    patients = [rows_of(name, doses, [*events, *SUPPORT]) for name, doses, events, _ in CASES]
    patients += [rows_of(f"query {name}", doses, events) for name, doses, events, _, _ in QUERIES]
    patients += [
        {**rows_of(name, (0, 42), events), "labs": psa_rows(name, (*PSA, *psa))}
        for name, _, _, events, psa, _ in OUTCOMES
    ]
    return freeze_by_hand(merged(patients), tmp_path_factory.mktemp("snapshot"))


@pytest.fixture(scope="module")
def ours(frozen: Snapshot) -> dict[str, list[Row]]:
    rows = read_rows_of(expressions(frozen, MEMBERS))
    assert {name for name, found in rows.items() if not found} == {"mcrpc"}
    return rows


@pytest.mark.server("postgresql")
@pytest.mark.usefixtures("on_postgres")
def test_postgresql_gives_the_rows_of_duckdb(frozen: Snapshot, ours: dict[str, list[Row]]) -> None:
    theirs = read_rows_of(expressions(replace(frozen, engine="postgres"), MEMBERS))
    check_same(ours, theirs, rel=0)
    assert theirs.keys() == ours.keys()


@pytest.mark.server("default-jre-headless")
@pytest.mark.usefixtures("spark_session")
def test_spark_gives_the_rows_of_duckdb(frozen: Snapshot, ours: dict[str, list[Row]]) -> None:
    made = expressions(replace(frozen, engine="spark"), MEMBERS)
    check_same(ours, read_rows_of(made, names_for_spark(("states", "deaths"), made)), rel=0)
