"""virtual knows a synthetic centre with known truth, written as real DICOM, FHIR and letters."""

__all__: list[str] = []
