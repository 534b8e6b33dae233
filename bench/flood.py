"""A flood: bots at full speed for a minute, and people who write slowly beside them: 95 of 100 must get through.

Once with bots and people who have scripts and solve what is asked, once without. The bots come from as many networks
as the second argument says (50), as fast as they are answered. Starts the server itself; ends by itself.
"""

from __future__ import annotations

import collections
import contextlib
import multiprocessing
import random
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.visitors import TIP, Refused, Visitor, address
from tests.served import Browser, Served, served

SECONDS = 60.0
PEOPLE = 100
NETWORKS = 50
BOTS = 48  # connections at a time


def attack(port: int, networks: int, end: float, counted: Any) -> None:
    """Bots in a process of their own, none of which ever waits.

    A third of them take the whole way to a tip, a third ask for pages on a connection that they keep, and a third post
    what looks like uploads.
    """
    answers: collections.Counter[str] = collections.Counter()

    def bot(number: int) -> None:
        chance = random.Random(number)
        while time.time() < end:
            here = address(50_000 + chance.randrange(networks))
            try:
                if number % 3 == 0:
                    _send(Visitor(port, here, scripts=False), answers)
                else:
                    _hammer(port, here, answers, uploads=number % 3 == 2)
            except (OSError, AssertionError):
                answers["failed"] += 1

    threads = [threading.Thread(target=bot, args=(number,)) for number in range(BOTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted.put(dict(answers))


def _send(visitor: Visitor, answers: collections.Counter[str]) -> None:
    try:
        visitor.send_a_tip(writing=0, reading=0)
        answers["tips"] += 1
    except Refused as error:
        answers[str(error).rpartition(" ")[2]] += 1
    finally:
        answers["requests"] += len(visitor.waited)


def _hammer(port: int, here: str, answers: collections.Counter[str], *, uploads: bool) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nx\r\n--b--\r\n'
    with Browser(port, here) as browser:
        for _ in range(50):
            if uploads:
                browser.send_head(b"POST", TIP, b"multipart/form-data; boundary=b", len(body), body)
            else:
                browser.send_head(b"GET", TIP)
            answers[str(browser.answer().status)] += 1
            answers["requests"] += 1


def one_run(server: Served, seconds: float, networks: int, *, scripts: bool) -> None:
    """Let them all come and print who got through."""
    counted: Any = multiprocessing.Queue()
    end = time.time() + seconds
    bots = multiprocessing.Process(target=attack, args=(server.port, networks, end, counted))
    bots.start()
    refused: collections.Counter[str] = collections.Counter()
    waited: list[float] = []

    def person(number: int) -> None:
        # All of them come, write and send while the flood lasts.
        time.sleep(2 + number * max(seconds - 17, 1) / PEOPLE)
        visitor = Visitor(server.port, address(number), scripts=scripts)
        try:
            visitor.send_a_tip()
        except (Refused, OSError, AssertionError) as error:
            refused[f"{type(error).__name__} {error}"] += 1
        waited.extend(visitor.waited)

    with ThreadPoolExecutor(PEOPLE) as pool:
        list(pool.map(person, range(PEOPLE)))
    late = time.time() - end
    answers = counted.get(timeout=120)
    bots.join()
    kind = "with" if scripts else "without"
    print(
        f"{kind:>7} scripts: {PEOPLE - sum(refused.values())} of {PEOPLE} people got through {dict(refused)}, ", end=""
    )
    print(f"answers: median {statistics.median(waited) * 1000:.0f} ms, slowest {max(waited) * 1000:.0f} ms")
    print(
        f"        bots: {answers.pop('requests') / seconds:.0f} requests a second, {answers}; last person {late:+.0f} s"
    )


def main() -> None:
    """Run both, each on a fresh instance."""
    given = [float(value) for value in sys.argv[1:]] if __name__ == "__main__" else []
    seconds, networks = (*given, *(SECONDS, NETWORKS)[len(given) :])
    for scripts in (True, False):
        with (
            contextlib.redirect_stderr(sys.stdout),
            tempfile.TemporaryDirectory(prefix="tipline-bench-") as folder,
            served(Path(folder)) as server,
        ):
            one_run(server, seconds, int(networks), scripts=scripts)


if __name__ == "__main__":
    main()
