"""The five forms of one virtual centre against the truth, and the stored numbers of docs/reference/sources.md.

A field that agreed must agree; of the letters a fact fails where fewer are found, or more are wrong, than were stored.
"""

from __future__ import annotations

import json

from validation.virtual_centre.compare_sources import PAGE, STORED, measure, with_tables


def main() -> list[str]:
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    text = PAGE.read_text(encoding="utf-8")
    faults = [] if with_tables(stored, text) == text else ["the page's tables are not those of sources.json"]
    now = measure(stored["patients"], stored["seed"])
    for form, fields in now["fields"].items():
        for field, counts in fields.items():
            if counts != stored["fields"][form].get(field):
                faults.append(f"{form}, {field}: true, found, right are {counts}, stored were others")
    for fact, (_, found, both, _, _) in now["letters"].items():
        _, found_then, both_then, _, _ = stored["letters"].get(fact, [0, 0, 0, 0, 0])
        if both < both_then or found - both > found_then - both_then:
            faults.append(f"letters, {fact}: {both} of {found} found are right, {both_then} of {found_then} were")
    print(f"   {len(now['fields'])} registries, {len(now['letters'])} kinds of facts in letters compared")
    return faults


if __name__ == "__main__":
    print(main())
