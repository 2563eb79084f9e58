"""Moments of one scan: when the activity was injected, and the moment that the decay correction refers to."""

from __future__ import annotations

import datetime as dt
import statistics

from lutrace.core import ContradictionError, MissingFactError
from lutrace.physics.decay import average_count_rate_time_s, decay_factor, frame_decay_factor
from lutrace.physics.facts import FrameTime, QuantFacts
from lutrace.physics.trail import Trail, format_moment

SAME_DAY_HALF_LIFE_S = 6.5 * 3600
"""A clock time without a date is placed within a day before the scan only for half-lives up to this one."""
MAX_HALF_LIVES = 10.0
PRIVATE_TOLERANCE_S = 60.0
CLOCK_RESOLUTION = dt.timedelta(seconds=1)
"""Series Time with fractions may lie after an Acquisition Time without them: 1 s of F-18 is 0.01 % of SUV."""
BACK_SPREAD_REFUSE_S = 60.0
DECAY_FACTOR_TOLERANCE = 0.01


def earliest_acquisition(facts: QuantFacts) -> dt.datetime | None:
    """The first acquisition start over all frames, or None when no frame tells."""
    starts = [frame.acquisition_start for frame in facts.frames if frame.acquisition_start is not None]
    return min(starts) if starts else None


def find_injection(facts: QuantFacts, *, scan: dt.datetime, half_life_s: float, trail: Trail) -> dt.datetime:
    """The moment of injection, given the moment `scan` that it must precede.

    A clock time without a date is taken on the day of `scan`, or the day before when it would fall after it (midnight
    was crossed), and only for short-lived nuclides: after 177Lu the scan may be days later.
    Raises MissingFactError without any time, ContradictionError when the injection is not before the scan.
    """
    if facts.injection_datetime is not None:
        injection, origin = facts.injection_datetime, "start date-time"
    elif facts.injection_time_only is not None:
        injection, origin = _place_clock_time(facts.injection_time_only, scan, half_life_s, trail), "start time"
    elif facts.private_injection_datetime is not None:
        injection, origin = facts.private_injection_datetime, "GE private (0009,xx3B)"
    else:
        raise MissingFactError(
            "Radiopharmaceutical Start Date Time (0018,1078) or Time (0018,1072): expected the injection, found "
            "nothing; give injection_datetime in the injections table"
        )
    trail.step("injection", format_moment(injection), f"{origin} = {format_moment(injection)}")
    _check_injection(facts, injection, trail)
    elapsed = (scan - injection).total_seconds()
    if elapsed < 0:
        raise ContradictionError(
            f"injection {format_moment(injection)} is after the scan {format_moment(scan)}; correct it in the "
            "injections table"
        )
    if elapsed > MAX_HALF_LIVES * half_life_s:
        raise ContradictionError(
            f"injection {format_moment(injection)} is {elapsed / half_life_s:.1f} half-lives before the scan "
            f"{format_moment(scan)}: expected at most {MAX_HALF_LIVES:g}; correct it in the injections table"
        )
    return injection


def find_start_reference(facts: QuantFacts, *, half_life_s: float, trail: Trail) -> dt.datetime:
    """The moment that an image with Decay Correction START is corrected to.

    Series Date and Time if not later than the earliest acquisition of all images; otherwise (a post-processed series)
    the vendor's private date-time; otherwise computed back from each image's Frame Reference Time.
    Source: QIBA FDG-PET/CT Profile v1.13, Appendix G. Raises MissingFactError when none is there.
    """
    series, earliest, private = facts.series_datetime, earliest_acquisition(facts), facts.private_scan_datetime
    named = (f"series = {format_moment(series)}", f"earliest acquisition = {format_moment(earliest)}")
    if series is not None and earliest is not None and series <= earliest + CLOCK_RESOLUTION:
        trail.step("decay reference", f"{format_moment(series)} (series date-time, not after any acquisition)", *named)
        _check_series_reference(facts, series, half_life_s, trail)
        return series
    if private is not None:
        source = facts.private_scan_source or "private date-time"
        trail.step("decay reference", f"{format_moment(private)} ({source})", *named)
        return private
    back = _back_computed(facts.frames, half_life_s)
    if back:
        reference = _agreed(back, trail)
        trail.step(
            "decay reference", f"{format_moment(reference)} (back from Frame Reference Time (0054,1300))", *named
        )
        trail.warn("series date-time is not the decay reference: the reference was computed back from the images")
        return reference
    if series is not None and earliest is None and facts.trust_series_time:
        trail.step("decay reference", f"{format_moment(series)} (series date-time, by the site profile)", *named)
        return series
    raise MissingFactError(
        f"decay reference: series date-time {format_moment(series)} against earliest acquisition "
        f"{format_moment(earliest)} does not settle it, and neither a private date-time nor Frame Reference Time "
        "(0054,1300) is there; state trust_series_time in the site profile if the series time is right"
    )


