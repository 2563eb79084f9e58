"""From the protocol's words to what the report asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lutrace import report
from lutrace.protocol import Protocol
from lutrace.report import ReportSpec, Section

_SHOWN: Mapping[str, Any] = {
    "summary": report.SummaryTable,
    "attrition": report.AttritionTable,
    "estimates": report.EstimateTable,
    "cox_grid": report.CoxGridTable,
    "agreement": report.AgreementTable,
    "warnings": report.NoticeTable,
    "flow": report.FlowFigure,
    "survival": report.SurvivalFigure,
    "forest": report.ForestFigure,
    "waterfall": report.WaterfallFigure,
    "scatter": report.ScatterFigure,
    "pictures": report.PictureFigure,
}
LABELS = {
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
    "psa50": "PSA50 at any time",
    "psa90": "PSA90 at any time",
    "new_lesions_any_earlier": "New lesions, on no earlier SPECT",
    "new_lesions_previous_cycle": "New lesions, not on the SPECT before",
    "new_lesions_first_cycle": "New lesions, not on the SPECT of cycle 1",
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
    "spect_tracer": "Tracer",
    "spect_scanner": "Scanner",
    "spect_hours": "Start of SPECT after injection",
    "pearson": "Pearson",
    "spearman": "Spearman",
}
"""A reader's words for names that no protocol needs to explain."""


def compose_spec(
    protocol: Protocol, *, key_numbers: Sequence[tuple[str, str]], without: Sequence[str] = ()
) -> ReportSpec:
    """What the report shows: the protocol's sections in order, without the items named in `without`."""
    sections = tuple(
        Section(
            section.title,
            section.text,
            tuple(_shown(item) for item in section.items if item.name not in without),
        )
        for section in protocol.report.sections
        if any(item.name not in without for item in section.items) or section.text
    )
    return ReportSpec(sections, methods_of(protocol), tuple(key_numbers), compose_labels(protocol))


def methods_of(protocol: Protocol) -> tuple[str, ...]:
    """The methods in the protocol's own words, headed by its question and its population."""
    opening = (protocol.question, " ".join(protocol.population.in_words))
    return tuple(text for text in (*opening, *protocol.report.methods) if text)


def compose_labels(protocol: Protocol) -> dict[str, str]:
    """A reader's words for landmarks, outcomes, covariates, analyses, definitions and classes."""
    labels = dict(LABELS)
    labels |= {landmark.name: landmark.label for landmark in protocol.landmarks}
    labels |= {outcome.name: outcome.label for outcome in protocol.endpoints}
    labels |= {analysis.name: analysis.label for analysis in protocol.analyses}
    for landmark in protocol.landmarks:
        labels |= {f"{landmark.name}, {o.name}": f"{landmark.label}, {o.label}" for o in protocol.endpoints}
    for analysis in protocol.analyses:
        labels |= {one.name: one.label for one in getattr(analysis, "definitions", ())}
    labels |= {covariate.name: covariate.label for covariate in protocol.covariates}
    return labels | protocol.report.labels


def _shown(item: Any) -> Any:
    fields = {name: getattr(item, name) for name in type(item).model_fields if name not in ("show", "patients")}
    if item.show == "pictures":
        fields["panel"] = item.name
    return _SHOWN[item.show](**fields)
