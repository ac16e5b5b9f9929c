"""Write the page of rules from the data: python scripts/rules_table.py [--check]."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import wrap
from typing import Any

from facs_text._resolve import rules
from facs_text._wording import fill, wording

PAGE = Path(__file__).parents[3] / "docs" / "rules.md"
HEAD = """\
# The rules of facs-text

Every rule that says how units change each other, and the words for levels. This page is made by
`packages/facs-text/scripts/rules_table.py` from the data files of the package; correct those, not
this page. What the kinds of rules mean is said in [resolution](resolution.md). Behind each rule
stand its source, by the marks at the end of the page, and how sure it is, from 0 to 1.
"""


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |"


def _table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> list[str]:
    return [_row(*head), "|" + "---|" * len(head), *(_row(*r) for r in rows), ""]


def _sure(rule: dict[str, Any]) -> str:
    """Source and confidence of a rule."""
    return f"({rule['source'].replace(';', ', ')}; {rule['confidence']})"


def _item(text: str, indent: str = "") -> list[str]:
    """An item of a list, wrapped, so that no rule can make a line too long."""
    return wrap(
        text, 98, initial_indent=f"{indent}- ", subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
    )  # fmt: skip


def _list(items: list[str]) -> list[str]:
    return [*(line for item in items for line in _item(item)), ""]


def levels() -> list[str]:
    """The table of levels: activation, adverbs and adjectives."""
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
        return f"{rule[rule['keep']]} stays"
    jaw = f", and {rule[rule['with_jaw']]} with 26 or 27" if "with_jaw" in rule else ""
    return f"the stronger stays{jaw}"


def _and(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " and " * (len(words) > 1) + words[-1]


def _when(look: dict[str, Any]) -> str:
    """The levels from which a look is said: "1, 2 and 5 from C, 4 from B"."""
    said = []
    for key, word in (("from", "from"), ("to", "up to")):
        if isinstance(look.get(key), int):
            said.append(f"all {word} {'-ABCDE'[look[key]]}")
            continue
        alike: dict[int, list[str]] = {}
        for code, level in look.get(key, {}).items():
            alike.setdefault(level, []).append(code)
        said += [f"{_and(codes)} {word} {'-ABCDE'[n]}" for n, codes in alike.items()]
    if "gap" in look:
        said.append(f"within {look['gap']} level{'s' * (look['gap'] != 1)}")
    if "lead" in look:
        said.append(f"{look['lead']} strongest")
    return ", ".join(said)


def _look(look: Any) -> tuple[str, str]:
    """What a look says, and when."""
    if isinstance(look, str):
        return fill(look, "both", 0), ""
    return fill(look["say"], "both", 0), _when(look)


def _combinations(found: list[dict[str, Any]]) -> list[str]:
    """An item a rule, and within it an item a look."""
    lines = []
    for rule in found:
        lines += _item(f"**{rule['id']}**, {rule['kind']} {_sure(rule)}")
        for text, when in map(_look, rule["looks"]):
            lines += _item(f"{text} ({when})" if when else text, indent="  ")
    return [*lines, ""]


def _antagonists(found: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for rule in found:
        text, when = _look(rule["looks"]["together"][0])
        most = f"{rule['hold'][0]:.0%}, {rule['hold'][1]:.0%}"
        pair = f"{rule['a']} and {rule['b']}"
        look = f"{text} ({when})" if when else text
        rows.append((pair, most, look, rule["source"], rule["confidence"]))
    return rows


def page() -> str:
    """All tables as Markdown."""
    data = rules()
    lines = [HEAD, "## Levels", "", *levels()]
    counts = {k: len(v) for k, v in data.items() if isinstance(v, list)}
    lines += ["## How many there are", "", *_table(("kind", "rules"), list(counts.items()))]
    lines += ["## Alternatives: cannot be together", "", *_list([
        f"**{r['a']} or {r['b']}**: {_stays(r)}; {r['reason']}. {_sure(r)}"
        for r in data["alternatives"]
    ])]  # fmt: skip
    lines += ["## Antagonists: pull one point opposite ways, and are blended", "", *_table(
        ("pair", "most that each loses", "look when level", "source", "sure"),
        _antagonists(data["antagonists"]))]  # fmt: skip
    lines += ["## Dominance: one makes the other hard to tell", "", *_list([
        f"**{r['a']}** leads, **{r['b']}** is in doubt: {r['reason']}. {_sure(r)}"
        for r in data["dominance"]
    ])]  # fmt: skip
    lines += ["## Implied, required, rewritten, hidden", "", *_list([
        f"`{r['id']}`: {r['reason']}. {_sure(r)}"
        for k in ("implications", "observed", "requirements", "rewrites", "occlusions")
        for r in data[k]
    ])]  # fmt: skip
    lines += ["## Combinations: a look of their own", "", *_combinations(data["combinations"])]
    sources = list(data["sources"].items())  # type: ignore[attr-defined]
    lines += ["## Sources", "", *_table(("mark", "source"), sources)]
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """Write the page, or with --check say whether it is up to date."""
    made = page()
    if "--check" in argv:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == made else 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
