"""Which tips give the same answer, worked out from their fingerprints alone: no database, no keys.

Links, pictures and names are *keys*. Keys that keep turning up in the same tips belong to one answer; a tip belongs to
the answer that most of its keys speak for, and to none when two speak alike. A shop that sells two of the answers, a
word that many languages share, a text in which only the name differs: such keys tell answers apart badly and are left
out. No language is known here; a word is taken for a name because people of many languages write it (DOMAIN 6.10).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tipline.services.fingerprints import STEM, Fingerprint

LINK, PRODUCT, NAME, TEXT, PICTURE = "link", "product", "name", "text", "picture"
REASONS = (LINK, PICTURE, PRODUCT, NAME, TEXT)

_WEIGHT = {LINK: 3.0, PICTURE: 3.0, PRODUCT: 2.0, NAME: 1.0, TEXT: 0.5}
_CLEARLY = 1.5  # how much more one answer must have than the next
_TOGETHER = 0.25  # of the rarer key's tips
_PURE = 0.8
_ENOUGH = 6  # tips; of a rarer key more than half must be common
_FEWEST = 3  # tips that make a word a name
_DIFFERING_BITS = 12  # of 64, within which two pictures are one

_Key = tuple[str, str]


@dataclass(frozen=True)
class Compared:
    """One tip to compare: its id, the term of its language, what was read of it."""

    tip_id: str
    language: int
    print: Fingerprint = field(repr=False)


@dataclass(frozen=True)
class Alike:
    """Tips that give one answer, and by what each of them does."""

    members: Mapping[str, tuple[str, ...]]


def group(tips: Sequence[Compared]) -> tuple[Alike, ...]:
    """The answers that at least two of these tips give, the most given first. A tip is in one of them at the most."""
    keys = _keys_of(tips)
    answers = _join(_without_shared_words(keys, tips))
    for kind in (PRODUCT, TEXT):
        _add(answers, keys, tips, kind)
    members: dict[int, dict[str, tuple[str, ...]]] = defaultdict(dict)
    by_tip = _turned(keys)
    for tip in tips:
        chosen = _choose(by_tip.get(tip.tip_id, ()), answers)
        if chosen is not None:
            members[chosen[0]][tip.tip_id] = chosen[1]
    found = [Alike(one) for one in members.values() if _is_group(one)]
    return tuple(sorted(found, key=lambda alike: (-len(alike.members), min(alike.members))))


def _is_group(members: Mapping[str, tuple[str, ...]]) -> bool:
    """At least two tips, and three where nothing but names makes them alike."""
    return len(members) >= (_FEWEST if all(reasons == (NAME,) for reasons in members.values()) else 2)


def _keys_of(tips: Iterable[Compared]) -> dict[_Key, set[str]]:
    """The tips of every key that at least two tips have."""
    keys: dict[_Key, set[str]] = defaultdict(set)
    for tip in tips:
        found = tip.print
        listed = [(LINK, found.links), (NAME, found.names), (TEXT, found.text)]
        for kind, values in listed:
            for value in values:
                keys[kind, value].add(tip.tip_id)
        if found.product:
            keys[PRODUCT, found.product].add(tip.tip_id)
    keys.update(_pictures(tips))
    return {key: held for key, held in keys.items() if len(held) > 1}


def _pictures(tips: Iterable[Compared]) -> dict[_Key, set[str]]:
    """Pictures that differ in a few bits only share the key of the first of them."""
    seen: list[tuple[int, str]] = []
    keys: dict[_Key, set[str]] = defaultdict(set)
    for tip in tips:
        for picture in tip.print.pictures:
            bits = int(picture, 16)
            near = next((key for other, key in seen if (bits ^ other).bit_count() <= _DIFFERING_BITS), None)
            if near is None:
                near = picture
                seen.append((bits, picture))
            keys[PICTURE, near].add(tip.tip_id)
    return keys


def _without_shared_words(keys: Mapping[_Key, set[str]], tips: Sequence[Compared]) -> dict[_Key, set[str]]:
    """Links, pictures and those words that are names of one thing.

    The words of a link come together by themselves, so what counts is what people write where they give none.
    """
    unlinked = {tip.tip_id: tip for tip in tips if not tip.print.links}
    spread = _breadth(tip.language for tip in tips)
    shops = {shop[:STEM] for tip in tips for shop in tip.print.shops}
    written = {key: held & unlinked.keys() for key, held in keys.items() if key[0] == NAME and key[1] not in shops}
    names = {
        key: held
        for key, held in written.items()
        if len(held) >= 0.15 * len(keys[key]) and _is_name(key[1], [unlinked[one] for one in held], spread)
    }
    covering = _parents(names)
    return {
        key: held for key, held in keys.items() if key[0] in {LINK, PICTURE} or (key in names and key not in covering)
    }


def _is_name(word: str, tips: Sequence[Compared], spread: float) -> bool:
    if len(tips) < _FEWEST or sum(word in tip.print.strong for tip in tips) < 0.3 * len(tips):
        return False
    if spread < 2:  # everybody writes one language: only what has digits cannot be one of its words
        return any(letter.isdigit() for letter in word)
    return _breadth(tip.language for tip in tips) >= max(2.0, 0.45 * min(spread, 0.8 * len(tips)))


def _breadth(languages: Iterable[int]) -> float:
    """How many languages these are in effect: the exponential of the entropy."""
    counts = Counter(languages)
    total = sum(counts.values())
    return math.exp(-sum(n / total * math.log(n / total) for n in counts.values())) if total else 0.0


def _parents(names: Mapping[_Key, set[str]]) -> set[_Key]:
    """Names that stand over others ("hotel", a shop): two names that never meet fill them, each mostly inside."""
    children: dict[_Key, list[_Key]] = defaultdict(list)
    for (one, other), both in _meetings(names).items():
        for parent, child in ((one, other), (other, one)):
            if (
                both >= 0.35 * len(names[child])
                and 0.12 * len(names[parent]) <= both
                and len(names[child]) < len(names[parent])
            ):
                children[parent].append(child)
    return {
        parent
        for parent, listed in children.items()
        if any(
            len(names[a] & names[b]) <= 0.1 * min(len(names[a]), len(names[b]))
            and len((names[a] | names[b]) & names[parent]) >= 0.35 * len(names[parent])
            for a, b in itertools.combinations(listed, 2)
        )
    }


def _meetings(keys: Mapping[_Key, set[str]]) -> Counter[tuple[_Key, _Key]]:
    """In how many tips two keys stand together."""
    meetings: Counter[tuple[_Key, _Key]] = Counter()
    for held in _turned(keys).values():
        meetings.update(itertools.combinations(sorted(held), 2))
    return meetings


def _turned(keys: Mapping[_Key, set[str]]) -> dict[str, list[_Key]]:
    turned: dict[str, list[_Key]] = defaultdict(list)
    for key, held in keys.items():
        for tip_id in held:
            turned[tip_id].append(key)
    return turned


def _join(keys: Mapping[_Key, set[str]]) -> dict[_Key, int]:
    """Keys by answer: each goes with the commoner one that it stands beside most often, if that is often enough.

    With one only, so that a key in two answers' tips does not make them one.
    """
    beside: dict[_Key, tuple[int, _Key]] = {}
    for (one, other), both in _meetings(keys).items():
        commoner, rarer = sorted((one, other), key=lambda key: (-len(keys[key]), key))
        if both > 1 and both >= max(_TOGETHER * len(keys[rarer]), min(0.5 * len(keys[rarer]) + 0.5, _ENOUGH)):
            beside[rarer] = max(beside.get(rarer, (0, rarer)), (both, commoner))
    answers: dict[_Key, int] = {}
    for key in sorted(keys, key=lambda key: (-len(keys[key]), key)):  # the commoner one has its answer already
        answers[key] = answers[beside[key][1]] if key in beside else len(answers)
    return answers


def _add(answers: dict[_Key, int], keys: Mapping[_Key, set[str]], tips: Sequence[Compared], kind: str) -> None:
    """Give keys of this kind the answer that nearly all of their tips give already, or where none does one of its own.

    A text never leads to the answer of another key: the sentence is often the same where the name is not.
    """
    by_tip = _turned({key: held for key, held in keys.items() if key in answers})
    given = {tip.tip_id: chosen[0] for tip in tips if (chosen := _choose(by_tip.get(tip.tip_id, ()), answers))}
    alone: dict[_Key, set[str]] = {}
    for key in sorted(key for key in keys if key[0] == kind and key not in answers and _says_enough(key)):
        found = Counter(given[one] for one in keys[key] if one in given)
        if not found:
            alone[key] = keys[key]
        elif kind != TEXT:
            answer, most = found.most_common(1)[0]
            if most >= _PURE * found.total():
                answers[key] = answer
    first = max(answers.values(), default=-1) + 1
    answers.update({key: first + number for key, number in _join(alone).items()})


def _says_enough(key: _Key) -> bool:
    """Whether a product is more than one word, which is mostly what kind of thing it is."""
    return key[0] != PRODUCT or " " in key[1] or any(letter.isdigit() for letter in key[1])


def _choose(held: Iterable[_Key], answers: Mapping[_Key, int]) -> tuple[int, tuple[str, ...]] | None:
    """The answer that these keys speak for, and the kinds that do; None when there is none or two are near."""
    votes: dict[int, float] = defaultdict(float)
    for key in held:
        if key in answers:
            votes[answers[key]] += _WEIGHT[key[0]]
    if not votes:
        return None
    ranked = sorted(votes, key=lambda answer: (-votes[answer], answer))
    if len(ranked) > 1 and votes[ranked[0]] < _CLEARLY * votes[ranked[1]]:
        return None
    kinds = {key[0] for key in held if answers.get(key) == ranked[0]}
    return ranked[0], tuple(kind for kind in REASONS if kind in kinds)
