"""The numbers of MIRP in mirp.json, in an environment of its own: pip install mirp==2.7.0, then run this file."""

from __future__ import annotations

import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import itk
import numpy as np
from mirp import extract_features

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from phantom import IMAGE, REGION, SPACING_MM  # noqa: E402

_COLUMNS = {
    "volume, voxel counting (mm3), YEKZ": "morph_vol_approx",
    "mean intensity, Q4LE": "stat_mean",
    "intensity variance, ECT3": "stat_var",
    "minimum intensity, 1GSF": "stat_min",
    "maximum intensity, 84IY": "stat_max",
    "local intensity peak, VJGA": "loc_peak_loc",
    "global intensity peak, 0F91": "loc_peak_glob",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        files = {}
        for part, array in (("image", IMAGE), ("mask", REGION.astype(np.uint8))):
            image = itk.image_from_array(array)
            image.SetSpacing(SPACING_MM)
            files[part] = str(Path(name) / f"{part}.nii.gz")
            itk.imwrite(image, files[part])
        table = extract_features(
            **files, image_modality="pt", base_feature_families=["morphology", "statistical", "local_intensity"]
        )
    row = table[0].iloc[0]
    values = {name: float(row[column]) for name, column in _COLUMNS.items()}
    found = {"program": f"MIRP {version('mirp')}", "values": values}
    (HERE / "mirp.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
