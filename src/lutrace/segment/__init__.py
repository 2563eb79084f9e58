"""segment knows organs and lesions in a volume: threshold plans, physiological uptake, identity across time."""

from lutrace.segment.alignment import compute_misfit_mm
from lutrace.segment.burden import Burden, Lesion
from lutrace.segment.earlier_uptake import EarlierUptake, sub_threshold_uptake
from lutrace.segment.expression import ExpressionScale, compute_mipsma_score, measure_expression_scale
from lutrace.segment.growth import Growth, compute_growth
from lutrace.segment.healthy_bone import healthy_skeleton, measure_healthy_skeleton
from lutrace.segment.hide_one import HideOneResult, check_tracking, run_hide_one
from lutrace.segment.identity_over_time import LesionKey, name_tracks
from lutrace.segment.labeller import Identity, identify
from lutrace.segment.labeller_body import find_body
from lutrace.segment.labeller_bone import find_skeleton
from lutrace.segment.lesions import LesionSet, find_lesions, find_lesions_by_plans
from lutrace.segment.longitudinal import compute_overlaps, link_rows, track
from lutrace.segment.mask_overlaps import compute_mask_overlaps
from lutrace.segment.new_lesions import (
    NewClass,
    PlaceUptake,
    classify_new,
    empty_class_row,
    find_lesions_near,
    measure_at,
    new_class_row,
)
from lutrace.segment.nnunet import NnunetModel
from lutrace.segment.organ_set import OrganModel, OrganSet, find_organs
from lutrace.segment.organs import maker_of, measure_organs
from lutrace.segment.plan import Plan, load_plan, plan_names, read_plan, set_site_constant
from lutrace.segment.reference import LiverReference, measure_liver, measure_reference, reference_region
from lutrace.segment.scan_facts import Recovery, ScanFacts
from lutrace.segment.total_segmentator import TotalSegmentator
from lutrace.segment.tracking import LesionPoint, Link, Overlaps, Tracking, track_points

__all__ = [
    "Burden",
    "EarlierUptake",
    "ExpressionScale",
    "Growth",
    "HideOneResult",
    "Identity",
    "Lesion",
    "LesionKey",
    "LesionPoint",
    "LesionSet",
    "Link",
    "LiverReference",
    "NewClass",
    "NnunetModel",
    "OrganModel",
    "OrganSet",
    "Overlaps",
    "PlaceUptake",
    "Plan",
    "Recovery",
    "ScanFacts",
    "TotalSegmentator",
    "Tracking",
    "check_tracking",
    "classify_new",
    "compute_growth",
    "compute_mask_overlaps",
    "compute_mipsma_score",
    "compute_misfit_mm",
    "compute_overlaps",
    "empty_class_row",
    "find_body",
    "find_lesions",
    "find_lesions_by_plans",
    "find_lesions_near",
    "find_organs",
    "find_skeleton",
    "healthy_skeleton",
    "identify",
    "link_rows",
    "load_plan",
    "maker_of",
    "measure_at",
    "measure_expression_scale",
    "measure_healthy_skeleton",
    "measure_liver",
    "measure_organs",
    "measure_reference",
    "name_tracks",
    "new_class_row",
    "plan_names",
    "read_plan",
    "reference_region",
    "run_hide_one",
    "set_site_constant",
    "sub_threshold_uptake",
    "track",
    "track_points",
]
