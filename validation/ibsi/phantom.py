"""The digital phantom of the Image Biomarker Standardisation Initiative (IBSI 1), and its consensus values.

Image and mask: A. Zwanenburg, IBSI digital phantom, github.com/theibsi/data_sets, CC BY 4.0. Voxels of 2 x 2 x 2 mm,
axes slice, row, column. Of the 80 voxels, 74 lie in the region; those outside keep their value, since the peak looks
at the image and not at the region. Values: IBSI reference manual (arXiv 1612.07003), digital phantom, consensus very
strong; published to three digits, so the tolerance is half of the last.
"""

from __future__ import annotations

import numpy as np

SPACING_MM = (2.0, 2.0, 2.0)

IMAGE = np.array(
    [
        [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [1, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 1, 1, 1], [1, 1, 9, 1, 1], [1, 1, 6, 1, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
    ],
    np.float32,
)

REGION = np.ones(IMAGE.shape, np.bool_)
REGION[1, 2, 0] = REGION[2, 2, 2] = False
REGION[2, 0, 3:] = REGION[3, 0, 3:] = False

CONSENSUS: dict[str, tuple[float, float]] = {
    "volume, voxel counting (mm3), YEKZ": (592.0, 0.5),
    "mean intensity, Q4LE": (2.15, 0.005),
    "intensity variance, ECT3": (3.05, 0.005),
    "minimum intensity, 1GSF": (1.0, 0.0),
    "maximum intensity, 84IY": (6.0, 0.0),
    "local intensity peak, VJGA": (2.6, 0.05),
    "global intensity peak, 0F91": (3.1, 0.05),
}
"""Value and tolerance."""
