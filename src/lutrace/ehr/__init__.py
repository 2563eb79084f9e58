"""ehr knows how records are written elsewhere (FHIR, OMOP, REDCap, tables) and reads them into declared rows."""

__all__: list[str] = []
