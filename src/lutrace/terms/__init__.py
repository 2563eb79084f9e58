"""terms knows the field's vocabulary as versioned data: drugs, analytes, sites, items, criteria, plans."""

from lutrace.terms.analytes import (
    Analyte,
    CanonicalLab,
    analyte_named,
    analyte_names,
    analyte_of_loinc,
    canonical_lab,
    canonical_limit,
)
from lutrace.terms.criteria import (
    PppRule,
    PsaRecipRule,
    RecipRule,
    ResponseRule,
    TherapRule,
    VisionRule,
    recip_rule,
    response_rule,
    response_rules,
)
from lutrace.terms.drugs import Drug, drug_named, drug_of_code, drugs, drugs_in_text
from lutrace.terms.instruments import (
    Instrument,
    MeaningfulChange,
    Scale,
    instrument_named,
    instruments,
    instruments_of_items,
)
from lutrace.terms.psa_criteria import PsaCriteria, PsaThresholds, psa_criteria, psa_thresholds
from lutrace.terms.repeatability import (
    Repeatability,
    describe_repeatability,
    repeatability_of,
    repeatability_values,
)
from lutrace.terms.reported_value import ReportedValue, parse_reported_value, split_result
from lutrace.terms.sites import Site, regions, site_named, site_of_icd10, sites
from lutrace.terms.tracers import Tracer, is_psma_tracer, tracer_named, tracers
from lutrace.terms.uptake_identities import UptakeIdentity, uptake_identities
from lutrace.terms.uptake_priors import Span, Spread, UptakeForm, UptakePriors, uptake_priors

__all__ = [
    "Analyte",
    "CanonicalLab",
    "Drug",
    "Instrument",
    "MeaningfulChange",
    "PppRule",
    "PsaCriteria",
    "PsaRecipRule",
    "PsaThresholds",
    "RecipRule",
    "Repeatability",
    "ReportedValue",
    "ResponseRule",
    "Scale",
    "Site",
    "Span",
    "Spread",
    "TherapRule",
    "Tracer",
    "UptakeForm",
    "UptakeIdentity",
    "UptakePriors",
    "VisionRule",
    "analyte_named",
    "analyte_names",
    "analyte_of_loinc",
    "canonical_lab",
    "canonical_limit",
    "describe_repeatability",
    "drug_named",
    "drug_of_code",
    "drugs",
    "drugs_in_text",
    "instrument_named",
    "instruments",
    "instruments_of_items",
    "is_psma_tracer",
    "parse_reported_value",
    "psa_criteria",
    "psa_thresholds",
    "recip_rule",
    "regions",
    "repeatability_of",
    "repeatability_values",
    "response_rule",
    "response_rules",
    "site_named",
    "site_of_icd10",
    "sites",
    "split_result",
    "tracer_named",
    "tracers",
    "uptake_identities",
    "uptake_priors",
]
