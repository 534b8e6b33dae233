"""Search at one desk: first build with its sealed segments, second start from them, answers, and memory.

Run ``python -m bench.search [TIPS]``, 100,000 by default; it ends with 1 when an aim is missed. It works in a temporary
folder with the embedded database, on tips that are sealed as real ones are; building and answering run in processes of
their own, as a server would, and through the pages that a reviewer uses. What is held against the aims is processor
time, because others may be at work on the machine; the time on the clock stands beside it.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import random
import re
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import insert

from tests import factories
from tests.factories import Known
from tests.pages import Form, PageClient
from tipline import clock, create_app
from tipline.crypto import envelope, keys, sealing
from tipline.crypto.keys import Purpose
from tipline.crypto.passwords import Cost
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.tip import Tip, TipKey, TipRecord
from tipline.services import accounts, schema, seal_targets
from tipline.services.answers import ANSWERS, Answers
from tipline.staff.search import KEEPER

TIPS = 100_000
BATCH = 2_000
WORDS_OF_A_TIP = (20, 70)
EACH = 50  # searches of one kind
LOOK_SECONDS = 2  # between two looks at the page that tells how far it is
MOST_FIRST, MOST_SECOND, MOST_ANSWER, MOST_MEMORY = 60.0, 5.0, 50.0, 400.0
NOW = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
HOURS = 8_000  # over which the tips came
SYLLABLES = (
    "ba ko ri ten sá lo če ži ła ų ñe ün ør æl þa ße ħa ġi ő ů ț ă ve mo da",
    "και το νο τά λα ρι σε πό μα θή ού ός",
    "ва но ти ре ка ст ой ёл ще ъл ми до",
)


def main() -> None:
    """Fill a desk, measure in processes of their own, print each aim beside its figure, and fail when one is missed."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else TIPS
    with tempfile.TemporaryDirectory() as folder:
        with _served(folder):
            known, desk_id = _set_up()
            start = time.perf_counter()
            _fill(desk_id, size)
            print(f"{size:,} tips sealed in {time.perf_counter() - start:.0f} s (not measured)")
        fresh, missed = multiprocessing.get_context("spawn"), 0
        for first in (True, False):
            with fresh.Pool(1) as pool:
                missed += pool.apply(_measure, (folder, known), {"first": first})
    sys.exit(1 if missed else 0)


def _measure(folder: str, known: Known, *, first: bool) -> int:
    """Search in a new process, from nothing or from the sealed segments; how many aims were missed."""
    with _served(folder) as app:
        client = PageClient(app)
        factories.sign_in(client, known, NOW)
        form = client.page("/staff/search/reason").form("reason_code")
        FlaskClient.open(client, form.action, method="POST", data={**form.values, "reason_code": "assigned_work"})
        missed = _start(client, "first build" if first else "second start", MOST_FIRST if first else MOST_SECOND)
        if not first:
            missed += _answers(client)
        missed += _line("memory at most", _memory(), MOST_MEMORY, "MB")
        app.extensions[KEEPER].close()
    return missed


def _start(client: PageClient, title: str, aim: float) -> int:
    """Wait as a browser does until every tip can be found."""
    cpu, wall, seen = time.process_time(), time.perf_counter(), set()
    while not (page := _get(client, "/staff/search/progress")).location:
        seen |= set(re.findall(r'<progress[^>]* value="(\d+)"', page.text))
        time.sleep(LOOK_SECONDS if aim > MOST_SECOND else LOOK_SECONDS / 10)
    spent = time.process_time() - cpu
    told = f"{time.perf_counter() - wall:.1f} s on the clock, {len(seen)} figures on the page of progress"
    return _line(title, spent, aim, "s", told)


def _answers(client: PageClient) -> int:
    form = client.page("/staff/search").form("words")
    chance = random.Random(7)
    words, _ = _vocabulary()
    kinds: dict[str, Callable[[], str]] = {
        "a common word": lambda: words[chance.randrange(20)],
        "a rare word": lambda: words[chance.randrange(2_000, len(words))],
        "two words": lambda: f"{words[chance.randrange(50)]} {words[chance.randrange(2_000)]}",
        "a phrase": lambda: f'"{words[chance.randrange(50)]} {words[chance.randrange(50)]}"',
        "a beginning": lambda: f"{words[chance.randrange(3_000)][:3]}*",
        "nothing": lambda: "qqqqqq",
        "common, filter of nothing": lambda: words[chance.randrange(20)],
    }
    spent, walls = [], []
    for kind, made in kinds.items():
        narrowed = f"&exhibit={'0' * 32}" if "filter" in kind else ""
        times = [_time(client, form, made(), narrowed) for _ in range(EACH)]
        spent += [cpu for cpu, _ in times]
        walls += [wall for _, wall in times]
        print(f"  {kind:<28}{_share(spent[-EACH:], 0.5) * 1_000:>6.1f} ms median")
    told = f"{_share(walls, 0.95) * 1_000:.0f} ms on the clock, {len(spent)} searches"
    return _line("answers at p95", _share(spent, 0.95) * 1_000, MOST_ANSWER, "ms", told)


