"""imaging knows Volume and Mask: where voxels lie, how they are resampled, registered and measured."""

from lutrace.imaging.components import (
    Components,
    Connectivity,
    LabelledVoxels,
    connect_voxels,
    find_components,
    label_components,
)
from lutrace.imaging.contour_tracing import trace_contours, trace_plane
from lutrace.imaging.contours import FilledContours, fill_contours, fill_polygon
from lutrace.imaging.cropping import crop_region
from lutrace.imaging.deformable import (
    bend_prepared,
    compute_residual_mm,
    join_over_fixed,
    register_deformable,
    resample_labels_by,
)
from lutrace.imaging.displacement import DisplacementField
from lutrace.imaging.face import FaceRegion, find_face
from lutrace.imaging.measures import RegionMeasures, measure_labels, measure_region, measure_voxels
from lutrace.imaging.mip import COLOURS, Outline, Picture, render_mip
from lutrace.imaging.mip_numbers import Mark
from lutrace.imaging.mip_plate import Caption, render_mip_plate, render_turning_mip
from lutrace.imaging.morphology import dilate, dilate_box, distance_to, erode, erode_box
from lutrace.imaging.neighbourhood import find_places, map_slices
from lutrace.imaging.nifti import is_nifti, read_nifti_masks, read_nifti_volume, write_nifti
from lutrace.imaging.peak import compute_sphere_means
from lutrace.imaging.png import encode_png
from lutrace.imaging.registration import (
    Metric,
    PreparedScan,
    Registration,
    identity_registration,
    prepare_scan,
    register_prepared,
    register_rigid,
)
from lutrace.imaging.resample import resample_labels, resample_mask, resample_masks, resample_volume, sample_volume
from lutrace.imaging.suv import to_suvbw
from lutrace.imaging.transform_files import is_transform_file, read_transform
from lutrace.imaging.view import common_view, field_of_view_mm
from lutrace.imaging.volume import BoolArray, Box, FloatArray, Geometry, Mask, Volume, empty_region
from lutrace.imaging.watershed import Split, SplitRule, split_by_uptake

__all__ = [
    "COLOURS",
    "BoolArray",
    "Box",
    "Caption",
    "Components",
    "Connectivity",
    "DisplacementField",
    "FaceRegion",
    "FilledContours",
    "FloatArray",
    "Geometry",
    "LabelledVoxels",
    "Mark",
    "Mask",
    "Metric",
    "Outline",
    "Picture",
    "PreparedScan",
    "RegionMeasures",
    "Registration",
    "Split",
    "SplitRule",
    "Volume",
    "bend_prepared",
    "common_view",
    "compute_residual_mm",
    "compute_sphere_means",
    "connect_voxels",
    "crop_region",
    "dilate",
    "dilate_box",
    "distance_to",
    "empty_region",
    "encode_png",
    "erode",
    "erode_box",
    "field_of_view_mm",
    "fill_contours",
    "fill_polygon",
    "find_components",
    "find_face",
    "find_places",
    "identity_registration",
    "is_nifti",
    "is_transform_file",
    "join_over_fixed",
    "label_components",
    "map_slices",
    "measure_labels",
    "measure_region",
    "measure_voxels",
    "prepare_scan",
    "read_nifti_masks",
    "read_nifti_volume",
    "read_transform",
    "register_deformable",
    "register_prepared",
    "register_rigid",
    "render_mip",
    "render_mip_plate",
    "render_turning_mip",
    "resample_labels",
    "resample_labels_by",
    "resample_mask",
    "resample_masks",
    "resample_volume",
    "sample_volume",
    "split_by_uptake",
    "to_suvbw",
    "trace_contours",
    "trace_plane",
    "write_nifti",
]
