"""A crowd: 20,000 tips an hour by people with and without scripts from 1,000 addresses, limits on, none refused.

Starts the server itself, with durable commits. Runs for a minute; `python -m bench.crowd 600` is the whole proof.
A third of the visitors has no scripts. Ends by itself.
"""

from __future__ import annotations

import collections
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.visitors import READING_SECONDS, WRITING_SECONDS, Refused, Visitor, address
from tests.served import Served, served

TIPS_PER_HOUR = 20_000
ADDRESSES = 1000
AT_ONCE = 160


def one_run(server: Served, seconds: float) -> tuple[int, float, collections.Counter[str], list[float]]:
    """Tips sent, the seconds that took, what was refused and why, and how long answers took."""
    refused: collections.Counter[str] = collections.Counter()
    waited: list[float] = []
    lock = threading.Lock()

    def visit(number: int) -> None:
        visitor = Visitor(server.port, address(number % ADDRESSES), scripts=number % 3 != 0)
        try:
            visitor.send_a_tip()
        except (Refused, OSError, AssertionError) as error:
            with lock:
                refused[f"{type(error).__name__} {error}"] += 1
        with lock:
            waited.extend(visitor.waited)

    number, start = 0, time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while (now := time.perf_counter() - start) < seconds:
            if number <= now * TIPS_PER_HOUR / 3600:
                pool.submit(visit, number)
                number += 1
            else:
                time.sleep(0.01)
    took = time.perf_counter() - start - WRITING_SECONDS - READING_SECONDS
    return number, took, refused, waited


def main() -> None:
    """Run it once."""
    seconds = float(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory(prefix="tipline-bench-") as folder, served(Path(folder)) as server:
        before = server.cpu_seconds()
        number, took, refused, waited = one_run(server, seconds)
        used = server.cpu_seconds() - before
    per_hour = number / took * 3600
    print(f"{number} tips in {took:.0f} s ({per_hour:,.0f} an hour), {sum(refused.values())} refused {dict(refused)}")
    cuts = statistics.quantiles(waited, n=100)
    print(f"answers: median {cuts[49] * 1000:.0f} ms, 99 of 100 within {cuts[98] * 1000:.0f} ms; ", end="")
    print(f"server {used / took * 100:.0f} % of one core")


if __name__ == "__main__":
    main()
