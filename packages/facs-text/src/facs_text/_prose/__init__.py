"""Plain prose to actions: body parts, what they do, how much, on which side, or not at all.

The words stand in ``data/lexicon.json``. A text passes through

1. ``_tokens``: words, codes, numbers, marks;
2. ``_words``: the longest known phrases, each with its kind;
3. ``_codes``, ``_levels``: the level, the number or the name beside a code;
4. ``_sides``, ``_same_side``: left and right as sides, directions, places and verbs; "that side";
5. ``_clauses``: sentences and clauses;
6. ``_scan``: in each clause, parts joined with what they do, by ``_phrases``, ``_joins`` and
   ``_tongue`` (``_found`` holds what is found);
7. ``_scope``, ``_supposed``, ``_aside``, ``_talk``: negation, ability, time, condition, doubt,
   what only is supposed or talked about, and what is another act;
8. ``_people``, ``_whose``: whose face it is (``_names``, ``_doers`` find persons in step 2);
9. ``_comment``: clauses that speak of the names before them;
10. ``_inherit``, ``_grade``, ``_lost``: what a clause takes from the one before, its sides and
    levels, and what found no place;
11. ``_emit``, ``_read``: what comes out; ``_state`` is what it keeps from clause to clause.

What is not certain is reported with its place and not guessed. Each step is linear in the text.
"""

from __future__ import annotations

from facs_text._prose._read import Said, read_prose

__all__ = ["Said", "read_prose"]
