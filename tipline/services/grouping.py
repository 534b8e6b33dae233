"""Writing down which tips are alike, so that little moves: groups keep their names, and what a person decided stays."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select

from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.group import AnswerGroup, GroupMember
from tipline.models.tip import Tip
from tipline.services import group_leads
from tipline.services.answers_alike import Alike

_TIPS, _GROUPS, _MEMBERS = table_of(Tip), table_of(AnswerGroup), table_of(GroupMember)
_CHUNK = 400


@dataclass(frozen=True)
class _Place:
    group_id: str | None
    reasons: str
    by_hand: bool


def write(desk_id: str, found: Sequence[Alike], now: dt.datetime) -> None:
    """Keep these groups of a desk. A tip that a person put somewhere, or took out, stays there."""
    before = _places([tip_id for alike in found for tip_id in alike.members])
    taken: set[str] = set()
    changed: set[str] = set()
    fresh: list[dict[str, Any]] = []
    moving: dict[str, _Place] = {}
    for alike in found:
        free = {one: why for one, why in alike.members.items() if one not in before or not before[one].by_hand}
        group_id = _known_as(alike, before, taken)
        if group_id is None:
            if len(free) < 2:
                continue
            group_id = new_id()
            fresh.append(
                {"id": group_id, "desk_id": desk_id, "lead_tip_id": min(free), "size": len(free), "changed_at": now}
            )
        taken.add(group_id)
        for tip_id, why in free.items():
            place = _Place(group_id, ",".join(why), by_hand=False)
            if before.get(tip_id) != place:
                moving[tip_id] = place
                changed.update({group_id, before[tip_id].group_id or group_id} if tip_id in before else {group_id})
    if fresh:
        db.run(insert(_GROUPS), fresh)
    _move(moving)
    for group_id in sorted(changed):
        group_leads.settle(group_id)


def _places(tip_ids: Sequence[str]) -> dict[str, _Place]:
    places: dict[str, _Place] = {}
    for start in range(0, len(tip_ids), _CHUNK):
        mine = select(_MEMBERS).where(_MEMBERS.c.tip_id.in_(tip_ids[start : start + _CHUNK]))
        places.update({row.tip_id: _Place(row.group_id, row.reasons, row.by_hand) for row in db.run(mine)})
    return places


def _known_as(alike: Alike, before: Mapping[str, _Place], taken: set[str]) -> str | None:
    """The group that most of these are in already; two answers are in one only where a person put them together."""
    counts = Counter(place.group_id for one in alike.members if (place := before.get(one)) and place.group_id)
    joined = {place.group_id for one in alike.members if (place := before.get(one)) and place.by_hand}
    for group_id, _number in counts.most_common():
        if group_id not in taken or group_id in joined:
            return group_id
    return None


def _move(moving: Mapping[str, _Place]) -> None:
    listed = sorted(moving)
    for start in range(0, len(listed), _CHUNK):
        ids = listed[start : start + _CHUNK]
        db.run(delete(_MEMBERS).where(_MEMBERS.c.tip_id.in_(ids)))
        db.run(
            insert(_MEMBERS),
            [
                {"tip_id": one, "group_id": moving[one].group_id, "reasons": moving[one].reasons, "by_hand": False}
                for one in ids
            ],
        )
