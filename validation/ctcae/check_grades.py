"""CTCAE grades of 20,000 random records by three versions: lutrace beside the second implementation."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd
from validation.ctcae import compare, second

HERE = Path(__file__).parent
ROWS = 20_000


def main(out: Path | None = None) -> list[str]:
    labs = compare.draw_labs(ROWS)
    found = []
    for version in second.VERSIONS:
        counts, differ = compare.compare(labs, version)
        told = ", ".join(f"{grade}: {count}" for grade, count in counts.items())
        print(f"   ctcae-{version}: {len(labs)} records ({told}): {len(differ)} differ")
        found.append(differ)
    together = pd.concat(found)
    if out is not None:
        together.to_csv(out, index=False)
    if not together.empty:
        print(together.head(20).to_string(index=False))
    counted = together.groupby(["version", "term"]).size()
    return [f"ctcae-{version} {term}: {count} grades differ" for (version, term), count in counted.items()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="write the disagreements to this CSV file")
    sys.exit(1 if main(parser.parse_args().out) else 0)
