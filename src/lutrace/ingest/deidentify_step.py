"""`lutrace deidentify`: DICOM out of the house under the registry's pseudonyms, checked byte by byte afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path

from lutrace.core import Progress, UnusableInputError, canonical_json, digest_of, silent, tell_file
from lutrace.dicom import (
    EDITION,
    FaceLoss,
    FolderIndex,
    Identifiers,
    LeftOut,
    Replacements,
    SeriesFiles,
    find_identifiers,
    identifiers_of_person,
    index_in_parts,
    leave_out,
    method_of,
)
from lutrace.ingest.deidentify_check import Finding, scan_folder
from lutrace.ingest.deidentify_faces import Faces, find_faces
from lutrace.ingest.deidentify_keep import NotKept, find_keep_files, find_not_kept
from lutrace.ingest.deidentify_report import REPORT_FILES, describe, write_reports
from lutrace.ingest.deidentify_work import SeriesAnswer, SeriesTask, deidentify_series
from lutrace.ingest.profile import parse_profile
from lutrace.ingest.workers import count_jobs, executor_of, map_as_done
from lutrace.registry import Registry

MARK = "lutrace-deidentified.txt"
UNSAFE = "UNSAFE.txt"


@dataclass(frozen=True)
class DeidentifyOptions:
    """What may stay and what else goes: device identity, screens with text, faces (but for the regions of `keep`)."""

    keep_device: bool = False
    with_captures: bool = False
    deface: bool = False
    keep: tuple[Path, ...] = ()


@dataclass(frozen=True)
class DeidentifyResult:
    """What was written and left out, and what the checks found; `is_safe` only when nothing was found.

    `suv_not_verified`: series without an SUV to compare, each with the reason. `not_kept`: files of regions that should
    stay in faces and could not be placed.
    """

    n_written: int
    left_out: tuple[LeftOut, ...]
    findings: tuple[Finding, ...]
    suv_differs: tuple[str, ...]
    suv_not_verified: Mapping[str, str]
    not_kept: tuple[NotKept, ...]
    faces: Mapping[str, FaceLoss]
    report: Mapping[str, object] = field(repr=False)

    @property
    def is_safe(self) -> bool:
        """Whether no identifier was found and no SUV, nor a fact beside it, is another than it was."""
        return not self.findings and not self.suv_differs


def run_deidentify(
    source: Path,
    out: Path,
    registry_folder: Path,
    *,
    options: DeidentifyOptions | None = None,
    jobs: int | None = None,
    progress: Progress = silent,
) -> DeidentifyResult:
    """De-identify the DICOM files below `source` into `out`, check the result, and write a report beside it.

    Pseudonyms, date shifts and the key of UIDs are the registry's: the same in every call. Stopped and run again, the
    result is complete and the same. What is not known to be safe is left out, and listed with the reason. SUV is
    computed under the registry's site profile. Raises UnusableInputError when there is no DICOM or no region in a file
    of `keep`, or `out` holds other files or those of other options.
    """
    options = options or DeidentifyOptions()
    options = replace(options, keep=find_keep_files(options.keep, deface=options.deface))
    _check_places(source, out)
    count = count_jobs(jobs)
    with executor_of(count) as executor:
        index = index_in_parts([source], executor)
        if not index.series and not index.faults:
            raise UnusableInputError(
                f"{tell_file(source)}: no DICOM in {index.n_files} files; name a folder with DICOM objects"
            )
        _check_is_ours(out, options)
        tasks, refused = _plan(index, out, registry_folder, options)
        _prepare(out, options)
        if options.deface:
            tasks, hidden = _without_faces(tasks, find_faces([task.paths for task in tasks], executor, jobs=count))
            refused.extend(hidden)
        answers = _work(tasks, executor, jobs=count, progress=progress)
        known = _all_known(index, answers, tasks, keep_device=options.keep_device)
        found = scan_folder(out, known, executor, jobs=count, progress=progress)
    beside = _beside(source, index)
    left_out = sorted([*refused, *beside, *(one for _, a in answers for one in a.left_out)], key=lambda one: one.path)
    _remember(registry_folder, left_out)
    checks = [answer.suv for _, answer in answers if answer.suv is not None]
    people = [text for series in index.series for text in (series.identity.name, series.identity.patient_id)]
    placings = [one for _, answer in answers for one in answer.placings]
    not_kept = find_not_kept(placings, options.keep, people=people)
    result = DeidentifyResult(
        n_written=sum(len(answer.written) for _, answer in answers),
        left_out=tuple(left_out),
        findings=tuple(found.findings),
        suv_differs=tuple(check.series for check in checks if not check.is_same),
        suv_not_verified={check.series: check.refusal for check in checks if check.is_same and check.refusal},
        not_kept=not_kept,
        faces={task.series: answer.face for task, answer in answers if task.face is not None},
        report=describe(answers, left_out, found, known, options=_options(options), not_kept=not_kept),
    )
    write_reports(out, result.report)
    _mark(out, result)
    return result


def _options(options: DeidentifyOptions) -> dict[str, object]:
    return {
        "profile": EDITION,
        "codes": method_of(options.keep_device),
        "keep_device": options.keep_device,
        "with_captures": options.with_captures,
        "deface": options.deface,
        "regions_kept_in_faces": len(options.keep),
    }


def _check_places(source: Path, out: Path) -> None:
    if not source.exists():
        raise UnusableInputError(f"{tell_file(source)}: no such file or folder")
    inside, outside = out.resolve(), source.resolve()
    if inside == outside or outside in inside.parents or inside in outside.parents:
        raise UnusableInputError("the folders of input and output lie within each other; choose another output folder")


def _check_is_ours(out: Path, options: DeidentifyOptions) -> None:
    """Raise unless the folder is new, empty, or what an earlier run with the same options left."""
    if out.exists() and not out.is_dir():
        raise UnusableInputError(f"{out.name} is a file; choose a new folder")
    if out.exists() and any(out.iterdir()):
        mark = out / MARK
        if not mark.is_file():
            raise UnusableInputError(f"{out.name} holds other files; choose a new folder")
        if mark.read_text(encoding="utf-8") != _mark_text(options):
            raise UnusableInputError(f"{out.name} was made with other options; choose a new folder")


def _mark_text(options: DeidentifyOptions) -> str:
    return (
        "Made by lutrace deidentify. Verified only when deidentification.json stands beside this file.\n"
        f"options {digest_of(canonical_json(_options(options)))}\n"
    )


def _prepare(out: Path, options: DeidentifyOptions) -> None:
    """Make the folder, or take up what an earlier run with the same options left in it."""
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).write_text(_mark_text(options), encoding="utf-8", newline="\n")
    for name in (*REPORT_FILES, UNSAFE):
        (out / name).unlink(missing_ok=True)
    for partial in out.rglob("*.part"):
        partial.unlink()


def _plan(
    index: FolderIndex, out: Path, registry_folder: Path, options: DeidentifyOptions
) -> tuple[list[SeriesTask], list[LeftOut]]:
    """A task for each series of a person, under the registry's pseudonyms; what belongs to nobody is left out."""
    tasks: list[SeriesTask] = []
    refused: list[LeftOut] = []
    headers: dict[str, Identifiers] = {}
    with Registry.open(registry_folder, write=True) as registry:
        identities = registry.identities
        profile = parse_profile(registry.profile_text).quantification
        for series in index.series:
            if not series.identity.patient_id:
                reason = "no Patient ID (0010,0020): nobody to give a pseudonym to"
                refused.extend(leave_out(path, reason) for path in series.paths)
                continue
            person = registry.pseudonym("patient", series.identity.patient_id)
            names, numbers = identities.known_names(person)
            known = headers.get(person, identifiers_of_person(names, numbers))
            headers[person] = known.joined(find_identifiers(series.header, keep_device=options.keep_device))
            study = registry.pseudonym("study", series.study_uid or series.series_uid)
            name = registry.pseudonym("series", series.series_uid)
            to = Replacements(
                person,
                identities.date_shift_days(person),
                identities.derived_key("uid"),
                keep_device=options.keep_device,
            )
            tasks.append(SeriesTask(series.paths, out, f"{person}/{study}/{name}", series.modality, to, options.keep))
    tasks = [
        replace(
            task,
            replacements=replace(task.replacements, known=headers[task.replacements.pseudonym]),
            with_captures=options.with_captures,
            profile=profile,
        )
        for task in tasks
    ]
    return tasks, refused


