import subprocess
import sys


def test_the_corridor_of_scans_starts_without_the_unit_library() -> None:
    told = "import sys, lutrace.ingest; print([name for name in ('pint', 'dask', 'highdicom') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
