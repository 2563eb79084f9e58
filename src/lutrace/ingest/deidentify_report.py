"""What a de-identification says of itself: JSON for programs, text for people; neither holds an identifier."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lutrace.dicom import SAFE_PRIVATE, FaceLoss, Identifiers, LeftOut
from lutrace.ingest.deidentify_check import FolderScan
from lutrace.ingest.deidentify_keep import NotKept
from lutrace.ingest.deidentify_work import SeriesAnswer, SeriesTask

REPORT_FILES = ("deidentification.json", "deidentification.txt")
_WORDS = {
    "kept": "kept as they are",
    "removed": "removed",
    "emptied": "emptied",
    "dummies": "replaced by a dummy",
    "new_uids": "UIDs replaced",
    "dates_moved": "dates moved",
    "texts_cleaned": "texts cleaned",
    "ages_capped": "ages above 89 made 90",
    "private_kept": "private elements kept",
    "private_removed": "private elements removed",
    "unknown_removed": "unknown elements removed",
    "unreadable_removed": "unreadable elements removed",
    "unreadable_dates": "unreadable dates replaced",
}


def describe(
    answers: Sequence[tuple[SeriesTask, SeriesAnswer]],
    left_out: Sequence[LeftOut],
    scan: FolderScan,
    known: Identifiers,
    *,
    options: Mapping[str, object],
    not_kept: Sequence[NotKept] = (),
) -> dict[str, Any]:
    """The report as plain data: options, files with what was done to each, what was left out, and the checks."""
    written = [(task, answer) for task, answer in answers if answer.written]
    checks = [answer.suv for _, answer in written if answer.suv is not None]
    differing = [check for check in checks if not check.is_same]
    return {
        "safe": not scan.findings and not differing,
        "options": dict(options),
        "private_elements_kept": [
            f"({group:04X},xx{element:02X}) {creator}: {meaning}"
            for (group, creator, element), (_, meaning) in SAFE_PRIVATE.items()
        ],
        "patients": sorted({task.place.split("/")[0] for task, _ in written}),
        "series": [_series(task, answer) for task, answer in written],
        "files": [
            {"file": f"{task.place}/{one.name}", **one.counts} for task, answer in written for one in answer.written
        ],
        "left_out": [{"file_sha256": one.digest, "reason": one.reason} for one in left_out],
        "keep_files_not_placed": [{"file_sha256": one.digest, "reason": one.reason} for one in not_kept],
        "suv": [
            {
                "series": check.series,
                "status": check.status,
                "factor_suvbw": check.factor_suvbw,
                "suvbw_max_before": check.suvbw_max_before,
                "suvbw_max_after": check.suvbw_max_after,
                "same": check.is_same,
                "verified": check.is_verified,
                "not_verified_because": check.refusal,
                "differing": list(check.differing),
            }
            for check in checks
        ],
        "identifier_search": {
            "files": scan.n_files,
            "bytes": scan.n_bytes,
            "looked_for": dict(sorted(Counter(known.texts.values()).items())) | {"UID": len(known.uids)},
            "too_short_or_common_to_look_for": known.n_too_short,
            "findings": [{"file": one.file, "kinds": dict(one.kinds)} for one in scan.findings],
        },
    }


def write_reports(out: Path, report: Mapping[str, Any]) -> None:
    """Write deidentification.json and deidentification.txt into the folder, each whole or not at all."""
    texts = (json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False) + "\n", format_report(report))
    for name, text in zip(reversed(REPORT_FILES), reversed(texts), strict=True):
        partial = out / f"{name}.part"
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(out / name)


def format_report(report: Mapping[str, Any]) -> str:
    """The report as text for people."""
    search, options = report["identifier_search"], report["options"]
    lines = [
        "De-identification by lutrace",
        "SAFE by the checks below" if report["safe"] else "NOT SAFE: do not pass this folder on",
        "",
        f"Profile: {options['profile']}",
        *(f"  {code}  {meaning}" for code, meaning in options["codes"].items()),
        f"Screens with text let through: {'yes' if options['with_captures'] else 'no'}",
        f"Faces taken out: {'yes' if options['deface'] else 'no (a head CT shows who it is)'}",
        "",
        f"Written: {len(report['files'])} files of {len(report['series'])} series, {len(report['patients'])} patients",
        *_series_lines(report["series"]),
        *_not_kept_lines(report["keep_files_not_placed"]),
        "",
        f"Left out: {len(report['left_out'])} files",
        *_left_out_lines(report["left_out"]),
        "",
        "SUV before and after",
        *_suv_lines(report["suv"]),
        "",
        f"Search for identifiers in {search['files']} files, {search['bytes']} bytes:",
        "  looked for: " + ", ".join(f"{kind} {n}" for kind, n in search["looked_for"].items()),
        f"  too short or too common to look for: {search['too_short_or_common_to_look_for']}",
        "  in the numbers of pixels only those of eight characters and more",
        f"  found: {len(search['findings'])} files with identifiers",
        *(f"    {one['file']}: {_kinds(one['kinds'])}" for one in search["findings"]),
        "",
        "Private elements that may stay:",
        *(f"  {line}" for line in report["private_elements_kept"]),
        "",
        "Pixels were not searched for text. What was known of persons is what the headers and the registry say.",
    ]
    return "\n".join(lines) + "\n"


def _series(task: SeriesTask, answer: SeriesAnswer) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    for one in answer.written:
        counts.update(one.counts)
    told: dict[str, Any] = {
        "folder": task.place,
        "modality": task.modality,
        "files": len(answer.written),
        "elements": dict(sorted(counts.items())),
    }
    return told | ({"face": _face(answer.face)} if task.face is not None else {})


def _face(loss: FaceLoss) -> dict[str, Any]:
    return {
        "slices": loss.n_slices,
        "removed_ml": round(loss.removed_ml, 3),
        "removed_suv_max": loss.suv_max,
        "removed_ml_of_suv_3_or_more": None if loss.uptake_ml is None else round(loss.uptake_ml, 3),
        "kept_for_regions_ml": round(loss.kept_ml, 3),
    }


def _series_lines(series: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for one in series:
        done = ", ".join(f"{_WORDS[name]} {n}" for name, n in one["elements"].items())
        lines += [f"  {one['folder']}  {one['modality']}, {one['files']} files", f"    elements: {done}"]
        face = one.get("face")
        if face is not None:
            suv = "" if face["removed_suv_max"] is None else f", SUVmax {face['removed_suv_max']:.2f}"
            uptake = face["removed_ml_of_suv_3_or_more"]
            hot = "" if uptake is None else f", {uptake:.1f} mL of it SUV 3 or more"
            lines.append(
                f"    face: {face['removed_ml']:.1f} mL of the body set to air in {face['slices']} slices{suv}{hot}; "
                f"{face['kept_for_regions_ml']:.1f} mL kept for the regions given"
            )
    return lines


def _left_out_lines(left_out: Sequence[Mapping[str, str]]) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for one in left_out:
        reasons.setdefault(one["reason"], []).append(one["file_sha256"][:12])
    lines = []
    for reason, digests in sorted(reasons.items()):
        lines.append(f"  {len(digests)} files: {reason}")
        lines += [f"    {', '.join(digests[first : first + 8])}" for first in range(0, len(digests), 8)]
    return [*lines, *(["  (files by the first digits of their SHA-256)"] if lines else [])]


def _not_kept_lines(files: Sequence[Mapping[str, str]]) -> list[str]:
    return [
        f"  regions of --keep NOT kept (file {one['file_sha256'][:12]}): {one['reason']}; they may have been set to air"
        for one in files
    ]


def _suv_lines(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for one in checks:
        factor = "no SUV" if one["factor_suvbw"] is None else f"factor {one['factor_suvbw']:.9g}"
        state = "the same" if one["same"] else "NOT the same: " + ", ".join(one["differing"])
        if one["same"] and not one["verified"]:
            state = f"not verified: {one['not_verified_because']}"
        lines.append(f"  {one['series']}  {factor}, {state}")
    return lines or ["  no PET or SPECT"]


def _kinds(kinds: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {n}" for kind, n in kinds.items())
