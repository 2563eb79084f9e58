"""A REDCap project asked for by its API: metadata, then records in parts; the token travels in the form, by https only.

Every call is a POST to one address with `token`, `content` and `format`; an error comes as JSON with the key `error`
(REDCap API documentation of version 13, as its own help page and PyCap 2.7.0 state it).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from lutrace.core import (
    OWN_MACHINE,
    HttpAddress,
    HttpService,
    HttpStatusError,
    Progress,
    Source,
    UnusableInputError,
    digest_of,
    silent,
)
from lutrace.ehr.redcap_columns import ACCESS_GROUP, complete_column
from lutrace.ehr.redcap_dictionary import Dictionary, make_dictionary, parse_choices
from lutrace.ehr.redcap_mapping import RedcapMapping
from lutrace.ehr.redcap_project import Project, make_export

RECORDS_PER_CALL = 100
_NAME = "records of the API"
_REFUSED = (400, 403)


def fetch_project(
    address: HttpAddress, token: str, mapping: RedcapMapping | None = None, *, progress: Progress = silent
) -> Project:
    """The project behind a token: raw codes, survey times, and an empty status for forms that nobody opened.

    Of fields that the dictionary flags as identifiers only those are asked for that `mapping` reads; without a mapping
    no records are asked for at all. Raises UnusableInputError when the server refuses or does not answer.
    """
    api = _Api(address, token)
    dictionary = make_dictionary(api.ask("metadata"), "metadata of the API")
    info = api.ask("project")
    missing = tuple(parse_choices(str(info.get("missing_data_codes") or "")))
    if mapping is None:
        return Project(dictionary, (), missing)
    groups = "true" if ACCESS_GROUP in mapping.needed_columns() else "false"
    rows = api.fetch_records(dictionary, _fields(dictionary, mapping), progress, exportDataAccessGroups=groups)
    header = list(dict.fromkeys(name for row in rows for name in row))
    lines = [[_text(row.get(name)) for name in header] for row in rows]
    source = Source("redcap", digest_of([header, lines]))
    header = header or [dictionary.record_field]
    return Project(dictionary, (make_export(header, lines, dictionary, name=_NAME, source=source),), missing)


class _Api:
    """The calls of one project; no message holds the token, a record or what the server said of one."""

    def __init__(self, address: HttpAddress, token: str) -> None:
        parts = urlsplit(address.url)
        if parts.scheme == "http" and parts.hostname not in OWN_MACHINE:
            raise UnusableInputError(
                f"{address.service}: a token over http can be read by everybody on the way; use https"
            )
        self._service = HttpService(address)
        self._url = address.url
        self._token = token

    def ask(self, content: str, **parameters: str) -> Any:
        """The JSON that one call gives."""
        form = {"token": self._token, "content": content, "format": "json", "returnFormat": "json", **parameters}
        shown = self._service.address.shown
        try:
            given = self._service.ask(self._url, method="POST", form=form)
            answer = given.json() if given.content.strip() else []
        except HttpStatusError as error:
            if error.status in _REFUSED and _is_error(error.content):
                raise UnusableInputError(
                    f"{shown} refuses content={content} (status {error.status}); check the token, and that its user "
                    "may use the API to export this project's data"
                ) from None
            raise
        if isinstance(answer, Mapping) and "error" in answer:
            raise UnusableInputError(f"{shown} refuses content={content}; check the token and its user's rights")
        return answer

    def fetch_records(
        self, dictionary: Dictionary, fields: Sequence[str], progress: Progress, **parameters: str
    ) -> list[dict[str, Any]]:
        """All rows of all records, asked for in parts; a part may lack the columns that it does not need."""
        names = self.ask("record", type="flat", rawOrLabel="raw", **_listed("fields", [dictionary.record_field]))
        records = list(dict.fromkeys(str(row[dictionary.record_field]) for row in names))
        rows: list[dict[str, Any]] = []
        for start in range(0, len(records), RECORDS_PER_CALL):
            part = records[start : start + RECORDS_PER_CALL]
            rows += self.ask(
                "record",
                type="flat",
                rawOrLabel="raw",
                rawOrLabelHeaders="raw",
                exportSurveyFields="true",
                exportBlankForGrayFormStatus="true",
                **parameters,
                **_listed("records", part),
                **_listed("fields", fields),
            )
            progress("records fetched", start + len(part), len(records))
        return rows


def _fields(dictionary: Dictionary, mapping: RedcapMapping) -> list[str]:
    """The fields to ask for: all but the identifiers that the mapping does not read, and the status of every form."""
    read = {dictionary.by_column[one][0].name for one in mapping.needed_columns() if one in dictionary.by_column}
    fields = [
        one.name
        for one in dictionary.fields
        if one.type != "descriptive"
        and (not one.is_identifier or one.name in read or one.name == dictionary.record_field)
    ]
    return [*fields, *(complete_column(form) for form in dictionary.forms)]


def _listed(name: str, values: Iterable[str]) -> dict[str, str]:
    """A list as REDCap takes it in a form: `name[0]`, `name[1]`."""
    return {f"{name}[{index}]": value for index, value in enumerate(values)}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _is_error(content: bytes) -> bool:
    try:
        return "error" in json.loads(content)
    except (ValueError, TypeError):
        return False
