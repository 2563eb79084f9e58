"""Contradictions in prose: what is found, what is left alone. Every sentence is made up for these tests."""

from __future__ import annotations

import pytest

from lutrace.prose import Fault, find_contradictions

AFTER_THERAPY = """\
Results: In all, 96 men entered the analysis. 18 pts completed all 6 cycles, 35 discontinued before cycle 6 because of
progression, 10 died while on treatment, and 33 were midway through it. Of the 35 who discontinued, 17 transitioned to
hospice because of progression, 15 initiated a subsequent line of therapy, and 3 had a break. Of the 15 with a
subsequent line, 11 received cabazitaxel, 1 received a platinum, and 4 received other regimens; PSA50 was seen in
4 patients (27%). Of the 12 pts with chemotherapy, the median number of cycles was 3 (range 1-7); 4 pts (33%) had
grade ≥3 anemia, 2 (17%) had grade ≥3 thrombocytopenia and 7 pts (47%) required transfusion.
Conclusions: 47% of pts discontinuing transitioned to hospice because of progression while 44% proceeded to a
subsequent line of therapy.
"""
"""In our words, with the counts and percentages of a published abstract that contradict each other."""

RIGHT = [
    "Of 40 patients, 22 (55%) had a PSA50 and 15 (37.5%) a PSA90.",
    "Rounded to even or up: 1/8 (12.5%), 1/8 (12%), 1/8 (13%).",
    "Of 100 patients, 80 completed therapy; 40 of these (50%) responded.",
    "75 men were assigned, 35 to B. Of the 40 patients in arm A, 20 (50%) responded; in arm B, 15 (43%) responded.",
    "Of 40 patients, 20 (50%) responded, including 5 (25%) with a complete response.",
    "Of 35 patients, 30 were evaluable for PSA; 15 (50%) had a PSA50.",
    "Of 40 patients, 10 (25%) had pain and 6 (20%) of 30 evaluable had nausea.",
    "Of 12 pts, 4 (33%) had grade 3/4 anemia, 2 (17%) thrombocytopenia and 7 (58%) required transfusion.",
    "In patients aged 70 years or older (45%), survival was shorter.",
    "Of 66 patients, 40 received docetaxel and 35 received cabazitaxel.",
    "Patients received 4 cycles (2 cycles, 6 weeks apart) of 177Lu-PSMA-617, graded by CTCAEv5.0.",
    "Sixty-six patients (40 men, 26 women) entered, Gleason 8-10 in 38 of 66 (58%).",
    "OS was longer (hazard ratio for death, 0.62; 95% confidence interval [CI], 0.52 to 0.74; P<0.001).",
    "Median OS was 15.3 vs 11.3 months (HR 0.62; 95% CI 0.52-0.74; p<.001).",
    "The mean difference was −3.2 (95% CI −5.1 to −1.3; p = 0.001).",
    "The odds ratio was 2.0 (95% CI: 1.0, 4.0), p = 0.05.",
    "Median PSA was 137 ng/mL (IQR 39-559; range 0.1–4,890).",
    "Follow-up was 26 weeks (IQR: 21 to not reached), from 2014 to 2022 (2014-2022).",
    "HR 0.80 (95% CI 0.60-1.05), p for interaction 0.01.",
    "The treatment arm had an HR of 0.70 (95% CI 0.45-1.08; one-sided p = 0.04).",
    "NLs were seen in 13/66 (7/13 PSMA-avid, 6/13 non-PSMA-avid) and 7/51 (5/7 PSMA-avid, 2/7 non-PSMA-avid).",
    "A total of 21 patients entered. Among them, 8 (38.1%) had a PSA50. Of these, 6 (75%) went on. 38.1% of 21 men.",
    "Of 24 patients screened 23 were studied; 13/23 (57%, 95% CI 34-77%) had a PSA50.",
    "The rate was 6.7% [3/45; 95% CI: 1.4–18.3], in 12 of 60 patients (95% CI 11-32).",
    "TTV fell by 120% of 3 mL; 150% of the activity; 5 of 6 cycles.",
]


def rules(text: str, severity: str = "") -> list[str]:
    return [fault.rule for fault in find_contradictions(text) if severity in ("", fault.severity)]


def only(text: str) -> Fault:
    (fault,) = find_contradictions(text)
    return fault


def test_the_four_contradictions_of_the_abstract_after_therapy_are_found_and_nothing_else() -> None:
    faults = find_contradictions(AFTER_THERAPY)
    assert [(fault.rule, fault.severity) for fault in faults] == [
        ("parts", "certain"),
        ("denominator", "certain"),
        ("two_percentages", "certain"),
        ("two_percentages", "certain"),
    ]
    parts, denominator, hospice, line = faults
    assert parts.arithmetic == "11 + 1 + 4 = 16, of 15"
    assert "7/12 = 58.3 %, written as 47%; 47% is 7 of 15" in denominator.arithmetic
    assert "17/35 = 48.6 %; here it is 47%" in hospice.arithmetic
    assert "15/35 = 42.9 %; here it is 44%" in line.arithmetic
    assert "47% would be 17/36" in hospice.consistent


