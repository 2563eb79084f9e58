"""A small synthetic study, written out by hand where a test looks at it; the people in it do not exist."""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.image import imsave

from lutrace.core import Row
from lutrace.report import (
    AgreementTable,
    AttritionTable,
    EstimateTable,
    FlowFigure,
    ForestFigure,
    KeyNumber,
    Notice,
    NoticeTable,
    PictureFigure,
    RegressionTable,
    ReportFiles,
    ReportInput,
    ReportMeta,
    ReportPicture,
    ReportSpec,
    ScatterFigure,
    Section,
    SummaryTable,
    SurvivalFigure,
    WaterfallFigure,
    collect_evidence,
    render_report,
)
from lutrace.report.figure_themes import theme_named

LABELS = {
    "c2": "start of cycle 2",
    "c3": "start of cycle 3",
    "psa_pfs": "PSA-PFS",
    "os": "Overall survival",
    "ttv_log2": "TTV change",
    "new_lesions": "New lesions",
    "psa_change": "PSA change",
    "ttv_change": "TTV change from cycle 1",
    "new": "New lesions",
    "none": "No new lesions",
}
METHOD = "Cox, Efron ties, profile-likelihood interval, Wald p"


def estimate_row(**values: Any) -> Row:
    """A row of ESTIMATES, a hazard ratio unless told otherwise."""
    row: Row = {
        "analysis": "cox",
        "population": "c2",
        "endpoint": "os",
        "term": "ttv_log2",
        "covariate_unit": "per doubling",
        "adjusted_for": "none",
        "adjusted": False,
        "measure": "hazard_ratio",
        "coef": 0.35,
        "se": 0.13,
        "estimate": 1.42,
        "low": 1.1,
        "high": 1.84,
        "statistic": 2.7,
        "p": 0.007,
        "unit": "1",
        "n": 66,
        "events": 24,
        "method": METHOD,
        "checks": "{}",
    }
    return row | values


def summary_row(order: int, variable: str, statistic: str, value: float | None, **values: Any) -> Row:
    """A row of SUMMARIES of the table `table1`, for all 66 patients."""
    row: Row = {
        "table": "table1",
        "group": "c2",
        "order": order,
        "variable": variable,
        "level": None,
        "statistic": statistic,
        "unit": "1",
        "value": value,
        "low": None,
        "high": None,
        "sd": None,
        "n": 66,
        "total": 66,
        "method": None,
    }
    return row | values


def agreement_rows(counts: dict[tuple[str, str], int]) -> list[Row]:
    """Rows of AGREEMENTS from (row class, column class) to patients."""
    return [
        {
            "analysis": "concordance",
            "population": "c2",
            "definition": "same sign",
            "row_class": row,
            "column_class": column,
            "n": n,
        }
        for (row, column), n in counts.items()
    ]


def value_row(patient: int, endpoint: str, **values: Any) -> Row:
    """A row of ENDPOINT_VALUES at the start of cycle 2."""
    row: Row = {
        "patient_id": f"pseudonym-{patient:03d}",
        "population": "c2",
        "endpoint": endpoint,
        "date": dt.date(2024, 3, 1),
        "days": 0.0,
        "event": None,
        "value": None,
        "unit": None,
        "category": None,
        "source_table": "labs",
        "source_row": f"labs:{patient:020x}",
        "rule": "last value on or before time zero",
        "reason": None,
    }
    return row | values


def curve_rows(group: str, n: int, mean_days: float, seed: int) -> list[Row]:
    """Rows of CURVES of `n` synthetic patients."""
    random = np.random.default_rng(seed)
    times = np.sort(np.ceil(random.exponential(mean_days, n)))
    is_event = random.random(n) < 0.65
    rows, survival, at_risk, variance = [], 1.0, n, 0.0
    for day in dict.fromkeys(times):
        events = int(np.sum((times == day) & is_event))
        censored = int(np.sum((times == day) & ~is_event))
        survival *= 1 - events / at_risk
        variance += events / (at_risk * max(at_risk - events, 1))
        half = 1.96 * math.sqrt(variance) * survival
        rows.append(
            {
                "analysis": "km",
                "population": "c2",
                "endpoint": "os",
                "group": group,
                "time_days": float(day),
                "at_risk": at_risk,
                "events": events,
                "censored": censored,
                "survival": survival,
                "low": max(survival - half, 0.0) if variance else None,
                "high": min(survival + half, 1.0) if variance else None,
            }
        )
        at_risk -= events + censored
    return rows


