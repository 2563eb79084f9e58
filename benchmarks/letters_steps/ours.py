"""Processor seconds in which lutrace asserts concepts in sentences, and finds facts in whole letters."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from lutrace.notes import assert_concept, find_letter_facts

given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
assert_concept("No lesion.", "lesion", "en")
find_letter_facts("No lesion. PSA 3 ng/ml.")
begin = time.process_time()
found = [assert_concept(one["sentence"], one["concept"], "en") for one in given["sentences"]]
asserted = time.process_time() - begin
begin = time.process_time()
facts = [find_letter_facts(text, language="en") for text in given["letters"]]
extracted = time.process_time() - begin
negated = sum(one is not None and one.says("negated") for one in found)
print(json.dumps({"assert_s": asserted, "letters_s": extracted, "negated": negated, "facts": sum(map(len, facts))}))
