"""From the protocol's words to what the report asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lutrace import report
from lutrace.endpoints import describe_rule
from lutrace.protocol import (
    BY_POPULATION,
    GroupedAnalysis,
    Protocol,
    PsaPfs,
    ShowChecklist,
    describe_specification,
    name_specification,
)
from lutrace.report import KeyNumber, ReportSpec, Section, group_endpoint
from lutrace.study.checklists import compose_checklist
from lutrace.study.cohorts_shown import label_cohorts, notes_on_cohorts, populations_of
from lutrace.study.derived import DerivedTables
from lutrace.study.model_labels import label_models
from lutrace.study.review_status import ReviewStatus
from lutrace.terms import response_rule

_SHOWN: Mapping[str, Any] = {
    "summary": report.SummaryTable,
    "derived": report.SummaryTable,
    "group_table": report.SummaryTable,
    "attrition": report.AttritionTable,
    "estimates": report.EstimateTable,
    "regression": report.RegressionTable,
    "survival_table": report.SurvivalTable,
    "cox_grid": report.RegressionTable,
    "merge": report.MergedTable,
    "stack": report.StackedTable,
    "agreement": report.AgreementTable,
    "warnings": report.NoticeTable,
    "flow": report.FlowFigure,
    "survival": report.SurvivalFigure,
    "forest": report.ForestFigure,
    "specifications": report.SpecificationFigure,
    "checks": report.CheckTable,
    "balance": report.BalanceTable,
    "waterfall": report.WaterfallFigure,
    "scatter": report.ScatterFigure,
    "pictures": report.PictureFigure,
    "swimmer": report.SwimmerFigure,
    "spider": report.SpiderFigure,
    "trajectories": report.TrajectoryFigure,
    "alluvial": report.AlluvialFigure,
    "incidence": report.IncidenceFigure,
    "occupancy": report.OccupancyFigure,
    "love": report.LoveFigure,
    "validation": report.ValidationFigure,
    "effect": report.EffectFigure,
    "patient_sheets": report.PatientSheets,
}
LABELS = {
    "all": "All patients",
    "age_years": "Age",
    "cycles": "Cycles given",
    "first_activity_gbq": "Activity of cycle 1",
    "psa_baseline": "PSA at baseline",
    "psa_landmark": "PSA at the landmark",
    "haemoglobin_baseline": "Haemoglobin at baseline",
    "alp_baseline": "Alkaline phosphatase at baseline",
    "ldh_baseline": "Lactate dehydrogenase at baseline",
    "ecog": "ECOG performance status",
    "prior_taxane": "Taxane before",
    "prior_arpi": "Androgen receptor pathway inhibitor before",
    "ttv_ml": "Tumour volume at the landmark",
    "ttv_baseline_ml": "Tumour volume, SPECT of cycle 1",
    "ttv_change_pct": "Change of tumour volume",
    "psa_change_pct": "Change of PSA",
    "psa_best_change_pct": "Best change of PSA",
    **{f"psa{level}": f"PSA{level} at any time" for level in (30, 50, 80, 90)},
    **{f"psa{level}_12wk": f"PSA{level} at week 12" for level in (30, 50, 80, 90)},
    **{f"psa{level}_dose": f"Dose after which PSA{level} was first reached" for level in (30, 50, 80, 90)},
    "psa_change_12wk_pct": "Change of PSA at week 12",
    "psa_nadir": "PSA nadir",
    "psa_flare": "PSA flare",
    "psadt_months": "PSA doubling time",
    "psa_velocity": "PSA velocity",
    "psa_course": "Course of PSA dose by dose",
    "sustained_decrease": "sustained decrease",
    "increase": "increase",
    "fluctuation": "fluctuation",
    "new_lesions_any_earlier": "New lesions, on no earlier SPECT",
    "new_lesions_previous_cycle": "New lesions, not on the SPECT before",
    "new_lesions_first_cycle": "New lesions, not on the SPECT of cycle 1",
    "new_lesions_by_mean": "Sensitivity: avid by SUVmean above the reference mean",
    "new_lesions_by_mean_2sd": "Sensitivity: avid by SUVmax above the reference mean + 2 SD",
    "recip": "RECIP rules applied to SPECT",
    "psa_recip": "PSA, and RECIP rules applied to SPECT",
    "ppp": "PPP rules applied to SPECT",
    "CR": "CR, no tumour left",
    "PR": "PR, volume fell, nothing new",
    "SD": "SD, all else",
    "PD": "PD, volume rose and new lesions",
    "met": "met",
    "not_met": "not met",
    "not_evaluable": "not evaluable",
    "psma_avid": "PSMA-avid (uptake above the liver)",
    "not_avid_ct": "not avid, found on CT",
    "indeterminate": "indeterminate",
    "none": "none",
    "not_assessed": "not assessed",
    "psa_progression": "PSA progression",
    "death": "death",
    "censored": "no event (censored)",
    "left_out": "left out (not evaluable)",
    "response": "response",
    "stable": "stable",
    "progression": "progression",
    "spect_plan": "Measurement plan",
    "spect_review": "Review of the tumour volume",
    "spect_tracer": "Tracer",
    "spect_scanner": "Scanner",
    "spect_hours": "Start of SPECT after injection",
    "spect_view": "Field of view of the SPECT",
    "same_side": "Estimates on the side of the study's own",
    "pearson": "Pearson",
    "spearman": "Spearman",
}
"""A reader's words for names that no protocol needs to explain."""


