"""Organs drawn on the CT by TotalSegmentator, with weights from a folder of the site; nothing is ever downloaded."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError, Source, UnusableInputError
from lutrace.imaging import Geometry, Mask, Volume, erode, read_nifti_volume, resample_masks, write_nifti

Device = Literal["cpu", "gpu"]
Task = Literal["total", "head_glands_cavities"]

_FULL, _FAST, _GLANDS, _CROP = (291, 292, 293, 294, 295), (297,), (775,), (298,)
"""Numbers of the folders of weights: 1.5 mm in five parts, 3 mm, glands, and the 6 mm model that finds the skull."""

_REGIONS: dict[str, tuple[str, ...]] = {
    "liver": ("liver",),
    "spleen": ("spleen",),
    "kidney_left": ("kidney_left",),
    "kidney_right": ("kidney_right",),
    "bladder": ("urinary_bladder",),
    "prostate": ("prostate",),
    "gallbladder": ("gallbladder",),
    "small_bowel": ("small_bowel", "duodenum"),
    "blood_pool": ("aorta",),
    "lung_left": ("lung_upper_lobe_left", "lung_lower_lobe_left"),
    "lung_right": ("lung_upper_lobe_right", "lung_middle_lobe_right", "lung_lower_lobe_right"),
    "parotid_left": ("parotid_gland_left",),
    "parotid_right": ("parotid_gland_right",),
    "submandibular_left": ("submandibular_gland_left",),
    "submandibular_right": ("submandibular_gland_right",),
}
_BONE = re.compile(
    r"(vertebrae_\w+|rib_(left|right)_\d+|(humerus|scapula|clavicula|femur|hip)_(left|right)|sacrum|sternum|skull)"
)
_DISCLAIMER = "statistics_disclaimer_shown"
_SETTINGS = ("TOTALSEG_HOME_DIR", "TOTALSEG_WEIGHTS_PATH")
_BLOOD_POOL_EROSION_MM = 4.0
"""The aorta's wall and what spills into it from beside it are left out."""


def region_of_class(name: str) -> str | None:
    """The region of the vocabulary that a class of TotalSegmentator belongs to; None for all others."""
    if _BONE.fullmatch(name):
        return "skeleton"
    return next((region for region, classes in _REGIONS.items() if name in classes), None)


@dataclass(frozen=True)
class TotalSegmentator:
    """An organ model: the folder that holds the `Dataset...` folders of weights, and where to compute.

    `glands` adds parotid and submandibular glands, by a second network. With the weights of 1.5 mm those are used,
    else those of 3 mm.
    """

    folder: Path
    device: Device = "cpu"
    glands: bool = True

    def draw_organs(self, ct: Volume, target: Geometry) -> tuple[Mask, ...]:
        """The organ masks of a CT in HU on the target's grid, by the vocabulary's regions; empty ones are left out.

        Raises UnusableInputError when the library or weights are absent, naming the remedy, and ContradictionError for
        an image that is no CT. Source: Wasserthal et al., Radiol Artif Intell 2023;5:e230024.
        """
        if ct.unit != "HU":
            raise ContradictionError(f"organ model: expected a CT in HU, found {ct.unit}")
        fast = self.check_weights()
        library = load_library("totalsegmentator.python_api")
        classes = load_library("totalsegmentator.map_to_binary").class_map
        found: dict[str, NDArray[np.bool_]] = {}
        with tempfile.TemporaryDirectory(prefix="lutrace-") as place, _offline(self.folder, library):
            path = Path(place) / "ct.nii.gz"
            write_nifti(path, ct.array, ct.geometry)
            tasks: Sequence[Task] = ("total", "head_glands_cavities") if self.glands else ("total",)
            for task in tasks:
                out = Path(place) / f"{task}.nii.gz"
                library.totalsegmentator(
                    path, out, ml=True, fast=fast and task == "total", task=task, device=self.device, quiet=True
                )
                labels = read_nifti_volume(out, unit="1")
                if not labels.geometry.same_grid(ct.geometry):
                    raise ContradictionError(f"organ model: {task} came back on another grid than the CT")
                add_regions(found, np.rint(labels.array).astype(np.int32), classes[task])
        return _masks(found, ct, target, "TotalSegmentator 3 mm" if fast else "TotalSegmentator 1.5 mm")

    def check_weights(self) -> bool:
        """Whether the 3 mm weights serve (True) or those of 1.5 mm (False).

        Raises UnusableInputError when the folder lacks what is needed, listing the numbers of its missing datasets.
        """
        if not self.folder.is_dir():
            raise UnusableInputError(
                f"organ model: folder {self.folder.name} is not there; set organ_models.folder in the site profile to "
                "the folder that holds TotalSegmentator's Dataset... folders"
            )
        fast = bool(self._missing(_FULL))
        missing = self._missing(_FAST) if fast else []
        if self.glands:
            missing += self._missing((*_GLANDS, *_CROP))
        if missing:
            names = ", ".join(f"Dataset{number}_..." for number in missing)
            raise UnusableInputError(
                f"organ model: folder {self.folder.name} holds no weights {names}; fetch them with "
                "totalseg_download_weights on a machine with internet and copy them there"
                + (", or set organ_models.glands to false in the site profile" if self.glands else "")
            )
        return fast

    def _missing(self, numbers: Sequence[int]) -> list[int]:
        return [number for number in numbers if not any(self.folder.glob(f"Dataset{number}_*/*/plans.json"))]


