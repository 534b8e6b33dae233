"""What somebody searches for: words, "phrases", beginnings*, and -words that must not be there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tipline.errors import BadInput
from tipline.services import folding

LONGEST = 200
MOST_TERMS = 12
SHORTEST_BEGINNING = 2
_QUOTES = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02", '"'))
_TERM = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


@dataclass(frozen=True)
class Term:
    """Folded words that stand one after the other; ``begins``: the last one is only a beginning."""

    words: tuple[str, ...] = field(repr=False)
    begins: bool

    def expression(self) -> str:
        """The term for FTS5. Folded words are letters and digits only, so nothing in them can be syntax."""
        return f'"{" ".join(self.words)}"' + ("*" if self.begins else "")


@dataclass(frozen=True)
class Words:
    """A search, read: every wanted term must be in a tip, and no unwanted one."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...]

    def expression(self, column: str | None = None) -> str:
        """The search for FTS5, in one column or in all."""
        asked = " AND ".join(term.expression() for term in self.wanted)
        asked = "".join((f"({asked})", *(f" NOT {term.expression()}" for term in self.unwanted)))
        return f"{column} : ({asked})" if column else asked

    def marks(self, text: str) -> list[tuple[int, int]]:
        """Where in a text the wanted terms stand, in order, none touching another."""
        found = list(folding.spans(text))
        places: list[tuple[int, int]] = []
        for term in self.wanted:
            runs = (found[start : start + len(term.words)] for start in range(len(found) - len(term.words) + 1))
            places += [(run[0][1], run[-1][2]) for run in runs if self._stands(term, [word for word, _, _ in run])]
        return _joined(sorted(places))

    @staticmethod
    def _stands(term: Term, here: list[str]) -> bool:
        *firsts, last = term.words
        fits = here[-1].startswith(last) if term.begins else here[-1] == last
        return fits and here[:-1] == firsts


def read(text: str) -> Words:
    """Read what was typed. Raises BadInput on ``words``: empty, long, many, short (a beginning of one letter)."""
    if len(text) > LONGEST:
        raise BadInput("words", "long")
    wanted: list[Term] = []
    unwanted: list[Term] = []
    for found in _TERM.finditer(text.translate(_QUOTES)):
        typed = found["word"] or ""
        words = tuple(folding.fold(found["phrase"] or typed).split())
        if not words:
            continue
        term = Term(words, typed.endswith("*"))
        if term.begins and len(words[-1]) < SHORTEST_BEGINNING:
            raise BadInput("words", "short")
        (unwanted if found["minus"] else wanted).append(term)
    if not wanted:
        raise BadInput("words", "empty")
    if len(wanted) + len(unwanted) > MOST_TERMS:
        raise BadInput("words", "many")
    return Words(tuple(wanted), tuple(unwanted))


def _joined(places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in places:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