def _time(client: PageClient, form: Form, typed: str, narrowed: str) -> tuple[float, float]:
    """Processor time and time on the clock of one search: the words are posted, and the page that they lead to."""
    data = {**form.values, "words": typed}
    cpu, wall = time.process_time(), time.perf_counter()
    kept = FlaskClient.open(client, form.action, method="POST", data=data)
    _get(client, f"{kept.location}{narrowed}")
    return time.process_time() - cpu, time.perf_counter() - wall


def _get(client: PageClient, path: str) -> Any:
    """The answer as it was sent, without the tests' look at it."""
    answer = FlaskClient.open(client, path)
    if answer.status_code not in (200, 302):
        raise RuntimeError(f"{path}: {answer.status}")
    return answer


def _line(title: str, figure: float, aim: float, unit: str, told: str = "") -> int:
    is_missed = figure > aim
    verdict = "  missed" if is_missed else ""
    print(f"{title:<16}{figure:>8.1f} {unit:<3}aim: under {aim:.0f} {unit}{verdict}{'; ' + told if told else ''}")
    return int(is_missed)


def _share(times: list[float], share: float) -> float:
    return sorted(times)[int(len(times) * share)]


@contextmanager
def _served(folder: str) -> Iterator[Any]:
    accounts.COST = Cost(memory_kib=8, iterations=1, lanes=1)
    instance = Path(folder, "instance")
    instance.mkdir(exist_ok=True)
    url = f"sqlite:///{instance / 'tipline.db'}"
    schema.upgrade(url)
    clock.now = lambda: NOW  # type: ignore[assignment]
    yield create_app(instance=instance, secrets=Path(folder, "secrets"), database_url=url)
    db.end()
    db.engine.dispose()


def _set_up() -> tuple[Known, str]:
    """A desk and its reviewer."""
    team = factories.make_team(NOW)
    return team.reviewers[0], team.desk_id


def _fill(desk_id: str, size: int) -> None:
    chance = random.Random(1)
    vocabulary, weights = _vocabulary()
    target = seal_targets.current(desk_id)
    db.session.rollback()

    def write(start: int) -> None:
        tips, tip_keys, records = [], [], []
        for number in range(start, min(start + BATCH, size)):
            row = _row(desk_id, number, chance)
            text = " ".join(chance.choices(vocabulary, cum_weights=weights, k=chance.randint(*WORDS_OF_A_TIP)))
            key = keys.new_key()
            sealed = sealing.seal(key, target.content_public, target.label(Purpose.TIP_CONTENT, row["id"]))
            plain = Answers(narrative=text, tip_language=369, links=("https://shop.example/item",)).as_record()
            ciphertext = envelope.encrypt_record(key, plain, tip_id=row["id"], part=ANSWERS)
            tips.append(row)
            tip_keys.append(
                {"tip_id": row["id"], "purpose": "content", "desk_id": desk_id, "epoch": target.epoch, "sealed": sealed}
            )
            records.append(
                {
                    "id": secrets.token_hex(16),
                    "tip_id": row["id"],
                    "part": ANSWERS,
                    "version": 1,
                    "ciphertext": ciphertext,
                    "written_at": row["received_at"],
                }
            )
        for table, rows in ((Tip, tips), (TipKey, tip_keys), (TipRecord, records)):
            db.session.execute(insert(table_of(table)), rows)

    for start in range(0, size, BATCH):
        db.in_writing(lambda at=start: write(at))


def _row(desk_id: str, number: int, chance: random.Random) -> dict[str, Any]:
    return {
        "id": f"{chance.getrandbits(128):032x}",
        "ref": f"{number:07d}",
        "desk_id": desk_id,
        "ui_language": "en",
        "tip_language": 369,
        "received_at": NOW - dt.timedelta(hours=chance.randrange(HOURS)),
        "answers_size": 4096,
        "notice_version": "1",
        "profile": "national",
        "review_due_at": NOW,
    }


def _vocabulary() -> tuple[list[str], list[float]]:
    """30,000 words of three scripts, as common as words of a language are: the second half as often as the first."""
    chance = random.Random(3)
    words = {
        "".join(chance.choices(chance.choice(SYLLABLES).split(), k=chance.randint(1, 4))): None for _ in range(60_000)
    }
    listed = list(words)[:30_000]
    return listed, list(accumulate(1 / (place + 10) for place in range(len(listed))))


def _memory() -> float:
    """The most that this process has held, in MB: its own, and not what it began as a copy of."""
    held = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(held[1]) / 1024 if held else 0.0


if __name__ == "__main__":
    main()
