"""Synthetic series for the comparison with MIRP: the same bytes of voxels each time, written with pydicom alone."""

from __future__ import annotations

import datetime as dt
import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

from pydicom.dataset import Dataset


def _build() -> ModuleType:
    path = Path(__file__).parents[2] / "tests" / "dicom" / "build.py"
    spec = importlib.util.spec_from_file_location("synthetic_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["synthetic_build"] = module
    spec.loader.exec_module(module)
    return module


def write_cases(folder: Path) -> list[str]:
    """Write one folder per case and return their names."""
    b = _build()

    def beds(dataset: Dataset, index: int) -> None:
        late = dt.datetime(2023, 5, 17, 11) + dt.timedelta(seconds=180 * index)
        dataset.AcquisitionTime = late.strftime("%H%M%S")
        x = math.log(2) / 6586.2 * 120
        dataset.FrameReferenceTime = round((180 * index + math.log(x / (1 - math.exp(-x))) / x * 120) * 1000, 3)

    def philips(dataset: Dataset, index: int) -> None:
        suv_factor = 1.6 * 75000 / (370e6 * 2 ** (-3600 / 6586.2))
        elements = {0x00: ("DS", f"{suv_factor:.10g}"), 0x09: ("DS", "1.6")}
        b.private(dataset, 0x7053, "Philips PET Private Group", elements)

    evening = {"RadiopharmaceuticalStartTime": "233500"}
    after_midnight = {"SeriesTime": "002011", "AcquisitionTime": "002011"}
    stored = abs(b.ramp(6, 8, 8))
    plain = {"n": 6, "stored": stored}
    series = {
        "a_start": b.pet_slices(**plain),
        "b_midnight_time_only": b.pet_slices(
            **plain, drug_item=b.drug(**evening, RadiopharmaceuticalStartDateTime=None), **after_midnight
        ),
        "c_midnight_date_time": b.pet_slices(
            **plain, drug_item=b.drug(**evening, RadiopharmaceuticalStartDateTime="20230516233500"), **after_midnight
        ),
        "d_admin_4_h": b.spect_as_pet(**plain, hours=3.95),
        "e_admin_28_h": b.spect_as_pet(**plain, hours=27.93),
        "f_start_28_h": b.spect_as_pet(**plain, hours=27.93, DecayCorrection="START", DecayFactor=None),
        "g_late_beds": b.pet_slices(**plain, edit=beds),
        "h_philips_suv_factor": b.pet_slices(**plain, edit=philips, Units="CNTS"),
        "i_per_slice_slopes": b.pet_slices(**plain, slopes=[0.5, 1.25, 2.0, 7.75, 3.0, 0.125]),
        "k_none_late_beds": b.pet_slices(
            **plain, edit=beds, DecayCorrection="NONE", CorrectedImage=["ATTN", "SCAT"], FrameReferenceTime=None
        ),
        "j_gml": b.pet_slices(**plain, Units="GML", SUVType="BW"),
    }
    for name, datasets in series.items():
        b.write(folder / name, datasets)
        for path in (folder / name).iterdir():
            path.rename(path.with_suffix(".dcm"))
    return list(series)
