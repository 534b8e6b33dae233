"""The desk's pages at 1,000 and at 1,000,000 tips: server CPU of a whole request, medians, and the ratio of the two.

Run ``python -m bench.queue [SMALL LARGE]``. It works in a temporary folder with the embedded database. The tips share
one sealed blob: what is measured is reading, drawing and opening, and one tip that is opened in earnest.
"""

from __future__ import annotations

import datetime as dt
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import insert, select, text

from tests import factories
from tests.factories import Team
from tipline import clock, config, create_app
from tipline.crypto.passwords import Cost
from tipline.extensions import db
from tipline.models.tip import Tip
from tipline.services import accounts, labels, languages_found, saved_views, schema

SIZES = (1_000, 1_000_000)
RUNS = 5
LOOKS = 10  # pages in one run, so that one slow moment of the machine does not decide
NOW = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
LANGUAGES = (362, 368, 369, 370, 574)
STATUSES = ("received", "screened", "assigned", "assessed", "closed")
MOST_MS, MOST_RATIO = 15.0, 1.5


def main() -> None:
    """Measure both sizes in one run, print a line for each page, and fail when one misses its aim."""
    small, large = (int(word) for word in sys.argv[1:]) if len(sys.argv) > 1 else SIZES
    results = {size: _measure_at(size) for size in (small, large)}
    print(f"{'page':<44}{small:>12,}{large:>12,}{'ratio':>9}")
    missed = 0
    for name, few in results[small].items():
        many = results[large][name]
        is_missed = many > MOST_MS or many / few > MOST_RATIO
        missed += is_missed
        print(f"{name:<44}{few:>9.2f} ms{many:>9.2f} ms{many / few:>9.2f}{'  missed' if is_missed else ''}")
    sys.exit(1 if missed else 0)


def _measure_at(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        places = {"TIPLINE_INSTANCE": f"{folder}/instance", "TIPLINE_SECRETS": f"{folder}/secrets"}
        settings = config.from_environment(places)
        accounts.COST = Cost(memory_kib=8, iterations=1, lanes=1)
        settings.instance.mkdir()
        schema.upgrade(settings.database_url)
        app = create_app(**{name: getattr(settings, name) for name in ("instance", "secrets", "database_url")})
        clock.now = lambda: NOW  # type: ignore[assignment]
        team = factories.make_team(NOW)
        factories.make_exhibit(team, NOW)
        opened = factories.open_tip(team, factories.make_tip(NOW).ref, NOW)
        label_id = _fill(team, size)
        languages_found.prepare()  # once in the life of a process, beside its first pages
        client = app.test_client()
        factories.sign_in(client, team.reviewers[0], NOW)
        pages = _pages(team, opened.tip.ref, label_id)
        measured = {name: _median(lambda path=path: _get(client, path)) for name, path in pages.items()}
        db.end()
        db.engine.dispose()
        return measured


def _pages(team: Team, ref: str, label_id: str) -> dict[str, str]:
    middle = _middle_ref(team.desk_id)
    return {
        "queue, first": "/staff/",
        "queue, middle": f"/staff/?after={middle}",
        "queue, middle, back": f"/staff/?before={middle}",
        "one status": "/staff/?status=assessed",
        "closed": "/staff/?status=closed",
        "mine": "/staff/?assignee=me",
        "nobody's": "/staff/?assignee=nobody",
        "one language": "/staff/?language=368",
        "a language that nobody writes": "/staff/?language=371",
        "urgent": "/staff/?lane=urgent",
        "with files": "/staff/?files=yes",
        "unproven, none there": "/staff/?unproven=yes",
        "a label": f"/staff/?label={label_id}",
        "a label and a language": f"/staff/?label={label_id}&language=368",
        "the last 7 days": "/staff/?age=week",
        "older than 30 days": "/staff/?age=older-month",
        "status, language, lane, files and age": "/staff/?status=assessed&language=368&lane=normal&files=yes&age=week",
        "something was added": "/staff/?status=added",
        "the count of new ones": "/staff/new-tips",
        "an opened tip": f"/staff/tips/{ref}",
    }


def _get(client: Any, path: str) -> None:
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status}")


def _fill(team: Team, size: int) -> str:
    """Rows of tips, and a label on a hundred of them; returns the label."""
    chance = random.Random(1)
    ids = sorted(f"{chance.getrandbits(128):032x}" for _ in range(size))  # in the table's own order: ten times as fast

    def write(start: int) -> None:
        rows = [_row(team, ids[number], number, chance) for number in range(start, min(start + 5_000, size))]
        db.session.execute(insert(Tip.__table__), rows)

    indexes = _indexes()
    for index in indexes:
        db.in_writing(lambda name=index.name: db.session.execute(text(f"DROP INDEX {name}")))
    for start in range(0, size, 5_000):
        db.in_writing(lambda at=start: write(at))
    for index in indexes:
        db.in_writing(lambda made=index.sql: db.session.execute(text(made)))
    # Its name is sealed, like that of a kept view, so that every page opens a key for them.
    label_id = factories.write(lambda: labels.make(team.reviewer, team.desk_id, "Ask the lab", "new", NOW))
    factories.write(lambda: saved_views.save(team.reviewer, team.desk_id, "One language", "language=368", shared=True))
    some = db.session.scalars(select(Tip.ref).where(Tip.ref < "0000800").limit(100)).all()
    factories.write(lambda: [labels.put_on(team.reviewer, ref, label_id, NOW) for ref in some])
    return str(label_id)


def _indexes() -> Sequence[Any]:
    """What is built after the rows instead of with each of them."""
    wanted = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'tip' AND sql IS NOT NULL"
    return db.session.execute(text(wanted)).all()


def _row(team: Team, tip_id: str, number: int, chance: random.Random) -> dict[str, Any]:
    status = chance.choice(STATUSES)
    urgent = chance.random() < 0.05
    return {
        "id": tip_id,
        "ref": f"{number:07d}",
        "desk_id": team.desk_id,
        "ui_language": "en",
        "tip_language": chance.choice(LANGUAGES),
        "received_at": NOW - dt.timedelta(hours=chance.randrange(8_000)),
        "status": status,
        "closed": status == "closed",
        "lane": "urgent" if urgent else "normal",
        "urgent": urgent,
        "attachment_count": int(chance.random() < 0.3),
        "assignee_id": team.reviewer.id if chance.random() < 0.2 else None,
        "answers_size": 4096,
        "notice_version": "1",
        "profile": "national",
        "review_due_at": NOW,
    }


def _middle_ref(desk_id: str) -> str:
    order = (Tip.urgent.desc(), Tip.received_at.desc(), Tip.id.desc())
    mine = select(Tip.ref).where(Tip.desk_id == desk_id, Tip.closed.is_(False)).order_by(*order)
    return db.session.scalars(mine.offset(300)).first() or ""


def _median(look: Callable[[], Any]) -> float:
    look()
    return statistics.median(_time(look) for _ in range(RUNS))


def _time(look: Callable[[], Any]) -> float:
    start = time.process_time()
    for _ in range(LOOKS):
        look()
    return (time.process_time() - start) / LOOKS * 1_000


if __name__ == "__main__":
    main()
