"""Brings every catalogue up to date with the strings of the public pages and reports what is still untranslated.

English needs no catalogue: it is what the pages say in the source. A string whose English has changed is a new one, so
that no old translation stands for new words.

``python deploy/translations.py staff`` prints the template of a catalogue for the pages of the desk and administrators,
which are in English.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # run as a script, from any folder

from tipline import languages  # noqa: E402

KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
}


def extract(mapping: str = "babel.cfg") -> Catalog:
    """Every string that the public door can say, or the doors of another mapping, in the order of the files."""
    with (ROOT / "deploy" / mapping).open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = Catalog(project="tipline", charset="utf-8")
    here = Path.cwd()
    os.chdir(ROOT)  # so that the catalogues name files as the repository does
    try:
        walk = extract_from_dir(".", methods, options, KEYWORDS, comment_tags=["Translators:"], strip_comment_tags=True)
        for name, _line, message, comments, context in sorted(walk, key=lambda line: (line[0], line[1])):
            found.add(message, locations=[(name.removeprefix("./"), None)], auto_comments=comments, context=context)
    finally:
        os.chdir(here)
    return found


def catalogue_path(language: languages.Language) -> Path:
    """Where a language's catalogue lies."""
    return languages.TRANSLATIONS / language.locale / "LC_MESSAGES" / "messages.po"


def read(language: languages.Language) -> Catalog:
    """A language's catalogue, an empty one if there is none yet."""
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=language.locale)
    with path.open("rb") as file:
        return read_po(file, locale=language.locale)


def update(language: languages.Language, template: Catalog) -> Catalog:
    """The catalogue with exactly the template's strings; known translations are kept, nothing is guessed."""
    known = read(language)
    fresh = Catalog(locale=language.locale, project="tipline", charset="utf-8", fuzzy=False)
    fresh.mime_headers = [("Plural-Forms", language.plural_forms)]  # Babel's own are wrong for six languages
    for message in template:
        if not message.id:
            continue
        old = known.get(message.id, message.context)
        string = old.string if old is not None and not old.fuzzy else None
        fresh.add(message.id, string, message.locations, message.flags, message.auto_comments, context=message.context)
    return fresh


def write(language: languages.Language, catalogue: Catalog) -> None:
    """Write a catalogue in the same bytes for the same strings: no dates, no line numbers, our plural header."""
    path = catalogue_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".po.new")
    with aside.open("wb") as file:
        write_po(file, catalogue, width=120, omit_header=True, include_lineno=False)
    body = aside.read_text(encoding="utf-8")
    aside.write_text(_header(language) + body, encoding="utf-8")
    aside.replace(path)


def _header(language: languages.Language) -> str:
    lines = (
        "Project-Id-Version: tipline",
        f"Language: {language.locale}",
        f"Plural-Forms: {language.plural_forms}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
    )
    return 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines) + "\n"


def holes(catalogue: Catalog) -> Iterator[str]:
    """The English of every string without a translation, or without one of its plural forms."""
    for message in catalogue:
        texts = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        if message.id and (message.fuzzy or not all(texts) or not texts):
            yield message.id[0] if isinstance(message.id, (list, tuple)) else str(message.id)


def main() -> int:
    """Update every offered language's catalogue; exit status 1 when one has holes."""
    if sys.argv[1:] == ["staff"]:
        write_po(sys.stdout.buffer, extract("staff.cfg"), width=120, include_lineno=False)
        return 0
    template = extract()
    incomplete = False
    for language in languages.OFFERED:
        if language is languages.ENGLISH:
            continue
        catalogue = update(language, template)
        write(language, catalogue)
        missing = list(holes(catalogue))
        incomplete = incomplete or bool(missing)
        print(f"{language.tag}: {len(template) - len(missing)} of {len(template)} strings translated")
        for text in missing:
            print(f"  {text}")
    languages.compile_catalogues()
    return 1 if incomplete else 0


if __name__ == "__main__":
    sys.exit(main())
