"""Write the tables of the README from the data: python scripts/rules_table.py [--check]."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from facs_text._resolve import rules
from facs_text._wording import fill, wording

README = Path(__file__).parents[1] / "README.md"
START, END = "<!-- tables: made by scripts/rules_table.py -->", "<!-- end of tables -->"


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |"


def _table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> list[str]:
    return [_row(*head), "|" + "---|" * len(head), *(_row(*r) for r in rows), ""]


def _folded(title: str, lines: list[str]) -> list[str]:
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "</details>", ""]


def levels() -> list[str]:
    rows: list[tuple[object, ...]] = []
    tables = wording()["adverbs"]
    for n, letter in enumerate("ABCDE", 1):
        rows.append((letter, f"{n / 5:g}", *(", ".join(t[n]) for t in tables.values()),
                     ", ".join(wording()["adjectives"][n])))  # fmt: skip
    rows.append(("not scored", "0.6, as C", *("no word" for _ in tables), "no word"))
    names = {"plain": "adverbs", "way": "of a way (gaze, head, jaw, tongue)",
             "open": "of an opening", "shut": "of shut eyes"}  # fmt: skip
    heads = [names[name] for name in tables]
    return _table(("level", "activation", *heads, "adjectives"), rows)


def _stays(rule: dict[str, Any]) -> str:
    """Which unit of an alternative stays."""
    if rule["keep"] in ("a", "b"):
        return str(rule[rule["keep"]])
    jaw = f", {rule[rule['with_jaw']]} with 26 or 27" if "with_jaw" in rule else ""
    return f"the stronger{jaw}"


def _when(look: Any) -> str:
    """A look with the levels from which it is said: "the mouth hangs open (25, 26 from C)"."""
    if isinstance(look, str):
        return fill(look, "both", 0)
    said = []
    for key, word in (("from", "from"), ("to", "up to")):
        if isinstance(look.get(key), int):
            said.append(f"all {word} {'-ABCDE'[look[key]]}")
        else:
            said += [f"{c} {word} {'-ABCDE'[n]}" for c, n in look.get(key, {}).items()]
    if "gap" in look:
        said.append(f"within {look['gap']} level{'s' * (look['gap'] != 1)}")
    if "lead" in look:
        said.append(f"{look['lead']} strongest")
    return f"{fill(look['say'], 'both', 0)} ({', '.join(said)})"


def tables() -> str:
    """All tables as Markdown."""
    data = rules()
    lines = ["### The intensity table", "", *levels()]
    counts = {k: len(v) for k, v in data.items() if isinstance(v, list)}
    lines += ["### The rules", "", *_table(("kind", "rules"), list(counts.items()))]
    lines += _folded("Alternatives: cannot be together", _table(
        ("rule", "stays", "why", "source", "confidence"),
        [(f"{r['a']} or {r['b']}", _stays(r), r["reason"], r["source"], r["confidence"])
         for r in data["alternatives"]]))  # fmt: skip
    lines += _folded("Antagonists: pull one point opposite ways, and are blended", _table(
        ("pair", "most that each loses", "look when level", "source", "confidence"),
        [(f"{r['a']} and {r['b']}", f"{r['hold'][0]:.0%}, {r['hold'][1]:.0%}",
          _when(r["looks"]["together"][0]), r["source"], r["confidence"])
         for r in data["antagonists"]]))  # fmt: skip
    lines += _folded("Dominance: one makes the other hard to tell", _table(
        ("leads", "in doubt", "why", "source", "confidence"),
        [(r["a"], r["b"], r["reason"], r["source"], r["confidence"]) for r in data["dominance"]]
    ))  # fmt: skip
    lines += _folded("Implied, required, rewritten, hidden", _table(
        ("rule", "why", "source", "confidence"),
        [(r["id"], r["reason"], r["source"], r["confidence"])
         for k in ("implications", "observed", "requirements", "rewrites", "occlusions")
         for r in data[k]]))  # fmt: skip
    lines += _folded("Combinations: a look of their own", _table(
        ("units", "kind", "look", "source", "confidence"),
        [(r["id"], r["kind"], "; ".join(map(_when, r["looks"])), r["source"], r["confidence"])
         for r in data["combinations"]]))  # fmt: skip
    sources = [(k, v) for k, v in data["sources"].items()]  # type: ignore[attr-defined]
    lines += ["### Sources", "", *_table(("mark", "source"), list(sources))]
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """Rewrite the README, or with --check say whether it is up to date."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    made = f"{before}{START}\n\n{tables()}\n{END}{after}"
    if "--check" in argv:
        return 0 if made == text else 1
    README.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
