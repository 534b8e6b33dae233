"""What tips are compared by: links, names, the text's shape, pictures; made of opened answers, kept sealed only.

A fingerprint tells what a tip says, so it is never stored or logged in clear: ``groups_reading`` keeps it as one more
record under the tip's own key, and erasing the tip erases it (SECURITY 26). Nothing here knows a language: names,
numbers and links are the same in all of them once letters are folded to plain Latin ones.
"""

from __future__ import annotations

import itertools
import json
import re
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from tipline.errors import Damaged
from tipline.services import folding
from tipline.services.answers import Answers

FORMAT = 1
STEM = 5  # letters of a word that count: most endings of inflected names lie behind them
MOST_NAMES = 60
BLOCK = 512  # a fingerprint's size in clear is a multiple of this
_BINS, _BAND = 32, 8
_GRAM = 5
_SHORTEST_TEXT = 60

_ADDRESS = re.compile(r"(?i)\b(?:https?://|www\.)\S+|\b[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,12}/\S+")
_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"[.!?…:;\n]\s*[\"'«»„“”(]*\s*$")
_LOCALE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2})?")
_PAGE = re.compile(r"(?:\.[a-z]{2}(?:-[a-z]{2})?)?\.(?:html?|php|aspx?|jsp)$")
_NUMBER = re.compile(r"(?=[a-z0-9]*[0-9])[a-z0-9]{5,}")
_IDENTIFYING = frozenset({"id", "pid", "p", "item", "itemid", "sku", "product", "productid", "product_id", "art", "v"})
_SECOND_LEVEL = frozenset({"co", "com", "org", "net", "ac", "gov", "edu"})
_EVERY_NOUN_IS_CAPITAL = frozenset({"de", "lb"})
# The usual transliteration, of letters that have lost their marks (services/folding).
_LATIN = str.maketrans(
    "абвгдезиклмнопрстуфхцъыэюяјієαβγδεζηικλμνξοπρστυφχω",
    "abvgdeziklmnoprstufhcaieuajieavgdeziiklmnxoprstifho",
) | {
    ord(letter): latin
    for letter, latin in zip(
        "жчшщьѕљњџθψ", ("zh", "ch", "sh", "sht", "", "dz", "lj", "nj", "dz", "th", "ps"), strict=True
    )
}


@dataclass(frozen=True)
class Fingerprint:
    """What one tip can share with others. ``strong``: the names that were written as names, or stand in a link."""

    links: frozenset[str] = field(default=frozenset(), repr=False)
    shops: frozenset[str] = field(default=frozenset(), repr=False)
    product: str = field(default="", repr=False)
    names: frozenset[str] = field(default=frozenset(), repr=False)
    strong: frozenset[str] = field(default=frozenset(), repr=False)
    text: frozenset[str] = field(default=frozenset(), repr=False)
    pictures: tuple[str, ...] = field(default=(), repr=False)

    def as_record(self) -> bytes:
        """The fingerprint's plain text, a multiple of 512 bytes long."""
        raw = {
            "format": FORMAT,
            "links": sorted(self.links),
            "shops": sorted(self.shops),
            "product": self.product,
            "names": sorted(self.names),
            "strong": sorted(self.strong),
            "text": sorted(self.text),
            "pictures": list(self.pictures),
        }
        packed = zlib.compress(json.dumps(raw, separators=(",", ":")).encode("ascii"), 1)
        framed = len(packed).to_bytes(4, "big") + packed
        return framed + bytes(-len(framed) % BLOCK)

    @classmethod
    def from_record(cls, record: bytes) -> Fingerprint:
        """The fingerprint in a record. Raises Damaged when it is none."""
        try:
            raw = json.loads(zlib.decompress(record[4 : 4 + int.from_bytes(record[:4], "big")]))
            sets = {name: frozenset(raw[name]) for name in ("links", "shops", "names", "strong", "text")}
            return cls(product=raw["product"], pictures=tuple(raw["pictures"]), **sets)
        except (ValueError, KeyError, TypeError, zlib.error):
            raise Damaged from None  # a chained error would carry the text


def make(answers: Answers, tag: str, pictures: Sequence[str] = ()) -> Fingerprint:
    """The fingerprint of what was typed, in a language (BCP-47), and of the pictures beside it."""
    addresses = [*answers.links, *_ADDRESS.findall(answers.narrative)]
    links: set[str] = set()
    shops: set[str] = set()
    slug_words: set[str] = set()
    for address in addresses:
        found, shop, words = read_link(address)
        links |= found
        slug_words |= words
        if shop:
            shops.add(shop)
    plain = _ADDRESS.sub(" ", answers.narrative)
    names, strong = _names(plain, tag)
    in_place, strong_in_place = _names(answers.place, tag)
    in_product, _ = _names(answers.product, tag)
    strong |= strong_in_place | in_product | slug_words
    names |= in_place | strong
    return Fingerprint(
        links=frozenset(links),
        shops=frozenset(shops),
        product=" ".join(sorted(set(latin(answers.product).split()))),
        names=_most_telling(names, strong),
        strong=frozenset(strong),
        text=frozenset(shape(plain)),
        pictures=tuple(pictures),
    )


