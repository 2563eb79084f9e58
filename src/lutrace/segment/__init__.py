"""segment knows organs and lesions in a volume: threshold plans, physiological uptake, identity across time."""

from lutrace.segment.healthy_bone import healthy_skeleton
from lutrace.segment.labeller import Identity, identify
from lutrace.segment.labeller_body import find_body
from lutrace.segment.labeller_bone import find_skeleton
from lutrace.segment.lesions import Burden, Lesion, LesionSet, find_lesions
from lutrace.segment.longitudinal import compute_overlaps, link_rows, track
from lutrace.segment.new_lesions import (
    NewClass,
    PlaceUptake,
    classify_new,
    empty_class_row,
    measure_at,
    new_class_row,
)
from lutrace.segment.organ_set import OrganModel, OrganSet, find_organs
from lutrace.segment.organs import maker_of, measure_organs
from lutrace.segment.plan import Plan, load_plan, plan_names, read_plan
from lutrace.segment.reference import LiverReference, measure_liver, measure_reference, reference_region
from lutrace.segment.tracking import LesionPoint, Link, Tracking, track_points

__all__ = [
    "Burden",
    "Identity",
    "Lesion",
    "LesionPoint",
    "LesionSet",
    "Link",
    "LiverReference",
    "NewClass",
    "OrganModel",
    "OrganSet",
    "PlaceUptake",
    "Plan",
    "Tracking",
    "classify_new",
    "compute_overlaps",
    "empty_class_row",
    "find_body",
    "find_lesions",
    "find_organs",
    "find_skeleton",
    "healthy_skeleton",
    "identify",
    "link_rows",
    "load_plan",
    "maker_of",
    "measure_at",
    "measure_liver",
    "measure_organs",
    "measure_reference",
    "new_class_row",
    "plan_names",
    "read_plan",
    "reference_region",
    "track",
    "track_points",
]
