"""Which facts of a patient a study needs, read off its protocol: nothing here is a list of its own."""

from __future__ import annotations

from dataclasses import dataclass

from lutrace.protocol import (
    ConcordanceAnalysis,
    CorrelationAnalysis,
    DerivedCompletion,
    DerivedCourse,
    DerivedGradeFlips,
    DerivedGradeGroups,
    DerivedLineQueries,
    DerivedLines,
    DerivedMcrpc,
    DerivedPsaSwitches,
    DerivedSites,
    DerivedToxicity,
    Landmark,
    OverallSurvival,
    Pfs,
    ProportionAnalysis,
    Protocol,
    PsaPfs,
    TimeToNextTreatment,
    TimeToWorsening,
    Toxicity,
)
from lutrace.terms import ctcae_version


@dataclass(frozen=True)
class LabNeed:
    """Analytes that must be known before the first cycle (so many days) and after each cycle."""

    analytes: tuple[str, ...]
    baseline_days: float


@dataclass(frozen=True)
class Needs:
    """What a study asks of each patient; None or nothing where it does not ask.

    `scans` are the cycles whose SPECT it measures. `psa_fallback_days` is how old a baseline PSA may be at most.
    `questionnaires` gives, by instrument, how old its baseline may be.
    """

    study: str
    agents: tuple[str, ...]
    minimum_cycles: int
    scans: tuple[int, ...]
    plan: str
    window_days: float
    landmarks: tuple[Landmark, ...]
    psa_fallback_days: float | None
    psa_landmark_days: float | None
    labs: LabNeed | None
    questionnaires: dict[str, float]
    vital_status: bool
    treatments: bool
    mcrpc: bool
    gleason: bool
    metastases: bool

    @property
    def analytes(self) -> tuple[str, ...]:
        """Every analyte that the study asks for."""
        psa = ("psa",) if self.psa_fallback_days is not None else ()
        return (*psa, *(self.labs.analytes if self.labs is not None else ()))


def find_needs(protocol: Protocol) -> Needs:
    """The facts that the population, landmarks, outcomes, analyses and derived tables of a study rest on."""
    outcomes, derived = protocol.endpoints, protocol.derived
    needs_psa = _needs_psa(protocol)
    return Needs(
        study=protocol.study,
        agents=protocol.population.agents,
        minimum_cycles=protocol.population.minimum_cycles,
        scans=tuple(sorted({1, *(one.cycle for one in protocol.landmarks)} if protocol.landmarks else ())),
        plan=protocol.measures.plan,
        window_days=protocol.spect.window,
        landmarks=protocol.landmarks,
        psa_fallback_days=protocol.psa.baseline.fallback if needs_psa else None,
        psa_landmark_days=protocol.psa.landmark_window if needs_psa else None,
        labs=_labs(protocol),
        questionnaires=_questionnaires(protocol),
        vital_status=any(isinstance(one, PsaPfs | OverallSurvival | Pfs | TimeToNextTreatment) for one in outcomes),
        treatments=any(isinstance(one, TimeToNextTreatment) for one in outcomes)
        or any(isinstance(one, DerivedLines | DerivedLineQueries | DerivedCourse) for one in derived),
        mcrpc=any(isinstance(one, DerivedMcrpc) for one in derived),
        gleason=any(isinstance(one, DerivedGradeGroups) for one in derived),
        metastases=any(isinstance(one, DerivedSites) for one in derived),
    )


def _needs_psa(protocol: Protocol) -> bool:
    if any(isinstance(one, PsaPfs) or (isinstance(one, Pfs) and "psa" in one.components) for one in protocol.endpoints):
        return True
    names = [one.value for one in protocol.covariates]
    for analysis in protocol.analyses:
        if isinstance(analysis, CorrelationAnalysis | ConcordanceAnalysis):
            names += [analysis.x, analysis.y]
        elif isinstance(analysis, ProportionAnalysis):
            names.append(analysis.of)
    return any(name.startswith("psa") for name in names) or any(
        isinstance(one, DerivedPsaSwitches) for one in protocol.derived
    )


def _labs(protocol: Protocol) -> LabNeed | None:
    found = [one for one in protocol.endpoints if isinstance(one, Toxicity) and one.source != "clinician"]
    asked = [*found, *(one for one in protocol.derived if isinstance(one, DerivedToxicity | DerivedGradeFlips))]
    if not asked:
        return None
    analytes = {
        analyte
        for one in asked
        for term in ctcae_version(one.rules.criteria).terms
        if term.term in one.counted
        for analyte in term.analytes
    }
    return LabNeed(tuple(sorted(analytes)), max(one.rules.baseline_window for one in asked))


def _questionnaires(protocol: Protocol) -> dict[str, float]:
    windows: dict[str, float] = {}
    for one in protocol.endpoints:
        if isinstance(one, TimeToWorsening):
            windows[one.instrument] = max(windows.get(one.instrument, 0.0), one.baseline_window)
    for item in protocol.derived:
        if isinstance(item, DerivedCompletion):
            windows.setdefault(item.instrument, item.window or 14.0)
    return windows
