"""What the concepts, source concepts and source values of a CDM mean, as codes by system."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import ibis.expr.types as ir

from lutrace.ehr import fhir_profile as profile
from lutrace.ehr.fhir_elements import Resource
from lutrace.terms import OmopConcept, milestone_of_snomed, omop_concepts

OWN = "lutrace"
"""Prefix of source values that are this program's own words, such as `lutrace:ct_read`."""

MILESTONES = ("initial", "metastatic", "crpc", "mcrpc")
"""Own words for milestones of the disease, such as `lutrace:mcrpc`: what a physician states."""

_SYSTEMS = {
    "LOINC": profile.LOINC,
    "SNOMED": profile.SNOMED,
    "RxNorm": profile.RXNORM,
    "ATC": profile.ATC,
    "HCPCS": profile.HCPCS[0],
    "OPS": profile.OPS,
    "ICD10": profile.ICD10[0],
    "ICD10CM": profile.ICD10[1],
    "ICD10GM": profile.ICD10[2],
    "UCUM": profile.UCUM,
    OWN: profile.FINDING_SYSTEM,
}
_PREFIXES = {
    **{name.casefold(): name for name in _SYSTEMS},
    "icd-10": "ICD10",
    "icd-10-cm": "ICD10CM",
    "icd-10-gm": "ICD10GM",
    "snomed ct": "SNOMED",
    "sct": "SNOMED",
    "ln": "LOINC",
}
_PREFIXED = re.compile(r"^([A-Za-z][A-Za-z0-9 -]{1,11}?)\s*[:|/]\s*(\S.*)$")
_TOPOGRAPHY = re.compile(r"^\d{4}/3-(C\d\d(?:\.\d)?)$")
_AT_ONCE = 5000
_TUMOUR = "([Nn]eopla|[Tt]umor|[Cc]ancer|[Cc]arcinoma|[Mm]etasta)"


@dataclass(frozen=True)
class Codes:
    """What a site states of its own concepts and source values: code with its vocabulary, as `LOINC:2857-1`."""

    concepts: Mapping[int, str] = field(default_factory=dict)
    source_values: Mapping[str, str] = field(default_factory=dict)


class Concepts:
    """The meanings of the concepts that a CDM uses, from its vocabulary tables or the shipped list."""

    def __init__(
        self, known: Mapping[int, OmopConcept], ancestors: Mapping[int, tuple[OmopConcept, ...]], codes: Codes
    ) -> None:
        """Hold what was read; `ancestors` are the ingredients, classes and diseases above a concept."""
        self._known = known
        self._ancestors = ancestors
        self._codes = codes

    def find(self, number: int) -> OmopConcept | None:
        """The concept of a number; None when unknown."""
        stated = self._codes.concepts.get(number)
        coding = _prefixed(stated) if stated is not None else None
        if coding is not None:
            return OmopConcept(id=number, vocabulary=coding[0], code=coding[1], name="")
        return self._known.get(number)

    def concept(self, number: int, source_number: int, source_value: str | None) -> Resource:
        """All that a row says of what it is about, as a coded concept: its source first, then the standard one."""
        found = [one for item in (source_number, number) if (one := self.find(item)) is not None]
        found += [above for item in (source_number, number) for above in self._ancestors.get(item, ())]
        codings = [_coding(one) for one in found]
        stated = self._codes.source_values.get(source_value or "", source_value)
        prefixed = _prefixed(stated) if stated is not None else None
        if stated is not None and prefixed is not None:
            codings.insert(0, stated_coding(stated))
        unique = {(one["system"], one["code"]): one for one in reversed(codings)}
        return {"coding": list(reversed(unique.values())), "text": None if prefixed is not None else source_value}


def check_code(stated: str) -> str:
    """A code as a site states it, such as `LOINC:2857-1`; raises ValueError where no known vocabulary precedes it."""
    if _prefixed(stated) is None:
        raise ValueError(f"expected a vocabulary and a code such as LOINC:2857-1, of {', '.join(_SYSTEMS)}")
    return stated


def stated_coding(stated: str) -> Resource:
    """The coding of a code as a site states it, such as `LOINC:2857-1`; raises what `check_code` raises."""
    vocabulary, code = _prefixed(check_code(stated)) or ("", "")
    own = profile.MILESTONE_SYSTEM if vocabulary == OWN and code in MILESTONES else None
    return {"system": own or _SYSTEMS[vocabulary], "code": code}