def _attrition() -> list[Row]:
    steps = [
        ("c2", 0, "Treated with 177Lu-PSMA at the centre", 80, 0, None),
        ("c2", 1, "At least two cycles", 72, 8, "one cycle only: death 5, toxicity 3"),
        ("c2", 2, "Quantitative SPECT/CT at cycles 1 and 2", 69, 3, "no SPECT at cycle 2"),
        ("c2", 3, "Alive and without progression at the start of cycle 2", 66, 3, "event before time zero"),
        ("c3", 0, "In the analysis at cycle 2", 66, 0, None),
        ("c3", 1, "Third cycle given", 55, 11, "treatment stopped: death 6, progression 5"),
        ("c3", 2, "Quantitative SPECT/CT at cycle 3", 51, 4, "no SPECT at cycle 3"),
    ]
    names = ("population", "step", "rule", "n", "excluded", "reason")
    return [dict(zip(names, step, strict=True)) for step in steps]


def _estimates() -> list[Row]:
    rows = []
    values = {
        ("psa_pfs", "c2", "ttv_log2"): (1.31, 1.02, 1.68, 0.034),
        ("psa_pfs", "c2", "new_lesions"): (4.53, 2.1, 9.8, 0.0001),
        ("psa_pfs", "c3", "ttv_log2"): (1.22, 0.91, 1.64, 0.18),
        ("psa_pfs", "c3", "new_lesions"): (3.1, 1.0, 9.5, 0.049),
        ("os", "c2", "ttv_log2"): (2.1, 1.5, 2.94, 0.00002),
        ("os", "c2", "new_lesions"): (6.28, 2.0, 19.5, 0.0016),
        ("os", "c3", "ttv_log2"): (1.8, 1.2, 2.7, 0.004),
        ("os", "c3", "new_lesions"): (8.9, 0.9, 88.0, 0.062),
    }
    for (endpoint, population, term), (ratio, low, high, p) in values.items():
        for adjusted in (False, True):
            shrink = 0.9 if adjusted else 1.0
            rows.append(
                estimate_row(
                    population=population,
                    endpoint=endpoint,
                    term=term,
                    covariate_unit="per doubling" if term == "ttv_log2" else "yes against no",
                    adjusted=adjusted,
                    adjusted_for="psa_change" if adjusted else "none",
                    estimate=ratio * shrink,
                    low=low * shrink,
                    high=high * shrink,
                    se=math.log(high / low) / 3.92,
                    p=p,
                    n=66 if population == "c2" else 51,
                    events=43 if endpoint == "psa_pfs" else 19,
                    method=METHOD if term == "ttv_log2" else "Cox, Firth penalty, profile-likelihood interval",
                )
            )
    for group, median, low, high, n, events in (
        ("new", 142.0, 91.0, 203.0, 13, 11),
        ("none", 402.0, 310.0, None, 53, 31),
    ):
        rows.append(
            estimate_row(
                analysis="km",
                term=group,
                measure="median",
                covariate_unit="1",
                estimate=median / 7,
                low=low / 7,
                high=high if high is None else high / 7,
                p=0.0012,
                unit="weeks",
                n=n,
                events=events,
                method="Kaplan-Meier, log-log interval; p by the log-rank test of the groups",
            )
        )
    for measure, value, low, high, method in (
        ("proportion", 50 / 66, 0.64, 0.86, "exact (Clopper-Pearson)"),
        ("kappa", 0.51, 0.3, 0.72, "Cohen, asymptotic interval"),
    ):
        rows.append(
            estimate_row(
                analysis="concordance",
                endpoint="concordance",
                term="same sign",
                covariate_unit="1",
                measure=measure,
                estimate=value,
                low=low,
                high=high,
                p=None,
                events=None,
                method=method,
            )
        )
    for term, value in (("Pearson, log ratios", 0.55), ("Spearman", 0.58)):
        rows.append(
            estimate_row(
                analysis="correlation",
                endpoint="psa_change",
                term=term,
                covariate_unit="1",
                measure="correlation",
                estimate=value,
                low=value - 0.2,
                high=value + 0.15,
                p=0.00001,
                events=None,
                method=f"{term}, Fisher z interval",
            )
        )
    return rows


