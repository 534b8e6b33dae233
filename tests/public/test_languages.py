"""Every public page speaks its language, and the catalogues hold every sentence of it."""

from __future__ import annotations

import gettext
import json
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from deploy import translations
from tests import factories
from tests.public.every_page import public_pages
from tipline.languages import OFFERED, UI_LANGUAGES, compile_catalogues

ROOT = Path(__file__).resolve().parents[2]
TRANSLATED = [language for language in OFFERED if language.tag != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%\{\w+\}")
GLOSSARY = ROOT / "docs" / "glossary"
# How many of a catalogue's sentences say a watched word by another than its own: it may become a pronoun or a verb.
AT_LEAST = 0.8


@pytest.fixture(scope="module")
def detector():
    """Tells a text's language, of those that pages are offered in."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(["no" if language.tag == "nb" else language.tag[:2] for language in UI_LANGUAGES])
    return identifier


@pytest.fixture(scope="module")
def glossary():
    """The terms and, per language, how each is said."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(GLOSSARY.glob("*.json"))}


@pytest.fixture(scope="module")
def template():
    return translations.extract()


def _sentences(catalogue):
    """Every English sentence that this language says in other letters: its longest piece, and a pattern for it whole."""
    found = {}
    said = "\n".join(text for message in catalogue if message.id for text in _texts(message))  # "° S": Croatian north
    for message in catalogue:
        for text in _english(message):
            if text and text not in said:
                pieces = PLACEHOLDER.split(" ".join(text.split()))
                whole = re.compile(r"(?<!\w)" + ".+?".join(re.escape(piece) for piece in pieces) + r"(?!\w)")
                found[text] = (max(pieces, key=len), whole)
    return found


def _english(message):
    return message.id if isinstance(message.id, (list, tuple)) else (message.id,)


def _texts(message):
    return message.string if isinstance(message.string, (list, tuple)) else (message.string,)


def _is_left_in_english(message):
    """Whether a sentence is not translated: one or two words can be the same in another language."""
    return any(len(text.split()) > 2 and text in _texts(message) for text in _english(message))


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_a_catalogue_holds_every_sentence_and_no_other(template, language):
    catalogue = translations.read(language)
    assert not list(translations.holes(catalogue))
    assert {m.id for m in catalogue if m.id} == {m.id for m in template if m.id}, "run `make translations`"
    assert not [m.id for m in catalogue if m.fuzzy and m.id]
    assert not [m.id for m in catalogue if _is_left_in_english(m)]


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_a_catalogue_is_written_as_the_tool_writes_it(template, language, tmp_path, monkeypatch):
    monkeypatch.setattr(translations.languages, "TRANSLATIONS", tmp_path)
    committed = ROOT / "tipline" / "translations" / language.locale / "LC_MESSAGES" / "messages.po"
    path = translations.catalogue_path(language)
    path.parent.mkdir(parents=True)
    path.write_bytes(committed.read_bytes())
    translations.write(language, translations.update(language, template))
    assert path.read_text(encoding="utf-8") == committed.read_text(encoding="utf-8"), "run `make translations`"


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_a_translation_keeps_the_placeholders(language):
    wrong = []
    for message in translations.read(language):
        english = _english(message)[-1]
        wanted = sorted(PLACEHOLDER.findall(english or ""))
        wrong += [english for text in _texts(message) if english and sorted(PLACEHOLDER.findall(text)) != wanted]
    assert not wrong


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_plural_rules_are_those_of_the_table(language):
    path = translations.catalogue_path(language)
    assert f'"Plural-Forms: {language.plural_forms}\\n"' in path.read_text(encoding="utf-8")
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language.locale)
    counts = {len(_texts(m)) for m in catalogue if isinstance(m.id, (list, tuple))}
    assert counts == {catalogue.num_plurals}
    compile_catalogues()
    with path.with_suffix(".mo").open("rb") as file:
        used = gettext.GNUTranslations(file).plural
    wanted = gettext.c2py(language.plural_forms.partition("plural=")[2].rstrip(";"))
    assert [used(number) for number in range(400)] == [wanted(number) for number in range(400)]


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_the_glossary_says_every_term_in_the_language_and_the_catalogue_keeps_to_it(glossary, language):
    terms, said = glossary["terms"], glossary[language.tag]
    assert set(said) == set(terms)
    assert all(entry["term"].strip() for entry in said.values())
    strayed = {}
    for name, term in terms.items():
        if not term.get("watch"):
            continue
        wanted = re.compile(r"\b(?:" + "|".join(term["english"]) + r")\b", re.IGNORECASE)
        used = [message for message in translations.read(language) if message.id and wanted.search(str(message.id))]
        stems = [stem.casefold() for stem in said[name]["stems"]]
        kept = [m for m in used if any(stem in str(_texts(m)).casefold() for stem in stems)]
        if used and len(kept) < AT_LEAST * len(used):
            strayed[name] = [m.id for m in used if m not in kept]
    assert not strayed