def _without_faces(tasks: Sequence[SeriesTask], faces: Faces) -> tuple[list[SeriesTask], list[LeftOut]]:
    """The tasks with the face that each is to lose; what cannot be searched for a face is left out."""
    left_out = [
        leave_out(path, faces.refusals[task.paths[0]])
        for task in tasks
        if task.paths[0] in faces.refusals
        for path in task.paths
    ]
    kept = [task for task in tasks if task.paths[0] not in faces.refusals]
    return [replace(task, face=faces.of_series.get(task.paths[0])) for task in kept], left_out


def _work(
    tasks: Sequence[SeriesTask], executor: Executor | None, *, jobs: int, progress: Progress
) -> list[tuple[SeriesTask, SeriesAnswer]]:
    answers = []
    for done, pair in enumerate(map_as_done(executor, deidentify_series, tasks, jobs=jobs), start=1):
        answers.append(pair)
        progress("series", done, len(tasks))
    return sorted(answers, key=lambda pair: pair[0].place)


def _all_known(
    index: FolderIndex,
    answers: Iterable[tuple[SeriesTask, SeriesAnswer]],
    tasks: Sequence[SeriesTask],
    *,
    keep_device: bool,
) -> Identifiers:
    """All that the input says of its persons, with every UID that it names: what must not be in the output."""
    known = Identifiers({})
    for series in index.series:
        known = known.joined(replace(find_identifiers(series.header, keep_device=keep_device), n_too_short=0))
    for task in tasks:
        known = known.joined(replace(task.replacements.known, n_too_short=0))
    for _, answer in answers:
        known = known.joined(answer.identifiers)
    uids = {uid for series in index.series for uid in _uids_of(series)}
    return replace(known, uids=known.uids | uids)


