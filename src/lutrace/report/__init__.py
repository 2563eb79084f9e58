"""report knows how result rows look (tables, figures, HTML, DOCX) and what may leave; it computes nothing."""

from lutrace.report.contents import (
    AgreementTable,
    AttritionTable,
    CheckTable,
    CoxGridTable,
    EstimateTable,
    EvidenceRow,
    FlowFigure,
    ForestFigure,
    IndexEntry,
    IndexMeta,
    KeyNumber,
    Notice,
    NoticeTable,
    PictureFigure,
    ReleasePolicy,
    ReportFiles,
    ReportInput,
    ReportMeta,
    ReportPicture,
    ReportSpec,
    RowTable,
    ScatterFigure,
    Section,
    SummaryTable,
    SurvivalFigure,
    WaterfallFigure,
)
from lutrace.report.disclosure import apply_disclosure, release_notices, withhold_columns
from lutrace.report.evidence import collect_evidence
from lutrace.report.material import group_endpoint
from lutrace.report.notices import NoticeGroup, group_notices
from lutrace.report.pages import render_index
from lutrace.report.rendering import render_report
from lutrace.report.row_files import may_leave
from lutrace.report.wording import format_estimate, format_value

__all__ = [
    "AgreementTable",
    "AttritionTable",
    "CheckTable",
    "CoxGridTable",
    "EstimateTable",
    "EvidenceRow",
    "FlowFigure",
    "ForestFigure",
    "IndexEntry",
    "IndexMeta",
    "KeyNumber",
    "Notice",
    "NoticeGroup",
    "NoticeTable",
    "PictureFigure",
    "ReleasePolicy",
    "ReportFiles",
    "ReportInput",
    "ReportMeta",
    "ReportPicture",
    "ReportSpec",
    "RowTable",
    "ScatterFigure",
    "Section",
    "SummaryTable",
    "SurvivalFigure",
    "WaterfallFigure",
    "apply_disclosure",
    "collect_evidence",
    "format_estimate",
    "format_value",
    "group_endpoint",
    "group_notices",
    "may_leave",
    "release_notices",
    "render_index",
    "render_report",
    "withhold_columns",
]
