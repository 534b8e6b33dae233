"""Who says that they were there, owned it or sold it: such tips rise in the queue, and the page says by what.

Words are looked for in the language of the tip, of the form and in English; ``data/first_hand.json`` has a few phrases
for each of 31 languages. A mark only moves a tip up. It is no grade, and no tip is closed or hidden for lack of it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from tipline.services import folding
from tipline.services.answers import Answers

BOX, WORDS = 1, 2  # what a mark is made of: the question how one knows, the words of the text
_BOXES = frozenset({"first_hand", "owns_or_sold_it"})
_PHRASES = Path(__file__).resolve().parent.parent / "data" / "first_hand.json"


def mark(answers: Answers, tags: Iterable[str]) -> int:
    """0, or the sum of BOX and WORDS; ``tags``: the languages (BCP-47) that it may be written in, "und" for any."""
    box = BOX if answers.how_known in _BOXES and answers.certainty != "guess" else 0
    return box + (WORDS if _has_words(answers.narrative, frozenset(tags)) else 0)


def _has_words(text: str, tags: frozenset[str]) -> bool:
    phrases = _phrases()
    wanted = phrases.keys() if "und" in tags else {*tags, "en"} & phrases.keys()
    folded = f" {folding.fold(text)}"
    return any(phrase in folded for tag in wanted for phrase in phrases[tag])


@functools.cache
def _phrases() -> Mapping[str, tuple[str, ...]]:
    """Folded phrases by language, each to be found at the start of a word."""
    listed = json.loads(_PHRASES.read_text(encoding="utf-8"))
    return {tag: tuple(f" {folding.fold(phrase)}" for phrase in phrases) for tag, phrases in listed.items()}
