"""Whether a sentence asserts what it names, on which side, how strongly, and of whom: by grid.

Each frame is a sentence with room for a verb; it is tried with several verbs, so that it is the
frame that is read and not the sentence.
"""

from __future__ import annotations

import pytest

from facs_text import parse, understand

# base, third person, -ing, past, codes
VERBS = (
    ("smile", "smiles", "smiling", "smiled", "12"),
    ("raise her brows", "raises her brows", "raising her brows", "raised her brows", "1+2"),
    ("press her lips together", "presses her lips together", "pressing her lips together",
     "pressed her lips together", "24"),
    ("stick out her tongue", "sticks out her tongue", "sticking out her tongue",
     "stuck out her tongue", "19"),
    ("raise her left eyebrow", "raises her left eyebrow", "raising her left eyebrow",
     "raised her left eyebrow", "L1+L2"),
)  # fmt: skip


def filled(frame: str, verb: tuple[str, ...]) -> str:
    base, third, ing, past, _ = verb
    cap = ing[0].upper() + ing[1:]
    return frame.format(b=base, s=third, g=ing, d=past, G=cap)


NOT_ASSERTED = """\
She will {b}. | She would {b} if asked. | She could {b} if she wanted.
She should {b} more. | She must {b} on cue. | She cannot {b}. | She can {b}.
She was able to {b} last year. | She tries to {b}. | She attempted to {b}.
She wants to {b}. | She refuses to {b}. | She was told to {b}. | She was asked to {b}.
He told her to {b}. | He told her not to {b}. | He wanted her to {b}.
He made her promise to {b}. | She pretended to {b}. | She forgot to {b}.
She did not {b}. | She never {s}. | She rarely {s}. | She hardly ever {s}.
She used to {b}. | She stopped {g}. | She avoided {g}. | She denied {g}.
She was accused of {g}. | She thought of {g}. | She thought about {g}.
She apologised for {g}. | She was tired of {g}. | She is known for {g}.
She resisted {g}. | She refrained from {g}. | She came close to {g}.
She was on the verge of {g}. | She was about to {b}. | She is going to {b}.
She had {d} before. | She had {d} earlier. | If she {s}, he laughs.
Unless she {s}, nothing happens. | Rather than {b}, she left. | Without {g}, she left.
Before {g}, she sat down. | She sat down before {g}. | Until she {d}, nobody moved.
Nobody {d}. | No one {s}. | Does she {b}? | Why did she {b}? | Is she {g}?
Imagine her {g}. | Suppose she {s}. | He claims she {s}. | She is not {g}.
She wasn't {g} at all. | I doubt that she {d}. | There is no evidence that she {d}.
It is unlikely that she {d}. | It is not true that she {d}. | I don't think she {d}.
He wondered whether she {d}. | She failed to {b}. | She was unable to {b}.
She was too tired to {b}. | She was reluctant to {b}. | She hesitated to {b}.
She looked as if she might {b}. | It hurts when she {s}. | {G} is difficult for her.
{G} hurts. | To {b} would be rude. | She has trouble {g}. | She has no reason to {b}.
She learned to {b}. | She hates {g}. | She loves to {b}. | She knows how to {b}.
She was supposed to {b}. | Her plan was to {b}. | She promised to {b}. | She wouldn't {b}.
Had she {d}, he would know. | Were she to {b}, he would know. | She gave up {g}.
She no longer {s}. | Last week she {d}. | As a child she {d}. | She usually {s}.
Sometimes she {s}. | Little did she {b}. | She all but {d}. | She just about {d}.
{G} would help. | {G} is what she does best. | As long as she {s}, we are fine.
Every day she {s}. | On Mondays she {s}. | Normally she {s}. | In her youth she {d}.
She is allowed to {b}. | He feared she had {d}. | Yesterday, she {d}.
She {d} once, long ago. | Our model thinks she {s}. | The script requires that she {b}."""

