"""Which tips are alike: links in all their forms, names in many languages, and what must not make two answers one."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tipline.services import answers_alike, fingerprints, first_hand
from tipline.services.answers import Answers
from tipline.services.answers_alike import Compared

_numbers = itertools.count(1)
LANGUAGES = {"de": 366, "fr": 370, "pl": 378, "fi": 383, "en": 369, "el": 368}


def tip(narrative: str, tag: str = "en", pictures: tuple[str, ...] = (), **answers: Any) -> Compared:
    """A tip as it is compared."""
    written = Answers(narrative=narrative, tip_language=LANGUAGES[tag], **answers)
    return Compared(f"{next(_numbers):032x}", LANGUAGES[tag], fingerprints.make(written, tag, pictures))


def grouped(*tips: Compared) -> list[set[int]]:
    """The groups, as places in the list of tips."""
    place = {one.tip_id: number for number, one in enumerate(tips)}
    return [{place[one] for one in alike.members} for alike in answers_alike.group(tips)]


@pytest.mark.parametrize(
    "other",
    [
        "https://www.nordhem.com/de/p/karlsby-40321988?utm_source=share&gclid=x",
        "http://nordhem.fr/fr/p/karlsby-40321988/#reviews",
        "m.nordhem.co.uk/p/karlsby-40321988",
        "(https://nordhem.pl/p/KARLSBY-40321988)",
    ],
)
def test_a_link_is_the_same_whatever_hangs_on_it(other: str) -> None:
    one = tip("Look", links=("https://nordhem.de/p/karlsby-40321988",))
    assert grouped(one, tip(f"Hier: {other}", "de")) == [{0, 1}]


def test_the_front_page_of_a_shop_is_no_answer() -> None:
    assert (
        grouped(tip("Look", links=("https://nordhem.de/",)), tip("Hier", "de", links=("http://www.nordhem.de",))) == []
    )


def test_two_products_of_one_shop_stay_two_answers() -> None:
    tips = [tip("Look", links=(f"nordhem.de/p/{name}",)) for name in ("karlsby-40321988", "vallmora-40877120") * 3]
    assert grouped(*tips) == [{0, 2, 4}, {1, 3, 5}]


def test_a_name_in_many_languages_is_one_answer_without_any_link() -> None:
    tips = [
        tip("Das ist die Karlsby von Nordhem", "de"),
        tip("C'est le sac Karlsby", "fr"),
        tip("To jest Karlsby, widziałem w sklepie", "pl"),
        tip("Tämä on Karlsbyn laukku", "fi"),
        tip("I have no idea what this is", "en"),
        tip("Schöne Tasche, keine Ahnung", "de"),
    ]
    assert grouped(*tips) == [{0, 1, 2, 3}]


def test_a_sentence_in_which_only_the_name_differs_makes_nothing_alike() -> None:
    sentence = "I saw exactly this bag yesterday in a shop beside the station, it is a {} and cost about twenty euros"
    tips = [tip(sentence.format(name), product=f"{name} bag") for name in ("Karlsby", "Vallmora", "Zimbro", "Solana")]
    assert grouped(*tips) == []


def test_a_text_that_was_passed_on_is_one_answer() -> None:
    text = "my neighbour told me that she saw this thing standing in a window of the old house near the river"
    assert grouped(tip(text), tip(text.capitalize() + "!!"), tip("something else entirely")) == [{0, 1}]


def test_pictures_that_differ_in_a_few_bits_are_one() -> None:
    near, far = f"{0xFFFF0000FFFF0001:016x}", f"{0x00FF00FF00FF00FF:016x}"
    tips = [
        tip("See", pictures=(f"{0xFFFF0000FFFF0000:016x}",)),
        tip("Voir", "fr", (near,)),
        tip("Katso", "fi", (far,)),
    ]
    assert grouped(*tips) == [{0, 1}]


def test_who_names_two_answers_is_in_neither() -> None:
    links = ("nordhem.de/p/karlsby-40321988", "casalumo.es/p/solana-45001234")
    tips = [tip("Look", links=(links[number % 2],)) for number in range(6)]
    assert grouped(*tips, tip("One of these", links=links)) == [{0, 2, 4}, {1, 3, 5}]


def test_a_fingerprint_is_read_back_and_its_size_tells_little() -> None:
    made = tip("C'est le sac Karlsby à 20 euros", "fr", ("00ff00ff00ff00ff",), links=("nordhem.de/p/k-12345",)).print
    record = made.as_record()
    assert fingerprints.Fingerprint.from_record(record) == made
    assert len(record) % fingerprints.BLOCK == 0
    assert "karls" not in repr(made)


@pytest.mark.parametrize(
    ("text", "how_known", "certainty", "mark"),
    [
        ("Pracowałam w tym hotelu jako pokojówka.", "first_hand", "", 3),
        ("Pracowałam w tym hotelu.", "", "", 2),
        ("Widziałem w internecie.", "owns_or_sold_it", "sure", 1),
        ("Widziałem w internecie.", "first_hand", "guess", 0),
        ("Widziałem w internecie.", "found_online", "", 0),
    ],
)
def test_a_tip_is_first_hand_by_its_words_or_by_a_box(text: str, how_known: str, certainty: str, mark: int) -> None:
    answers = Answers(narrative=text, tip_language=378, how_known=how_known, certainty=certainty)
    assert first_hand.mark(answers, ("pl", "en")) == mark
