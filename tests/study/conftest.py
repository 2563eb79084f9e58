"""A constructed cohort of 66 patients with the counts of the first abstract; every person in it is synthetic."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from tests.conftest import HandFacts

from lutrace.study import RunResult, load_protocol, run_study
from lutrace.tables import MEASURE_VERSION

N_C2, N_C3 = 66, 51
N_PSA50, N_ALIVE = 33, 47
N_CONCORDANT_C2, N_CONCORDANT_C3 = 50, 42
AVID_C2, CT_C2, AVID_C3, CT_C3 = 7, 6, 5, 2
Rows = dict[str, list[dict[str, Any]]]


class WithPictures:
    """Facts whose pictures are small PNG files."""

    def __init__(self, facts: Any, png: bytes) -> None:
        self._facts, self._png = facts, png
        self.digest = facts.digest

    def table(self, declared: Any) -> Any:
        return self._facts.table(declared)

    def picture(self, picture_id: str) -> bytes:
        return self._png


@pytest.fixture(scope="session")
def abstract_rows() -> Rows:
    """33/66 PSA50, 50/66 and 42/51 of the same sign, 13/66 and 7/51 with new lesions, 47/66 alive."""
    rng = np.random.default_rng(7)
    rows: Rows = {}
    for number in range(N_C2):
        _add_patient(rows, number, rng)
    return rows


def on(day: float) -> dt.date:
    return dt.date(2022, 6, 1) + dt.timedelta(days=int(day))


def _add(rows: Rows, table: str, **row: Any) -> None:
    rows.setdefault(table, []).append(row)


def _add_patient(rows: Rows, number: int, rng: np.random.Generator) -> None:
    name = f"patient-{number:02d}"
    cycles = 3 if number < N_C3 else 2
    _add(rows, "patients", patient_id=name, birth_year=1948 + number % 12, sex="male", synthetic=True, site="Virtual")
    first_ml = float(np.round(np.exp(rng.normal(5.0, 1.0)), 2))
    psa = float(np.round(np.exp(rng.normal(4.0, 1.0)), 1)) + 5
    falls_psa = number < N_PSA50 + 10
    volumes = [first_ml]
    for cycle in range(2, cycles + 1):
        n_same = N_CONCORDANT_C2 if cycle == 2 else N_CONCORDANT_C3
        falls_ttv = falls_psa if number < n_same else not falls_psa
        factor = rng.uniform(0.3, 0.9) if falls_ttv else rng.uniform(1.1, 1.8)
        volumes.append(first_ml * float(np.round(factor, 3)))
    for cycle, volume in enumerate(volumes, start=1):
        _add_cycle(rows, name, cycle, volume)
    _add_links(rows, name, number, cycles)
    _add_psa(rows, name, number, psa, falls_psa)
    _add_end(rows, name, number, volumes[1], rng)


def _add_cycle(rows: Rows, name: str, cycle: int, volume: float) -> None:
    given, scan = on(42 * (cycle - 1)), f"{name}-s{cycle}"
    _add(
        rows,
        "cycles",
        patient_id=name,
        cycle=cycle,
        administered_date=given,
        agent="lu177_psma_617",
        administered_mbq=7400.0,
    )
    _add(
        rows,
        "scans",
        scan_id=scan,
        patient_id=name,
        modality="PT",
        manufacturer="Virtual",
        tracer="PSMA-617",
        radionuclide="Lu-177",
        purpose="rlt_spect",
        cycle=cycle,
        date=given + dt.timedelta(days=1),
        status="usable",
    )
    done = {"status": "ok", "hours_after_injection": 24.0, "measure_version": MEASURE_VERSION}
    _add(rows, "quantifications", scan_id=scan, patient_id=name, **done)
    _add(
        rows,
        "tumour_burdens",
        scan_id=scan,
        patient_id=name,
        plan="suv3",
        plan_digest="d" * 64,
        organs_given=True,
        above_threshold_ml=volume,
        tumour_auto_ml=volume,
        uncertain_ml=0.0,
        lesions=3,
    )
    _add(
        rows,
        "pictures",
        picture_id=f"{scan}-mip",
        patient_id=name,
        scan_id=scan,
        plan="suv3",
        plan_digest="d" * 64,
        kind="mip",
        angle_deg=0.0,
        suv_max=10.0,
        width_px=8,
        height_px=8,
        png_digest="0",
    )
    if cycle > 1:
        _add(rows, "reader_findings", patient_id=name, date=given, kind="ct_read", cycle=cycle, record_key=f"r{cycle}")


def _add_links(rows: Rows, name: str, number: int, cycles: int) -> None:
    """New lesions are spread over the patients by their number, at most one class per patient and cycle."""
    for later in range(2, cycles + 1):
        avid, ct = (AVID_C2, CT_C2) if later == 2 else (AVID_C3, CT_C3)
        place = (number * 5 + later) % (N_C2 if later == 2 else N_C3)
        for earlier in range(1, later):
            pair = {"baseline_scan_id": f"{name}-s{earlier}", "followup_scan_id": f"{name}-s{later}"}
            common = {"patient_id": name, "plan": "suv3", "plan_digest": "d" * 64, **pair}
            _add(rows, "lesion_links", **common, baseline_lesion=1, followup_lesion=1, status="matched")
            if place < avid:
                _add(rows, "lesion_links", **common, followup_lesion=9, status="new", new_class="psma_avid")
        if avid <= place < avid + ct:
            _add(
                rows,
                "reader_findings",
                patient_id=name,
                date=on(42 * (later - 1)),
                kind="ct_only_lesion",
                cycle=later,
                record_key=f"l{later}",
            )


def _add_psa(rows: Rows, name: str, number: int, psa: float, falls: bool) -> None:
    """Half fall by 60 %, ten more by 20 %, the others rise; from day 130 on a third of those who fell rise again."""
    factor = 0.4 if number < N_PSA50 else 0.8 if falls else 1.15
    later = 2.0 if number % 3 == 0 else 0.95
    series = [(-5, 1.0), (35, factor), (80, factor * 0.95), (130, factor * 0.95 * later), (160, factor * later)]
    if number >= N_PSA50:
        series = [(day, max(share, 0.6)) for day, share in series]
    for day, share in series:
        value = round(psa * share, 2)
        _add(
            rows,
            "labs",
            patient_id=name,
            date=on(day),
            analyte="psa",
            value=value,
            value_text=str(value),
            unit="ng/mL",
            canonical_unit="ng/mL",
            record_key=str(day),
        )


def _add_end(rows: Rows, name: str, number: int, volume: float, rng: np.random.Generator) -> None:
    dead = (number * 7) % N_C2 >= N_ALIVE
    day = 170 + int(rng.integers(0, 120)) + (0 if dead else 60) - int(min(60.0, volume / 20)) * dead
    status = "dead" if dead else "alive"
    _add(rows, "follow_up", patient_id=name, status=status, date=on(day), date_precision="day", basis="record")


@pytest.fixture(scope="session")
def abstract_facts(abstract_rows: Rows) -> WithPictures:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\x00" + bytes(8) for _ in range(8)))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return WithPictures(HandFacts(abstract_rows), png)


def run_computed(monkeypatch: pytest.MonkeyPatch, ran: RunResult) -> None:
    """The next run has the rows of this one, not computed again: for tests of what is written of them, and how."""
    monkeypatch.setattr("lutrace.study.run.compute_study", lambda *_, **__: ran.computation)


@pytest.fixture(scope="session")
def first_study(abstract_facts: WithPictures, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The first study on the cohort, run once for all who only read what it computed and wrote."""
    return run_study(load_protocol("early-spect-response"), abstract_facts, tmp_path_factory.mktemp("first-study"))
