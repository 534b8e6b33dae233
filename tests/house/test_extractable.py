"""Every sentence of every page can be translated, those of the desk and of administrators too, which are in English."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment

from deploy import translations

ROOT = Path(__file__).resolve().parents[2]
CLASSES = re.compile(r"\{% block \w+_class %\}.*?\{% endblock %\}")
TAG = re.compile(r"<(script|style|pre|code|svg)\b.*?</\1>|<[^<>]*>", re.DOTALL)
ATTRIBUTE = re.compile(r'(?:aria-label|title|alt|placeholder|data-label)="([^"]*)"')
WORD = re.compile(r"[A-Za-z]{3,}")
# Names and codes that are said in these letters everywhere; a choice of colours.
SAME = re.compile(r"SHA-256|TOTP|UTC|JSON|CSV|tipline|light dark|&[a-z]+;")
# Pieces of addresses, a language in itself, and what only the desk sees of templates that both kinds of page use.
BARE = {"/pictures/", "/pictures/ w ,", "English", "Go to your start page"}


def _bare(template: str) -> list[str]:
    """English words of a template that no `_()` holds."""
    # Without Jinja first, so that what a tag holds is gone before the tag is looked for.
    pieces = Environment(autoescape=True).lex(CLASSES.sub("", template))
    shown = " ".join(text for _line, kind, text in pieces if kind == "data")
    said = [*ATTRIBUTE.findall(shown), *TAG.sub("\n", shown).splitlines()]
    return [" ".join(text.split()) for text in said if WORD.search(SAME.sub("", text))]


def test_no_sentence_stands_bare_in_a_template():
    templates = sorted((ROOT / "templates").rglob("*.html"))
    assert len(templates) > 100
    assert {text for path in templates for text in _bare(path.read_text(encoding="utf-8"))} == BARE
    assert _bare('<p class="a">{{ x }} <b title="{{ _(1) }}">Look at it</b></p>') == ["Look at it"]


def test_the_sentences_of_the_desk_can_be_extracted():
    found = {message.id for message in translations.extract("staff.cfg")}
    assert {"Show excerpts", "Sign out", "Enter a title", "Urgent: a child may be at risk now"} <= found
    assert len(found) > 1000