def join(prints: Sequence[Fingerprint]) -> Fingerprint:
    """One fingerprint of several texts by one sender: what any of them shares with others, the tip shares."""
    strong = frozenset(itertools.chain(*(one.strong for one in prints)))
    names = itertools.chain(*(one.names for one in prints))
    return Fingerprint(
        links=frozenset(itertools.chain(*(one.links for one in prints))),
        shops=frozenset(itertools.chain(*(one.shops for one in prints))),
        product=next((one.product for one in prints if one.product), ""),
        names=_most_telling(names, strong),
        strong=strong,
        text=frozenset(itertools.chain(*(one.text for one in prints))),
        pictures=tuple(itertools.chain(*(one.pictures for one in prints))),
    )


def latin(text: str) -> str:
    """The folded words of a text in Latin letters, with one space between them."""
    return folding.fold(text).translate(_LATIN)


def read_link(address: str) -> tuple[set[str], str, set[str]]:
    """What a link leads to, the shop's name, and the words in its path; no key for a mere front page.

    Tracking, locale and the shop's country fall away: ``https://www.shop.de/de/p/bag-12345?utm_source=x`` and
    ``shop.fr/p/bag-12345`` share the key ``shop#12345``.
    """
    bare = address.strip().rstrip(").,;:!?\"'»”>")
    try:
        parts = urlsplit(bare if "://" in bare else f"//{bare}", allow_fragments=True)
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
        asked = parse_qsl(parts.query)
    except ValueError:  # no address at all
        return set(), "", set()
    labels = host.split(".")
    if len(labels) < 2:
        return set(), "", set()
    shop = labels[-3] if len(labels) > 2 and labels[-2] in _SECOND_LEVEL else labels[-2]
    path = _PAGE.sub("", parts.path.casefold()).split("/")
    steps = ["-".join(latin(one).split()) for one in path if one and not _LOCALE.fullmatch(one) and "=" not in one]
    kept = sorted(f"{name}={value}" for name, value in asked if name.casefold() in _IDENTIFYING and value)
    if not steps and not kept:
        return set(), shop, set()
    keys = {f"{shop}/{'/'.join(steps)}?{'&'.join(kept)}"}
    numbers = _NUMBER.findall(" ".join([*steps, *(latin(one.partition("=")[2]) for one in kept)]))
    if numbers:
        keys.add(f"{shop}#{max(numbers, key=len)}")
    return keys, shop, {_stem(word) for step in steps for word in step.split("-") if _is_long(word)}


def shape(text: str) -> set[str]:
    """What near-identical texts share: bands of a one-permutation MinHash over runs of five letters.

    Two texts of which nine in ten runs agree share one of the four bands nearly always, of which six in ten agree
    hardly ever (Li, Owen and Zhang, "One Permutation Hashing", 2012). A short text has no shape.
    """
    folded = latin(text)
    if len(folded) < _SHORTEST_TEXT:
        return set()
    least = [0xFFFFFFFF] * _BINS
    for start in range(len(folded) - _GRAM + 1):
        value = zlib.crc32(folded[start : start + _GRAM].encode("ascii", "replace"))
        place = value % _BINS
        least[place] = min(least[place], value)
    bands = [least[start : start + _BAND] for start in range(0, _BINS, _BAND)]
    return {f"{number}:{zlib.crc32(repr(band).encode('ascii')):08x}" for number, band in enumerate(bands)}


def _most_telling(names: Iterable[str], strong: Collection[str]) -> frozenset[str]:
    return frozenset(sorted(set(names), key=lambda name: (name not in strong, name))[:MOST_NAMES])


def _names(text: str, tag: str) -> tuple[set[str], set[str]]:
    """Stems of the longer words and of what has digits, and which of them were written as names."""
    names: set[str] = set()
    strong: set[str] = set()
    for found in _WORD.finditer(text):
        written = found[0]
        word = latin(written)
        has_digit = any(letter.isdigit() for letter in word)
        if not (_is_long(word) or (has_digit and len(word) >= 3)):
            continue
        name = word if has_digit else _stem(word)
        names.add(name)
        starts = found.start() == 0 or _SENTENCE_END.search(text[max(0, found.start() - 6) : found.start()])
        as_name = written[0].isupper() and not starts and tag not in _EVERY_NOUN_IS_CAPITAL
        if has_digit or as_name:
            strong.add(name)
    return names, strong


def _stem(word: str) -> str:
    return word[:STEM]


def _is_long(word: str) -> bool:
    return len(word) >= 4 and not word.isdigit()
