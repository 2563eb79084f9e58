"""dicom knows the standard's objects: PET, NM, CT, SEG and RTSTRUCT read into Volume and Mask, and written."""

__all__: list[str] = []