def compose_spec(
    protocol: Protocol,
    *,
    key_numbers: Sequence[KeyNumber],
    status: ReviewStatus,
    derived: DerivedTables,
    without: Sequence[str] = (),
) -> ReportSpec:
    """What the report shows: the protocol's sections in order, without the items named in `without`.

    Below each table and figure stands what of it no reader has gone over; below a derived table its rules, and after
    it its medians, unless an item of estimates asks for them.
    """
    medians = _medians_after(protocol, derived)

    def shown(items: Sequence[Any]) -> Iterator[Any]:
        for item in (item for item in items if item.name not in without):
            if isinstance(item, ShowChecklist):
                yield compose_checklist(item, protocol, without=without)
                continue
            yield _shown(item, protocol, status, derived)
            if item.name in medians:
                yield medians[item.name]

    sections = tuple(
        Section(section.title, section.text, tuple(shown(section.items)))
        for section in protocol.report.sections
        if any(item.name not in without for item in section.items) or section.text
    )
    methods = (*methods_of(protocol), *(text for text in (status.new_lesions, status.volumes) if text))
    abstract = tuple((part.heading, part.text) for part in protocol.report.abstract)
    labels = {**derived.labels, **compose_labels(protocol)}
    return ReportSpec(sections, methods, tuple(key_numbers), labels, abstract=abstract)


def _medians_after(protocol: Protocol, derived: DerivedTables) -> dict[str, report.EstimateTable]:
    """The tables of medians that no item asks for, by the first item that shows the counts of the derived table."""
    items = [item for section in protocol.report.sections for item in section.items]
    asked = {name for item in items if item.show == "estimates" for name in item.analyses}
    waiting = {row["analysis"] for row in derived.estimates} - asked
    found: dict[str, report.EstimateTable] = {}
    for item in items:
        if item.show == "derived" and item.of in waiting:
            waiting.remove(item.of)
            caption = f"{item.caption}: medians"
            found[item.name] = report.EstimateTable(f"{item.of}_medians", caption, analyses=(item.of,))
    return found


def methods_of(protocol: Protocol) -> tuple[str, ...]:
    """The methods in the protocol's own words, headed by its question and its population."""
    opening = (protocol.question, " ".join(protocol.population.in_words))
    return tuple(text for text in (*opening, *protocol.report.methods) if text)


