"""cohort knows who is studied: one row per patient and landmark with its time zero, and who was lost at which step."""

from lutrace.cohort.populations import PopulationFacts, Selected, describe_event, select_population
from lutrace.cohort.selection import TREATED, Cohort, select_patients

__all__ = [
    "TREATED",
    "Cohort",
    "PopulationFacts",
    "Selected",
    "describe_event",
    "select_patients",
    "select_population",
]