def _uids_of(series: SeriesFiles) -> Iterable[str]:
    yield series.series_uid
    if series.study_uid is not None:
        yield series.study_uid
    for instance in series.instances:
        yield instance.sop_instance_uid


def _beside(source: Path, index: FolderIndex) -> list[LeftOut]:
    """The files of the input that are no readable DICOM object, each with the reason."""
    reasons = {fault.path: f"damaged or no object: {fault.reason}" for fault in index.faults}
    taken = {path for series in index.series for path in series.paths}
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    left_out = []
    for path in files:
        if path in taken:
            continue
        reason = reasons.get(path)
        if reason is None:
            is_directory = path.name.upper().startswith("DICOMDIR")
            reason = (
                "DICOMDIR: lists the files and persons of the input"
                if is_directory
                else "no DICOM object: letters, tables and other documents are not de-identified here"
            )
        left_out.append(leave_out(path, reason))
    return left_out


def _remember(registry_folder: Path, left_out: Sequence[LeftOut]) -> None:
    """Keep in the identities file where each file left out lies: the report names it by its digest only."""
    with Registry.open(registry_folder, write=True) as registry:
        for one in left_out:
            registry.identities.remember_path(one.digest, one.path)


def _mark(out: Path, result: DeidentifyResult) -> None:
    if result.is_safe:
        return
    (out / UNSAFE).write_text(
        f"Do not pass this folder on: {len(result.findings)} files hold identifiers, "
        f"{len(result.suv_differs)} series have another SUV. deidentification.txt says which.\n",
        encoding="utf-8",
        newline="\n",
    )