ASSERTED = """\
She {s}. | She is {g}. | She {d}. | She was {g}. | {G}, she turned away.
She began to {b}. | She started {g}. | She keeps {g}. | She continued to {b}.
She managed to {b}. | She could not help {g}. | The patient {s}. | We see her {g}.
He saw her {b}. | She sat there {g}. | Suddenly she {s}. | She {s} while reading.
Now she {s}. | She waits and {s}. | She appears to {b}. | She can be seen {g}.
The photo shows a woman {g}. | She turned away, {g}. | She was observed {g}.
She is clearly {g}. | She is still {g}."""


def frames(text: str) -> list[str]:
    return [frame.strip() for line in text.splitlines() for frame in line.split("|")]


@pytest.mark.parametrize("frame", frames(NOT_ASSERTED))
def test_what_is_not_asserted_is_not_read(frame: str) -> None:
    for verb in VERBS:
        assert not understand(filled(frame, verb)).coding, filled(frame, verb)


@pytest.mark.parametrize("frame", frames(ASSERTED))
def test_what_is_asserted_is_read(frame: str) -> None:
    for verb in VERBS:
        assert understand(filled(frame, verb)).coding == parse(verb[4]), filled(frame, verb)


# part, verb, participle, codes of the left side
PARTS = (
    ("brow", "raises", "raised", "L1+L2"), ("cheek", "lifts", "lifted", "L6"),
    ("eye", "closes", "closed", "L43"), ("lip corner", "rises", "raised", "L12"),
    ("corner of the mouth", "turns down", "turned down", "L15"),
)  # fmt: skip
LEFT = """\
The left {n} is {p}. | Her left {n} {v}. | left {n} {p} | left {n}: {p}
On the left, the {n} {v}. | The {n} on the left is {p}.
The {n} on the left side of her face is {p}. | Only the left {n} is {p}.
The left {n} is {p}, the right is not. | The left {n}, not the right, is {p}.
Left: {n} {p}. Right: neutral. | The viewer's right {n} is {p}.
Her {n}, the left one, is {p}. | The {n} on the right of the picture is {p}.
From the viewer's perspective, the right {n} is {p}.
The right {n} is still; the left {n} is {p}. | We see the left {n} {p}. | her {p} left {n}
The {n} {v} on the left but not on the right. | The man on the right has his left {n} {p}.
His right hand is up and his left {n} is {p}."""
BOTH = """\
The man on the left has {p} {n}s. | She left with her {n}s {p}.
Her {n}s are {p} and her left hand is up. | With her left hand raised, her {n}s are {p}.
Both {n}s are {p}. | The right-handed boy has {p} {n}s.
The left-hand suspect has {p} {n}s. | The woman on the far left has {p} {n}s."""


@pytest.mark.parametrize(
    ("frame", "left"),
    [*((f, True) for f in frames(LEFT)), *((f, False) for f in frames(BOTH))],
)
def test_sides(frame: str, left: bool) -> None:
    for noun, verb, participle, codes in PARTS:
        text = frame.format(n=noun, v=verb, p=participle).replace(
            "corner of the mouths", "corners of the mouth"
        )
        found = understand(text)
        want = parse(codes if left else codes.replace("L", ""))
        read = {(a.code, a.side) for a in found.coding}
        assert read == {(a.code, a.side) for a in want} or (not read and found.unparsed), text


