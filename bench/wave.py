"""A wave: believable tips in 31 languages, four fifths of them eight answers in many wordings, ten of them first-hand.

``tips(number, seed)`` makes them; the same seed makes the same. Run ``python -m bench.wave [number] [seed]`` to send
them to a desk in a temporary folder, group them as a reviewer's session does, and print what was found.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench import wave_words as words
from tests import factories
from tipline import config, languages
from tipline.crypto.passwords import Cost
from tipline.extensions import db
from tipline.models.group import GroupMember
from tipline.services import accounts, comparing, intake, queue, schema
from tipline.services.accounts import Person
from tipline.services.answers import Answers, Identity

NOW = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
STRANGE = None
HOTELS = (3, 4)


@dataclass(frozen=True)
class Thing:
    """One of the eight answers: its names, who sells it, what it is (bag, curtain, bottle), where it is linked."""

    names: tuple[str, ...]
    sellers: tuple[str, ...]
    object: int
    links: tuple[str, ...]


@dataclass(frozen=True)
class WaveTip:
    """One tip of the wave, with the truth about it: ``answer`` is the number of a thing, or None for all others."""

    answer: int | None
    first_hand: bool
    language: languages.Language
    values: dict[str, Any]


# Two are sold by one shop, five by one marketplace, two are hotels.
THINGS = (
    Thing(
        ("Karlsby", "Karlsby shopper", "Karlsby 40"),
        ("Nordhem",),
        0,
        ("nordhem.{c}/{lc}/p/karlsby-shopper-40321988", "bazario.{c}/dp/B09KX41TZQ"),
    ),
    Thing(
        ("Vallmora", "Vallmora weekender"),
        ("Nordhem", "Bazario"),
        0,
        ("nordhem.{c}/{lc}/p/vallmora-weekender-40877120", "bazario.{c}/dp/B08ML77PQA"),
    ),
    Thing(
        ("Solana 4500", "Solana"),
        ("Casa Lumo",),
        1,
        ("casalumo.{c}/cortinas/solana-4500", "bazario.{c}/Solana-4500-blackout/dp/B07SOL4500"),
    ),
    Thing(
        ("Hotel Miramar", "Miramar Rimini", "Hotel Miramar, Rimini"),
        ("Bookado",),
        1,
        ("bookado.com/hotel/it/miramar-rimini.{lc}.html", "rivierahotels.it/miramar/camere"),
    ),
    Thing(
        ("Hotel Kuressaar", "Kuressaar hotel", "hotel Kuressaar Tallinn"),
        ("Bookado",),
        1,
        ("bookado.com/hotel/ee/kuressaar-tallinn.{lc}.html",),
    ),
    Thing(
        ("Zimbro", "Zimbro Limonada"),
        ("Fruvita",),
        2,
        ("fruvita.pt/zimbro-limonada-33cl", "drinkdepot.{c}/zimbro-limonada/p/778120"),
    ),
    Thing(
        ("Aquavera", "Aquavera Sport 750"),
        ("Outdorium", "Bazario"),
        2,
        ("outdorium.{c}/{lc}/aquavera-sport-750?sku=99120", "bazario.{c}/gp/product/B0AQUA750X"),
    ),
    Thing(
        ("Trekko Rover", "Trekko Rover 20L"),
        ("Outdorium",),
        0,
        ("outdorium.{c}/{lc}/trekko-rover-20l?sku=88410", "bazario.{c}/dp/B0TRKR20LZ"),
    ),
)
COUNTRIES = ("com", "de", "fr", "it", "es", "pl", "nl", "se", "co.uk", "cz", "ro")
TAILS = (
    "",
    "",
    "",
    "?utm_source=share&utm_medium=app",
    "?ref=sr_1_3",
    "?gclid=CjwKC7",
    "/ref=cm_sw_r",
    "#reviews",
    "?fbclid=Iw4R",
)
ENDINGS = {
    "fi": ("n", "ssa", "a"),
    "et": ("i", "s"),
    "hu": ("t", "ban"),
    "lv": ("s",),
    "lt": ("as",),
    "pl": ("u", "a"),
    "cs": ("u",),
    "sk": ("u",),
    "sl": ("u",),
    "hr": ("u", "a"),
    "de": ("s",),
    "sv": ("s",),
    "nb": ("s",),
    "da": ("s",),
}
CYRILLIC = dict(zip("abvgdezijklmnoprstufhcyw", "абвгдезийклмнопрстуфхцив", strict=True))
GREEK = dict(zip("abgdeziklmnoprstufhyvw", "αμγδεζικλμνοπρστουφχιβ", strict=False))
SYLLABLES = tuple(map("".join, zip(*[iter("badorimetavofilopaguzehunicatorevajabosimalo")] * 2, strict=True)))


def tips(number: int, seed: int) -> Iterator[WaveTip]:
    """The wave, in the order of its arrival."""
    chance = random.Random(seed)
    named = [term for term in languages.TERMS if term.tag in words.ANSWERS]
    crowd = [chance.randrange(len(THINGS)) for _ in range(number * 4 // 5)]
    made = [_answer(chance, chance.choice(named), one) for one in crowd]
    made += [_other(chance, chance.choice(named)) for _ in range(number - len(made) - 10)]
    made += _witnesses(chance, named)
    copies = [chance.randrange(len(crowd)) for _ in range(number // 50)]
    for place in copies:  # somebody passes on what a friend wrote
        made[place] = made[chance.randrange(len(crowd))]
    chance.shuffle(made)
    yield from made


def _answer(chance: random.Random, language: languages.Language, number: int) -> WaveTip:
    thing, tag = THINGS[number], language.tag
    linked, named = chance.random() < 0.55, chance.random() < 0.8
    said = []
    if named or not linked:
        said.append(_say(chance, tag, thing))
    link = _link(chance, thing, tag) if linked else ""
    in_text = linked and chance.random() < 0.5
    if in_text:
        said.append(words.LINKED[tag].format(l=link))
    if chance.random() < 0.03:  # it could be one of two
        said.append(_say(chance, tag, THINGS[(number + chance.randrange(1, 8)) % 8]))
    if chance.random() < 0.5 or not said:
        said.append(chance.choice(words.FILLERS[tag]))
    chance.shuffle(said)
    values: dict[str, Any] = {"narrative": _typed(chance, " ".join(said))}
    if linked and not in_text:
        values["links"] = (link,)
    if chance.random() < 0.45:
        values["product"] = _product(chance, tag, thing)
    values["how_known"] = chance.choices(
        ("found_online", "first_hand", "owns_or_sold_it", "told", "other", ""), (50, 10, 8, 6, 4, 22)
    )[0]
    values["child_at_risk"] = chance.random() < 0.001
    values["certainty"] = chance.choice(("sure", "think_so", "guess", ""))
    return WaveTip(number, False, _chosen(chance, language), values)


def _say(chance: random.Random, tag: str, thing: Thing) -> str:
    name = _name(chance, tag, chance.choice(thing.names))
    return chance.choice(words.ANSWERS[tag]).format(
        n=name, s=_written(chance, tag, chance.choice(thing.sellers)), o=words.OBJECTS[tag][thing.object]
    )


def _name(chance: random.Random, tag: str, name: str) -> str:
    if chance.random() < 0.07:
        place = chance.randrange(1, len(name) - 1)
        name = chance.choice(
            (
                name[:place] + name[place + 1 :],
                name[:place] + name[place] + name[place:],
                name[:place] + chance.choice("aeiou") + name[place + 1 :],
            )
        )
    if tag in ENDINGS and chance.random() < 0.3:
        name += chance.choice(ENDINGS[tag])
    return _written(chance, tag, name.lower() if chance.random() < 0.25 else name)


def _written(chance: random.Random, tag: str, name: str) -> str:
    letters = CYRILLIC if tag in {"bg", "mk", "ru", "uk"} else GREEK if tag == "el" else None
    if letters is None or chance.random() > 0.25:
        return name
    return "".join(
        letters.get(one.lower(), one) if one.islower() else letters.get(one.lower(), one).upper() for one in name
    )


def _product(chance: random.Random, tag: str, thing: Thing) -> str:
    name, noun = _name(chance, tag, chance.choice(thing.names)), words.OBJECTS[tag][thing.object]
    return chance.choice((name, f"{chance.choice(thing.sellers)} {name}", f"{name} {noun}", f"{noun} {name}", noun))


def _link(chance: random.Random, thing: Thing, tag: str) -> str:
    made = chance.choice(thing.links).format(c=chance.choice(COUNTRIES), lc=tag[:2])
    tail = chance.choice(TAILS)
    tail = (
        "&" + tail[1:] if "?" in made and tail.startswith("?") else "" if "?" in made and tail.startswith("/") else tail
    )
    return chance.choice(("https://www.", "https://", "http://www.", "www.", "https://m.")) + made + tail


def _typed(chance: random.Random, text: str) -> str:
    if chance.random() < 0.1:
        text = text.lower() if "http" not in text and "www" not in text else text
    return chance.choice(("", "", "", "!!! ", "- ")) + text + chance.choice(("", "", " :)", "!"))


def _chosen(chance: random.Random, language: languages.Language) -> languages.Language:
    """Some leave the form's language as it was, or say "Other"."""
    return chance.choice(languages.TERMS) if chance.random() < 0.05 else language


