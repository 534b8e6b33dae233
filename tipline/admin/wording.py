"""Words in one language: what the pages that word an appeal, an exhibit or an update have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import abort, flash
from flask_babel import gettext as _

from tipline.errors import BadInput
from tipline.extensions import db
from tipline.languages import ENGLISH, OTHER, Language, by_tag

Words = TypeVar("Words")


def language_of(tag: str) -> Language:
    """The language to word something in. 404 for what is none."""
    language = by_tag(tag)
    if language is None or language is OTHER:
        abort(404)
    return language


def beside(language: Language, words: Mapping[str, Words]) -> Words | None:
    """The English words, to be shown beside the form; None where the form holds them."""
    return None if language is ENGLISH else words.get(ENGLISH.tag)


def is_saved(form: Any, change: Callable[[], None]) -> bool:
    """Change the words and commit, if the form was sent and is sound; a refusal stands beside its field."""
    if not form.validate_on_submit():
        return False
    try:
        change()
    except BadInput as refused:
        db.session.rollback()
        form.refuse(refused)
        return False
    db.session.commit()
    flash(_("The words are saved."), "success")
    return True
