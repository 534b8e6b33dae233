"""Bringing the keys of a desk's tips over to a new epoch: how long, and how many a second.

Run ``python -m bench.resealing [KEYS]``; 100,000 unless told otherwise. It works in a temporary folder with the
embedded database and durable commits, batch by batch, as a member's session does. It fails when that costs more
processor time than the aim, which other programs on the machine do not change, or leaves anything behind.
"""

from __future__ import annotations

import datetime as dt
import secrets
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import insert, text

from tipline import config
from tipline.crypto.keys import Purpose, new_key
from tipline.crypto.passwords import Cost
from tipline.crypto.sealing import seal
from tipline.extensions import db
from tipline.models.tip import TipKey
from tipline.roles import Role
from tipline.services import accounts, desks, epochs, resealing, schema, seal_targets
from tipline.services.accounts import Person

KEYS = 100_000
AIM = 60.0  # seconds of the processor for KEYS
NOW = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
CAST = {"admin": Role.ADMINISTRATOR, "first": Role.SUPERVISOR, "second": Role.SUPERVISOR, "reviewer": Role.REVIEWER}


def main(keys: int = KEYS) -> None:
    """Seal so many keys to a desk, make new ones, bring all over, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        person, desk_id = _set_up(Path(folder))
        _fill(desk_id, keys)
        db.in_writing(lambda: db.session.execute(text("UPDATE desk SET renew_for = 'left', renew_asked_by = 'other'")))
        db.in_writing(lambda: epochs.renew(person, desk_id, NOW))
        start, batches, longest = time.perf_counter(), 0, 0.0
        work = time.process_time()
        while True:
            began = time.perf_counter()
            done = db.in_writing(lambda: resealing.reseal_batch(person, desk_id, NOW))
            longest = max(longest, time.perf_counter() - began)
            if not done:
                break
            batches += 1
        spent, work = time.perf_counter() - start, time.process_time() - work
        left = resealing.count_left(desk_id).total
        print(
            f"{keys:,} keys in {spent:.1f} s ({work:.1f} s of the processor), {keys / spent:,.0f} a second, "
            f"{batches} batches, the longest {longest * 1000:.0f} ms, {left} left"
        )
        db.end()
        db.engine.dispose()
    if left or work > AIM * keys / KEYS:
        sys.exit(f"missed: {AIM:.0f} s of the processor for {KEYS:,} keys, and none left")


def _set_up(folder: Path) -> tuple[Person, str]:
    accounts.COST = Cost(memory_kib=8, iterations=1, lanes=1)
    settings = config.use(config.from_environment({}, instance=folder / "instance", secrets=folder / "secrets"))
    settings.instance.mkdir()
    url = f"sqlite:///{settings.instance / 'tipline.db'}"
    schema.upgrade(url)
    db.connect(url)
    people = {name: db.in_writing(lambda n=name, r=role: _person(n, r)) for name, role in CAST.items()}
    chiefs = [people["first"], people["second"]]
    desk_id, _codes = db.in_writing(
        lambda: desks.found_sample(people["admin"], "Desk", chiefs, [people["reviewer"]], NOW)
    )
    return people["first"], desk_id


def _person(name: str, role: Role) -> Person:
    account_id, seed, _secret = accounts.make_active(name, name.title(), {role}, "a-password-for-the-bench", NOW)
    return accounts.person_for(account_id, seed, NOW)


def _fill(desk_id: str, keys: int) -> None:
    target = seal_targets.current(desk_id)
    db.session.rollback()

    def write(count: int) -> None:
        rows = []
        for _ in range(count):
            name = secrets.token_hex(16)
            sealed = seal(new_key(), target.content_public, target.label(Purpose.TIP_CONTENT, name))
            rows.append({"tip_id": name, "purpose": "content", "desk_id": desk_id, "epoch": 1, "sealed": sealed})
        db.session.execute(insert(TipKey.__table__), rows)

    for start in range(0, keys, 5_000):
        db.in_writing(lambda at=start: write(min(5_000, keys - at)))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
