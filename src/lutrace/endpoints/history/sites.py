"""Sites of metastases as of a day: from scans, readers, diagnoses and letters, each with its evidence."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.endpoints.basis import ranked_first
from lutrace.endpoints.letters import said_in_letters
from lutrace.protocol import SiteRules
from lutrace.tables import DIAGNOSES, LESIONS, METASTASIS_SITES, READER_FINDINGS, SCANS, TEXT_FINDINGS, Facts, without
from lutrace.terms import sites

_GROUPS = {
    "bone": "bone",
    "bone_marrow": "bone",
    "lymph_node": "node",
    "liver": "liver",
    "lung": "lung",
    "prostate": "local",
    "generalised": "generalised",
}
"""The group of each site of the vocabulary; every other is other_visceral."""
_OF_LESIONS = {"node": "node", "other": "other_visceral"}
"""What lesions call a site and the vocabulary does not."""
_OF_M = {"M1a": "node_distant", "M1b": "bone", "M1c": "other_visceral"}
_COLUMNS = ("patient_id", "site", "modality", "date", "source_table", "source_row")
_KEYS = ["patient_id", "index_date", "site", "modality"]


def derive_sites(facts: Facts, index: ir.Table, rules: SiteRules | None = None) -> ir.Table:
    """Rows of METASTASIS_SITES: the sites known on each day of `index` (`patient_id index_date`), by modality.

    Lesions of scans are those taken for tumour; nodes are told apart by miTNM (N pelvic, M1a distant). Scans, readers
    and letters count for `look_back` days, diagnoses always. A negated or doubtful sentence does not count.
    """
    chosen = rules or SiteRules()
    every = ibis.union(*[part.select(*_COLUMNS) for part in (*_seen(facts), _diagnosed(facts), _said(facts))])
    near = index.select("patient_id", "index_date").inner_join(every, "patient_id")
    age = near.index_date.delta(near.date, unit="day")
    fresh = age >= 0
    if chosen.look_back is not None:
        fresh = fresh & ((age <= chosen.look_back) | (near.modality == "diagnosis"))
    near = near.filter(fresh)
    summed = near.group_by(_KEYS).aggregate(first_date=near.date.min(), n_statements=near.count())
    last = ranked_first(near, _KEYS, [ibis.desc("date"), "source_table", "source_row"])
    last = last.select(*_KEYS, "source_table", "source_row", last_date="date")
    rows = summed.inner_join(last, _KEYS)
    days = rows.index_date.delta(rows.last_date, unit="day").cast("float64")
    return rows.mutate(age_days=days).select(*METASTASIS_SITES.by_name)


def _seen(facts: Facts) -> list[ir.Table]:
    scans = facts.table(SCANS).select("scan_id", "date", "purpose")
    lesions = facts.table(LESIONS)
    lesions = lesions.filter((lesions.category == "tumour") & lesions.site.notnull())
    seen = lesions.select("patient_id", "scan_id", "site", "mitnm", "row_id").inner_join(scans, "scan_id")
    seen = _worded(seen.filter(seen.date.notnull()))
    node = seen.group == "node"
    by_scan = seen.mutate(
        site=ibis.cases(
            (node & (seen.mitnm == "N").fill_null(False), "node_pelvic"),
            (node & (seen.mitnm == "M1a").fill_null(False), "node_distant"),
            else_=seen.group,
        ),
        modality=ibis.cases(
            (seen.purpose == "psma_pet", "psma_pet"), (seen.purpose == "rlt_spect", "spect"), else_="other_scan"
        ),
        source_table=ibis.literal(LESIONS.name),
        source_row="row_id",
    )
    read = facts.table(READER_FINDINGS)
    read = _worded(read.filter(read.site.notnull()))
    by_reader = read.mutate(
        site="group",
        modality=ibis.literal("reader"),
        source_table=ibis.literal(READER_FINDINGS.name),
        source_row="row_id",
    )
    return [by_scan, by_reader]


def _diagnosed(facts: Facts) -> ir.Table:
    rows = facts.table(DIAGNOSES)
    rows = rows.filter(rows.date.notnull())
    of_code = [
        (rows.code.fill_null("").startswith(prefix), _group(site.name)) for site in sites() for prefix in site.icd10
    ]
    same = rows.code.fill_null("")
    of_code += [(same == code, _group(site.name)) for site in sites() for code in (*site.obds, *site.snomed)]
    of_m = [(rows.m.fill_null("").contains(letters), group) for letters, group in _OF_M.items()]
    rows = rows.mutate(
        site=ibis.cases(*of_code, *of_m),
        modality=ibis.literal("diagnosis"),
        source_table=ibis.literal(DIAGNOSES.name),
        source_row="row_id",
    )
    return rows.filter(rows.site.notnull())


def _said(facts: Facts) -> ir.Table:
    rows = said_in_letters(facts, ("metastasis_site",))
    day = ibis.coalesce(rows.date, rows.note_date)
    rows = without(rows.mutate(word=rows.value.lower(), day=day), "date")
    return rows.inner_join(_words(), "word").mutate(
        date="day",
        site="group",
        modality=ibis.literal("letter"),
        source_table=ibis.literal(TEXT_FINDINGS.name),
        source_row="row_id",
    )


def _worded(rows: ir.Table) -> ir.Table:
    """The rows with `word group` in place of their `site`, those whose site is known by name."""
    return without(rows.mutate(word=rows.site.lower()), "site").inner_join(_words(), "word")


def _group(name: str) -> str:
    return _GROUPS.get(name, "other_visceral")


def _words() -> ir.Table:
    """`word group`: every name of a site and what it counts as."""
    known = {word.lower(): _group(site.name) for site in sites() for word in (site.name, *site.names)} | _OF_LESIONS
    return ibis.memtable(pa.table({"word": list(known), "group": list(known.values())}))