# first and second of two verbs: which of them are there
PAIRS = """\
yn She {s1} but does not {b2}. | ny She does not {b1} but {s2}. | yn She {s1}, not {g2}.
ny She is not {g1} but {g2}. | yn She {s1} without {g2}. | ny Without {g1}, she {s2}.
yn She {s1} instead of {g2}. | ny Instead of {g1}, she {s2}.
yn She {s1} rather than {b2}. | nn She neither {s1} nor {s2}.
yn She {s1} and does not {b2}. | nn She doesn't {b1} or {b2}.
ny She never {s1}, but she {s2}. | ny She stops {g1} and {s2}.
ny No longer {g1}, she {s2}. | yn She {s1} with no sign of {g2}.
ny Unable to {b1}, she {s2}. | yn She {s1}, unable to {b2}.
ny She fails to {b1} but {s2}. | yy She not only {s1} but also {s2}.
yy She {s1}, and she {s2}. | yn She {s1} as if to {b2}. | nn If she {s1}, she {s2}.
ny She would {b1}, but she {s2}. | yn She {s1} although she does not {b2}.
ny She used to {b1}; now she {s2}. | yn She {s1} and tries not to {b2}.
yn A woman {g1} at a man {g2}. | yn She {s1} at the man, who {s2}.
yn One of them {s1}, the other {s2}."""


@pytest.mark.parametrize("frame", frames(PAIRS))
def test_where_negation_ends(frame: str) -> None:
    there, text = frame[:2], frame[3:]
    for n, one in enumerate(VERBS):
        two = VERBS[(n + 1) % len(VERBS)]
        if {a.code for a in parse(one[4])} & {a.code for a in parse(two[4])}:
            continue
        said = text.format(
            b1=one[0], s1=one[1], g1=one[2], b2=two[0], s2=two[1], g2=two[2]
        )  # fmt: skip
        want = {
            action.code
            for is_there, verb in zip(there, (one, two), strict=True)
            if is_there == "y"
            for action in parse(verb[4])
        }
        assert {a.code for a in understand(said).coding} == want, said


LEVELS = """\
AU4 at level {x} | AU4, level {x} | AU4 intensity {x} | AU4 = {x} | AU4: {x} | AU4 ({x})
AU4 {x} | AU4 at {x}. | AU4 scored {x} | AU4 rated {i}/5 | AU4 ({i}/5)
The intensity of AU4 is {x}. | AU4 (intensity {i}) | AU4 present, intensity {i}
AU4 active ({x}) | AU4 [{x}] | AU4-{x} | au4 {x} | AU4 => {x} | AU4 reaches {x}.
AU4 was coded {x}. | {x} for AU4"""


@pytest.mark.parametrize("frame", frames(LEVELS))
def test_levels_beside_a_code_are_read_or_reported(frame: str) -> None:
    for level, letter in enumerate("ABCDE", 1):
        found = understand(frame.format(x=letter, i=level))
        read = {(a.code, a.level) for a in found.coding}
        reported = read <= {("4", 0)} and bool(found.unparsed)
        assert read == {("4", level)} or reported, frame.format(x=letter, i=level)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        # what a verb that is not known does to a code
        ("The model confuses AU23 with AU24.", "0"),
        ("We looked for AU9 and found AU10 instead.", "10"),
        ("Ground truth AU4, prediction AU9.", "0"),
        ("The automatic system calls AU4 in every frame.", "0"),
        ("From AU4 to AU1+2 in under 200 ms.", "1+2"),
        # what no face does
        ("A storm gathered on his brow.", "0"),
        ("A bandage holds the left lid down.", "0"),
        ("The makeup draws the eyebrows upward at the ends.", "0"),
        # what is taken back, or is not there any more
        ("His jaw dropped - not literally, mind you.", "0"),
        ("Her right brow was raised; now it is level with the left.", "0"),
        ("His smile was wiped away, replaced by tightly pressed lips.", "24D"),
        ("A frown was starting where the smile had been.", "4"),
        ("The lips are not pressed so much as rolled in.", "0"),
        ("Expected: AU6. AU12 is seen.", "12"),
        # which of two
        ("Where a normal smile lifts both corners, hers lifts just the right.", "R12"),
        ("Both eyes were open, one wider than the other.", "0"),
        ("You could call it a smile; I would call it a tic.", "0"),
    ],
)
def test_what_only_is_talked_about_is_reported(text: str, codes: str) -> None:
    heard = understand(text)
    assert heard.coding == parse(codes)
    assert heard.unparsed