def read_concepts(tables: Mapping[str, ir.Table], used: Iterable[int], codes: Codes) -> Concepts:
    """The meanings of the numbers in `used`, by the tables CONCEPT and CONCEPT_ANCESTOR where they hold rows."""
    numbers = sorted(set(used) - {0})
    known = dict(omop_concepts())
    ancestors: dict[int, tuple[OmopConcept, ...]] = {}
    concept = tables.get("concept")
    if concept is None:
        return Concepts(known, ancestors, codes)
    mapped = _read_mapped(tables.get("concept_relationship"), numbers)
    for part in _parts(sorted({*numbers, *mapped.values()})):
        known |= {one.id: one for one in _read(concept.filter(concept.concept_id.isin(part)))}
        if "concept_ancestor" in tables:
            _read_ancestors(concept, tables["concept_ancestor"], part, ancestors)
    for number, standard in mapped.items():
        meant = (known[standard],) if standard in known else ()
        ancestors[number] = (*ancestors.get(number, ()), *meant, *ancestors.get(standard, ()))
    return Concepts(known, ancestors, codes)


def _read_mapped(links: ir.Table | None, numbers: list[int]) -> dict[int, int]:
    """The standard concept that each concept of `numbers` maps to, where it is another and the only one."""
    found: dict[int, set[int]] = {}
    for part in _parts(numbers) if links is not None else ():
        kept = links.filter(links.concept_id_1.isin(part) & (links.relationship_id == "Maps to"))  # type: ignore[union-attr]
        for row in kept.select("concept_id_1", "concept_id_2").to_pyarrow().to_pylist():
            found.setdefault(row["concept_id_1"], set()).add(row["concept_id_2"])
    return {number: one for number, standards in found.items() for one in standards if standards == {one} != {number}}


def _read(rows: ir.Table) -> Iterator[OmopConcept]:
    for row in rows.to_pyarrow().to_pylist():
        yield OmopConcept(
            id=row["concept_id"],
            vocabulary=row["vocabulary_id"],
            code=row["concept_code"],
            name=row["concept_name"] or "",
            concept_class=row["concept_class_id"] or "",
            standard=row["standard_concept"] == "S",
        )


def _read_ancestors(
    concept: ir.Table, links: ir.Table, part: list[int], ancestors: dict[int, tuple[OmopConcept, ...]]
) -> None:
    """Ingredients, ATC substances and diseases of the prostate or of metastases above the concepts of `part`."""
    below = links.filter(links.descendant_concept_id.isin(part))
    above = below.join(concept, below.ancestor_concept_id == concept.concept_id)
    is_drug = above.concept_class_id.isin(["Ingredient", "ATC 5th"]) & above.vocabulary_id.isin(["RxNorm", "ATC"])
    is_disease = (above.vocabulary_id == "SNOMED") & above.concept_name.re_search(_TUMOUR)
    found = above.filter(is_drug | is_disease).select(
        "descendant_concept_id", "concept_id", "vocabulary_id", "concept_code", "concept_name"
    )
    for row in found.to_pyarrow().to_pylist():
        one = OmopConcept(
            id=row["concept_id"], vocabulary=row["vocabulary_id"], code=row["concept_code"], name=row["concept_name"]
        )
        if one.vocabulary != "SNOMED" or milestone_of_snomed(one.code) is not None:
            number = row["descendant_concept_id"]
            ancestors[number] = (*ancestors.get(number, ()), one)


def _parts(numbers: list[int]) -> Iterator[list[int]]:
    for begin in range(0, len(numbers), _AT_ONCE):
        yield numbers[begin : begin + _AT_ONCE]


def _coding(concept: OmopConcept) -> Resource:
    """A concept as a coding; a tumour of ICD-O-3 by its topography, which ICD-10 has from there."""
    tumour = _TOPOGRAPHY.match(concept.code) if concept.vocabulary == "ICDO3" else None
    if tumour is not None:
        return {"system": profile.ICD10[0], "code": tumour.group(1), "display": concept.name}
    return {
        "system": _SYSTEMS.get(concept.vocabulary, concept.vocabulary),
        "code": concept.code,
        "display": concept.name,
    }


def system_at(url: str | None) -> str | None:
    """The vocabulary that a code system is, by its address; None for another."""
    return next((name for name, address in _SYSTEMS.items() if address == url), None)


def source_value_of(url: str | None, code: str | None) -> str | None:
    """A code as a source value that says its vocabulary; None for a system that is not read."""
    name = OWN if url == profile.MILESTONE_SYSTEM else system_at(url)
    return None if name is None or code is None else f"{name}:{code}"


def _prefixed(value: str) -> tuple[str, str] | None:
    """Vocabulary and code of a text such as `LOINC:2857-1`; None when no vocabulary stands before it."""
    match = _PREFIXED.match(value.strip())
    name = _PREFIXES.get(match.group(1).strip().casefold()) if match is not None else None
    return (name, match.group(2).strip()) if match is not None and name is not None else None
