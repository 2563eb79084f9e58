"""The systems, urls and extensions that the FHIR reader knows; docs/reference/fhir.md says which elements it reads."""

MR_SYSTEM = "http://terminology.hl7.org/CodeSystem/v2-0203"
IDENTIFIER_TYPES = (MR_SYSTEM, "http://terminology.hl7.org/CodeSystem/v3-ObservationValue")
"""Where the types of identifiers that name a patient are defined: MR in the first, PSEUDED (German) in the second."""
TEST_DATA_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ATC = "http://www.whocc.no/atc"
ATC_GERMAN = "http://fhir.de/CodeSystem/bfarm/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
HCPCS = (
    "http://terminology.hl7.org/CodeSystem/HCPCS",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "urn:oid:2.16.840.1.113883.6.285",
)
UCUM = "http://unitsofmeasure.org"
OPS = "http://fhir.de/CodeSystem/bfarm/ops"
ICD10 = (
    "http://hl7.org/fhir/sid/icd-10",
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://fhir.de/CodeSystem/bfarm/icd-10-gm",
    "http://fhir.de/CodeSystem/dimdi/icd-10-gm",
)
RENAMED = {
    "http://fhir.de/CodeSystem/dimdi/ops": OPS,
    "http://fhir.de/CodeSystem/dimdi/atc": ATC_GERMAN,
    "https://loinc.org": LOINC,
    "https://snomed.info/sct": SNOMED,
}
"""Older German names of systems, and common misspellings, with the name that is meant."""
SYSTEM_NAMES = {
    LOINC: "LOINC",
    SNOMED: "SNOMED",
    ATC: "ATC",
    ATC_GERMAN: "ATC",
    RXNORM: "RxNorm",
    OPS: "OPS",
    **dict.fromkeys(HCPCS, "HCPCS"),
    **dict.fromkeys(ICD10, "ICD-10"),
}
"""How systems of codes are called in messages."""

ABSENT = (
    "http://terminology.hl7.org/CodeSystem/data-absent-reason",
    "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
)
"""Codes that stand in the place of a value."""
MILESTONE_SYSTEM = "urn:lutrace:CodeSystem:milestone"
FINDING_SYSTEM = "urn:lutrace:CodeSystem:finding"
STOP_REASON_SYSTEM = "urn:lutrace:CodeSystem:stop-reason"

CYCLE_NUMBER = "urn:lutrace:StructureDefinition:cycle-number"
"""valuePositiveInt (or valueInteger) on MedicationAdministration, Procedure, Observation, DiagnosticReport."""
ASSAY_DATETIME = "urn:lutrace:StructureDefinition:assay-datetime"
"""valueDateTime on MedicationAdministration: when the syringe was measured."""
RESIDUAL_ACTIVITY = "urn:lutrace:StructureDefinition:residual-activity"
"""valueQuantity (MBq) on MedicationAdministration: activity left after injection."""
RESIDUAL_DATETIME = "urn:lutrace:StructureDefinition:residual-datetime"
"""valueDateTime on MedicationAdministration: when the residual was measured."""
UNITS = "urn:lutrace:StructureDefinition:units"
"""valuePositiveInt on Procedure: units transfused."""
CTCAE_GRADE = "urn:lutrace:StructureDefinition:ctcae-grade"
"""valueInteger 1 to 5 on AdverseEvent."""
CTCAE_VERSION = "urn:lutrace:StructureDefinition:ctcae-version"
"""valueString 4.0, 5.0 or 6.0 on AdverseEvent."""
END_DATE = "urn:lutrace:StructureDefinition:end-date"
"""valueDateTime on AdverseEvent: last day."""
AS_REPORTED = "urn:lutrace:StructureDefinition:result-as-reported"
"""valueString on Observation or its component: the result as written, where valueQuantity says the same."""
ASSERTED_DATE = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"
EVIDENCE_TYPE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-cancer-disease-status-evidence-type"
MODALITY = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-radiotherapy-modality"
MODALITY_AND_TECHNIQUE = f"{MODALITY}-and-technique"
"""mCODE: an extension of Procedure that holds MODALITY (valueCodeableConcept) and a technique."""
ORDINAL_VALUE = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
GERMAN_CERTAINTY = "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit"
"""valueCoding A (excluded), G (certain), V (suspected), Z (state after) on a coding of ICD-10-GM."""

MII_ONKO = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/"
"""Where the German oncology module (Medizininformatik-Initiative, 2024 to 2027) defines its extensions and codes."""
TNM_PREFIXES = tuple(f"{MII_ONKO}StructureDefinition/mii-ex-onko-tnm-{kind}-praefix" for kind in ("a", "r", "y", "cp"))
"""valueCodeableConcept c, p, r, y or a: what stands before a category of TNM."""
OBDS_ASSESSMENT = f"{MII_ONKO}CodeSystem/mii-cs-onko-verlauf-gesamtbeurteilung"
OBDS_METASTASES = tuple(f"{MII_ONKO}CodeSystem/mii-cs-onko-fernmetastasen{kind}" for kind in ("", "-lokalisation"))
OBDS_DEATH = f"{MII_ONKO}CodeSystem/mii-cs-onko-tod"
OBDS_APPLICATION = f"{MII_ONKO}CodeSystem/mii-cs-onko-strahlentherapie-applikationsart"
OBDS_RADIATION = f"{MII_ONKO}CodeSystem/mii-cs-onko-strahlentherapie-strahlenart"
OBDS_ECOG = f"{MII_ONKO}CodeSystem/mii-cs-onko-allgemeiner-leistungszustand-ecog"
OBDS_CTCAE_GRADE = f"{MII_ONKO}CodeSystem/mii-cs-onko-nebenwirkung-ctcae-grad"
GERMAN_VITAL_STATUS = "https://www.medizininformatik-initiative.de/fhir/core/modul-person/CodeSystem/Vitalstatus"
IRRADIATION = f"{MII_ONKO}StructureDefinition/mii-ex-onko-strahlentherapie-bestrahlung"
"""Until 2024 an extension of Procedure that held Applikationsart, Strahlenart, Gesamtdosis as parts of it."""
TOTAL_DOSES = (f"{IRRADIATION}-gesamtdosis", "Gesamtdosis")
"""valueQuantity on Procedure, or inside IRRADIATION: the whole dose, of a radionuclide its activity."""
OBDS_CTCAE_VERSION = f"{MII_ONKO}StructureDefinition/mii-ex-onko-nebenwirkung-ctcae-version"
"""valueCodeableConcept 4.03, 5.0 ... on AdverseEvent."""
US_CTCAE_GRADE = "http://hl7.org/fhir/us/ctcae/StructureDefinition/ctcae-grade"
"""valueCodeableConcept 1 to 5 on AdverseEvent."""
US_RESOLVED_DATE = "http://hl7.org/fhir/us/ctcae/StructureDefinition/adverse-event-resolved-date"
"""valueDate or valueDateTime on AdverseEvent: last day."""
