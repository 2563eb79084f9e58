"""DICOM to ledger by lutrace, with its seconds by step as JSON: what `lutrace lesions` does up to its tables."""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import replace
from pathlib import Path

from scan import ORGANS

from lutrace.core import write_rows
from lutrace.dicom import begin_masks, index_folder, is_activity_series, read_series
from lutrace.imaging import Mask, Volume
from lutrace.ingest import parse_profile
from lutrace.ingest.scan_measuring import tracer_of
from lutrace.ingest.suv_step import quantify_image
from lutrace.physics import apply_suv_factor
from lutrace.segment import LesionSet, find_lesions_by_plans, load_plan

OTHER_PLANS = ("suv4", "percent41", "percent50", "adaptive")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pet", type=Path)
    parser.add_argument("organs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--then", choices=("nothing", "plans", "labeller"), default="nothing")
    given = parser.parse_args()
    steps: dict[str, float] = {}
    clock = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal clock
        now = time.perf_counter()
        steps[name], clock = now - clock, now

    with begin_masks(given.organs) as read_masks:
        (series,) = (one for one in index_folder([given.pet]).series if is_activity_series(one))
        lap("index")
        image = read_series(series)
        lap("read")
        done = quantify_image(image, [], None)
        array = apply_suv_factor(image.volume.array, done.factor, out=image.volume.array)
        suv = image.volume.with_array(array, "g/mL")
        lap("SUV")
        organs = named(read_masks(suv.geometry, series_uid=series.series_uid))
        lap("organs")
    tracer = tracer_of(done.facts)
    found = find(suv, organs, ("suv3",), tracer)["suv3"]
    lap("lesions")
    write_rows(given.out, found.rows)
    lap("ledger")
    main_steps = dict(steps)
    if given.then == "plans":
        find(suv, organs, ("suv3", *OTHER_PLANS), tracer)
        lap(f"suv3 and {len(OTHER_PLANS)} further plans")
    elif given.then == "labeller":
        find(suv, [], ("suv3",), tracer)
        lap("suv3 by the labeller, without masks")
    later = {name: value for name, value in steps.items() if name not in main_steps}
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(json.dumps({"steps": main_steps, "later": later, "lesions": len(found.lesions), "peak_gb": peak_gb}))


def find(suv: Volume, organs: list[Mask], plans: tuple[str, ...], tracer: str | None) -> dict[str, LesionSet]:
    return find_lesions_by_plans(suv, organs, [load_plan(name) for name in plans], tracer=tracer, modality="PET")


def named(masks: list[Mask]) -> list[Mask]:
    """The masks of the label file by the site profile's names."""
    text = "".join(f"  organs_{label}: {name}\n" for label, name in enumerate(ORGANS, start=1))
    profile = parse_profile(f"mask_names:\n{text}")
    return [replace(mask, name=profile.region_of(mask.name) or mask.name) for mask in masks]


if __name__ == "__main__":
    main()
