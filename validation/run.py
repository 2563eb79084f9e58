"""`make validate`: all that is slow or asks another program. Each check is a module whose `main()` lists faults."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def checks() -> list[Path]:
    return sorted(path for path in HERE.rglob("check_*.py"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="run only checks whose path holds one of these words")
    names = parser.parse_args().names
    sys.path.insert(0, str(HERE.parent))  # checks import their neighbours as `validation.psa.second`
    failed = 0
    for path in checks():
        parts = path.relative_to(HERE).with_suffix("").parts
        label = "/".join(parts)
        if names and not any(name in label for name in names):
            continue
        print(f"== {label}", flush=True)
        started = time.perf_counter()
        faults = importlib.import_module(".".join(("validation", *parts))).main()
        for fault in faults:
            print(f"   FAULT: {fault}")
        failed += bool(faults)
        print(f"   {'failed' if faults else 'ok'} in {time.perf_counter() - started:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
