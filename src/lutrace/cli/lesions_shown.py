"""How the lesions and totals of one scan look to people: rounded, in words, and never more sure than they are."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.cli.show import show_rows, tell
from lutrace.core import Row

_SOURCES = {
    "given": "organ masks given",
    "model": "organ masks of a network",
    "labeller": "no organ masks: the labeller's guess",
    "none": "no organ masks, nothing told apart",
}
_TOTALS = (
    ("above_threshold_ml", "all voxels above the threshold"),
    ("tumour_auto_ml", "taken for {tumour}, automatic"),
    ("uncertain_ml", "uncertain: a reader decides"),
    ("tumour_reviewed_ml", "tumour, reviewed"),
)


def show_lesions(lesions: Sequence[Row], totals: Row) -> None:
    """Print the lesions and totals of one plan; volumes in mL with a tenth (below 10 mL a hundredth), SUVbw in g/mL."""
    tell(f"plan {totals['plan']}: {totals['what']} ({_SOURCES.get(totals['organ_source'], totals['organ_source'])})")
    tumour = "tumour" if totals["what"] == "tumour, automatic" else "candidate"
    show_rows("lesions", [_shown(row, tumour) for row in lesions]) if lesions else tell("nothing above the threshold")
    words = [(name, text.format(tumour=tumour)) for name, text in _TOTALS]
    width = max(len(text) for _, text in words)
    for name, text in words:
        value = totals[name]
        tell(f"  {text:<{width}}  {'nobody has reviewed' if value is None else f'{_ml(value)} mL'}")
    tell("")


def _shown(row: Row, tumour: str) -> Row:
    """One lesion for people: what it is taken for, where, and its uptake; `tumour` is the word for that category."""
    identity = row["identity"] or ""
    if identity and row["probability"] is not None:
        identity += f" {100 * row['probability']:.0f} %"
    return {
        "no.": row["lesion_id"],
        "taken for": tumour if row["category"] == "tumour" else row["category"],
        "identity": identity,
        "site": row["site"],
        "miTNM": row["mitnm"],
        "mL": ("> " if row["cut_by_view"] else "") + _ml(row["volume_ml"]),
        "mean": _suv(row["suv_mean"]),
        "max": _suv(row["suv_max"]),
        "peak": _suv(row["suv_peak"]),
        "x, y, z mm": ", ".join(f"{row[name]:.0f}" for name in ("x_mm", "y_mm", "z_mm")),
    }


def _ml(volume_ml: float) -> str:
    return f"{volume_ml:.2f}" if volume_ml < 10 else f"{volume_ml:.1f}"


def _suv(suv: float | None) -> str:
    return "" if suv is None else f"{suv:.2f}" if suv < 10 else f"{suv:.1f}"
