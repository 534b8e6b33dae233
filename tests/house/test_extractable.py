"""The pages of the desk and of administrators are in English, and every sentence of theirs can be translated."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Jinja first, so that what a tag holds is gone before the tag is looked for.
CODE = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
CLASSES = re.compile(r"\{% block \w+_class %\}.*?\{% endblock %\}")
TAG = re.compile(r"<(script|style|pre|code|svg)\b.*?</\1>|<[^<>]*>", re.DOTALL)
ATTRIBUTE = re.compile(r'(?:aria-label|title|alt|placeholder|data-label)="([^"]*)"')
WORD = re.compile(r"[A-Za-z]{3,}")
# Names and codes that are said in these letters everywhere; a choice of colours.
SAME = re.compile(r"SHA-256|TOTP|UTC|JSON|CSV|tipline|light dark|&[a-z]+;")


def _bare(template: str) -> list[str]:
    """English words of a template that no `_()` holds."""
    shown = CODE.sub(" ", CLASSES.sub("", template))
    said = [*ATTRIBUTE.findall(shown), *TAG.sub("\n", shown).splitlines()]
    return [" ".join(text.split()) for text in said if WORD.search(SAME.sub("", text))]


def test_no_sentence_of_the_desk_or_the_administration_stands_bare_in_a_template():
    templates = [path for door in ("staff", "admin") for path in sorted((ROOT / "templates" / door).rglob("*.html"))]
    assert len(templates) > 100
    bare = {path.name: found for path in templates if (found := _bare(path.read_text(encoding="utf-8")))}
    assert not bare
    assert _bare('<p class="a">{{ x }} <b title="{{ _(1) }}">Look at it</b></p>') == ["Look at it"]


def test_the_sentences_of_the_desk_can_be_extracted():
    spec = importlib.util.spec_from_file_location("translations", ROOT / "deploy" / "translations.py")
    translations = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(translations)
    found = {message.id for message in translations.extract("staff.cfg")}
    assert {"Show excerpts", "Sign out", "Enter a title", "Urgent: a child may be at risk now"} <= found
    assert len(found) > 1000
