"""Folding: one plain form for words of every language that tips come in, for searching in them.

Marks fall away (Greek tonos, й and ё, Maltese ż), letters that Unicode does not take apart get their plain relatives
(ł đ ħ ø æ þ), the final sigma and large letters become plain small ones. What is indexed and what is asked for go
through the same function, so that "cesta", "Cestà" and "ćęśťą" meet.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# Combining marks of Latin, Greek and Cyrillic, points of Hebrew and vowel signs of Arabic; and what stands inside
# words and is not seen: hyphens that show at the end of a line only, joiners, the stretching of Arabic.
_MARK = (
    "\u00ad\u0640\u200c\u200d\u2060\ufeff"
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe00-\ufe0f\ufe20-\ufe2f"
)
# Writing without spaces: each sign stands alone, and a word of several is looked for as a phrase.
_SINGLE = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002fa1f"
_RELATIVES = {
    "ł": "l",
    "đ": "d",
    "ħ": "h",
    "ø": "o",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ð": "d",
    "ı": "i",
    "ŧ": "t",
    "ŋ": "n",
    "ĸ": "k",
    "ƒ": "f",
    "ə": "e",
    "ђ": "д",
    "ћ": "ч",
    "ґ": "г",
    "ӏ": "і",
    "ʼ": " ",
}

FORM = 1  # which form this is: a sealed index with words in another one is made anew

_MARKS = re.compile(f"[{_MARK}]+")
_SINGLES = re.compile(f"([{_SINGLE}])")
_OTHERS = re.compile(r"[\W_]+")
_SPECIAL = re.compile(f"[{''.join(_RELATIVES)}]")
_RELATIVE = str.maketrans(_RELATIVES)
_BETWEEN = re.compile(f"[^\\w{_MARK}{_SINGLE}]+")
_RUN = re.compile(f"[{_SINGLE}]|(?:(?![{_SINGLE}])[\\w{_MARK}])+")


def fold(text: str) -> str:
    """The words of a text in their plain form, with one space between them."""
    # What is between words goes first: the sign of a trade mark, for one, would come apart into letters.
    text = text if text.isascii() else _BETWEEN.sub(" ", text)
    return _OTHERS.sub(" ", _plain(text)).strip()


def spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Each folded word of a text, and where in the text it stands."""
    runs = list(_RUN.finditer(text))
    if not runs:
        return
    plain = _plain("\n".join(run[0] for run in runs)).split("\n")  # all at once: one by one takes four times as long
    for run, folded in zip(runs, plain, strict=True):
        for word in (folded,) if folded.isalnum() else _OTHERS.sub(" ", folded).split():
            yield word, run.start(), run.end()


def _plain(text: str) -> str:
    """Small letters without marks; what is between words stays as it is."""
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    text = text.casefold()
    if not text.isascii():
        if _SPECIAL.search(text):
            text = text.translate(_RELATIVE)
        text = _SINGLES.sub(r" \1 ", text)
    return text
