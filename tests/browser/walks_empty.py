"""The desk and the administration before the first tip: a desk is founded, nothing is published, nobody has written.

Its people come from ``tests.browser.newcomers``. Each walk stops at a page and gives its name; nothing is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.walker import Walker

DESK = {
    "queue": "/staff/",
    "queue-closed": "/staff/?status=closed",
    "labels": "/staff/labels",
    "views": "/staff/views",
    "groups": "/staff/groups",
    "first-hand": "/staff/first-hand",
    "requests": "/staff/requests",
    "referrals": "/staff/referrals",
    "approvals": "/staff/approvals",
    "quarantine": "/staff/quarantine",
    "authorities": "/staff/authorities",
    "statistics": "/staff/statistics",
    "desks": "/staff/desks",
    "account": "/staff/account",
    "welfare": "/staff/account/welfare",
}
OFFICE = {
    "home": "/admin/",
    "accounts": "/admin/accounts",
    "desks": "/admin/desks",
    "appeals": "/admin/appeals",
    "batches": "/admin/appeals/batches",
    "updates": "/admin/updates",
    "figures": "/admin/updates/figures",
    "authorities": "/admin/authorities",
    "releases": "/admin/releases",
    "approvals": "/admin/approvals",
    "statistics": "/admin/statistics",
    "drills": "/admin/drills",
}
LOG = {
    "log": "/admin/log",
    "clocks": "/admin/clocks",
    "requests": "/admin/requests",
    "segments": "/admin/log/segments",
    "statistics": "/admin/statistics",
    "drills": "/admin/drills",
}


def desk(walker: Walker) -> Iterator[str]:
    """A desk without a tip; a search of nothing comes last."""
    yield from _each(walker, DESK)
    walker.go("/staff/search")
    walker.fill(reason_code="supervision")
    walker.press("/search/reason")
    walker.fill(words="harbour")
    walker.press("/staff/search")
    yield "search"


def office(walker: Walker) -> Iterator[str]:
    """An administration with nothing to publish yet."""
    yield from _each(walker, OFFICE)


def log(walker: Walker) -> Iterator[str]:
    """What the auditor sees when nothing has happened but the founding."""
    yield from _each(walker, LOG)


def _each(walker: Walker, pages: dict[str, str]) -> Iterator[str]:
    for name, path in pages.items():
        walker.go(path)
        yield name


ROLES = {"reviewer": desk, "supervisor": desk, "administrator": office, "auditor": log}
