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
from lutrace.protocol.course import CourseRules
from lutrace.protocol.document import Protocol, describe_schema, parse_protocol, read_protocol
from lutrace.protocol.history import CycleRules, LineRules, McrpcRules, SiteRules
from lutrace.protocol.outcomes import Outcome, PsaPfs
from lutrace.protocol.presentation import Item, Presentation, ReportSection, ShowCoxGrid, ShowPictures
from lutrace.protocol.progression import PsaProgression
from lutrace.protocol.selection import (
    Landmark,
    Measures,
    NewLesionRules,
    Population,
    PsaBaseline,
    PsaDoubling,
    PsaRules,
    PsaValues,
    ResponseRules,
    SpectRule,
)
from lutrace.protocol.survival import CensorRule, DeathDates, IndexDate, OverallSurvival, Pfs, TimeToNextTreatment
from lutrace.protocol.toxicity import Toxicity, ToxicityRules
from lutrace.protocol.worsening import TimeToWorsening, WorseningChange

__all__ = [
    "Analysis",
    "CensorRule",
    "ConcordanceAnalysis",
    "CorrelationAnalysis",
    "CourseRules",
    "Covariate",
    "CoxAnalysis",
    "CycleRules",
    "DeadZone",
    "DeathDates",
    "Definition",
    "FollowUpAnalysis",
    "IndexDate",
    "Item",
    "KaplanMeierAnalysis",
    "Landmark",
    "LineRules",
    "McrpcRules",
    "Measures",
    "NewLesionRules",
    "Outcome",
    "OverallSurvival",
    "Pfs",
    "Population",
    "Presentation",
    "ProportionAnalysis",
    "Protocol",
    "PsaBaseline",
    "PsaDoubling",
    "PsaPfs",
    "PsaProgression",
    "PsaRules",
    "PsaValues",
    "ReportSection",
    "ResponseRules",
    "SameSign",
    "ShowCoxGrid",
    "ShowPictures",
    "SiteRules",
    "SpectRule",
    "ThreeClasses",
    "TimeToNextTreatment",
    "TimeToWorsening",
    "Toxicity",
    "ToxicityRules",
    "ValueName",
    "WorseningChange",
    "describe_schema",
    "parse_protocol",
    "read_protocol",
]
