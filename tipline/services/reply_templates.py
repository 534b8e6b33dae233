"""Reply templates: a desk's usual answers to senders, each in as many languages as somebody wrote it in.

A template is one sealed paper with all its languages, so a language cannot be changed or lost without the others in
view. What is sent is a copy: a template that is changed or removed takes nothing out of any mailbox.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tipline import languages
from tipline.errors import BadInput, NotFound, WrongState
from tipline.services import conversation, desk_papers, desks, log
from tipline.services.accounts import Person
from tipline.services.desk_papers import Paper

KIND = "reply"
TITLE_LIMIT = 80
TEXT_LIMIT = conversation.LONGEST_MESSAGE
_TAGS = tuple(one.tag for one in languages.UI_LANGUAGES)


@dataclass(frozen=True)
class Template:
    """One template; ``texts`` by language, in the order of the service's languages."""

    id: str
    desk_id: str
    title: str = field(repr=False)
    texts: Mapping[str, str] = field(repr=False)
    writer: str | None
    written_at: dt.datetime

    def language_for(self, tag: str) -> str:
        """The language to begin with for somebody who reads ``tag``: that one, else English, else any."""
        return next(one for one in (tag, languages.ENGLISH.tag, *self.texts) if one in self.texts)


def of_desk(person: Person, desk_id: str) -> tuple[Template, ...]:
    """The templates of a desk by title. Raises NotFound for a desk that is not this person's."""
    found = (_template(desk_id, paper) for paper in desk_papers.read(person, desk_id, KIND))
    return tuple(sorted(found, key=lambda one: (one.title.casefold(), one.id)))


def find(person: Person, template_id: str) -> Template:
    """One template of a desk of this person. Raises NotFound."""
    for desk in desks.desks_of(person):
        for paper in desk_papers.read(person, desk.id, KIND, paper_id=template_id):
            return _template(desk.id, paper)
    raise NotFound


def make(person: Person, desk_id: str, title: str, language: str, text: str, now: dt.datetime) -> str:
    """Write a template in its first language and return its id. A second click makes no second one.

    Raises BadInput on ``template_title``, ``language``, ``message``; NotFound, WrongState at a hundred, DeskClosed.
    """
    value = _value(title, {language: text})
    for known in of_desk(person, desk_id):
        if known.title != title.strip():
            continue
        if dict(known.texts) == value["texts"]:
            return known.id
        raise BadInput("template_title", "taken")
    template_id = desk_papers.write(person, desk_id, KIND, "", value, now)
    _log(person, desk_id, f"made.{language}", now)
    return template_id


def write(person: Person, template: Template, title: str, language: str, text: str, now: dt.datetime) -> None:
    """Write a template in one language, new or anew; its other languages stay. Raises as ``make`` does."""
    if any(one.title == title.strip() and one.id != template.id for one in of_desk(person, template.desk_id)):
        raise BadInput("template_title", "taken")
    desk_papers.change(
        person,
        template.desk_id,
        template.id,
        KIND,
        lambda kept: _value(title, {**kept["texts"], language: text}),
        now,
    )
    _log(person, template.desk_id, f"written.{language}", now)


def drop(person: Person, template: Template, language: str, now: dt.datetime) -> None:
    """Take one language out of a template. Raises NotFound, WrongState for its only one."""

    def without(kept: Any) -> Any:
        if language not in kept["texts"]:
            raise NotFound
        if len(kept["texts"]) == 1:
            raise WrongState
        return {**kept, "texts": {tag: text for tag, text in kept["texts"].items() if tag != language}}

    desk_papers.change(person, template.desk_id, template.id, KIND, without, now)
    _log(person, template.desk_id, f"dropped.{language}", now)


def remove(person: Person, template: Template, now: dt.datetime) -> None:
    """Erase a template by its key; what was sent with it stays sent. Raises NotFound."""
    desk_papers.erase(person, template.desk_id, template.id, KIND)
    _log(person, template.desk_id, "removed", now)


def _template(desk_id: str, paper: Paper) -> Template:
    written = paper.value["texts"]
    texts = {tag: written[tag] for tag in _TAGS if tag in written}
    return Template(paper.id, desk_id, paper.value["title"], texts, paper.writer, paper.written_at)


def _value(title: str, texts: Mapping[str, str]) -> dict[str, Any]:
    if not title.strip():
        raise BadInput("template_title", "missing")
    if len(title.strip()) > TITLE_LIMIT:
        raise BadInput("template_title", "long")
    for language, text in texts.items():
        if language not in _TAGS:
            raise BadInput("language", "unknown")
        if not text.strip() or len(text) > TEXT_LIMIT:
            raise BadInput("message", "long" if text.strip() else "missing")
    return {"title": title.strip(), "texts": dict(texts)}


def _log(person: Person, desk_id: str, what: str, now: dt.datetime) -> None:
    log.record("template.written", chain="staff", actor=person.actor, subjects=[desk_id], now=now, field_group=what)