def _invented(chance: random.Random) -> str:
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.choice((2, 3, 3)))).title()


def _other(chance: random.Random, language: languages.Language) -> WaveTip:
    tag = language.tag
    kind = chance.random()
    name, noun = _invented(chance), words.OBJECTS[tag][chance.randrange(3)]
    values: dict[str, Any] = {}
    if kind < 0.35:
        said = chance.choice(words.GUESSES[tag]).format(n=name, o=noun)
    elif kind < 0.7:
        seller = chance.choice(("Nordhem", "Bazario", "Outdorium", "Hotel", _invented(chance), _invented(chance)))
        said = chance.choice(words.ANSWERS[tag]).format(n=name, s=seller, o=noun)
        values["product"] = chance.choice((name, f"{seller} {name}", noun, ""))
    elif kind < 0.9:
        shop = chance.choice(("bazario.de", "bazario.fr", f"{_invented(chance).lower()}.com"))
        link = f"https://{shop}/p/{name.lower()}-{chance.randrange(10**4, 10**7)}"
        said = words.LINKED[tag].format(l=link)
    elif kind < 0.95 and tag in words.PASSERS_BY:
        said = words.PASSERS_BY[tag]
    else:
        said = chance.choice(words.FILLERS[tag])
    if chance.random() < 0.4:
        said = f"{said} {chance.choice(words.FILLERS[tag])}"
    values["narrative"] = _typed(chance, said)
    values["how_known"] = chance.choices(
        ("found_online", "first_hand", "owns_or_sold_it", "told", "other", ""), (30, 10, 8, 8, 14, 30)
    )[0]
    return WaveTip(STRANGE, False, _chosen(chance, language), values)


