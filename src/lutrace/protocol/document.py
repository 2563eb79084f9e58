"""The study as one frozen document: its schema, its checks, its digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from lutrace.core import (
    Field,
    FrozenModel,
    ProtocolError,
    digest_of,
    find_line,
    format_yaml,
    parse_document,
    read_document,
    suggest,
)
from lutrace.protocol.analyses import (
    BUILT_IN_VALUES,
    Analysis,
    ConcordanceAnalysis,
    CorrelationAnalysis,
    Covariate,
    FollowUpAnalysis,
    KaplanMeierAnalysis,
    ProportionAnalysis,
)
from lutrace.protocol.analyses_readers import AgreementAnalysis
from lutrace.protocol.analyses_regression import CoxAnalysis, Family, Regression
from lutrace.protocol.analyses_time import TimeAnalysis
from lutrace.protocol.bound_text import PARTS, find_bound
from lutrace.protocol.comparison import ComparisonAnalysis, MissedDeathsAnalysis
from lutrace.protocol.derived import Derived
from lutrace.protocol.derived_course import (
    DerivedCourse,
    DerivedPsaSwitches,
    DerivedSurvivalTimes,
    DerivedWorseningVariants,
)
from lutrace.protocol.external import External, read_external
from lutrace.protocol.group_tables import GroupTable
from lutrace.protocol.history import HistoryRules
from lutrace.protocol.names_in_figures import list_names_in_figures
from lutrace.protocol.names_in_models import find_model_faults, list_names_in_models
from lutrace.protocol.names_in_time import find_missing_competition, list_names_in_time
from lutrace.protocol.names_of_cohorts import list_names_of_cohorts
from lutrace.protocol.outcomes import Outcome, PsaPfs
from lutrace.protocol.populations import HasValue, NotIn, StudyPopulation, TimeZero
from lutrace.protocol.presentation import SUMMARY_TABLES, Presentation, ShowDerived, ShowGroupTable
from lutrace.protocol.presentation_checklist import list_names_in_checklists
from lutrace.protocol.prognostic import PrognosticAnalysis
from lutrace.protocol.schema_words import complete_schema
from lutrace.protocol.selection import (
    Landmark,
    Measures,
    NewLesionRules,
    Population,
    PsaRules,
    ResponseRules,
    SpectRule,
)
from lutrace.protocol.specifications import SpecificationCurve, patch_document
from lutrace.protocol.standard_report import compose_standard_report
from lutrace.protocol.variables import DeclaredValue, ScanValue
from lutrace.protocol.worsening import TimeToWorsening
from lutrace.terms import ModelCard, check_card, model_card

_NAMED_WHEN_USED = (
    *("populations", "values", "external", "cards", "tables", "derived", "specifications", "multiplicity"),
)


class Protocol(FrozenModel):
    """A declared study: who, from when, what is measured, what is waited for, what is estimated, what is shown.

    A study that leaves out `report` is shown in the standard report, which then is part of the document.
    """

    study: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str = "1"
    title: str
    subtitle: str = ""
    question: str
    reference: str = ""
    population: Population
    spect: SpectRule = SpectRule()
    landmarks: tuple[Landmark, ...] = ()
    populations: tuple[StudyPopulation, ...] = ()
    measures: Measures = Measures()
    values: tuple[Annotated[DeclaredValue, Field(discriminator="kind")], ...] = ()
    psa: PsaRules = PsaRules()
    new_lesions: NewLesionRules = NewLesionRules()
    response: ResponseRules = ResponseRules()
    history: HistoryRules = HistoryRules()
    endpoints: tuple[Annotated[Outcome, Field(discriminator="kind")], ...] = Field(min_length=1)
    covariates: tuple[Covariate, ...] = ()
    external: tuple[External, ...] = ()
    cards: tuple[ModelCard, ...] = ()
    analyses: tuple[Annotated[Analysis, Field(discriminator="kind")], ...]
    multiplicity: tuple[Family, ...] = ()
    tables: tuple[GroupTable, ...] = ()
    derived: tuple[Annotated[Derived, Field(discriminator="kind")], ...] = ()
    specifications: tuple[SpecificationCurve, ...] = ()
    report: Presentation = Presentation(sections=())

    @property
    def digest(self) -> str:
        """SHA-256 of the content, defaults included: comments and order of keys do not change it."""
        return digest_of(self.as_document())

    def as_document(self) -> dict[str, Any]:
        """The protocol as plain data, with every default spelled out and every quantity with its unit.

        A study that asks for none of what is listed in `_NAMED_WHEN_USED` does not name it.
        """
        unused = {name for name in _NAMED_WHEN_USED if not getattr(self, name)}
        document: dict[str, Any] = self.model_dump(mode="json", exclude=unused)
        return document

    def patched(self, change: Mapping[str, Any], name: str) -> Protocol:
        """The study with values at some places replaced (`measures.plan: suv4`), without its curves, reruns and report.

        Raises ProtocolError, which `name` heads, for a place that there is not and for a value that is not allowed.
        """
        document = self.as_document()
        for key in ("specifications", "report"):
            document.pop(key, None)
        document["analyses"] = [one | {"reruns": []} if "reruns" in one else one for one in document["analyses"]]
        try:
            changed = patch_document(document, change)
        except ProtocolError as error:
            raise ProtocolError(f"{name}: {error}") from error
        again = _completed(parse_document(format_yaml(changed), name, Protocol), name)
        return again.model_copy(update={"external": self.external})

    def as_yaml(self) -> str:
        """The protocol as YAML, as it is run: with every default spelled out."""
        return format_yaml(self.as_document())

    @property
    def time_zeros(self) -> tuple[TimeZero, ...]:
        """All sets of patients with their time zero: landmarks, then populations, in the order declared."""
        return (*self.landmarks, *self.populations)

    def landmark(self, name: str) -> TimeZero:
        """The landmark or population of that name. Raises ProtocolError for another name."""
        found: TimeZero = _by_name(self.time_zeros, name, "landmarks, populations")
        return found

    def declared_value(self, name: str) -> DeclaredValue | None:
        """The declared value of that name; None when the study declares none, as for the built-in values."""
        return next((one for one in self.values if one.name == name), None)

    def card(self, name: str) -> ModelCard:
        """The model card of that name, of the study or shipped, checked against its digest."""
        own = [one for one in self.cards if one.name == name]
        return check_card(own[0]) if own else model_card(name)

    def outcome(self, name: str) -> Outcome:
        """The endpoint of that name. Raises ProtocolError for another name."""
        found: Outcome = _by_name(self.endpoints, name, "endpoints")
        return found

    def covariate(self, name: str) -> Covariate:
        """The covariate of that name. Raises ProtocolError for another name."""
        found: Covariate = _by_name(self.covariates, name, "covariates")
        return found

    def group_table(self, name: str) -> GroupTable:
        """The table by group of that name. Raises ProtocolError for another name."""
        found: GroupTable = _by_name(self.tables, name, "tables")
        return found


def parse_protocol(text: str, name: str) -> Protocol:
    """The protocol in a YAML text; `name` names it in errors.

    Raises ProtocolError that lists each fault with its line or key and what would be allowed.
    """
    return _completed(parse_document(text, name, Protocol), name, text)


def read_protocol(path: Path) -> Protocol:
    """The protocol in a YAML file, with the files that it names beside it. Raises ProtocolError as `parse_protocol`."""
    protocol = read_document(path, Protocol)
    external = tuple(read_external(one, path.parent) for one in protocol.external)
    if external:
        protocol = protocol.model_copy(update={"external": external})
    return _completed(protocol, path.name, path.read_text(encoding="utf-8"))


def describe_schema() -> dict[str, Any]:
    """The JSON Schema of a protocol, for editors and for `lutrace schema`."""
    return complete_schema(Protocol.model_json_schema(mode="validation"))


def _completed(protocol: Protocol, name: str, text: str = "") -> Protocol:
    _refuse(_without_time_zero(protocol), name, text)
    if "report" not in protocol.model_fields_set:
        report = compose_standard_report(
            protocol.time_zeros, protocol.analyses, protocol.derived, protocol.specifications, protocol.tables
        )
        protocol = protocol.model_copy(update={"report": report})
    _refuse([*_doubled(protocol), *_unknown_names(protocol)], name, text)
    for curve in protocol.specifications:
        for choice in curve.choices:
            for option in choice.options:
                protocol.patched(option.change, f"{name}, specifications.{curve.name}.{choice.name}.{option.name}")
    for analysis in protocol.analyses:
        for rerun in analysis.reruns if isinstance(analysis, ComparisonAnalysis) else ():
            protocol.patched(rerun.change, f"{name}, analyses.{analysis.name}.reruns.{rerun.name}")
    return protocol


def _refuse(faults: Iterable[str], name: str, text: str) -> None:
    """Raises ProtocolError that lists the faults, when there are any; with their lines in `text`, where it is given."""
    lines = [(find_line(text, fault.partition(": ")[0]) if text else None, fault) for fault in faults]
    told = "; ".join(f"{name}, line {line}, {fault}" if line else f"{name}: {fault}" for line, fault in lines)
    if told:
        raise ProtocolError(told)


def _doubled(protocol: Protocol) -> Iterable[str]:
    for key in ("values", "endpoints", "covariates", "analyses", "multiplicity", "derived", "specifications"):
        yield from _twice(key, [item.name for item in getattr(protocol, key)])
    yield from _twice("landmarks, populations", [item.name for item in protocol.time_zeros])
    for value in protocol.values:
        if value.name in (*BUILT_IN_VALUES, *(outcome.name for outcome in protocol.endpoints)):
            yield f"values.{value.name}: expected a name that no built-in value and no endpoint has"
    yield from _twice("report", [item.name for item in protocol.report.items])
    taken = {*SUMMARY_TABLES, *(analysis.name for analysis in protocol.analyses)}
    for key in ("tables", "derived", "specifications"):
        for item in getattr(protocol, key):
            if item.name in taken:
                yield f"{key}: expected a name that no analysis or table of the report has, got {item.name!r}"
        taken |= {item.name for item in getattr(protocol, key)}


def _without_time_zero(protocol: Protocol) -> Iterable[str]:
    if not protocol.time_zeros:
        yield "expected landmarks or populations: whom the study follows, and from which day on"
    measured = [one.name for one in protocol.values if isinstance(one, ScanValue)]
    measured = [] if protocol.measures.regions == "exported" else measured
    if not protocol.measures.plan and (protocol.landmarks or measured):
        wanted = "landmarks" if protocol.landmarks else f"the value {measured[0]}"
        yield f"measures.plan: expected the name of a plan, as suv3, by which the scans of {wanted} were measured"


def _twice(key: str, names: list[str]) -> Iterable[str]:
    yield from (f"{key}: the name {one!r} stands twice" for one in sorted({n for n in names if names.count(n) > 1}))


def _unknown_names(protocol: Protocol) -> Iterable[str]:
    landmarks = [zero.name for zero in protocol.time_zeros]
    endpoints = [outcome.name for outcome in protocol.endpoints]
    covariates = [covariate.name for covariate in protocol.covariates]
    for number, zero in enumerate(protocol.time_zeros):
        if zero.within is not None and zero.within not in landmarks[:number]:
            yield f"{zero.name}.within: expected a landmark or population declared before, got {zero.within!r}"
    for table in protocol.tables:
        yield from _not_among(table.populations, landmarks, f"tables.{table.name}.populations")
    yield from _unknown_values(protocol)
    psa = [outcome.name for outcome in protocol.endpoints if isinstance(outcome, PsaPfs)]
    for outcome in protocol.endpoints:
        if isinstance(outcome, TimeToWorsening) and outcome.progression is not None:
            yield from _not_among((outcome.progression,), psa, f"endpoints.{outcome.name}.progression")
    for analysis in protocol.analyses:
        yield from _not_among(analysis.populations, landmarks, f"analyses.{analysis.name}.populations")
    yield from _unknown_in_analyses(protocol, endpoints, covariates)
    yield from _unknown_in_families(protocol)
    yield from _unknown_in_derived(protocol)
    yield from _unknown_in_specifications(protocol)
    yield from _unknown_in_report(protocol)


def _unknown_in_analyses(protocol: Protocol, endpoints: list[str], covariates: list[str]) -> Iterable[str]:
    for analysis in protocol.analyses:
        place = f"analyses.{analysis.name}"
        match analysis:
            case Regression():
                own = list_names_in_models(analysis, outcomes=endpoints, covariates=covariates, values=protocol.values)
                for key, names, allowed in own:
                    yield from _not_among(names, list(allowed), f"{place}.{key}")
                faults = find_model_faults(analysis, covariates=protocol.covariates, values=protocol.values)
                yield from (f"{place}: {fault}" for fault in faults)
            case KaplanMeierAnalysis():
                yield from _not_among(analysis.endpoints, endpoints, f"{place}.endpoints")
                yield from _not_among((analysis.by,) if analysis.by else (), covariates, f"{place}.by")
            case ComparisonAnalysis() | MissedDeathsAnalysis() | PrognosticAnalysis():
                others = (*protocol.external, *protocol.cards, *protocol.analyses)
                used = list_names_of_cohorts(analysis, outcomes=endpoints, covariates=covariates, others=others)
                for key, names, allowed in used:
                    yield from _not_among(names, list(allowed), f"{place}.{key}")
            case FollowUpAnalysis():
                yield from _not_among((analysis.endpoint,), endpoints, f"{place}.endpoint")
            case _ if isinstance(analysis, TimeAnalysis):
                courses = [item.name for item in protocol.derived if isinstance(item, DerivedCourse)]
                named = list_names_in_time(
                    analysis, outcomes=protocol.endpoints, covariates=covariates, courses=courses
                )
                for key, names, allowed in named:
                    yield from _not_among(names, list(allowed), f"{place}.{key}")
                yield from find_missing_competition(analysis, protocol.endpoints)
            case _:
                continue


def _unknown_values(protocol: Protocol) -> Iterable[str]:
    """Values that covariates, rules and analyses name, and that are neither built in nor declared."""
    known = [*(one.name for one in protocol.values), *BUILT_IN_VALUES]
    names = [zero.name for zero in protocol.time_zeros]
    for covariate in protocol.covariates:
        yield from _not_among((covariate.value,), known, f"covariates.{covariate.name}.value")
    for population in protocol.populations:
        for rule in population.include:
            if isinstance(rule, HasValue):
                yield from _not_among((rule.of,), known, f"populations.{population.name}.include")
            if isinstance(rule, NotIn):
                before = names[: names.index(population.name)]
                yield from _not_among((rule.population,), before, f"populations.{population.name}.include")
    for analysis in protocol.analyses:
        place = f"analyses.{analysis.name}"
        match analysis:
            case CorrelationAnalysis() | ConcordanceAnalysis() | AgreementAnalysis():
                yield from _not_among((analysis.x, analysis.y), known, place)
            case ProportionAnalysis():
                yield from _not_among((analysis.of,), [*known, "alive"], f"{place}.of")


def _unknown_in_report(protocol: Protocol) -> Iterable[str]:
    estimated = [item.name for item in protocol.derived if isinstance(item, DerivedSurvivalTimes)]
    estimated += [curve.name for curve in protocol.specifications]
    estimated += [name for one in protocol.analyses if isinstance(one, ComparisonAnalysis) for name in one.parts]
    analyses = [*(analysis.name for analysis in protocol.analyses), *estimated]
    derived = [item.name for item in protocol.derived]
    tables = [table.name for table in protocol.tables]
    known = ["attrition", *SUMMARY_TABLES, *analyses, *derived, *tables]
    for place, text in protocol.report.texts:
        for number, _ in find_bound(text):
            yield from _not_among((number.key.partition("/")[0],), known, f"report.{place}, {{{number.key}}}")
            yield from _not_among(filter(None, (number.part,)), list(PARTS), f"report.{place}, {{{number.key}|...}}")
    for item in protocol.report.items:
        named = (*getattr(item, "analyses", ()), *filter(None, (getattr(item, "analysis", ""),)))
        yield from _not_among(named, analyses, f"report.{item.name}")
        if isinstance(item, ShowDerived):
            yield from _not_among((item.of,), derived, f"report.{item.name}.of")
        in_checklists = list_names_in_checklists(item, [section.title for section in protocol.report.sections])
        for key, names, allowed in (*list_names_in_figures(item, protocol.derived), *in_checklists):
            yield from _not_among(names, allowed, f"report.{item.name}.{key}")
        if isinstance(item, ShowGroupTable):
            yield from _not_among((item.of,), tables, f"report.{item.name}.of")


def _unknown_in_families(protocol: Protocol) -> Iterable[str]:
    """Analyses that a family of tests names and that are no regression of the study, or stand in two families."""
    known = [analysis.name for analysis in protocol.analyses if isinstance(analysis, Regression)]
    for family in protocol.multiplicity:
        yield from _not_among(family.analyses, known, f"multiplicity.{family.name}.analyses")
    yield from _twice("multiplicity.analyses", [name for family in protocol.multiplicity for name in family.analyses])


def _unknown_in_derived(protocol: Protocol) -> Iterable[str]:
    """Outcomes that a derived table names and the study has not, or has of another kind."""
    for item in protocol.derived:
        kind = {DerivedPsaSwitches: PsaPfs, DerivedWorseningVariants: TimeToWorsening}.get(type(item))
        if kind is not None:
            known = [outcome.name for outcome in protocol.endpoints if isinstance(outcome, kind)]
            yield from _not_among((getattr(item, "of", ""),), known, f"derived.{item.name}.of")


def _unknown_in_specifications(protocol: Protocol) -> Iterable[str]:
    """What a specification curve names and its Cox analysis has not."""
    models = {analysis.name: analysis for analysis in protocol.analyses if isinstance(analysis, CoxAnalysis)}
    for curve in protocol.specifications:
        place = f"specifications.{curve.name}"
        yield from _not_among((curve.analysis,), list(models), f"{place}.analysis")
        if curve.analysis not in models:
            continue
        of = models[curve.analysis]
        yield from _not_among((curve.population,), list(of.populations), f"{place}.population")
        yield from _not_among((curve.endpoint,), list(of.endpoints), f"{place}.endpoint")
        yield from _not_among((curve.term,), list(of.terms), f"{place}.term")
        if curve.adjusted and not set(of.adjust_for) - {curve.term}:
            yield f"{place}.adjusted: expected false, for {of.name} adjusts {curve.term} for nothing"


def _not_among(names: Iterable[str], allowed: list[str], place: str) -> Iterable[str]:
    for one in names:
        if one not in allowed:
            meant = suggest(one, allowed)
            told = f"{place}: expected one of {', '.join(allowed) or 'none'}, got {one!r}"
            yield f"{told}; {meant}" if meant else told


def _by_name(items: Iterable[Any], name: str, what: str) -> Any:
    listed = list(items)
    for item in listed:
        if item.name == name:
            return item
    raise ProtocolError(f"{what}: expected one of {', '.join(item.name for item in listed)}, got {name!r}")
