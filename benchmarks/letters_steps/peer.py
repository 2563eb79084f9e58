"""Processor seconds in which negspaCy says which of the concepts of sentences, and of letters, are negated."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import spacy
from negspacy.negation import Negex  # noqa: F401 - registers the step

given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
reader = spacy.blank("en")
reader.add_pipe("sentencizer")
ruler = reader.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
ruler.add_patterns([{"label": "FACT", "pattern": one} for one in given["concepts"]])
reader.add_pipe("negex", config={"ent_types": ["FACT"]})
list(reader.pipe(["No lesion."]))
begin = time.process_time()
found = list(reader.pipe(one["sentence"] for one in given["sentences"]))
asserted = time.process_time() - begin
begin = time.process_time()
letters = list(reader.pipe(given["letters"]))
extracted = time.process_time() - begin
negated = sum(any(entity._.negex for entity in doc.ents) for doc in found)
facts = sum(len(doc.ents) for doc in letters)
print(json.dumps({"assert_s": asserted, "letters_s": extracted, "negated": negated, "facts": facts}))
