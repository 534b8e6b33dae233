"""The queue's filter, as it travels in the address from page to page."""

from __future__ import annotations

import re
from typing import Any

from flask import g, request

from tipline import clock, languages
from tipline.services import queue
from tipline.services.desks import DeskRef
from tipline.services.queue import Filter
from tipline.staff import words

ID = re.compile(r"[0-9a-f]{32}")
_STATES = frozenset(words.STATUSES) | {queue.OPEN, queue.ADDED}


def desks() -> tuple[DeskRef, ...]:
    """The desks that this person may see, read once in a request."""
    if "desks_to_see" not in g:
        g.desks_to_see = queue.desks_of(g.person)
    found: tuple[DeskRef, ...] = g.desks_to_see
    return found


def current() -> Filter | None:
    """The filter that the address asks for; parts that make no sense are left out. None: no desk to see."""
    mine = desks()
    if not mine:
        return None
    desk_id = request.args.get("desk", "")
    status = request.args.get("status", queue.OPEN)
    lane = request.args.get("lane", "")
    return Filter(
        desk_id=desk_id if desk_id in {desk.id for desk in mine} else mine[0].id,
        status=status if status in _STATES else queue.OPEN,
        language=_language(),
        exhibit_id=_id("exhibit"),
        lane=lane if lane in words.LANES else None,
        assignee=_assignee(),
        label_id=_id("label"),
        age=queue.age(request.args.get("age", ""), clock.now()),
        has_files=request.args.get("files") == "yes",
        unproven=request.args.get("unproven") == "yes",
        every=request.args.get("every") == "yes",
    )


def address(wanted: Filter, **more: Any) -> dict[str, Any]:
    """The parts of an address that carry a filter on, for ``url_for``; what is not asked for is left out."""
    parts: dict[str, Any] = {
        "desk": wanted.desk_id,
        "status": None if wanted.status == queue.OPEN else wanted.status,
        "language": wanted.language,
        "exhibit": wanted.exhibit_id,
        "lane": wanted.lane,
        "assignee": wanted.assignee,
        "label": wanted.label_id,
        "age": wanted.age.code if wanted.age else None,
        "files": "yes" if wanted.has_files else None,
        "unproven": "yes" if wanted.unproven else None,
        "every": "yes" if wanted.every else None,
        **more,
    }
    return {name: value for name, value in parts.items() if value is not None}


def is_narrowed(wanted: Filter) -> bool:
    """Whether anything but the desk was chosen."""
    return wanted != Filter(desk_id=wanted.desk_id)


def _language() -> int | None:
    raw = request.args.get("language", "")
    number = int(raw) if raw.isascii() and raw.isdecimal() and len(raw) < 10 else 0
    return number if languages.by_id(number) else None


def _id(name: str) -> str | None:
    raw = request.args.get(name, "")
    return raw if ID.fullmatch(raw) else None


def _assignee() -> str | None:
    raw = request.args.get("assignee", "")
    return raw if raw in (queue.ME, queue.NOBODY) else _id("assignee")
