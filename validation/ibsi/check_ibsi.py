"""What lutrace measures in the IBSI digital phantom, against the published consensus and against MIRP 2.7.0."""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from phantom import CONSENSUS, IMAGE, REGION, SPACING_MM  # noqa: E402

from lutrace.core import Source  # noqa: E402
from lutrace.imaging import Geometry, Mask, Volume, measure_region  # noqa: E402


def measure() -> dict[str, float]:
    z, y, x = IMAGE.shape
    geometry = Geometry((x, y, z), SPACING_MM, (0.0, 0.0, 0.0))
    source = Source("virtual", "IBSI digital phantom")
    found = measure_region(Volume(IMAGE, geometry, "g/mL", source), Mask("region", REGION, geometry, source))
    sd = found.sd if found.sd is not None else float("nan")
    numbers = (found.volume_ml * 1000, found.mean, sd**2, found.min, found.max, found.local_peak, found.peak)
    return dict(zip(CONSENSUS, numbers, strict=True))


def main() -> list[str]:
    mirp = json.loads((HERE / "mirp.json").read_text(encoding="utf-8"))["values"]
    faults = []
    for name, ours in measure().items():
        value, tolerance = CONSENSUS[name]
        theirs = mirp.get(name)
        print(f"   {name:48s} {ours:10.6g}   consensus {value:g}   MIRP {theirs}")
        if abs(ours - value) > tolerance + 1e-9:
            faults.append(f"{name}: ours {ours}, consensus {value}")
        if theirs is not None and abs(ours - theirs) > 1e-5 * abs(theirs):
            faults.append(f"{name}: ours {ours}, MIRP {theirs}")
    return faults


if __name__ == "__main__":
    sys.exit(len(main()))
