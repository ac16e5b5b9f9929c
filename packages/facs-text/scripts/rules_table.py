"""Write the tables of the README from the data: python scripts/rules_table.py [--check]."""

from __future__ import annotations

import sys
from pathlib import Path

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
    for n, letter in enumerate("ABCDE", 1):
        rows.append((letter, f"{n / 5:g}", ", ".join(wording()["adverbs"][n]),
                     ", ".join(wording()["adjectives"][n])))  # fmt: skip
    rows.append(("not scored", "0.6, as C", "no word", "no word"))
    return _table(("level", "activation", "adverbs", "adjectives"), rows)


def tables() -> str:
    """All tables as Markdown."""
    data = rules()
    lines = ["### The intensity table", "", *levels()]
    counts = {k: len(v) for k, v in data.items() if isinstance(v, list)}
    lines += ["### The rules", "", *_table(("kind", "rules"), list(counts.items()))]
    lines += _folded("Alternatives: cannot be together", _table(
        ("rule", "stays", "why", "source", "confidence"),
        [(f"{r['a']} or {r['b']}", {"a": r["a"], "b": r["b"], "stronger": "the stronger",
          "a_if_jaw": f"{r['a']} with 26 or 27, else {r['b']}"}[r["keep"]], r["reason"],
          r["source"], r["confidence"]) for r in data["alternatives"]]))  # fmt: skip
    lines += _folded("Antagonists: pull one point opposite ways, and are blended", _table(
        ("pair", "most that each loses", "look when level", "source", "confidence"),
        [(f"{r['a']} and {r['b']}", f"{r['hold'][0]:.0%}, {r['hold'][1]:.0%}",
          fill(r["looks"]["together"][0], "both", 0), r["source"], r["confidence"])
         for r in data["antagonists"]]))  # fmt: skip
    lines += _folded("Dominance: one makes the other hard to tell", _table(
        ("leads", "in doubt", "why", "source", "confidence"),
        [(r["a"], r["b"], r["reason"], r["source"], r["confidence"]) for r in data["dominance"]]
    ))  # fmt: skip
    lines += _folded("Implied, rewritten, hidden", _table(
        ("rule", "why", "source", "confidence"),
        [(r["id"], r["reason"], r["source"], r["confidence"])
         for k in ("implications", "rewrites", "occlusions") for r in data[k]]))  # fmt: skip
    lines += _folded("Combinations: a look of their own", _table(
        ("units", "kind", "look", "source", "confidence"),
        [(r["id"], r["kind"], fill(r["looks"][0], "both", 0), r["source"], r["confidence"])
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
