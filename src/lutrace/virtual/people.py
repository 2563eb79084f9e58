"""The patients of a virtual centre with their charts, each from generators of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lutrace.virtual.anatomy import Shape, build_body
from lutrace.virtual.chart import Chart, make_chart
from lutrace.virtual.cohort import simulate_patients
from lutrace.virtual.lesions import Lesion, draw_lesions
from lutrace.virtual.parameters import CohortParameters
from lutrace.virtual.timeline import Patient, make_patient

CHART, LETTERS = 40, 41
"""Purposes of the generators that charts and letters are drawn from."""


def make_people(n: int, *, seed: int, parameters: CohortParameters) -> tuple[Chart, ...]:
    """The charts of `n` virtual patients; the same seed and parameters give the same."""
    cohort = simulate_patients(n, seed=seed, parameters=parameters)
    return tuple(
        make_chart(
            _with_sizes(make_patient(cohort, index, make_generator(seed, index, 0)), parameters),
            make_generator(seed, index, CHART),
        )
        for index in range(n)
    )


def make_lesions(patient: Patient, *, seed: int) -> tuple[tuple[Shape, ...], tuple[tuple[Lesion, ...], ...]]:
    """The body of a patient and his lesions at cycles 1, 2 and 3."""
    body = build_body(patient.height_cm, patient.administrations[0].weight_kg)
    return tuple(body), draw_lesions(patient.course, body, make_generator(seed, patient.number - 1, 1))


def make_generator(seed: int, index: int, purpose: int) -> np.random.Generator:
    """A generator for one purpose of one patient: independent of the order of work."""
    return np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(index + 1, purpose)))


def _with_sizes(patient: Patient, parameters: CohortParameters) -> Patient:
    return replace(patient, course=replace(patient.course, new_ml=parameters.new_lesion_ml))
