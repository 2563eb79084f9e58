"""The site profile: what a centre states about its own records, scanners and names, as a YAML file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib import resources
from pathlib import Path
from typing import Literal

from lutrace.core import Field, FrozenModel, PositiveFloat, field_validator, parse_document, suggest
from lutrace.ehr import check_omop_code
from lutrace.physics import QuantProfile
from lutrace.registry import SourceRules
from lutrace.segment import NnunetModel, Plan, TotalSegmentator, load_plan, plan_names, set_site_constant
from lutrace.terms import regions, tell

LESION_REGION = "lesion"
_OWN_LIVER = "liver_unvalidated"
UNNAMED_CENTRE = "Unnamed centre"


RegistrationKind = Literal["rigid", "deformable"]
"""How the scans of a patient are laid on each other; deformable bends after the rigid motion."""


class OrganModels(FrozenModel):
    """Where the site keeps TotalSegmentator's weights, and where it computes."""

    folder: Path
    device: Literal["cpu", "gpu"] = "cpu"
    glands: bool = True


class LesionModel(FrozenModel):
    """The folder of an nnU-Net v2 model that finds lesions, which the plan nnunet measures."""

    folder: Path
    device: Literal["cpu", "gpu"] = "cpu"


@dataclass(frozen=True)
class Networks:
    """The networks of a site: one that draws organs on CT, one that finds lesions; None without."""

    organs: TotalSegmentator | None = None
    lesions: NnunetModel | None = None


class OmopProfile(FrozenModel):
    """What a site states of its OMOP CDM: where it stands, what names a patient, and the codes of its own."""

    cdm_schema: str | None = None
    patient_id: Literal["person_source_value", "person_id"] = "person_source_value"
    stable_ids: bool = False
    synthetic: bool = False
    concepts: dict[int, str] = Field(default_factory=dict)
    source_values: dict[str, str] = Field(default_factory=dict)

    @field_validator("concepts", "source_values")
    @classmethod
    def _check_codes(cls, stated: dict[object, str]) -> dict[object, str]:
        return {key: check_omop_code(code) for key, code in stated.items()}


class SiteProfile(SourceRules):
    """What a site states; every line may be left out, and nothing is guessed for it."""

    centre: str = Field(default=UNNAMED_CENTRE, min_length=1)
    languages: tuple[Literal["en", "de"], ...] = ("en",)
    patient_identifier_system: str | None = None
    quantification: QuantProfile | None = None
    days_after_cycle: int = Field(default=10, ge=1, le=21)
    untraced_pet_is_psma: bool = False
    mask_names: dict[str, str] = Field(default_factory=dict)
    mask_files: dict[str, str] = Field(default_factory=dict)
    letter_file_names: str | None = None
    """Pattern of whole file names of letters (without ending), with the group patient_id and maybe date, language."""
    language_models: tuple[str, ...] = ()
    """Addresses of language models beside those of this machine that may be given letters."""
    preferred_series: tuple[str, ...] = ()
    organ_models: OrganModels | None = None
    lesion_model: LesionModel | None = None
    liver_constant_suv: PositiveFloat | None = None
    """Constant of the plan liver for tracers it was not measured with; results are named liver_unvalidated."""
    registration: RegistrationKind = "rigid"
    code_maps: dict[str, str] = Field(default_factory=dict)
    """Local codes (`system|code`) and words of FHIR records, and what they mean (`LOINC:2857-1`)."""
    omop: OmopProfile = Field(default_factory=OmopProfile)
    jobs: int | None = Field(default=None, ge=1)

    @property
    def networks(self) -> Networks:
        """The networks that the profile names; nothing is loaded yet."""
        organs, lesions = self.organ_models, self.lesion_model
        return Networks(
            None if organs is None else TotalSegmentator(organs.folder, organs.device, organs.glands),
            None if lesions is None else NnunetModel(lesions.folder, lesions.device),
        )

    def plan_of(self, name: str) -> Plan:
        """The plan of this name; the plan liver with the site's constant where there is one."""
        if self.liver_constant_suv is not None and name in ("liver", _OWN_LIVER):
            return set_site_constant(load_plan("liver"), self.liver_constant_suv)
        return load_plan(name)

    def has_plan(self, name: str) -> bool:
        """Whether `plan_of` knows the name."""
        return name in plan_names() or (name == _OWN_LIVER and self.liver_constant_suv is not None)

    @field_validator("code_maps")
    @classmethod
    def _check_code_maps(cls, stated: dict[str, str]) -> dict[str, str]:
        return {key: check_omop_code(code) for key, code in stated.items()}

    @field_validator("mask_names")
    @classmethod
    def _check_regions(cls, names: dict[str, str]) -> dict[str, str]:
        allowed = known_regions()
        unknown = sorted(set(names.values()) - set(allowed))
        if unknown:
            meant = [words for one in unknown if (words := suggest(one, allowed)) is not None]
            found = "; ".join([f"no region is called {', '.join(map(tell, unknown))}", *meant])
            raise ValueError(f"{found}; expected {', '.join(allowed)}")
        return names

    @field_validator("letter_file_names")
    @classmethod
    def _check_pattern(cls, pattern: str | None) -> str | None:
        try:
            groups = set() if pattern is None else set(re.compile(pattern).groupindex)
        except re.error as error:
            raise ValueError(f"expected a regular expression: {error}") from error
        if pattern is not None and not {"patient_id"} <= groups <= {"patient_id", "date", "language"}:
            raise ValueError("expected the group (?P<patient_id>...) and no others but date and language")
        return pattern

    def region_of(self, original_name: str) -> str | None:
        """The region that a mask's name means: by this profile, else by the vocabulary; None when neither tells."""
        wanted = _simplified(original_name)
        for name, region in self.mask_names.items():
            if _simplified(name) == wanted:
                return region
        for region in (*regions(), LESION_REGION):
            if _simplified(region) == wanted:
                return region
        return LESION_REGION if wanted.startswith(LESION_REGION) else None

    def scan_of_mask_file(self, file_name: str) -> str | None:
        """The scan that a mask file belongs to, by the first pattern that fits its name."""
        for pattern, scan_id in self.mask_files.items():
            if fnmatch(file_name, pattern):
                return scan_id
        return None


def known_regions() -> tuple[str, ...]:
    """The names that a mask can mean: the regions of the vocabulary and `lesion`, sorted."""
    return tuple(sorted({*regions(), LESION_REGION}))


def parse_profile(text: str, *, name: str = "site.yaml") -> SiteProfile:
    """The site profile in a YAML text; raises ProtocolError with every fault and its line in the file `name`."""
    return parse_document(text, name, SiteProfile, tell=tell)


def profile_template() -> str:
    """The commented site profile of a new registry."""
    return resources.files("lutrace.ingest").joinpath("site_template.yaml").read_text(encoding="utf-8")


def _simplified(name: str) -> str:
    return "_".join(name.casefold().replace("-", " ").replace("_", " ").split())
