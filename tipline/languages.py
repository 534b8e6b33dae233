"""The 32 language terms of the published list, and which of them the pages are offered in.

A *term* says what a tip is written in; its ``id`` is the form's value. A *UI language* is one of the 31 named
terms. ``und`` ("Other") has no locale and never reaches Babel, which would silently read it as American English.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

_HERE = Path(__file__).resolve().parent
TRANSLATIONS = _HERE / "translations"


@dataclass(frozen=True, slots=True)
class Language:
    """One term: ``title`` as published, ``label`` corrected, ``tag`` BCP-47, ``plural_forms`` gettext's header.

    ``reviewed`` says whether a person who speaks the language has checked its pages; English is the original.
    """

    id: int
    title: str
    label: str
    native_name: str
    tag: str
    dir: str
    plural_forms: str
    offered: bool
    reviewed: bool

    @property
    def locale(self) -> str:
        """The name that Babel and the catalogue folders use: ``pt_PT`` for ``pt-PT``."""
        return self.tag.replace("-", "_")


def _read(entry: dict[str, str | int | bool]) -> Language:
    plural = f"nplurals={entry['nplurals']}; plural={entry['plural']};" if "plural" in entry else ""
    return Language(
        id=int(entry["id"]),
        title=str(entry["title"]),
        label=str(entry["label"]),
        native_name=str(entry["native_name"]),
        tag=str(entry["tag"]),
        dir=str(entry["dir"]),
        plural_forms=plural,
        offered=bool(entry.get("offered", False)),
        reviewed=bool(entry.get("reviewed", False)),
    )


TERMS: tuple[Language, ...] = tuple(
    _read(entry) for entry in json.loads((_HERE / "data" / "languages.json").read_text(encoding="utf-8"))
)
OTHER = next(term for term in TERMS if term.tag == "und")
UI_LANGUAGES: tuple[Language, ...] = tuple(
    sorted((term for term in TERMS if term is not OTHER), key=lambda term: term.tag)
)
OFFERED: tuple[Language, ...] = tuple(language for language in UI_LANGUAGES if language.offered)

_BY_TAG = {term.tag: term for term in TERMS}
_BY_ID = {term.id: term for term in TERMS}
_OFFERED_BY_TAG = {language.tag: language for language in OFFERED}
ENGLISH = _BY_TAG["en"]


def by_tag(tag: str) -> Language | None:
    """The term with this BCP-47 tag, ``und`` included, or None. ``no`` is read as ``nb``."""
    return _BY_TAG.get("nb" if tag == "no" else tag)


def by_id(term_id: int) -> Language | None:
    """The term with this id of the published list, or None."""
    return _BY_ID.get(term_id)


def offered(tag: str) -> Language | None:
    """The language if pages are offered in it, otherwise None: its path prefix is a 404."""
    return _OFFERED_BY_TAG.get(tag)


def compile_catalogues(folder: Path = TRANSLATIONS) -> list[str]:
    """Compile each ``messages.po`` whose ``.mo`` is missing or older; return the locales compiled.

    A folder that cannot be written is left as it is: an installed wheel carries its compiled catalogues.
    """
    compiled = []
    for po in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        locale = po.parent.parent.name
        with po.open("rb") as source:
            catalogue = read_po(source, locale=locale)
        fresh = mo.with_suffix(".mo.new")
        try:
            with fresh.open("wb") as target:
                write_mo(target, catalogue)
            fresh.replace(mo)
        except PermissionError:
            continue
        compiled.append(locale)
    return compiled