def compute_frame_factors(
    facts: QuantFacts, *, injection: dt.datetime, half_life_s: float, trail: Trail
) -> tuple[float, ...]:
    """Factor per frame that takes an image without decay correction back to the injection.

    lambda d / (1 - exp(-lambda d)) x exp(lambda (acquisition start - injection)).
    Source: QIBA FDG-PET/CT Profile v1.13, Appendix G. Raises MissingFactError when a start or duration is absent.
    """
    factors = []
    for number, frame in enumerate(facts.frames, start=1):
        if frame.acquisition_start is None:
            raise MissingFactError(f"Acquisition Time (0008,0032) of image {number}: needed without decay correction")
        duration = frame.duration_s
        if duration is None or duration <= 0:
            duration = _tolerated_duration(facts, half_life_s, number, trail)
        elapsed = (frame.acquisition_start - injection).total_seconds()
        factors.append(frame_decay_factor(duration, half_life_s) / decay_factor(elapsed, half_life_s))
        if frame.decay_factor is not None and abs(frame.decay_factor - 1.0) > DECAY_FACTOR_TOLERANCE:
            trail.warn(f"Decay Factor (0054,1321) = {frame.decay_factor:g} although Decay Correction is NONE")
    return tuple(factors)


def check_decay_factors(facts: QuantFacts, *, half_life_s: float, trail: Trail) -> None:
    """Compare each image's Decay Factor (0054,1321) with exp(lambda x Frame Reference Time), and record the worst.

    Vendors that count the reference time to the frame's start multiply by the decay within the frame; the nearer of
    the two is taken. Off by more than 1 % warns: then the reference time, or the half-life, is not what it says.
    """
    worst: float | None = None
    for frame in facts.frames:
        if frame.decay_factor is None or frame.reference_time_s is None:
            continue
        expected = 1.0 / decay_factor(frame.reference_time_s, half_life_s)
        within = frame_decay_factor(frame.duration_s or 0.0, half_life_s)
        off = min((frame.decay_factor / expected - 1, frame.decay_factor / (expected * within) - 1), key=abs)
        worst = off if worst is None or abs(off) > abs(worst) else worst
    if worst is None:
        trail.check("Decay Factor identity", "not computable: (0054,1321) or (0054,1300) is absent")
        return
    trail.check(
        "Decay Factor identity",
        f"worst of {len(facts.frames)} images {100 * worst:+.4f} %",
        "Decay Factor (0054,1321) = exp(lambda x Frame Reference Time (0054,1300))",
    )
    if abs(worst) > DECAY_FACTOR_TOLERANCE:
        trail.warn(
            f"Decay Factor (0054,1321) is {100 * worst:+.1f} % off exp(lambda x Frame Reference Time): the decay "
            "reference or the half-life of the header is doubtful"
        )


