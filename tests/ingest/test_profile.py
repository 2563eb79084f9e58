"""The site profile: its template is valid, its faults are told with their line, names mean regions."""

from __future__ import annotations

import re

import pytest

from lutrace.core import ProtocolError
from lutrace.ingest import SiteProfile, parse_profile, profile_template


def test_the_template_states_nothing_but_the_defaults() -> None:
    assert parse_profile(profile_template()) == SiteProfile()


def test_every_commented_line_of_the_template_is_a_line_of_the_profile() -> None:
    text = re.sub(
        r"(?m)^(\s*)# (\s*(?:- )?[a-z_]+: \S|\s*(?:spect_calibrations|recovery_curves):)", r"\1\2", profile_template()
    )
    text = text.replace("mask_names: {}", "mask_names:").replace("mask_files: {}", "mask_files:")
    text = (
        text.replace("#  Leber", "  Leber")
        .replace("#  kidney left", "  kidney left")
        .replace('#  "case07', '  "case07')
    )
    profile = parse_profile(text)
    assert profile.quantification is not None
    assert profile.quantification.spect_calibrations[0].value == 9.36
    assert profile.quantification.activity_from == "record"
    assert (profile.jobs, profile.mask_names["Leber"]) == (2, "liver")
    assert profile.patient_identifier_system == "urn:oid:1.2.276.0.76.3.1.999.1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("center: X\n", "site.yaml, line 1, center: there is no such key here; did you mean centre"),
        ("centre: X\nmask_names:\n  Leber: lever\n", "no region is called a text like 'aaaaa'; did you mean liver"),
        ("languages: [de, fr]\n", "languages.1: expected one of en, de, got a text like 'aa'"),
        ("days_after_cycle: 90\n", "expected a number at most 21, got 90"),
        ("quantification:\n  weight_from: scale\n", "site.yaml, line 2, quantification.weight_from"),
    ],
)
def test_a_fault_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=re.escape(message)):
        parse_profile(text)


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("liver", "liver"),
        ("Kidney Left", "kidney_left"),
        ("kidney-left", "kidney_left"),
        ("LEBER", "liver"),
        ("lesion1 liver R lobe", "lesion"),
        ("heart", None),
    ],
)
def test_a_name_means_a_region_by_the_profile_or_the_vocabulary(name: str, region: str | None) -> None:
    assert SiteProfile(mask_names={"Leber": "liver"}).region_of(name) == region


def test_a_fault_names_the_file_that_was_given() -> None:
    with pytest.raises(ProtocolError, match=r"centre_a\.yaml, line 2"):
        parse_profile("quantification:\n  activity_form: record\n", name="centre_a.yaml")