def _summaries() -> list[Row]:
    rows = []
    for group, total in (("c2", 66), ("c3", 51)):
        own = {"group": group, "total": total, "n": total}
        rows += [
            summary_row(1, "Age", "median_iqr", 73.5, **own, unit="years", low=68.0, high=79.0),
            summary_row(2, "PSA", "median_iqr", 82.4, **own | {"n": total - 1}, unit="ng/mL", low=20.25, high=310.0),
            summary_row(3, "PSA", "missing", 1.0, **own),
            summary_row(4, "ECOG", "count", 30.0, **own | {"n": total - 2}, level="0"),
            summary_row(5, "ECOG", "count", float(total - 32), **own | {"n": total - 2}, level="1 or more"),
            summary_row(6, "ECOG", "missing", 2.0, **own),
            summary_row(7, "Alive", "count", float(total - 19), **own),
        ]
    return rows


def _values() -> list[Row]:
    random = np.random.default_rng(7)
    rows = []
    for patient in range(1, 67):
        psa = float(np.round(np.exp(random.normal(-0.5, 0.8)) * 100 - 100, 1))
        ttv = float(np.round(np.exp(random.normal(-0.3, 0.5) + 0.4 * math.log(1 + psa / 100)) * 100 - 100, 1))
        answer = "PSA50" if psa <= -50 else "no PSA50"
        rows += [
            value_row(patient, "psa_change", value=psa, unit="%", category=answer),
            value_row(patient, "ttv_change", value=ttv, unit="%"),
            value_row(patient, "ttv_log2", value=round(math.log2(1 + ttv / 100), 3), unit="log2"),
            value_row(patient, "os", days=float(patient * 7), event=patient % 3 == 0, source_table="follow_up"),
            value_row(
                patient,
                "new_lesions",
                value=float(patient <= 13),
                unit="1",
                category="new" if patient <= 13 else "none",
                source_table="lesion_links",
            ),
        ]
    rows.append(value_row(67, "psa_change", source_row=None, reason="no PSA within 28 days"))
    return rows


def _picture(seed: int) -> bytes:
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:240, 0:120]
    body = np.exp(-((((x - 60) / 34) ** 2) ** 2) - (((y - 120) / 105) ** 2) ** 4) * 0.18
    for _ in range(6):
        cx, cy = random.uniform(40, 80), random.uniform(40, 200)
        body = body + random.uniform(0.2, 0.9) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / random.uniform(10, 60))
    buffer = io.BytesIO()
    imsave(buffer, 1 - np.clip(body, 0, 1), cmap="gray", vmin=0, vmax=1, format="png")
    return buffer.getvalue()


def make_tables() -> dict[str, list[Row]]:
    """Rows of all result tables of the synthetic study."""
    values = _values()
    return {
        "attrition": _attrition(),
        "estimates": _estimates(),
        "summaries": _summaries(),
        "agreements": agreement_rows(
            {("fall", "fall"): 31, ("fall", "rise"): 7, ("rise", "fall"): 9, ("rise", "rise"): 19}
        ),
        "curves": curve_rows("new", 13, 180, 3) + curve_rows("none", 53, 420, 4),
        "endpoint_values": values,
        "cohort_members": [
            {
                "patient_id": f"pseudonym-{patient:03d}",
                "population": "c2",
                "index_date": dt.date(2024, 2, 1),
                "index_row": f"cycles:{patient:020x}",
            }
            for patient in range(1, 67)
        ],
    }