def _place_clock_time(clock: dt.time, scan: dt.datetime, half_life_s: float, trail: Trail) -> dt.datetime:
    if half_life_s > SAME_DAY_HALF_LIFE_S:
        raise MissingFactError(
            f"day of injection: only a clock time {clock.isoformat(timespec='seconds')} (0018,1072) is there, and with "
            f"a half-life of {half_life_s / 3600:.1f} h the scan may be days later; give injection_datetime in the "
            "injections table"
        )
    injection = dt.datetime.combine(scan.date(), clock)
    if injection > scan:
        injection -= dt.timedelta(days=1)
        trail.warn(
            f"injection time {clock.isoformat(timespec='seconds')} has no date and is later than the scan's clock: "
            "midnight was crossed, the day before was taken"
        )
    return injection


def _check_injection(facts: QuantFacts, injection: dt.datetime, trail: Trail) -> None:
    if facts.start_time_only is not None:
        nominal = dt.datetime.combine(injection.date(), facts.start_time_only)
        off = abs((nominal - injection).total_seconds())
        off = min(off, 86400 - off)
        trail.check("start date-time against start time", f"{off:g} s apart", "(0018,1078)", "(0018,1072)")
        if off > PRIVATE_TOLERANCE_S:
            trail.warn(f"start date-time (0018,1078) and start time (0018,1072) are {off:g} s apart; the first is used")
    private = facts.private_injection_datetime
    if private is not None and private != injection:
        off = (private - injection).total_seconds()
        trail.check("GE private injection (0009,xx3B)", f"{off:+g} s", format_moment(private))
        if abs(off) > PRIVATE_TOLERANCE_S:
            trail.warn(f"GE private injection date-time (0009,xx3B) is {off:+.0f} s off the start date-time used")


def _check_series_reference(facts: QuantFacts, series: dt.datetime, half_life_s: float, trail: Trail) -> None:
    others = [(facts.private_scan_source or "private date-time", facts.private_scan_datetime, PRIVATE_TOLERANCE_S)]
    back = _back_computed(facts.frames, half_life_s)
    if back:
        longest = max((frame.duration_s or 0.0) for frame in facts.frames)
        others.append(("reference computed back from the images", _median(back), PRIVATE_TOLERANCE_S + longest / 2))
    for name, moment, tolerance in others:
        if moment is None:
            continue
        off = (moment - series).total_seconds()
        effect = 100 * (decay_factor(-off, half_life_s) - 1)
        trail.check(name, f"{off:+.1f} s from the series date-time", format_moment(moment))
        if abs(off) > tolerance:
            trail.warn(
                f"{name} is {off:+.0f} s off the series date-time used; if it were right, SUV would change by "
                f"{effect:+.2f} %"
            )


def _back_computed(frames: tuple[FrameTime, ...], half_life_s: float) -> list[dt.datetime]:
    moments = []
    for frame in frames:
        if frame.acquisition_start is None or frame.reference_time_s is None or frame.duration_s is None:
            continue
        mean_at = average_count_rate_time_s(frame.duration_s, half_life_s)
        moments.append(frame.acquisition_start + dt.timedelta(seconds=mean_at - frame.reference_time_s))
    return moments


def _agreed(moments: list[dt.datetime], trail: Trail) -> dt.datetime:
    spread = (max(moments) - min(moments)).total_seconds()
    trail.check("spread of the reference over all images", f"{spread:.1f} s", f"{len(moments)} images")
    if spread > BACK_SPREAD_REFUSE_S:
        raise ContradictionError(
            f"decay reference: the images' Frame Reference Times (0054,1300) point to moments {spread:.0f} s apart; "
            "expected one moment; use the series as the scanner wrote it"
        )
    return _median(moments)


def _median(moments: list[dt.datetime]) -> dt.datetime:
    first = moments[0]
    return first + dt.timedelta(seconds=statistics.median((m - first).total_seconds() for m in moments))


def _tolerated_duration(facts: QuantFacts, half_life_s: float, number: int, trail: Trail) -> float:
    in_an_hour = frame_decay_factor(3600.0, half_life_s) - 1.0
    if in_an_hour > 0.005:
        raise MissingFactError(
            f"Actual Frame Duration (0018,1242) of image {number}: needed without decay correction, found nothing"
        )
    trail.warn(
        f"acquisition duration is not stated: decay within it is left out (for one hour {100 * in_an_hour:.2f} %)"
    )
    return 0.0
