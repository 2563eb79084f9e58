"""Sentences asserted and letters read per processor second, beside negspaCy in an environment of its own.

The work is not the same: negspaCy is given the words of the concepts and says which are negated; lutrace finds the
facts of a letter itself, with values, dates, doubt, time and person. Letters are the English ones of
`validation/notes/letters/development`, numbered so that no two are equal; sentences are theirs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from shared.environment import make_peer

from lutrace.notes import find_letter_facts

HERE = Path(__file__).parent
LETTERS = HERE.parent / "validation" / "notes" / "letters" / "development"
PEER = ("negspacy==1.1.0", "spacy==3.8.18", "click==8.2.1")


def make_input(copies: int) -> dict[str, Any]:
    """Letters, their sentences with a concept each, and all concepts."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(LETTERS.glob("*_en.txt"))]
    letters = [f"{text}Letter number {number} of {copies}.\n" for number in range(copies) for text in texts]
    pairs = [
        {"sentence": f"{one.sentence.text} Line {number}.", "concept": text[one.begin : one.end]}
        for number in range(copies)
        for text in texts
        for one in find_letter_facts(text, language="en")
    ]
    return {"letters": letters, "sentences": pairs, "concepts": sorted({one["concept"] for one in pairs})}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    commands = {"lutrace": (sys.executable, "ours.py"), "negspaCy": (make_peer("negspacy", PEER), "peer.py")}
    content = make_input(given.copies)
    answers: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory(prefix="lutrace-bench-") as name:
        path = Path(name) / "input.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        for _round in range(given.rounds):
            for which, (python, script) in commands.items():
                command = [python, str(HERE / "letters_steps" / script), str(path)]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                answers[which].append(json.loads(done.stdout))
    best = {
        which: {key: statistics.median(one[key] for one in told) for key in told[0]} for which, told in answers.items()
    }
    for which, one in best.items():
        print(
            f"{which:9} {len(content['sentences']) / one['assert_s']:8.0f} sentences/s ({one['negated']:.0f} negated), "
            f"{len(content['letters']) / one['letters_s']:7.0f} letters/s ({one['facts']:.0f} facts)"
        )
    ratios = [best["negspaCy"][key] / best["lutrace"][key] for key in ("assert_s", "letters_s")]
    print(f"negspaCy takes {ratios[0]:.2f} times the processor time for sentences, {ratios[1]:.2f} for letters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
