"""Work on one thing after the other, so that one that fails keeps none behind it."""

from __future__ import annotations

from collections.abc import Callable

from tipline.extensions import db


def do_each(due: Callable[[], list[str]], act: Callable[[str], int]) -> int:
    """Do what is due, each with transactions of its own, until nothing new is; the sum of what ``act`` returned.

    What was raised first rises when all have been tried.
    """
    done = 0
    passed: set[str] = set()
    failure: Exception | None = None
    while waiting := [one for one in due() if one not in passed]:
        db.session.rollback()
        for one in waiting:
            passed.add(one)
            try:
                done += act(one)
            except Exception as error:  # noqa: BLE001 - raised below
                failure = failure or error
    db.session.rollback()
    if failure is not None:
        raise failure
    return done
