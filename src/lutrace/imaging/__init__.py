"""imaging knows Volume and Mask: where voxels lie, how they are resampled, registered and measured."""

from lutrace.imaging.volume import BoolArray, FloatArray, Geometry, Mask, Volume

__all__ = ["BoolArray", "FloatArray", "Geometry", "Mask", "Volume"]
