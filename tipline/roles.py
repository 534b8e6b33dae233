"""The roles of people who sign in, and which of them may share a person."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; DESIGN's words for people."""

    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


DESK_ROLES = frozenset({Role.REVIEWER, Role.SUPERVISOR})


def may_share_a_person(roles: frozenset[Role]) -> bool:
    """Whether one person may hold all of these: administrator and auditor stand alone (SECURITY 8)."""
    return bool(roles) and (roles <= DESK_ROLES or len(roles) == 1)
