"""Hand-written facts of a plain scan; a test changes one thing."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from lutrace.physics import FrameTime, QuantFacts

SCAN = dt.datetime(2023, 5, 17, 11, 0)
INJECTION = dt.datetime(2023, 5, 17, 10, 0)
F_18_S = 6586.2
LU_177_S = 574300.0


def frame(start: dt.datetime | None = SCAN, duration_s: float | None = 120.0, **changes: Any) -> FrameTime:
    plain = FrameTime(acquisition_start=start, duration_s=duration_s, reference_time_s=None, decay_factor=None)
    return replace(plain, **changes)


def facts(**changes: Any) -> QuantFacts:
    """A PET in Bq/mL: 75 kg, 1.85 m, M, 370 MBq F-18 at 10:00, scanned at 11:00, START."""
    plain = QuantFacts(
        modality="PT",
        units="BQML",
        suv_type=None,
        decay_correction="START",
        corrected_image=("DECY", "ATTN", "SCAT"),
        manufacturer="SYNTHETIC",
        weight_kg=75.0,
        height_m=1.85,
        sex="M",
        injected_bq=370e6,
        injection_datetime=INJECTION,
        injection_time_only=None,
        half_life_s=F_18_S,
        series_datetime=SCAN,
        private_scan_datetime=None,
        private_injection_datetime=None,
        philips_suv_factor=None,
        philips_activity_factor=None,
        counts_to_bq_ml=None,
        frames=(frame(),),
        radionuclide="F-18",
    )
    return replace(plain, **changes)