def _witnesses(chance: random.Random, named: list[languages.Language]) -> list[WaveTip]:
    listed = [(one, words.WITNESSES[one.tag]) for one in named]
    listed += [(one, words.MORE_WITNESSES[one.tag]) for one in named if one.tag in words.MORE_WITNESSES]
    made = []
    for language, text in chance.sample(listed, 10):
        answer = chance.choice(HOTELS) if "{n}" in text else STRANGE
        name = THINGS[answer].names[0] if answer is not None else ""
        how = chance.choices(("first_hand", "owns_or_sold_it", "other", ""), (6, 1, 1, 2))[0]
        made.append(WaveTip(answer, True, language, {"narrative": text.format(n=name), "how_known": how}))
    return made


def send(number: int, seed: int, now: dt.datetime) -> dict[str, WaveTip]:
    """Send the wave as the public does; the truth about each tip by its inner id."""
    truth: dict[str, WaveTip] = {}
    made = list(tips(number, seed))

    def write(some: list[WaveTip]) -> None:
        for one in some:
            answers = Answers(tip_language=one.language.id, **one.values)
            tag = one.language.tag if one.language.offered else "en"
            truth[intake.submit_tip(intake.NewTip(None, tag, answers, Identity(), []), now).tip_id] = one

    for start in range(0, number, 500):
        db.in_writing(lambda at=start: write(made[at : at + 500]))
    return truth


def group(person: Person, desk_id: str, now: dt.datetime) -> int:
    """Compare what waits, step by step, as a reviewer's session does; how many steps it took."""
    steps = 1
    while db.in_writing(lambda: comparing.step(person, desk_id, now)).waiting:
        steps += 1
    found = comparing.answers(person, desk_id)
    db.in_writing(lambda: comparing.keep(desk_id, found, now))
    return steps


def judge(truth: dict[str, WaveTip]) -> list[tuple[float, float]]:
    """Of each answer: how much of it its group holds, and how much of that group is something else."""
    groups: dict[str, list[int | None]] = {}
    for row in db.session.execute(select(GroupMember.tip_id, GroupMember.group_id)):
        groups.setdefault(row.group_id, []).append(truth[row.tip_id].answer)
    totals = Counter(one.answer for one in truth.values())
    best = [max(groups.values(), key=lambda held, mine=number: held.count(mine)) for number in range(len(THINGS))]
    return [(held.count(n) / totals[n], 1 - held.count(n) / len(held)) for n, held in enumerate(best)]


def main() -> None:
    """Send, group, and print what was found."""
    given = [int(one) for one in sys.argv[1:3]]
    number, seed = [*given, *(5000, 1)[len(given) :]]
    with tempfile.TemporaryDirectory() as folder:
        person, desk_id = _set_up(Path(folder))
        truth = send(number, seed, NOW)
        start = time.perf_counter()
        steps = group(person, desk_id, NOW)
        print(f"{number} tips compared in {steps} steps, {time.perf_counter() - start:.1f} s")
        for answer, (held, strangers) in enumerate(judge(truth)):
            print(f"answer {answer}: {held:6.1%} in one group, {strangers:5.1%} strangers")
        page = queue.page(person, queue.Filter(desk_id))
        found = [place for place, line in enumerate(page.lines, 1) if truth[line.tip.id].first_hand]
        print(f"first-hand tips on lines {found} of the default view")


def _set_up(folder: Path) -> tuple[Person, str]:
    accounts.COST = Cost(memory_kib=8, iterations=1, lanes=1)
    settings = config.use(config.from_environment({}, instance=folder / "instance", secrets=folder / "secrets"))
    settings.instance.mkdir()
    url = f"sqlite:///{settings.instance / 'tipline.db'}"
    schema.upgrade(url)
    db.connect(url)
    team = factories.make_team(NOW)
    factories.make_exhibit(team, NOW)
    return team.reviewer, team.desk_id


if __name__ == "__main__":
    main()