def compose_labels(protocol: Protocol) -> dict[str, str]:
    """A reader's words for landmarks, outcomes, covariates, analyses, definitions and classes."""
    labels = dict(LABELS)
    labels |= {one.name: one.label for one in (*protocol.values, *protocol.time_zeros)}
    labels |= {f"{one.name}.start": one.start for one in protocol.populations}
    labels |= {outcome.name: outcome.label for outcome in protocol.endpoints}
    labels |= {analysis.name: analysis.label for analysis in (*protocol.analyses, *protocol.tables)}
    for landmark in protocol.time_zeros:
        labels |= {f"{landmark.name}, {o.name}": f"{landmark.label}, {o.label}" for o in protocol.endpoints}
    for analysis in protocol.analyses:
        for one in getattr(analysis, "definitions", ()):
            labels[one.name] = one.label
            labels |= {class_endpoint(analysis.name, one.name, side): f"{one.label}, {side}" for side in SIDES}
        if isinstance(analysis, GroupedAnalysis) and analysis.by is not None:
            labels |= {group_endpoint(analysis.name, name): f"Group, {analysis.label}" for name in analysis.endpoints}
    labels |= {group_endpoint(table.name, table.by): f"Group, {table.label}" for table in protocol.tables}
    labels |= {covariate.name: covariate.label for covariate in protocol.covariates}
    for curve in protocol.specifications:
        labels[curve.name] = curve.label
        for choice in curve.choices:
            place = f"{curve.name}.{choice.name}"
            labels |= {place: choice.label, **{f"{place}.{one.name}": one.label or one.name for one in choice.options}}
        labels |= {name_specification(curve, one): describe_specification(curve, one) for one in curve.combinations()}
    return labels | label_models(protocol) | label_cohorts(protocol) | protocol.report.labels


SIDES = ("row", "column")


def class_endpoint(analysis: str, definition: str, side: str) -> str:
    """The endpoint of the evidence whose category is the patient's class in a confusion matrix."""
    return f"{analysis}.{definition}.{side}"


def _rules_of(item: Any, protocol: Protocol) -> tuple[str, ...]:
    """Below the table of events: the rule of each outcome in words, and what is no event of it."""
    if item.show != "summary" or item.table != "components":
        return ()
    return tuple(
        f"{one.label}: PSA progression ({describe_rule(one.progression)}) or death. Imaging and clinical progression "
        "are no events of this outcome."
        for one in protocol.endpoints
        if isinstance(one, PsaPfs)
    )


def _response_rules(item: Any, protocol: Protocol) -> tuple[str, ...]:
    """Below the table of response: the version of each rule with its source, and what it was made for."""
    if item.show != "summary" or item.table != "response":
        return ()
    own = protocol.response
    rules = [response_rule(name) for name in (own.recip, own.psa_recip, own.ppp)]
    told = [f"{rule.label}, version {rule.version}: {rule.source}. Wording: {rule.checked}." for rule in rules]
    return (
        "These rules were made for PSMA-PET. On SPECT they are applied, not validated; repeatability is unknown there.",
        *told,
    )


def _shown(item: Any, protocol: Protocol, status: ReviewStatus, derived: DerivedTables) -> Any:
    fields = {name: getattr(item, name) for name in type(item).model_fields if name not in ("show", "patients", "of")}
    match item.show:
        case "derived":
            fields |= {"table": item.of, "notes": (*fields["notes"], *derived.notes[item.of])}
        case "group_table":
            fields |= _grouped(protocol, item.of)
        case "cox_grid":
            fields["measures"] = ("hazard_ratio",)
        case "balance":
            fields["populations"] = populations_of(item.analysis, protocol)
        case "pictures":
            fields["panel"] = item.name
        case "merge" | "stack":
            fields["parts"] = tuple(_shown(part, protocol, status, derived) for part in item.parts)
    fields["notes"] = (
        *fields["notes"],
        *_rules_of(item, protocol),
        *_response_rules(item, protocol),
        *notes_on_cohorts(item, protocol),
        *status.notes_for(item, protocol),
    )
    return _SHOWN[item.show](**fields)


def _grouped(protocol: Protocol, name: str) -> dict[str, Any]:
    """What the report must know of a table by group: its rows, whose values they are, its remarks."""
    table = protocol.group_table(name)
    several = len(table.populations) > 1
    return {
        "table": name,
        "population": "" if several else table.populations[0],
        "by": "" if table.by == BY_POPULATION else group_endpoint(name, table.by),
        "remarks": {one.value: one.remark for one in table.variables if one.remark},
    }
