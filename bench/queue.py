"""The queue's first and middle page at 1,000 and at 100,000 tips: medians of five, and the ratio between the two.

Run ``python -m bench.queue``. It works in a temporary folder with the embedded database, on rows without content:
the queue reads what is in clear only.
"""

from __future__ import annotations

import datetime as dt
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from tipline import config
from tipline.crypto.passwords import Cost
from tipline.extensions import db
from tipline.models.tip import Tip
from tipline.roles import Role
from tipline.services import accounts, desks, queue, schema
from tipline.services.accounts import Person
from tipline.services.queue import Filter

SIZES = (1_000, 100_000)
RUNS = 5
LOOKS = 20  # pages in one run, so that one slow moment of the machine does not decide
NOW = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
LANGUAGES = (362, 368, 369, 370, 574)
STATUSES = ("received", "screened", "assigned", "assessed", "closed")


def main() -> None:
    """Measure both sizes in one run and print a line for each page."""
    results = {size: _measure_at(size) for size in SIZES}
    small, large = SIZES
    print(f"{'page of the queue':<34}{small:>12,}{large:>12,}{'ratio':>9}")
    for name in results[small]:
        few, many = results[small][name], results[large][name]
        print(f"{name:<34}{few:>9.2f} ms{many:>9.2f} ms{many / few:>9.2f}")


def _measure_at(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        person, desk_id = _set_up(Path(folder))
        _fill(desk_id, size)
        middle = _middle_ref(desk_id)
        everything = Filter(desk_id)
        pages: dict[str, Callable[[], Any]] = {
            "first": lambda: queue.page(person, everything),
            "first, with its count": lambda: (queue.page(person, everything), queue.count(person, everything)),
            "middle": lambda: queue.page(person, everything, after=middle),
            "middle, back": lambda: queue.page(person, everything, before=middle),
            "one status, first": lambda: queue.page(person, replace(everything, status="assessed")),
            "mine, first": lambda: queue.page(person, replace(everything, assignee=queue.ME)),
            "one language, first": lambda: queue.page(person, replace(everything, language=368)),
            "nothing found, 2,000 rows read": lambda: queue.page(person, replace(everything, exhibit_id="0" * 32)),
        }
        measured = {name: _median(look) for name, look in pages.items()}
        db.end()
        db.engine.dispose()
        return measured


def _set_up(folder: Path) -> tuple[Person, str]:
    accounts.COST = Cost(memory_kib=8, iterations=1, lanes=1)
    settings = config.use(config.from_environment({}, instance=folder / "instance", secrets=folder / "secrets"))
    settings.instance.mkdir()
    url = f"sqlite:///{settings.instance / 'tipline.db'}"
    schema.upgrade(url)
    db.connect(url)
    people = {name: db.in_writing(lambda n=name, r=role: _person(n, r)) for name, role in _CAST.items()}
    desk_id, _codes = db.in_writing(
        lambda: desks.found_sample(
            people["admin"], "Desk", [people["first"], people["second"]], [people["reviewer"]], NOW
        )
    )
    return people["reviewer"], desk_id


_CAST = {
    "admin": Role.ADMINISTRATOR,
    "first": Role.SUPERVISOR,
    "second": Role.SUPERVISOR,
    "reviewer": Role.REVIEWER,
}


def _person(name: str, role: Role) -> Person:
    account_id, seed, _secret = accounts.make_active(name, name.title(), {role}, "a-password-for-the-bench", NOW)
    return accounts.person_for(account_id, seed, NOW)


def _fill(desk_id: str, size: int) -> None:
    chance = random.Random(1)
    reviewer = db.session.execute(select(accounts.Account.id).where(accounts.Account.name == "reviewer")).scalar_one()

    def write(start: int) -> None:
        rows = [_row(desk_id, reviewer, number, chance) for number in range(start, min(start + 5_000, size))]
        db.session.execute(insert(Tip.__table__), rows)

    for start in range(0, size, 5_000):
        db.in_writing(lambda at=start: write(at))


def _row(desk_id: str, reviewer: str, number: int, chance: random.Random) -> dict[str, Any]:
    status = chance.choice(STATUSES)
    urgent = chance.random() < 0.05
    return {
        "id": f"{chance.getrandbits(128):032x}",
        "ref": f"{number:07d}",
        "desk_id": desk_id,
        "ui_language": "en",
        "tip_language": chance.choice(LANGUAGES),
        "received_at": NOW - dt.timedelta(hours=chance.randrange(8_000)),
        "status": status,
        "closed": status == "closed",
        "lane": "urgent" if urgent else "normal",
        "urgent": urgent,
        "assignee_id": reviewer if chance.random() < 0.2 else None,
        "answers_size": 4096,
        "notice_version": "1",
        "profile": "national",
        "review_due_at": NOW,
    }


def _middle_ref(desk_id: str) -> str:
    order = (Tip.urgent.desc(), Tip.received_at.desc(), Tip.id.desc())
    refs = db.session.scalars(select(Tip.ref).where(Tip.desk_id == desk_id, Tip.closed.is_(False)).order_by(*order))
    listed = refs.all()
    return listed[len(listed) // 2]


def _median(look: Callable[[], Any]) -> float:
    look()
    return statistics.median(_time(look) for _ in range(RUNS))


def _time(look: Callable[[], Any]) -> float:
    start = time.perf_counter()
    for _ in range(LOOKS):
        look()
        db.session.rollback()
    return (time.perf_counter() - start) / LOOKS * 1_000


if __name__ == "__main__":
    main()
