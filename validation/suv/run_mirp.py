"""Write MIRP's SUV of each case into mirp.json. Run by hand with a Python that has `mirp` 2.7.0 and pydicom:

python validation/suv/run_mirp.py FOLDER_OF_REAL_DATA

MIRP is too large for our locks (2 GB), so its numbers are kept here and `check_mirp.py` compares ours with them.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import tempfile
from pathlib import Path

from mirp._data_import.read_data import read_image
from mirp.data_import.import_image import import_image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from cases import write_cases  # noqa: E402


def measure(folder: Path) -> dict[str, float | str]:
    try:
        (image,) = [read_image(one)[0] for one in import_image(str(folder))]
    except (ValueError, TypeError) as error:
        return {"refused": str(error).replace(str(folder), "")[:200]}
    grid = image.get_voxel_grid()
    return {"max": float(grid.max()), "mean": float(grid.astype(float).mean())}


def main() -> None:
    values = {}
    with tempfile.TemporaryDirectory() as name:
        for case in write_cases(Path(name)):
            values[case] = measure(Path(name) / case)
    if len(sys.argv) > 1:
        for scan in ("SCAN_001", "SCAN_002"):
            values[f"real/{scan}"] = measure(Path(sys.argv[1]) / "spect_lu177_xspect" / scan / "image")
    document = {"program": "mirp", "version": importlib.metadata.version("mirp"), "suv": values}
    (HERE / "mirp.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
