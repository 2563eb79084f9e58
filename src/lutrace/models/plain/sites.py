"""What a site sends of its plain table, sums only, and the model of all sites that is made of it, round by round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lutrace.core import DisclosureError, FrozenModel, Row, UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import PlainTable
from lutrace.models.plain.complete import Prepared, follow_up, need, prepare
from lutrace.models.plain.results import INTERCEPT_UNIT, PlainFit, check_row, coefficient_rows
from lutrace.models.plain.survival import each_group, fit_km
from lutrace.models.plain.units import find_unit
from lutrace.stats import (
    FederatedFit,
    GridCounts,
    SitePolicy,
    SumsMessage,
    answer_cox,
    answer_logistic,
    count_on_grid,
    fit_federated,
    pool_counts,
)

SiteModel = Literal["cox", "logistic", "km"]
_INTERCEPT = "intercept"


class SiteSums(FrozenModel):
    """Sums of a likelihood at the coefficients `at`: counts, log likelihood, gradient, triangle of the information."""

    at: tuple[float, ...]
    n: int
    n_events: int
    loglik: float
    gradient: tuple[float, ...]
    information: tuple[float, ...]


class GroupCounts(FrozenModel):
    """Events and censorings of a group per interval of the shared grid."""

    group: str
    edges: tuple[float, ...]
    events: tuple[int, ...]
    censored: tuple[int, ...]


class SiteAnswer(FrozenModel):
    """All that leaves a site in one round: `sums` of a Cox or logistic model, or `groups` for a curve."""

    model: SiteModel
    site: str
    terms: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    ties: Literal["efron", "breslow"] | None = None
    sums: SiteSums | None = None
    time_unit: str | None = None
    by: str | None = None
    groups: tuple[GroupCounts, ...] = ()


class SiteQuestion(FrozenModel):
    """What all sites are asked next: the sums of this model at these coefficients."""

    model: SiteModel
    terms: tuple[str, ...]
    at: tuple[float, ...]


@dataclass(frozen=True)
class Combined:
    """The model of all sites, or, while it is not found, the question for the next round."""

    fit: PlainFit | None
    question: SiteQuestion | None
    n_rounds: int


def answer_site(table: PlainTable, call: FitCall, *, site: str, question: SiteQuestion | None = None) -> SiteAnswer:
    """A site's answer: sums at the question's coefficients (all zero in the first round), or counts on `call.times`.

    Each site is a stratum of its own in a Cox model. Raises DisclosureError where the site is too small, or a group or
    an interval too rare, for its sums to leave it; UnusableInputError where the question is of another model, or a
    term has knots that only this site's patients place; what `prepare` raises.
    """
    if call.kind == "km":
        return _count_groups(table, call, site)
    need(call, "event", "terms")
    if call.kind == "cox":
        need(call, "time")
    found = prepare(table, call, numbers=("time", "event", "entry") if call.kind == "cox" else ("event",))
    if any("spline" in unit or "straight part" in unit for unit in found.units):
        raise UnusableInputError("rcs() takes its knots from the patients of one site; use C(), log2() or the number")
    model: SiteModel = "cox" if call.kind == "cox" else "logistic"
    names = found.term_names if model == "cox" else (_INTERCEPT, *found.term_names)
    if question is not None and (question.model, question.terms) != (model, names):
        raise UnusableInputError(
            f"the question is of {question.model} with the terms {', '.join(question.terms)}, the call of {model} with "
            f"{', '.join(names)}; write --terms as all sites do"
        )
    at = (0.0,) * len(names) if question is None else question.at
    sums = _sum(found, call, at)
    return SiteAnswer(
        model=model,
        site=site,
        terms=names,
        units=found.units if model == "cox" else (INTERCEPT_UNIT, *found.units),
        ties=(call.ties or "efron") if model == "cox" else None,
        sums=SiteSums(
            at=at,
            n=sums.n,
            n_events=sums.n_events,
            loglik=sums.loglik,
            gradient=sums.gradient,
            information=sums.information,
        ),
    )


def _sum(found: Prepared, call: FitCall, at: Sequence[float]) -> SumsMessage:
    terms, policy = found.term_names, SitePolicy()
    if call.kind == "cox":
        ties = call.ties or "efron"
        return answer_cox(follow_up(found), found.matrix, terms=terms, coef=at, policy=policy, ties=ties)
    return answer_logistic(found.numbers["event"], found.matrix, terms=terms, coef=at, policy=policy)


def _count_groups(table: PlainTable, call: FitCall, site: str) -> SiteAnswer:
    need(call, "time", "event")
    if not call.times:
        raise UnusableInputError("a curve of several sites needs --times: the ends of the intervals, the same at each")
    found = prepare(table, call, numbers=("time", "event"), labels=("by",))
    survival, groups = follow_up(found), list[GroupCounts]()
    for term, here in each_group(found, call):
        label = term if call.by is None else term.removeprefix(f"{call.by}=")
        try:
            counts = count_on_grid(survival.select(here), call.times, policy=SitePolicy())
        except DisclosureError as error:
            raise DisclosureError(f"{term}: {error}") from error
        groups.append(GroupCounts(group=label, edges=counts.edges, events=counts.events, censored=counts.censored))
    unit = find_unit(str(call.time), call.units)
    return SiteAnswer(model="km", site=site, time_unit=unit, by=call.by, groups=tuple(groups))


def combine_sites(answers: Sequence[SiteAnswer], call: FitCall) -> Combined:
    """The model of all sites from all answers so far, or the question for the next round.

    The search is run anew each time, from the answers kept: the coordinator needs no memory but the files. Raises
    UnusableInputError for answers of different models, terms, units or grids, or of fewer than two sites.
    """
    sites = sorted({one.site for one in answers})
    if len(sites) < 2:
        raise UnusableInputError(f"a model of several sites needs answers of at least 2, got {len(sites)}: {sites}")
    for what in ("model", "terms", "units", "ties", "time_unit", "by"):
        told = {str(getattr(one, what)) for one in answers}
        if len(told) > 1:
            raise UnusableInputError(f"the answers differ in {what}: {' / '.join(sorted(told))}; ask all sites alike")
    if answers[0].model == "km":
        return Combined(_pool_curves(answers, call), None, 1)
    return _search(answers, sites, call)


class _UnansweredError(Exception):
    """Carries the coefficients at which a site has not answered yet."""

    def __init__(self, at: tuple[float, ...]) -> None:
        self.at = at


def _search(answers: Sequence[SiteAnswer], sites: Sequence[str], call: FitCall) -> Combined:
    first = answers[0]

    def site_of(name: str) -> Callable[[tuple[float, ...]], SumsMessage]:
        known = [one.sums for one in answers if one.site == name and one.sums is not None]

        def answer(at: tuple[float, ...]) -> SumsMessage:
            for sums in known:
                if np.allclose(sums.at, at, rtol=1e-10, atol=1e-12):
                    return SumsMessage(first.terms, sums.n, sums.n_events, sums.loglik, sums.gradient, sums.information)
            raise _UnansweredError(at)

        return answer

    n_rounds = len({one.sums.at for one in answers if one.sums is not None})
    try:
        fit = fit_federated([site_of(name) for name in sites], terms=first.terms, level=call.level)
    except _UnansweredError as wanted:
        return Combined(None, SiteQuestion(model=first.model, terms=first.terms, at=wanted.at), n_rounds)
    return Combined(_describe(fit, first, sites, n_rounds=n_rounds), None, n_rounds)


def _describe(fit: FederatedFit, first: SiteAnswer, sites: Sequence[str], *, n_rounds: int) -> PlainFit:
    measures = ["hazard_ratio"] * len(fit.terms)
    if first.model == "logistic":
        measures = ["odds", *["odds_ratio"] * (len(fit.terms) - 1)]
    kind = "Cox model, each site a stratum" if first.model == "cox" else "logistic model"
    rows = coefficient_rows(
        fit,
        measures,
        first.units,
        events=fit.n_events,
        method=f"{kind}; {fit.method}",
        se=fit.se,
        estimate=fit.ratio,
    )
    checks = (
        check_row("sites", "model", value=fit.n_sites, told=", ".join(sites)),
        check_row("rounds", "model", value=n_rounds),
        check_row("log_likelihood", "model", value=fit.loglik),
        check_row("separation", "model", told="none"),
    )
    return PlainFit(rows, checks)


def _pool_curves(answers: Sequence[SiteAnswer], call: FitCall) -> PlainFit:
    """The curves of the pooled rows with times rounded up to the grid: as of a table, by `fit_km`."""
    counts: Mapping[str, list[GridCounts]] = {one.group: [] for answer in answers for one in answer.groups}
    for answer in answers:
        for one in answer.groups:
            counts[one.group].append(GridCounts(one.edges, one.events, one.censored))
    rows = list[Row]()
    by = answers[0].by
    for group, given in counts.items():
        pooled = pool_counts(given)
        label = {} if by is None else {by: group}
        rows += [
            {**label, "time": float(time), "event": int(event)}
            for time, event in zip(pooled.time, pooled.event, strict=True)
        ]
    table = PlainTable("answers of the sites", tuple(range(1, len(rows) + 1)), tuple(rows))
    unit = {} if answers[0].time_unit is None else {"time": answers[0].time_unit}
    fit = fit_km(table, replace(call, kind="km", time="time", event="event", by=by, units=unit))
    told = "times are rounded up to the ends of the shared intervals"
    checks = (check_row("sites", "model", value=len({one.site for one in answers})),)
    return replace(fit, checks=checks, warnings=(*fit.warnings, told))
