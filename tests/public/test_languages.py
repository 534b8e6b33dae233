"""Every public page speaks its language, and the catalogues hold every sentence of it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests import factories
from tipline.languages import OFFERED, compile_catalogues

ROOT = Path(__file__).resolve().parents[2]
TRANSLATED = [language for language in OFFERED if language.tag != "en"]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%\{\w+\}")
# Said in every language in the same letters.
SAME = {"Pages", "Service", "Version %(version)s"}


@pytest.fixture(scope="module")
def translations():
    spec = importlib.util.spec_from_file_location("translations", ROOT / "deploy" / "translations.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def template(translations):
    return translations.extract()


def _sentences(template):
    """Every English string, plural forms apart, as a pattern that also finds it filled in."""
    found = {}
    for message in template:
        for text in message.id if isinstance(message.id, (list, tuple)) else [message.id]:
            if text and text not in SAME:
                parts = (re.escape(part) for part in PLACEHOLDER.split(" ".join(text.split())))
                found[text] = re.compile(r"(?<!\w)" + ".+?".join(parts) + r"(?!\w)")
    return found


def _texts(message):
    return message.string if isinstance(message.string, (list, tuple)) else (message.string,)


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_a_catalogue_holds_every_sentence_and_no_other(translations, template, language):
    catalogue = translations.read(language)
    assert not list(translations.holes(catalogue))
    assert {m.id for m in catalogue if m.id} == {m.id for m in template if m.id}, "run `make translations`"
    assert not [m.id for m in catalogue if m.fuzzy and m.id]


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_a_catalogue_is_written_as_the_tool_writes_it(translations, template, language, tmp_path, monkeypatch):
    monkeypatch.setattr(translations.languages, "TRANSLATIONS", tmp_path)
    committed = ROOT / "tipline" / "translations" / language.locale / "LC_MESSAGES" / "messages.po"
    path = translations.catalogue_path(language)
    path.parent.mkdir(parents=True)
    path.write_bytes(committed.read_bytes())
    translations.write(language, translations.update(language, template))
    assert path.read_text(encoding="utf-8") == committed.read_text(encoding="utf-8"), "run `make translations`"


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_a_translation_keeps_the_placeholders(translations, language):
    wrong = []
    for message in translations.read(language):
        english = message.id[-1] if isinstance(message.id, (list, tuple)) else message.id
        wanted = sorted(PLACEHOLDER.findall(english or ""))
        wrong += [english for text in _texts(message) if english and sorted(PLACEHOLDER.findall(text)) != wanted]
    assert not wrong


@pytest.mark.parametrize("language", TRANSLATED, ids=lambda language: language.tag)
def test_plural_headers_are_those_of_the_table(translations, language):
    path = translations.catalogue_path(language)
    assert f'"Plural-Forms: {language.plural_forms}\\n"' in path.read_text(encoding="utf-8")
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language.locale)
    counts = {len(_texts(m)) for m in catalogue if isinstance(m.id, (list, tuple))}
    assert counts == {catalogue.num_plurals}


def test_the_desks_sentences_are_not_in_the_catalogues(template):
    places = {name for message in template for name, _line in message.locations}
    assert not [name for name in places if re.match(r"templates/(staff|admin)|tipline/(staff|admin)", name)]
    assert "tipline/web/signin.py" not in places


def test_catalogues_are_compiled_beside_their_source(tmp_path, translations):
    folder = tmp_path / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = translations.catalogue_path(next(language for language in TRANSLATED if language.tag == "fr"))
    (folder / "messages.po").write_bytes(source.read_bytes())
    assert compile_catalogues(tmp_path) == ["fr"]
    assert compile_catalogues(tmp_path) == []


@pytest.mark.parametrize("language", OFFERED, ids=lambda language: language.tag)
def test_every_public_page_speaks_its_language(client, app, now, template, language):
    ref = factories.make_exhibit(factories.make_team(now), now)
    sentences = {} if language.tag == "en" else _sentences(template)
    left = {}
    for page in _every_page(client, language.tag, ref):
        assert (page.tree.get("lang"), page.tree.get("dir")) == (language.tag, "ltr"), page.path
        text = _own_words(page, language.tag)
        left.update({text_left: page.path for text_left, pattern in sentences.items() if pattern.search(text)})
    assert not left


def _every_page(client, tag, ref):
    """The public pages, walked as somebody walks them who tries things."""
    for path in ("", f"exhibits/{ref}", "privacy", "help", "emergency", "accessibility", "leave-info", "receipt"):
        yield client.page(f"/{tag}/{path}")
    yield client.page(f"/{tag}/exhibits/nothing", status=404)
    yield client.page(f"/{tag}/nothing", status=404)
    yield client.page(f"/{tag}/tip/check", status=410)
    yield client.submit(client.page(f"/{tag}/receipt"), receipt="7K3M9-QXT2A-BC4DE-FGH6J")
    yield client.submit(client.page(f"/{tag}/receipt"), receipt="UUU")
    form = client.page(f"/{tag}/exhibits/{ref}/tip")
    yield form
    yield client.submit(form, narrative="", links="x" * 3000)
    check = client.submit(form, narrative="Ωραία τσάντα", how_known="first_hand", certainty="sure", child_at_risk="yes")
    yield check
    yield client.page(f"/{tag}/tip")
    yield client.page(f"/{tag}/tip/files")
    contact = client.page(f"/{tag}/tip/contact")
    yield contact
    yield client.submit(contact, email="no")
    yield client.page(f"/{tag}/tip/delete")
    yield client.submit(check, action="send", status=200)
    sent = client.submit(check, action="send", acknowledge="y")
    yield sent
    yield client.submit(sent, action="sent")


def _own_words(page, tag):
    """What a page says, without what it marks as being in another language."""
    body = page.tree.find("body")
    said = []

    def take(element):
        if element.get("lang", tag) != tag or element.tag in {"script", "select"}:
            said.append(" ")
        else:
            said.extend([element.text or "", element.get("aria-label") or "", element.get("alt") or ""])
            for child in element:
                take(child)
                said.append(child.tail or "")
            said.append(" ")

    take(body)
    return " ".join("".join(said).split())
