"""registry knows the waist: it checks rows, keeps the refused with their reason, stores, and freezes snapshots."""

from lutrace.registry.batch import AddReport, FactBatch, RefusedRow, Replacement
from lutrace.registry.engines import ENGINES, Engine
from lutrace.registry.foreign import Foreign, open_foreign
from lutrace.registry.images import ImageStore
from lutrace.registry.precedence import SourceRules
from lutrace.registry.quality import QualityFinding
from lutrace.registry.snapshots import Snapshot, list_snapshots, open_snapshot
from lutrace.registry.store import Registry
from lutrace.registry.texts import StoredLetter

__all__ = [
    "ENGINES",
    "AddReport",
    "Engine",
    "FactBatch",
    "Foreign",
    "ImageStore",
    "QualityFinding",
    "RefusedRow",
    "Registry",
    "Replacement",
    "Snapshot",
    "SourceRules",
    "StoredLetter",
    "list_snapshots",
    "open_foreign",
    "open_snapshot",
]
