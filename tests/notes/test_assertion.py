"""What a sentence says of a concept: each row is a sentence whose meaning is beyond doubt."""

from __future__ import annotations

import pytest

from lutrace.notes import assert_concept, find_language

SAID = {
    # sentence, concept: what is said
    "en": [
        ("No evidence of visceral metastases.", "visceral metastases", {"negated"}),
        ("He denies fever, chills or night sweats.", "night sweats", {"negated"}),
        ("He denies fever but has bone pain.", "bone pain", set()),
        ("Liver metastasis was ruled out.", "Liver metastasis", {"negated"}),
        ("Liver metastasis cannot be ruled out.", "Liver metastasis", {"uncertain"}),
        ("Lung metastases were excluded.", "Lung metastases", {"negated"}),
        ("Lung metastases have been reliably excluded by CT.", "Lung metastases", {"negated"}),
        ("MRI excluded brain metastases.", "brain metastases", {"negated"}),
        ("Lung metastases have never been seen.", "Lung metastases", {"negated"}),
        ("Lung metastases have not been demonstrated.", "Lung metastases", {"negated"}),
        ("Lung metastases have not yet been ruled out.", "Lung metastases", {"uncertain"}),
        ("Lung metastases could not be reliably excluded.", "Lung metastases", {"uncertain"}),
        ("Lung metastases had been suspected.", "Lung metastases", {"uncertain"}),
        ("Bone metastases were seen and lung metastases were excluded.", "Bone metastases", set()),
        ("The man with bone metastases was excluded from the trial.", "bone metastases", set()),
        ("Lung metastases excluded, bone metastases present.", "bone metastases", set()),
        ("Focus in T8, suspicious for metastasis.", "metastasis", {"uncertain"}),
        ("No change in the known liver metastases.", "liver metastases", {"historical"}),
        ("History of docetaxel in 2019.", "docetaxel", {"historical"}),
        ("PAST MEDICAL HISTORY: hypertension, stroke. EXAM: no edema.", "stroke", {"historical"}),
        ("PAST MEDICAL HISTORY: hypertension. EXAM: mild edema.", "edema", set()),
        ("Return to the clinic if fever occurs.", "fever", {"hypothetical"}),
        ("His father died of prostate cancer.", "prostate cancer", {"other"}),
        ("CT shows no lesion.", "no lesion", set()),
        ("COMPLICATIONS:  None    DIAGNOSIS:  gastritis", "gastritis", set()),
    ],
    "de": [
        ("Kein Anhalt für Lymphknotenmetastasen.", "Lymphknotenmetastasen", {"negated"}),
        ("Lebermetastasen: keine.", "Lebermetastasen", {"negated"}),
        ("Weder Fieber noch Schüttelfrost.", "Schüttelfrost", {"negated"}),
        ("Ausschluss von Lungenmetastasen.", "Lungenmetastasen", {"negated"}),
        ("Lungenmetastasen wurden ausgeschlossen.", "Lungenmetastasen", {"negated"}),
        ("Lungenmetastasen konnten sicher ausgeschlossen werden.", "Lungenmetastasen", {"negated"}),
        ("Lungenmetastasen sind ausgeschlossen worden.", "Lungenmetastasen", {"negated"}),
        ("Lungenmetastasen ließen sich ausschließen.", "Lungenmetastasen", {"negated"}),
        ("Ausgeschlossen wurden Lungenmetastasen.", "Lungenmetastasen", {"negated"}),
        ("Lungenmetastasen wurden nicht ausgeschlossen.", "Lungenmetastasen", {"uncertain"}),
        ("Lungenmetastasen konnten nicht sicher ausgeschlossen werden.", "Lungenmetastasen", {"uncertain"}),
        ("Knochenmetastasen wurden gesehen, Lungenmetastasen wurden ausgeschlossen.", "Knochenmetastasen", set()),
        ("Knochenmetastasen wurden gesehen und Lungenmetastasen ausgeschlossen.", "Knochenmetastasen", set()),
        ("Der Mann mit Knochenmetastasen wurde von der Studie ausgeschlossen.", "Knochenmetastasen", set()),
        ("Zum Ausschluss von Lungenmetastasen.", "Lungenmetastasen", {"uncertain"}),
        ("Ein Lokalrezidiv ist nicht auszuschließen.", "Lokalrezidiv", {"uncertain"}),
        ("Ein Lokalrezidiv ist nicht auszuschliessen.", "Lokalrezidiv", {"uncertain"}),
        ("V.a. Knochenmetastase im LWK 3.", "Knochenmetastase", {"uncertain"}),
        ("Z.n. Prostatektomie 2015.", "Prostatektomie", {"historical"}),
        ("Der Patient ist metastasenfrei.", "metastasen", {"negated"}),
        ("Kein Progress unter Enzalutamid.", "Enzalutamid", set()),
        ("Der Verdacht auf ein Rezidiv bestätigte sich nicht.", "Rezidiv", {"negated"}),
        ("Nicht nur Knochen-, sondern auch Lebermetastasen.", "Lebermetastasen", set()),
        ("Bei Fieber bitte umgehende Vorstellung.", "Fieber", {"hypothetical"}),
        ("Der Vater verstarb an einem Prostatakarzinom.", "Prostatakarzinom", {"other"}),
        ("Knochenmetastasen bekannt, keine Lebermetastasen.", "Knochenmetastasen", set()),
        ("Wahrscheinlich keine Fraktur.", "Fraktur", {"negated", "uncertain"}),
    ],
}
ROWS = [(language, *row) for language, rows in SAID.items() for row in rows]


@pytest.mark.parametrize(("language", "sentence", "concept", "said"), ROWS, ids=[row[1] for row in ROWS])
def test_sentence_says(language, sentence, concept, said):
    assertion = assert_concept(sentence, concept, language)
    assert assertion is not None
    assert set(assertion.triggers) == said
    assert all(phrase in sentence for told in assertion.triggers.values() for phrase in told)


def test_concept_that_does_not_stand_there_is_not_answered():
    assert assert_concept("No fever.", "cough", "en") is None
    assert assert_concept("No fever.", ".", "en") is None


def test_capitals_mark_the_concept_among_equals():
    sentence = "He had no pain in the leg but PAIN in the back."
    assertion = assert_concept(sentence, "pain", "en")
    assert assertion is not None
    assert not assertion.says("negated")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Kein Anhalt für Metastasen.", "de"),
        ("There is no evidence of metastases.", "en"),
        ("Lungenmetastasen wurden ausgeschlossen.", "de"),
        ("Lung metastases have been excluded.", "en"),
        ("Xerostomie Grad 1", None),
    ],
)
def test_everyday_words_tell_the_language(text, language):
    assert find_language(text) == language