def make_spec() -> ReportSpec:
    """Every kind of table and figure once."""
    return ReportSpec(
        sections=(
            Section(
                "Patients",
                ("Patients of the virtual centre.",),
                (
                    FlowFigure("flow", "Flow of patients", ("c2", "c3")),
                    AttritionTable("attrition", "Selection", ("c2", "c3")),
                    SummaryTable("table1", "Patients at each landmark", "table1"),
                ),
            ),
            Section(
                "Survival",
                (),
                (
                    RegressionTable(
                        "cox",
                        "Tumour volume, new lesions and outcome",
                        ("cox",),
                        ("ttv_log2", "new_lesions"),
                        ("c2", "c3"),
                        ("psa_pfs", "os"),
                    ),
                    ForestFigure("forest", "Hazard ratios", ("cox",)),
                    SurvivalFigure("km_os", "Overall survival by new lesions", "km", "c2", "os", ("new", "none")),
                    EstimateTable("medians", "Median survival", ("km",)),
                ),
            ),
            Section(
                "Response",
                (),
                (
                    WaterfallFigure("waterfall", "PSA change at cycle 2", "c2", "psa_change"),
                    ScatterFigure(
                        "scatter",
                        "TTV and PSA change",
                        "c2",
                        "psa_change",
                        "ttv_change",
                        "correlation",
                        (-50.0, 25.0),
                        (-30.0, 20.0),
                    ),
                    AgreementTable("concordance", "Concordance of TTV and PSA", "concordance", "TTV", "PSA"),
                    PictureFigure("mip", "SPECT of one virtual patient", "example"),
                ),
            ),
            Section("Warnings", (), (NoticeTable(),)),
        ),
        methods=("Time zero is the start of cycle 2.",),
        key_numbers=(KeyNumber("Patients at cycle 2", "66"), KeyNumber("Concordance", "50/66 (76%)")),
        labels=LABELS,
    )


@pytest.fixture
def themed() -> Iterator[None]:
    """Figures are drawn as in a report of the default theme."""
    with mpl.rc_context(theme_named("default").settings()):
        yield


@pytest.fixture(scope="session")
def sample() -> SimpleNamespace:
    """The makers of hand-written rows."""
    makers = (agreement_rows, curve_rows, estimate_row, make_spec, make_tables, summary_row, value_row)
    return SimpleNamespace(**{maker.__name__: maker for maker in makers})


@pytest.fixture(scope="session")
def report_input() -> ReportInput:
    """A report on the synthetic study."""
    return make_report_input()


@pytest.fixture(scope="session")
def rendered(report_input: ReportInput, tmp_path_factory: pytest.TempPathFactory) -> ReportFiles:
    """The files of that report."""
    return render_report(report_input, tmp_path_factory.mktemp("report"))


def make_report_input() -> ReportInput:
    """A report on the synthetic study."""
    tables = make_tables()
    meta = ReportMeta(
        snapshot_digest="a" * 64,
        protocol_digest="b" * 64,
        protocol_yaml="study: early-spect-response\nlandmarks: [c2, c3]\n",
        data_cut=dt.date(2025, 1, 31),
        lutrace_version="0.1.0",
        synthetic=True,
        centre="Virtual centre",
    )
    return ReportInput(
        title="Tumour volume and new lesions on SPECT/CT",
        subtitle="Landmark analyses at cycles 2 and 3",
        meta=meta,
        tables=tables,
        spec=make_spec(),
        pictures=tuple(
            ReportPicture(_picture(number), f"Anterior MIP, SUV 0 to 15, cycle {number}", "example", f"C{number}")
            for number in (1, 2, 3)
        ),
        evidence=collect_evidence(tables),
        notices=(Notice("cox, os, c3", "3.5 events per variable: the model is exploratory"),),
    )
