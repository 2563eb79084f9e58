"""Candidate lesions by an nnU-Net v2 model that the user brings: a folder as nnU-Net writes it after training."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError, MissingFactError, Source, UnusableInputError, digest_of_file
from lutrace.imaging import Geometry, Mask, Volume, resample_mask, resample_volume
from lutrace.segment.total_segmentator import Device, load_library

_LESION = re.compile(r"lesion|tumou?r|metasta|ttb|cancer", re.IGNORECASE)
_CHECKPOINTS = ("checkpoint_final.pth", "checkpoint_best.pth")
Channel = Literal["CT", "SUV"]


@dataclass(frozen=True)
class NnunetModel:
    """A trained nnU-Net v2 model: the folder with `dataset.json`, `plans.json` and `fold_.../checkpoint_final.pth`.

    What it was trained on, and how well it does, is for the one who brings it to know.
    """

    folder: Path
    device: Device = "cpu"

    def find_candidates(self, volume_suv: Volume, ct: Volume | None = None) -> Mask:
        """The voxels that the model takes for lesions, as a mask `lesion` on the grid of a scan in SUVbw (g/mL).

        Channels follow `channel_names` of the model (CT in HU; PET, SPECT or SUV in g/mL), on the scan's spacing,
        turned along the patient's axes (x left, y back, z head).
        Raises UnusableInputError when library or model files are absent or their channels or labels are not clear,
        MissingFactError when the model needs a CT and none is given.
        """
        if volume_suv.unit != "g/mL" or (ct is not None and ct.unit != "HU"):
            raise ContradictionError("lesion model: expected a scan in g/mL (and its CT in HU), found another unit")
        dataset, folds, checkpoint = self._files()
        channels, label = channels_of(dataset), lesion_label_of(dataset)
        if "CT" in channels and ct is None:
            raise MissingFactError("lesion model: it was trained with a CT channel, and this scan has no CT")
        grid = upright_geometry(volume_suv.geometry)
        images = {"SUV": resample_volume(volume_suv, grid).array}
        if ct is not None:
            images["CT"] = resample_volume(ct, grid, outside=-1000.0).array
        predicted = self._predict(np.stack([images[channel] for channel in channels]), grid, folds, checkpoint)
        digest = digest_of_file(self.folder / folds[0] / checkpoint)
        source = Source("masks", digest, f"model nnU-Net {dataset.get('name', 'unnamed')}")
        mask = Mask("lesion", np.asarray(predicted == label), grid, source, (f"nnU-Net, folds {', '.join(folds)}",))
        return resample_mask(mask, volume_suv.geometry)

    def _files(self) -> tuple[dict[str, Any], list[str], str]:
        """The content of dataset.json, the folds with a checkpoint, and the checkpoint's name."""
        needed = [self.folder / "dataset.json", self.folder / "plans.json"]
        missing = [path.name for path in needed if not path.is_file()]
        for checkpoint in _CHECKPOINTS:
            folds = sorted(path.parent.name for path in self.folder.glob(f"fold_*/{checkpoint}"))
            if folds:
                break
        else:
            missing.append("fold_.../checkpoint_final.pth")
        if missing:
            raise UnusableInputError(
                f"lesion model: folder {self.folder.name} holds no {', '.join(missing)}; name the folder that nnU-Net "
                "v2 wrote for one trainer, plans and configuration"
            )
        try:
            content = json.loads(needed[0].read_text(encoding="utf-8"))
        except ValueError as error:
            raise UnusableInputError("lesion model: dataset.json cannot be read as JSON") from error
        return content, folds, checkpoint

    def _predict(
        self, channels: NDArray[np.float32], grid: Geometry, folds: list[str], checkpoint: str
    ) -> NDArray[np.int64]:
        inference = load_library("nnunetv2.inference.predict_from_raw_data")
        torch = load_library("torch")
        predictor = inference.nnUNetPredictor(
            device=torch.device("cuda" if self.device == "gpu" else "cpu"),
            perform_everything_on_device=self.device == "gpu",
            verbose=False,
            verbose_preprocessing=False,
            allow_tqdm=False,
        )
        numbers = tuple("all" if fold == "fold_all" else int(fold.removeprefix("fold_")) for fold in folds)
        predictor.initialize_from_trained_model_folder(str(self.folder), numbers, checkpoint)
        found = predictor.predict_single_npy_array(channels, {"spacing": list(grid.spacing_mm[::-1])})
        return np.asarray(found, np.int64)


def channels_of(dataset: dict[str, Any]) -> tuple[Channel, ...]:
    """CT or SUV for each channel of a model's dataset.json, in order; raises UnusableInputError for another name."""
    names = dataset.get("channel_names") or {}
    channels: list[Channel] = []
    for number in sorted(names, key=int):
        words = str(names[number])
        if re.search(r"\bct\b|^ct", words, re.IGNORECASE):
            channels.append("CT")
        elif re.search(r"pet|spect|suv|psma", words, re.IGNORECASE):
            channels.append("SUV")
        else:
            raise UnusableInputError(
                f"lesion model: channel {number} of dataset.json is called {words}; expected CT, or PET, SPECT or SUV"
            )
    if "SUV" not in channels:
        raise UnusableInputError("lesion model: dataset.json names no channel of uptake (PET, SPECT or SUV)")
    return tuple(channels)


def lesion_label_of(dataset: dict[str, Any]) -> int:
    """The label that means lesion: the only one besides background, else the only one named so.

    Raises UnusableInputError when there is none, several, or a label is a region of several numbers.
    """
    labels = {name: value for name, value in (dataset.get("labels") or {}).items() if name != "background"}
    named = {name: value for name, value in labels.items() if len(labels) == 1 or _LESION.search(name)}
    if len(named) != 1 or not isinstance(next(iter(named.values())), int):
        raise UnusableInputError(
            "lesion model: expected one label for lesions in dataset.json, found "
            f"{', '.join(sorted(labels)) or 'none'}; rename the label to lesion"
        )
    return int(next(iter(named.values())))


def upright_geometry(geometry: Geometry) -> Geometry:
    """The scan's grid turned along the patient's axes: the same spacing, x left, y back, z head, all of it covered."""
    axes = np.asarray(geometry.direction, float).reshape(3, 3)
    spacing = [float(geometry.spacing_mm[int(np.argmax(np.abs(axes[row])))]) for row in range(3)]
    corners = geometry.corners_mm
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = np.rint((high - low) / spacing).astype(int) + 1
    return Geometry(
        size_xyz=(int(size[0]), int(size[1]), int(size[2])),
        spacing_mm=(spacing[0], spacing[1], spacing[2]),
        origin_mm=(float(low[0]), float(low[1]), float(low[2])),
        frame_of_reference=geometry.frame_of_reference,
    )