def load_library(name: str) -> Any:
    """A module of the optional extra; raises UnusableInputError with the command that installs it."""
    top = name.split(".")[0]
    if importlib.util.find_spec(top) is None:
        raise UnusableInputError(
            f"{top} is not installed: networks are an optional extra; install it with "
            "pip install 'lutrace[segmentation]' (torch for CPU first, to keep CUDA libraries out)"
        )
    return importlib.import_module(name)


@contextmanager
def _offline(folder: Path, library: Any) -> Iterator[None]:
    """TotalSegmentator bound to the site's weights: no usage statistics, no download, nothing deleted there."""

    def refuse(task_id: int) -> None:
        if not any(folder.glob(f"Dataset{task_id}_*/*/plans.json")):
            raise UnusableInputError(f"organ model: folder {folder.name} holds no weights Dataset{task_id}_...")

    with tempfile.TemporaryDirectory(prefix="lutrace-") as home:
        config = {"totalseg_id": "lutrace", "send_usage_stats": False, "prediction_counter": 0, _DISCLAIMER: True}
        (Path(home) / "config.json").write_text(json.dumps(config), encoding="utf-8")
        before = {name: os.environ.get(name) for name in _SETTINGS}
        download = library.download_pretrained_weights
        os.environ.update({"TOTALSEG_HOME_DIR": home, "TOTALSEG_WEIGHTS_PATH": str(folder)})
        library.download_pretrained_weights = refuse
        try:
            yield
        finally:
            library.download_pretrained_weights = download
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def add_regions(found: dict[str, NDArray[np.bool_]], labels: NDArray[np.int32], classes: Mapping[int, str]) -> None:
    """Add the regions of a label array, by its classes, to the masks `found`; a region may have several classes."""
    for region in sorted({region for name in classes.values() if (region := region_of_class(name)) is not None}):
        numbers = [number for number, name in classes.items() if region_of_class(name) == region]
        lookup = np.zeros(int(max(labels.max(), *numbers)) + 1, np.bool_)
        lookup[numbers] = True
        inside = lookup[labels]
        found[region] = inside | found[region] if region in found else inside


def _masks(found: Mapping[str, NDArray[np.bool_]], ct: Volume, target: Geometry, maker: str) -> tuple[Mask, ...]:
    masks = []
    for region, array in found.items():
        inside: NDArray[np.bool_] = array
        notes: tuple[str, ...] = (maker,)
        if region == "blood_pool":
            inside = erode(array, ct.geometry, _BLOOD_POOL_EROSION_MM)
            notes = (maker, f"aorta shrunk by {_BLOOD_POOL_EROSION_MM:g} mm")
        if inside.any():
            source = Source("masks", ct.source.digest, f"model {maker}")
            masks.append(Mask(region, inside, ct.geometry, source, notes))
    return tuple(resample_masks(masks, target))
