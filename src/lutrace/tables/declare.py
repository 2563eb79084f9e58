"""Short words to declare columns and tables with; used by every file of this room and by nobody else."""

from __future__ import annotations

from lutrace.core import Column, Disclosure, Table, Type


def text(name: str, meaning: str, *, codes: tuple[str, ...] | None = None, null: str | None = None) -> Column:
    """A text column, with the codes that it may hold."""
    return Column(name, Type.TEXT, meaning, codes=codes, null=null)


def label(name: str, meaning: str, *, codes: tuple[str, ...] | None = None, null: str | None = None) -> Column:
    """A text column that says nothing about a person (a rule, a plan, a digest)."""
    return Column(name, Type.TEXT, meaning, codes=codes, null=null, disclosure=Disclosure.OPEN)


def pseudonym(name: str, meaning: str, *, null: str | None = None) -> Column:
    """A name of a person or record that means something inside this registry only."""
    return Column(name, Type.TEXT, meaning, null=null, disclosure=Disclosure.PSEUDONYM)


def free_text(name: str, meaning: str, *, null: str | None = None) -> Column:
    """A text that may hold anything and never leaves."""
    return Column(name, Type.TEXT, meaning, null=null, disclosure=Disclosure.FREE_TEXT)


def number(
    name: str,
    meaning: str,
    *,
    unit: str,
    null: str | None = None,
    low: float | None = None,
    high: float | None = None,
) -> Column:
    """A real number with its unit ("1" for a pure number) and the bounds of the possible."""
    return Column(name, Type.FLOAT, meaning, unit=unit, null=null, low=low, high=high)


def count(
    name: str, meaning: str, *, unit: str = "1", null: str | None = None, low: float = 0, high: float | None = None
) -> Column:
    """A whole number."""
    return Column(name, Type.INT, meaning, unit=unit, null=null, low=low, high=high)


def yes_no(name: str, meaning: str, *, null: str | None = None) -> Column:
    """True or false."""
    return Column(name, Type.BOOL, meaning, null=null)


def date(name: str, meaning: str, *, null: str | None = None) -> Column:
    """A calendar day; of a partial date the first day that it can mean."""
    return Column(name, Type.DATE, meaning, null=null, disclosure=Disclosure.DATE)


def datetime(name: str, meaning: str, *, null: str | None = None) -> Column:
    """A moment on the site's clock, without zone."""
    return Column(name, Type.DATETIME, meaning, null=null, disclosure=Disclosure.DATE)


def precision(name: str, of: str) -> Column:
    """How exactly the date column `of` is known."""
    return Column(
        name,
        Type.TEXT,
        f"how exactly {of} is known",
        codes=("day", "month", "year"),
        null=f"when {of} is empty",
        disclosure=Disclosure.OPEN,
    )


def json(name: str, meaning: str, *, null: str | None = None) -> Column:
    """A JSON text."""
    return Column(name, Type.JSON, meaning, null=null)


PATIENT = pseudonym("patient_id", "pseudonym of the patient; the real identifiers are in the identities file only")
RECORD_KEY = pseudonym(
    "record_key", "what tells this record from others of the same day: digest of its identifier at the source, or of it"
)

PROVENANCE = (
    pseudonym("row_id", "table name and digest of the key: the stable name of this row"),
    pseudonym("source_id", "digest of the source (a row of sources)"),
    pseudonym("source_locator", "place inside the source: entry[12], row 7", null="when the source is the place"),
    pseudonym(
        "changed_by",
        "the review or override that replaced a value of this row",
        null="when the row is as its source gave it",
    ),
)


def fact_table(name: str, meaning: str, columns: tuple[Column, ...], key: tuple[str, ...]) -> Table:
    """A registry table: the columns given and the provenance that every fact carries."""
    return Table(name, meaning, (*columns, *PROVENANCE), key, "fact")


def result_table(name: str, meaning: str, columns: tuple[Column, ...], key: tuple[str, ...]) -> Table:
    """A table that a run makes; it carries its own evidence columns."""
    return Table(name, meaning, columns, key, "result")
