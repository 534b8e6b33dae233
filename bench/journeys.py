"""Whole tip journeys without scripts (GET tip, POST, GET check, POST send, GET sent): per second, and their cost.

Starts the server itself, on an instance of its own, with durable commits; clients come from addresses across
127.0.0.0/8, faster than people, so the limits are off. Prints medians of five runs for one and two workers with one
and eight clients. Ends by itself.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.served import Browser, Served, begin, finish, served

RUNS = 5
JOURNEYS = {1: 60, 8: 400}
NARRATIVE = "I have seen this curtain in a hostel near the harbour, in the summer of 2013. " * 6


def one_run(server: Served, clients: int, journeys: int) -> tuple[float, float, int]:
    """Journeys a second, server milliseconds a journey, and how many failed."""
    failed: list[str] = []
    share = [journeys // clients + (number < journeys % clients) for number in range(clients)]

    def visit(number: int) -> None:
        for turn in range(share[number]):
            try:
                with Browser(server.port, f"127.{number + 1}.{turn // 250}.{turn % 250 + 1}") as browser:
                    finish(browser, begin(browser, NARRATIVE))
            except Exception as error:  # noqa: BLE001 - every failure counts
                failed.append(type(error).__name__)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(clients)]
    before, start = server.cpu_seconds(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed, used = time.perf_counter() - start, server.cpu_seconds() - before
    return journeys / elapsed, used / journeys * 1000, len(failed)


def main() -> None:
    """Run everything once."""
    print(f"{'workers':>7} {'clients':>7} {'journeys/s':>11} {'server ms each':>15} {'failed':>12}")
    for workers in (1, 2):
        with (
            tempfile.TemporaryDirectory(prefix="tipline-bench-") as folder,
            served(Path(folder), TIPLINE_WORKERS=str(workers), TIPLINE_TIPS_PER_HOUR="100000000") as server,
        ):
            one_run(server, 8, 60)  # caches fill
            for clients in (1, 8):
                runs = [one_run(server, clients, JOURNEYS[clients]) for _ in range(RUNS)]
                rate, cost = (statistics.median(run[place] for run in runs) for place in (0, 1))
                failed, total = sum(run[2] for run in runs), RUNS * JOURNEYS[clients]
                print(f"{workers:>7} {clients:>7} {rate:>11.0f} {cost:>15.1f} {failed:>5} of {total}", flush=True)


if __name__ == "__main__":
    main()
