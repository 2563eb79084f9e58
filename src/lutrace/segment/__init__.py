"""segment knows organs and lesions in a volume: threshold plans, physiological uptake, identity across time."""

from lutrace.segment.lesions import Burden, Lesion, LesionSet, find_lesions
from lutrace.segment.longitudinal import compute_overlaps, link_rows, track
from lutrace.segment.new_lesions import NewClass, classify_new
from lutrace.segment.organs import maker_of, measure_organs
from lutrace.segment.plan import Plan, load_plan, plan_names, read_plan
from lutrace.segment.reference import LiverReference, measure_liver
from lutrace.segment.tracking import LesionPoint, Link, Tracking, track_points

__all__ = [
    "Burden",
    "Lesion",
    "LesionPoint",
    "LesionSet",
    "Link",
    "LiverReference",
    "NewClass",
    "Plan",
    "Tracking",
    "classify_new",
    "compute_overlaps",
    "find_lesions",
    "link_rows",
    "load_plan",
    "maker_of",
    "measure_liver",
    "measure_organs",
    "plan_names",
    "read_plan",
    "track",
    "track_points",
]
