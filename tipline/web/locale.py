"""Which language a page speaks: the first part of its path at the public door, English at the others.

No cookie and no guess decides it, so that a link says what its reader will see. ``Accept-Language`` counts only at
``/``, which sends people on to their language.
"""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote

from babel.core import get_global
from flask import Flask, Response, abort, current_app, g, has_request_context, request
from flask_babel import Babel, get_translations
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from tipline.languages import ENGLISH, OFFERED, TRANSLATIONS, Language, compile_catalogues, offered

LONGEST_KEPT_QUERY = 200


def register(app: Flask) -> None:
    """Install Babel, the ``lang_code`` part of public addresses and the template globals that go with them."""
    compile_catalogues()
    Babel(app, default_translation_directories=str(TRANSLATIONS), locale_selector=_locale)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda string: _catalogue().ugettext(string),
        ngettext=lambda one, many, number: _catalogue().ungettext(one, many, number),
        newstyle=True,
        pgettext=lambda context, string: _catalogue().upgettext(context, string),
        npgettext=lambda context, one, many, number: _catalogue().unpgettext(context, one, many, number),
    )
    # Jinja's own would make a new context for every sentence of a page, which costs more than the rest of it.
    app.jinja_env.globals.update(gettext=_words, ngettext=_counted_words, _=_words)
    app.url_value_preprocessor(_take_language)
    app.url_defaults(_give_language)
    app.before_request(_note_language)
    app.context_processor(lambda: {"language": current_language()})
    app.jinja_env.globals.update(
        ui_languages=sorted(OFFERED, key=lambda language: by_letters(language.native_name)),
        url_for_language=url_for_language,
        share_locale=share_locale,
    )


def current_language() -> Language:
    """The language of the page being made. Never fails: outside a request and at the desk it is English."""
    if not has_request_context():
        return ENGLISH
    here = g._get_current_object()  # noqa: SLF001 - once: every sentence of a page asks
    known: Language | None = here.get("language")
    if known is None:
        known = here.language = offered(request.path[1:].partition("/")[0]) or ENGLISH
    return known


def by_letters(name: str) -> str:
    """A key that sorts names as a reader looks for them: without regard to case and accents, alphabets apart."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def best_language() -> Language:
    """The offered language that the visitor's browser asks for first, English when none fits."""
    wishes = request.accept_languages
    tags = [language.tag for language in OFFERED] + (["no"] if offered("nb") else [])
    best = wishes.best_match(tags) if wishes else None
    return offered("nb" if best == "no" else best or "en") or ENGLISH


def send_to_language() -> Response:
    """The answer to ``/``: on to the first page in the visitor's language."""
    answer = Response(status=302)
    answer.headers["Location"] = f"{quote(request.script_root)}/{best_language().tag}/"
    answer.vary.add("Accept-Language")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def url_for_language(tag: str) -> str:
    """The address of the present page in another language; of the first page where there is no such page to get."""
    here, slash, rest = request.path[1:].partition("/")
    home = f"{quote(request.script_root)}/{tag}/"
    can_get = request.url_rule is not None and "GET" in (request.url_rule.methods or ())
    if not (slash and can_get and offered(here)):
        return home
    query = request.query_string.decode("ascii", "ignore")
    return home + quote(rest) + (f"?{query}" if 0 < len(query) <= LONGEST_KEPT_QUERY else "")


@cache
def share_locale(tag: str) -> str:
    """A language with the country where most people speak it, as ``og:locale`` wants it: ``de_DE``."""
    if tag == ENGLISH.tag:
        return "en_GB"
    likely: str = get_global("likely_subtags").get(tag, tag)
    return f"{tag}_{likely.rpartition('_')[2]}" if "-" not in tag else tag.replace("-", "_")


_catalogues: dict[str, Any] = {}


def _catalogue() -> Any:
    """The page's catalogue. Flask-Babel finds the same one, but asks its way for every string of every page."""
    tag = current_language().tag
    if tag not in _catalogues:
        _catalogues[tag] = get_translations()
    return _catalogues[tag]


@pass_eval_context
def _words(place: EvalContext, string: str, **variables: Any) -> str:
    """A template's sentence in the page's language. What is put into it is escaped where the template is."""
    if not place.autoescape:
        return str(_catalogue().ugettext(string)) % variables
    words = _marked_up(current_language().tag, string)
    return words % variables if variables or "%" in words else words


@pass_eval_context
def _counted_words(place: EvalContext, one: str, many: str, num: int, **variables: Any) -> str:
    """A template's sentence that counts; ``num`` is the number in it."""
    variables.setdefault("num", num)
    words: str = _catalogue().ungettext(one, many, num)
    return (Markup(words) if place.autoescape else words) % variables  # noqa: S704 - our own words; escapes the rest


@lru_cache(maxsize=20_000)
def _marked_up(_tag: str, string: str) -> Markup:
    return Markup(_catalogue().ugettext(string))  # noqa: S704 - our own words


def _locale() -> str:
    """How days and numbers are written; in English as in Britain."""
    language = current_language()
    return "en_GB" if language is ENGLISH else language.locale


def _note_language() -> None:
    current_language()


def _take_language(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Views never see ``lang_code``: it is noted here, and a language that is not offered is not found."""
    if values is None or "lang_code" not in values:
        return
    language = offered(values.pop("lang_code"))
    if language is None:
        abort(404)
    g.language = language


def _give_language(endpoint: str, values: dict[str, Any]) -> None:
    if "lang_code" in values:
        return
    with suppress(KeyError):  # no such endpoint: building its address fails in its own words
        if current_app.url_map.is_endpoint_expecting(endpoint, "lang_code"):
            values["lang_code"] = current_language().tag
