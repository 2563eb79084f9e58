"""DICOMweb as the asking side: QIDO-RS and WADO-RS (PS3.18), with a token and TLS."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from dicomweb_client import DICOMwebClient
from pydicom.dataset import Dataset

from lutrace.core import FixedToken, HttpAddress, HttpService, UnusableInputError
from lutrace.dicom import elements as el
from lutrace.dicom.archive import ArchiveQuery, FoundSeries, Keeper, found_series, parse_object, series_to_take

# It would log addresses, and the address of a query holds identifiers.
logging.getLogger("dicomweb_client").setLevel(logging.CRITICAL)

_PAGE = 500
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class WebAddress:
    """The base address of a DICOMweb service, a token, and PEM files of whom to trust and of ourselves."""

    url: str
    token: str | None = None
    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        """Refuse other addresses than http(s), ones with a password in them, and tokens that everybody can read."""
        self.service()

    def service(self) -> HttpService:
        """The service as it is asked."""
        address = HttpAddress("DICOMweb", self.url, self.authorities, self.certificate, self.key)
        return HttpService(address, FixedToken(self.token) if self.token is not None else None)


class WebArchive:
    """An archive asked by QIDO-RS, which sends by WADO-RS, object by object, so that a broken transfer goes on."""

    def __init__(self, address: WebAddress, keep: Keeper | None = None) -> None:
        """Hold a session; nothing is asked yet."""
        self._service = address.service()
        session = self._service.session
        self._client = DICOMwebClient(address.url.rstrip("/"), session=session, timeout=120, permissive_uid=True)
        self._client.set_http_retry_params(retry=False)
        self._keep = keep

    def find_series(self, query: ArchiveQuery) -> tuple[FoundSeries, ...]:
        """The series of kinds that are read, of all studies that fit the query."""
        studies: dict[str, Dataset] = {}
        for patient_id in query.patient_ids or (None,):
            filters = {"PatientID": patient_id, "ModalitiesInStudy": query.modality, "StudyDate": query.study_date}
            asked = {name: value for name, value in filters.items() if value}
            for answer in self._pages(self._client.search_for_studies, search_filters=asked):
                uid = el.element_text(answer, 0x0020000D)
                if uid is not None:
                    studies[uid] = answer
        found = []
        for uid, study in studies.items():
            answers = self._pages(self._client.search_for_series, study_instance_uid=uid)
            found += [one for one in (found_series(study, series) for series in answers) if one is not None]
        return series_to_take(found, query)

    def find_instances(self, series: FoundSeries) -> tuple[str, ...]:
        """The SOP Instance UIDs of a series."""
        own = {"study_instance_uid": series.study_uid, "series_instance_uid": series.series_uid}
        answers = self._pages(self._client.search_for_instances, **own)
        uids = [el.element_text(answer, 0x00080018) for answer in answers]
        return tuple(dict.fromkeys(uid for uid in uids if uid is not None))

    def fetch(self, series: FoundSeries, uids: Sequence[str] | None) -> str | None:
        """Fetch a series, or these of its objects; None, or why some are missing."""
        assert self._keep is not None
        wanted = self.find_instances(series) if uids is None else uids
        reasons = [self._keep(parse_object(self._content(series, uid))) for uid in wanted]
        return next((reason for reason in reasons if reason is not None), None)

    def _content(self, series: FoundSeries, uid: str) -> bytes:
        with el.quiet_parsing():
            dataset = self._told(partial(self._client.retrieve_instance, series.study_uid, series.series_uid, uid))
            buffer = io.BytesIO()
            dataset.save_as(buffer, enforce_file_format=True)
        return buffer.getvalue()

    def _pages(self, search: Callable[..., Any], **asked: Any) -> list[Dataset]:
        """All answers, page after page; a server that ignores `offset` repeats itself, and that is the end."""
        answers: list[Dataset] = []
        known: set[str] = set()
        while True:
            offset = len(answers)
            page = self._told(partial(search, **asked, limit=_PAGE, offset=offset))
            new = [one for one in page if str(one) not in known]
            known.update(str(one) for one in new)
            answers += [Dataset.from_json(one) for one in new]
            if len(page) < _PAGE or not new:
                return answers

    def _told(self, ask: Callable[[], Answer]) -> Answer:
        """What the server answers; raises UnusableInputError without the address asked, which may hold identifiers."""
        try:
            return self._service.told(ask)
        except (ValueError, KeyError, EOFError) as error:
            raise UnusableInputError(
                f"{self._service.address.shown}: the answer is no DICOMweb ({type(error).__name__}); check the address"
            ) from None
