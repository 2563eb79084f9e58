"""One patient with three cycles and three SPECTs, to which each test adds what it is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from lutrace.core import Row
from lutrace.endpoints import Basis, derive_endpoints, derive_values, derived_names
from lutrace.protocol import Protocol, parse_protocol

PROTOCOL = """
study: small
version: "1"
title: small
question: none
population: {agents: [lu177_psma_617]}
landmarks:
  - {name: C2, label: SPECT of cycle 2, cycle: 2}
  - {name: C3, label: SPECT of cycle 3, cycle: 3, within: C2}
measures: {plan: suv3}
new_lesions: {reference: any_earlier}
endpoints:
  - {kind: psa_pfs, name: psa_pfs, label: PSA-PFS}
  - {kind: psa_pfs, name: ungated, label: PSA-PFS, progression: {no_decline_gate: 0 days}}
  - {kind: psa_pfs, name: switched, label: PSA-PFS, after_new_therapy: censors}
  - {kind: psa_pfs, name: contact, label: PSA-PFS, censor_at: last_contact}
  - {kind: os, name: os, label: Overall survival}
covariates: []
analyses: []
report: {sections: []}
"""
ZERO = {"C2": 43, "C3": 85}
"""Day of the SPECT of each landmark, from the first cycle."""


class Derived:
    """Endpoint rows by population and endpoint; only the derivations that are asked for are run."""

    def __init__(self, basis: Basis) -> None:
        self._basis = basis
        self._rows: dict[tuple[str, str], Row] = {}

    def __getitem__(self, key: tuple[str, str]) -> Row:
        if key not in self._rows:
            rows = derive_values(self._basis, key[1])
            self._rows.update({(row["population"], row["endpoint"]): row for row in rows})
        return self._rows[key]

    def items(self) -> list[tuple[tuple[str, str], Row]]:
        """All of them: each derivation is run once, and gives the endpoints that are named."""
        rows = derive_endpoints(self._basis)
        assert {row["endpoint"] for row in rows} == set(derived_names(self._basis.protocol))
        self._rows.update({(row["population"], row["endpoint"]): row for row in rows})
        return list(self._rows.items())


@pytest.fixture
def protocol() -> Protocol:
    return parse_protocol(PROTOCOL, "small.yaml")


@pytest.fixture
def derive(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date], protocol: Protocol
) -> Callable[..., Derived]:
    """Endpoint rows of the patient by population and endpoint.

    `psa` is ((day, value), ...); `volumes` by cycle; `data_cut` a day; further tables as rows.
    """

    def run(
        *,
        psa: tuple[tuple[int, float], ...] = ((-3, 100.0), (40, 60.0)),
        volumes: dict[int, float] | None = None,
        data_cut: int | None = None,
        rules: Protocol | None = None,
        n_lesions: int = 2,
        **tables: list[Row],
    ) -> Derived:
        volumes = volumes if volumes is not None else {1: 100.0, 2: 80.0, 3: 60.0}
        days = {1: 1, 2: 43, 3: 85}
        scans = [
            {"scan_id": f"s{c}", "patient_id": "p", "modality": "NM", "cycle": c, "date": on_day(days[c])}
            for c in volumes
        ]
        burdens = [
            {"patient_id": "p", "scan_id": f"s{c}", "plan": "suv3", "plan_digest": "d", "lesions": n_lesions}
            for c in volumes
        ]
        given = [
            {"patient_id": "p", "cycle": c, "administered_date": on_day(42 * (c - 1)), "agent": "lu177_psma_617"}
            for c in (1, 2, 3)
        ]
        labs = [
            {
                "patient_id": "p",
                "date": on_day(day),
                "analyte": "psa",
                "value": value,
                "canonical_unit": "ng/mL",
                "record_key": str(day),
                "row_id": f"labs:{day}",
            }
            for day, value in psa
        ]
        facts = make_facts(
            **{
                "patients": [{"patient_id": "p", "birth_year": 1950, "synthetic": True}],
                "cycles": given,
                "scans": scans,
                "tumour_burdens": [{**row, "row_id": f"burden:{row['scan_id']}"} for row in burdens],
                **tables,
                "labs": [*labs, *tables.get("labs", [])],
            }
        )
        members = [_member("treated", on_day(0))]
        members += [_member(name, on_day(ZERO[name])) for name in ("C2", "C3") if int(name[1]) in volumes]
        chosen = [
            {
                "patient_id": "p",
                "cycle": cycle,
                "scan_id": f"s{cycle}",
                "scan_date": on_day(days[cycle]),
                "scan_row": f"scans:{cycle}",
                "burden_row": f"burden:s{cycle}",
                "plan_digest": "d",
                "ttv_ml": volume,
            }
            for cycle, volume in volumes.items()
        ]
        cut = on_day(data_cut) if data_cut is not None else None
        return Derived(Basis(facts, rules or protocol, members, chosen, cut))

    return run


def _member(population: str, date: dt.date) -> Row:
    return {"patient_id": "p", "population": population, "index_date": date, "index_row": f"row:{population}"}
