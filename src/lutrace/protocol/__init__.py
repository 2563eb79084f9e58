"""protocol knows the study as a frozen data file: its schema, its checks, its digest; it runs nothing."""

from lutrace.protocol.analyses import (
    Analysis,
    ConcordanceAnalysis,
    CorrelationAnalysis,
    Covariate,
    CoxAnalysis,
    DeadZone,
    Definition,
    FollowUpAnalysis,
    KaplanMeierAnalysis,
    ProportionAnalysis,
    SameSign,
    ThreeClasses,
    ValueName,
)
from lutrace.protocol.document import Protocol, describe_schema, parse_protocol, read_protocol
from lutrace.protocol.outcomes import Outcome, OverallSurvival, PsaPfs, PsaProgression
from lutrace.protocol.presentation import Item, Presentation, ReportSection, ShowPictures
from lutrace.protocol.selection import (
    Landmark,
    Measures,
    NewLesionRules,
    Population,
    PsaBaseline,
    PsaRules,
    SpectRule,
)

__all__ = [
    "Analysis",
    "ConcordanceAnalysis",
    "CorrelationAnalysis",
    "Covariate",
    "CoxAnalysis",
    "DeadZone",
    "Definition",
    "FollowUpAnalysis",
    "Item",
    "KaplanMeierAnalysis",
    "Landmark",
    "Measures",
    "NewLesionRules",
    "Outcome",
    "OverallSurvival",
    "Population",
    "Presentation",
    "ProportionAnalysis",
    "Protocol",
    "PsaBaseline",
    "PsaPfs",
    "PsaProgression",
    "PsaRules",
    "ReportSection",
    "SameSign",
    "ShowPictures",
    "SpectRule",
    "ThreeClasses",
    "ValueName",
    "describe_schema",
    "parse_protocol",
    "read_protocol",
]
