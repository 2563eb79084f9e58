"""ingest knows the order of steps from scans and records to the registry, parallel and resumable."""

from lutrace.ingest.roi_step import RoiStepResult, run_roi
from lutrace.ingest.suv_step import Quantified, SuvStepResult, quantify_image, run_suv

__all__ = ["Quantified", "RoiStepResult", "SuvStepResult", "quantify_image", "run_roi", "run_suv"]