def test_the_same_abstract_with_its_numbers_set_right_is_left_alone() -> None:
    mended = AFTER_THERAPY.replace("and 4 received other", "and 3 received other").replace("7 pts (47%)", "7 pts (58%)")
    mended = mended.replace("47% of pts", "49% of pts").replace("while 44%", "while 43%")
    assert find_contradictions(mended) == ()


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert find_contradictions(text) == ()


@pytest.mark.parametrize(
    ("text", "rule", "arithmetic"),
    [
        ("PSA50 was seen in 33/66 (55%).", "percentage", "33/66 = 50.0 %, written as 55%"),
        ("Twelve of thirty patients (45%) had pain.", "percentage", "12/30 = 40.0 %, written as 45%"),
        ("PSA50 was 71% (48/66).", "percentage", "48/66 = 72.7 %, written as 71%"),
        ("Sixty-one out of one hundred seventy-six (35.7%) rose.", "percentage", "61/176 = 34.7 %, written as 35.7%"),
        ("Of the 40 patients, 22 (56 %) responded.", "percentage", "22/40 = 55.0 %, written as 56 %"),
        ("4 (27%) of 16 patients responded.", "percentage", "4/16 = 25.0 %, written as 27%"),
        ("Responses were seen in 12/10 (120%) pts.", "more_than_all", "12 is more than 10"),
        ("Among the 20 responders, 25 had progressed.", "more_than_all", "25 of the 20"),
        ("Pain in 12 patients (120%).", "more_than_all", "120% of patients is more than all"),
        ("PSA50 was seen in 3 (38.1%) patients.", "no_whole_number", "no group of which 3 are 38.1%"),
        ("Median OS was 9.8 mo (95% CI: 11.3, 8.6).", "order", "the lower end is above the upper"),
        ("Median OS (mOS) was 8.1 mos (95% CI: 8.6, 11.3).", "outside", "8.1 lies below its confidence interval"),
        ("Median age was 71 (IQR 60-75; range 62-90).", "order", "quartiles 60 to 75 reach beyond the range 62 to 90"),
        ("Median follow-up was 12 months (IQR: 14–20).", "outside", "12 lies below its interquartile range"),
        ("HR 1.2 (1.05-1.4), p = 0.2.", "interval_and_p", "excludes 1, which is p of about 0.013"),
        ("HR = 0.62 (95 % CI 0.40–1.30; p<.001).", "interval_and_p", "includes 1, which is p of about 0.11"),
        (
            "Mean difference 2.0 (95% CI 0.5 to 3.5), p = 0.60.",
            "interval_and_p",
            "excludes 0, which is p of about 0.009",
        ),
        ("Cohen's κ = 0.91 (0.60–0.82).", "outside", "0.91 lies above its interval"),
        ("adjusted OR 0.50 (95% CI: 0.60 to 0.90)", "outside", "0.50 lies below its confidence interval"),
        ("aHR=2.0 (95%CI 1.1-3.6; P=.60)", "interval_and_p", "excludes 1"),
        ("Sixty-six patients (40 men, 27 women) entered.", "parts", "40 + 27 = 67, of 66"),
        ("831 patients were randomized (551 to Lu and 281 to control).", "parts", "551 + 281 = 832, of 831"),
        ("Of 30 men, 20 stopped, 5 died, and the remaining 6 withdrew.", "parts", "20 + 5 + 6 = 31, of 30"),
    ],
)
def test_a_contradiction_is_certain_and_tells_its_arithmetic(text: str, rule: str, arithmetic: str) -> None:
    fault = only(text)
    assert (fault.rule, fault.severity) == (rule, "certain")
    assert arithmetic in fault.arithmetic


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Two in three (2/3, 66%) were alive.", "percentage"),
        ("Of 30 men, 12.3% had pain.", "no_whole_number"),
        ("A total of 96 men entered; 18 completed therapy, 35 discontinued, 10 died, and 34 were midway.", "parts"),
        ("We treated 21 patients. A PSA50 was seen in 8 patients (40%).", "total_not_named"),
    ],
)
def test_what_a_further_fact_could_explain_is_to_be_looked_at(text: str, rule: str) -> None:
    fault = only(text)
    assert (fault.rule, fault.severity) == (rule, "to look at")


def test_the_sentence_is_counted_and_quoted() -> None:
    fault = only("Background: none. Results: All went well.\n\nPSA50 was seen in 33/66\n(55%) of men.")
    assert fault.sentence == 3
    assert fault.quote == "PSA50 was seen in 33/66 (55%) of men."


def test_a_text_without_numbers_has_no_contradiction() -> None:
    assert rules("") == []
    assert rules("Nothing was counted.") == []
