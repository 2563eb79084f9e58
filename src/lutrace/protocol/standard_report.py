"""The report of a study file that says nothing about its report: every analysis shown, in the order it is declared."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.protocol.analyses import Analysis, ConcordanceAnalysis, KaplanMeierAnalysis
from lutrace.protocol.analyses_regression import CoxAnalysis
from lutrace.protocol.analyses_time import TimeAnalysis
from lutrace.protocol.comparison import ComparisonAnalysis
from lutrace.protocol.derived import Derived
from lutrace.protocol.group_tables import GroupTable
from lutrace.protocol.populations import TimeZero
from lutrace.protocol.presentation import (
    Item,
    Presentation,
    ReportSection,
    ShowAgreement,
    ShowAttrition,
    ShowChecks,
    ShowDerived,
    ShowEstimates,
    ShowFlow,
    ShowForest,
    ShowGroupTable,
    ShowSpecifications,
    ShowSummary,
    ShowWarnings,
)
from lutrace.protocol.presentation_figures import ShowEffect
from lutrace.protocol.prognostic import PrognosticAnalysis
from lutrace.protocol.selection import Landmark
from lutrace.protocol.specifications import SpecificationCurve
from lutrace.protocol.standard_cohorts import items_of_cohorts, items_of_validation
from lutrace.protocol.standard_figures import figures_of_derived
from lutrace.protocol.standard_time import figures_of_time, survival_curves


def compose_standard_report(
    landmarks: Sequence[TimeZero],
    analyses: Sequence[Analysis],
    derived: Sequence[Derived] = (),
    curves: Sequence[SpecificationCurve] = (),
    tables: Sequence[GroupTable] = (),
) -> Presentation:
    """Patients with the tables by group, a section per analysis and specification curve, the derived tables, warnings.

    It decides nothing of the study: which analyses are made, on whom and by which rules is declared elsewhere.
    """
    names = tuple(landmark.name for landmark in landmarks)
    patients = ReportSection(
        title="Patients",
        items=(
            ShowFlow(show="flow", name="flow", caption="Flow of patients", populations=names),
            ShowSummary(
                show="summary",
                name="characteristics",
                caption=f"Characteristics, {landmarks[0].label}",
                table="characteristics",
                population=names[0],
            ),
            *(ShowGroupTable(show="group_table", name=one.name, caption=one.label, of=one.name) for one in tables),
            ShowAttrition(show="attrition", name="attrition", caption="Selection step by step"),
        ),
    )
    results = tuple(ReportSection(title=analysis.label, items=_items_of(analysis)) for analysis in analyses)
    measured = ReportSection(
        title="What was measured",
        items=(
            ShowSummary(show="summary", name="components", caption="What the events were", table="components"),
            *_provenance(landmarks),
            ShowWarnings(show="warnings", name="warnings", caption="Warnings"),
        ),
    )
    decided = tuple(ReportSection(title=curve.label, items=_items_of_curve(curve)) for curve in curves)
    return Presentation(sections=(patients, *results, *decided, *_derived(derived), measured))


def _provenance(landmarks: Sequence[TimeZero]) -> tuple[Item, ...]:
    """How the tumour volumes came about, where a landmark has a SPECT."""
    if not any(isinstance(one, Landmark) for one in landmarks):
        return ()
    caption = "Provenance of the tumour volumes"
    return (ShowSummary(show="summary", name="ttv_provenance", caption=caption, table="ttv_provenance"),)


def _items_of_curve(curve: SpecificationCurve) -> tuple[Item, ...]:
    return (
        ShowSpecifications(show="specifications", name=f"{curve.name}_curve", caption=curve.label, analysis=curve.name),
        ShowEstimates(show="estimates", name=f"{curve.name}_rows", caption=curve.label, analyses=(curve.name,)),
    )


def _derived(derived: Sequence[Derived]) -> tuple[ReportSection, ...]:
    """One section of all derived tables, when there are any."""
    items: tuple[Item, ...] = tuple(
        ShowDerived(show="derived", name=f"{one.name}_counts", caption=one.label, of=one.name) for one in derived
    )
    items = (*items, *figures_of_derived(derived))
    return (ReportSection(title="Course and history", items=items),) if items else ()


def _items_of(analysis: Analysis) -> tuple[Item, ...]:
    name = f"{analysis.name}_estimates"
    estimates = ShowEstimates(show="estimates", name=name, caption=analysis.label, analyses=(analysis.name,))
    match analysis:
        case KaplanMeierAnalysis():
            return (*survival_curves(analysis), estimates)
        case ComparisonAnalysis():
            return (*items_of_cohorts(analysis), estimates.model_copy(update={"analyses": analysis.parts}))
        case PrognosticAnalysis():
            return (*items_of_validation(analysis), estimates)
        case CoxAnalysis():
            forest = ShowForest(
                show="forest",
                name=f"{analysis.name}_forest",
                caption="Hazard ratios",
                analyses=(analysis.name,),
                terms=analysis.terms if analysis.show_covariates or analysis.standardised else (),
            )
            checks = ShowChecks(
                show="checks", name=f"{analysis.name}_checks", caption="Checks of the models", analyses=(analysis.name,)
            )
            return (estimates, forest, *_curved(analysis), checks)
        case ConcordanceAnalysis():
            matrix = ShowAgreement(
                show="agreement",
                name=f"{analysis.name}_matrix",
                caption=analysis.label,
                analysis=analysis.name,
                rows=analysis.x,
                columns=analysis.y,
            )
            return matrix, estimates
        case _ if isinstance(analysis, TimeAnalysis):
            return (*figures_of_time(analysis), estimates)
        case _:
            return (estimates,)


def _curved(analysis: CoxAnalysis) -> tuple[ShowEffect, ...]:
    """The curve of each term whose effect may be curved."""
    if analysis.spline is None:
        return ()
    return tuple(
        ShowEffect(
            show="effect",
            name=f"{analysis.name}_{population}_{endpoint}_{term}",
            caption=f"{analysis.label}: {term} and {endpoint} from {population}",
            analysis=analysis.name,
            population=population,
            endpoint=endpoint,
            term=term,
        )
        for population in analysis.populations
        for endpoint in analysis.endpoints
        for term in analysis.terms
    )
