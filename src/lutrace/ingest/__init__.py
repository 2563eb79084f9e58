"""ingest knows the order of steps from scans and records to the registry, parallel and resumable."""

from lutrace.ingest.suv_step import Quantified, SuvStepResult, quantify_image, run_suv

__all__ = ["Quantified", "SuvStepResult", "quantify_image", "run_suv"]
