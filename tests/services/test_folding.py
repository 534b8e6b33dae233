"""Words of every language meet their plain form, and a search is read as it was meant."""

from __future__ import annotations

import pytest

from tipline.errors import BadInput
from tipline.services import search_words
from tipline.services.folding import fold, spans


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Καλάθι ΑΓΟΡΆΣ, στους δρόμους", "καλαθι αγορασ στουσ δρομουσ"),
        ("Ёлка и Йод, їжа, Ґанок", "елка и иод іжа ганок".replace("і", "і")),
        ("Łódź, żółty", "lodz zolty"),
        ("Ħaż-Żebbuġ, ċavetta", "haz zebbug cavetta"),
        ("Đakovo, Þór, Ægir, Ørsted, Straße", "dakovo thor aegir orsted strasse"),
        ("Žlutoučký kůň; țară; İstanbul, ılık", "zlutoucky kun tara istanbul ilik"),
        ("https://www.Shop.example/item_5?id=a", "https www shop example item 5 id a"),
        ("红色手提包", "红 色 手 提 包"),
        ("\u0648\u064e\u0631\u062f", "\u0648\u0631\u062f"),
        (" ... ", ""),
        ("Ο ΔΡΌΜΟΣ, ο δρόμος, προϊόν, ᾠδή", "ο δρομοσ ο δρομοσ προιον ωδη"),
        ("ЁЖ ёж еж; МАЙЯ Майя", "еж еж еж маия маия"),
        ("ŁÓDŹ Łódź lodz", "lodz lodz lodz"),
        ("L-GĦASEL tal-għasel, ħobż", "l ghasel tal ghasel hobz"),
        ("İZMİR IZMIR ızmır izmir", "izmir izmir izmir izmir"),
        ("STRASSE Straße STRAẞE", "strasse strasse strasse"),
        ("SJØ sjø Åre åre Ærø", "sjo sjo are are aero"),
        ("șase şase ȚARĂ ţară", "sase sase tara tara"),
        ("Lo\u0301dz\u0301 \u0391\u0301\u03bd\u03b4\u03c1\u03bf\u03c2", "lodz ανδροσ"),
        ("weich\u00adtasche, tas\u200dche \ufefftasche", "weichtasche tasche tasche"),
        ("Karlsby\u2122 bag, \u2116 5", "karlsby bag 5"),
        ("м'яч м\u2019яч м\u02bcяч", "м яч м яч м яч"),
    ],
)
def test_words_fold_to_their_plain_form(written: str, plain: str) -> None:
    assert fold(written) == fold(plain)
    assert fold(written).split() == [word for word, _start, _end in spans(written)]


@pytest.mark.parametrize(
    ("typed", "expression"),
    [
        ("bag Volos", '("bag" AND "volos")'),
        ("\u201ewoven bag\u201c", '("woven bag")'),
        ("bot* -shop", '("bot"*) NOT "shop"'),
        ("shop.example", '("shop example")'),
        ('l\'homme "NEAR(" OR', '("l homme" AND "near" AND "or")'),
    ],
)
def test_a_search_is_read_and_nothing_in_it_is_syntax(typed: str, expression: str) -> None:
    assert search_words.read(typed).expression() == expression


@pytest.mark.parametrize(
    ("typed", "reason"), [("-bag", "empty"), ('"..."', "empty"), ("b*", "short"), ("a " * 13, "many")]
)
def test_what_cannot_be_searched_for_is_refused(typed: str, reason: str) -> None:
    with pytest.raises(BadInput) as refused:
        search_words.read(typed)
    assert refused.value.reason == reason


def test_marks_stand_where_the_words_stand() -> None:
    text = "Το ΚΑΛΆΘΙ ήταν στο Łódź: bottle, bottles."
    words = search_words.read('καλαθι "στο lodz" bottle*')
    assert [text[start:end] for start, end in words.marks(text)] == ["ΚΑΛΆΘΙ", "στο Łódź", "bottle", "bottles"]