def test_all_the_named_languages_are_offered():
    assert OFFERED == UI_LANGUAGES
    assert len(OFFERED) == 31


@pytest.mark.parametrize("language", OFFERED, ids=lambda language: language.tag)
def test_a_page_says_at_its_foot_whether_a_person_has_checked_its_language(client, app, now, language):
    factories.make_team(now)
    page = client.page(f"/{language.tag}/")
    unchecked = "This translation has not been checked by a person yet. Where it differs, the English version counts."
    said = unchecked if language.tag == "en" else translations.read(language).get(unchecked).string
    assert (said in page.text) is not language.reviewed


def test_the_desks_sentences_are_not_in_the_catalogues(template):
    places = {name for message in template for name, _line in message.locations}
    assert not [name for name in places if re.match(r"templates/(staff|admin)|tipline/(staff|admin)", name)]
    assert "tipline/web/signin.py" not in places


def test_catalogues_are_compiled_beside_their_source(tmp_path):
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = translations.catalogue_path(next(language for language in TRANSLATED if language.tag == "fr"))
    (folder / "messages.po").write_bytes(source.read_bytes())
    assert compile_catalogues(tmp_path) == ["fr"]
    assert compile_catalogues(tmp_path) == []


@pytest.mark.parametrize("language", OFFERED, ids=lambda language: language.tag)
def test_every_public_page_speaks_its_language(client, app, now, detector, language):
    team = factories.make_team(now)
    ref = factories.make_exhibit(team, now)
    factories.publish_update(team, now)
    factories.enter_figures(team, now, 1240, 3, 12, 1)
    sentences = {} if language.tag == "en" else _sentences(translations.read(language))
    left, strange = {}, {}
    for page in public_pages(client, language.tag, team, ref, now):
        assert (page.tree.get("lang"), page.tree.get("dir")) == (language.tag, "ltr"), page.path
        text = _own_words(page, language.tag)
        assert ".." not in text, page.path  # some languages' dates end in a full stop of their own
        detected = detector.classify(text)[0].replace("no", "nb")
        if detected != language.tag.partition("-")[0]:
            strange[page.path] = detected
        left.update(
            {said: page.path for said, (piece, whole) in sentences.items() if piece in text and whole.search(text)}
        )
    assert not left
    assert not strange


def _own_words(page, tag):
    """What a page says, without what it marks as being in another language."""
    said = [meta.get("content") + " " for meta in page.tree.findall("head/meta[@name='description']")]

    def take(element):
        if element.get("lang", tag) != tag or element.tag in {"script", "select"}:
            said.append(" ")
        else:
            said.extend([element.text or "", *_words_for_later(element)])
            for child in element:
                take(child)
                said.append(child.tail or "")
            said.append(" ")

    take(page.tree.find("body"))
    return " ".join("".join(said).split())


def _words_for_later(element):
    """What an element says to some only, or once a script shows it."""
    return (value for name, value in element.items() if name in {"aria-label", "alt"} or name.startswith("data-"))
