"""The study as one frozen document: its schema, its checks, its digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from lutrace.core import Field, FrozenModel, ProtocolError, digest_of, format_yaml, parse_document, read_document
from lutrace.protocol.analyses import Analysis, Covariate, CoxAnalysis, FollowUpAnalysis, KaplanMeierAnalysis
from lutrace.protocol.derived import Derived
from lutrace.protocol.derived_course import DerivedPsaSwitches, DerivedSurvivalTimes, DerivedWorseningVariants
from lutrace.protocol.history import HistoryRules
from lutrace.protocol.outcomes import Outcome, PsaPfs
from lutrace.protocol.presentation import SUMMARY_TABLES, Presentation, ShowDerived
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
from lutrace.protocol.worsening import TimeToWorsening


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
    landmarks: tuple[Landmark, ...] = Field(min_length=1)
    measures: Measures
    psa: PsaRules = PsaRules()
    new_lesions: NewLesionRules = NewLesionRules()
    response: ResponseRules = ResponseRules()
    history: HistoryRules = HistoryRules()
    endpoints: tuple[Annotated[Outcome, Field(discriminator="kind")], ...] = Field(min_length=1)
    covariates: tuple[Covariate, ...] = ()
    analyses: tuple[Annotated[Analysis, Field(discriminator="kind")], ...]
    derived: tuple[Annotated[Derived, Field(discriminator="kind")], ...] = ()
    specifications: tuple[SpecificationCurve, ...] = ()
    report: Presentation = Presentation(sections=())

    @property
    def digest(self) -> str:
        """SHA-256 of the content, defaults included: comments and order of keys do not change it."""
        return digest_of(self.as_document())

    def as_document(self) -> dict[str, Any]:
        """The protocol as plain data, with every default spelled out and every quantity with its unit.

        A study that asks for no derived table, or no specification curve, does not name them.
        """
        unused = {name for name in ("derived", "specifications") if not getattr(self, name)}
        document: dict[str, Any] = self.model_dump(mode="json", exclude=unused)
        return document

    def patched(self, change: Mapping[str, Any], name: str) -> Protocol:
        """The study with the values at some places replaced (`measures.plan: suv4`), without its curves and report.

        Raises ProtocolError, which `name` heads, for a place that there is not and for a value that is not allowed.
        """
        document = self.as_document()
        for key in ("specifications", "report"):
            document.pop(key, None)
        try:
            changed = patch_document(document, change)
        except ProtocolError as error:
            raise ProtocolError(f"{name}: {error}") from error
        return parse_protocol(format_yaml(changed), name)

    def as_yaml(self) -> str:
        """The protocol as YAML, as it is run: with every default spelled out."""
        return format_yaml(self.as_document())

    def landmark(self, name: str) -> Landmark:
        """The landmark of that name. Raises ProtocolError for another name."""
        found: Landmark = _by_name(self.landmarks, name, "landmarks")
        return found

    def outcome(self, name: str) -> Outcome:
        """The endpoint of that name. Raises ProtocolError for another name."""
        found: Outcome = _by_name(self.endpoints, name, "endpoints")
        return found

    def covariate(self, name: str) -> Covariate:
        """The covariate of that name. Raises ProtocolError for another name."""
        found: Covariate = _by_name(self.covariates, name, "covariates")
        return found


def parse_protocol(text: str, name: str) -> Protocol:
    """The protocol in a YAML text; `name` names it in errors.

    Raises ProtocolError that lists each fault with its line or key and what would be allowed.
    """
    return _completed(parse_document(text, name, Protocol), name)


def read_protocol(path: Path) -> Protocol:
    """The protocol in a YAML file. Raises ProtocolError as `parse_protocol` does."""
    return _completed(read_document(path, Protocol), path.name)


def describe_schema() -> dict[str, Any]:
    """The JSON Schema of a protocol, for editors and for `lutrace schema`."""
    return Protocol.model_json_schema(mode="validation")


def _completed(protocol: Protocol, name: str) -> Protocol:
    if "report" not in protocol.model_fields_set:
        report = compose_standard_report(
            protocol.landmarks, protocol.analyses, protocol.derived, protocol.specifications
        )
        protocol = protocol.model_copy(update={"report": report})
    _check_names(protocol, name)
    for curve in protocol.specifications:
        for choice in curve.choices:
            for option in choice.options:
                protocol.patched(option.change, f"{name}, specifications.{curve.name}.{choice.name}.{option.name}")
    return protocol


def _check_names(protocol: Protocol, name: str) -> None:
    faults = [*_doubled(protocol), *_unknown_names(protocol)]
    if faults:
        raise ProtocolError("; ".join(f"{name}: {fault}" for fault in faults))


def _doubled(protocol: Protocol) -> Iterable[str]:
    for key in ("landmarks", "endpoints", "covariates", "analyses", "derived", "specifications"):
        yield from _twice(key, [item.name for item in getattr(protocol, key)])
    yield from _twice("report", [item.name for section in protocol.report.sections for item in section.items])
    taken = {*SUMMARY_TABLES, *(analysis.name for analysis in protocol.analyses)}
    for key in ("derived", "specifications"):
        for item in getattr(protocol, key):
            if item.name in taken:
                yield f"{key}: expected a name that no analysis or table of the report has, got {item.name!r}"
        taken |= {item.name for item in getattr(protocol, key)}


def _twice(key: str, names: list[str]) -> Iterable[str]:
    yield from (f"{key}: the name {one!r} stands twice" for one in sorted({n for n in names if names.count(n) > 1}))


def _unknown_names(protocol: Protocol) -> Iterable[str]:
    landmarks = [landmark.name for landmark in protocol.landmarks]
    endpoints = [outcome.name for outcome in protocol.endpoints]
    covariates = [covariate.name for covariate in protocol.covariates]
    for number, landmark in enumerate(protocol.landmarks):
        if landmark.within is not None and landmark.within not in landmarks[:number]:
            yield f"landmarks.{landmark.name}.within: expected an earlier landmark, got {landmark.within!r}"
    psa = [outcome.name for outcome in protocol.endpoints if isinstance(outcome, PsaPfs)]
    for outcome in protocol.endpoints:
        if isinstance(outcome, TimeToWorsening) and outcome.progression is not None:
            yield from _not_among((outcome.progression,), psa, f"endpoints.{outcome.name}.progression")
    for analysis in protocol.analyses:
        place = f"analyses.{analysis.name}"
        yield from _not_among(analysis.populations, landmarks, f"{place}.populations")
        match analysis:
            case CoxAnalysis():
                yield from _not_among(analysis.endpoints, endpoints, f"{place}.endpoints")
                yield from _not_among((*analysis.terms, *analysis.adjust_for), covariates, f"{place}.terms")
            case KaplanMeierAnalysis():
                yield from _not_among(analysis.endpoints, endpoints, f"{place}.endpoints")
                yield from _not_among((analysis.by,) if analysis.by else (), covariates, f"{place}.by")
            case FollowUpAnalysis():
                yield from _not_among((analysis.endpoint,), endpoints, f"{place}.endpoint")
            case _:
                continue
    yield from _unknown_in_derived(protocol)
    yield from _unknown_in_specifications(protocol)
    yield from _unknown_in_report(protocol)


def _unknown_in_report(protocol: Protocol) -> Iterable[str]:
    estimated = [item.name for item in protocol.derived if isinstance(item, DerivedSurvivalTimes)]
    estimated += [curve.name for curve in protocol.specifications]
    analyses = [*(analysis.name for analysis in protocol.analyses), *estimated]
    derived = [item.name for item in protocol.derived]
    for section in protocol.report.sections:
        for item in section.items:
            named = (*getattr(item, "analyses", ()), *filter(None, (getattr(item, "analysis", ""),)))
            yield from _not_among(named, analyses, f"report.{item.name}")
            if isinstance(item, ShowDerived):
                yield from _not_among((item.of,), derived, f"report.{item.name}.of")


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
            yield f"{place}: expected one of {', '.join(allowed) or 'none'}, got {one!r}"


def _by_name(items: Iterable[Any], name: str, what: str) -> Any:
    listed = list(items)
    for item in listed:
        if item.name == name:
            return item
    raise ProtocolError(f"{what}: expected one of {', '.join(item.name for item in listed)}, got {name!r}")
