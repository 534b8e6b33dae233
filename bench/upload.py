"""Memory while 500 MB are uploaded, and the time that sending takes with 1 KB and with 500 MB attached.

Starts the server itself, with the limit for a file raised. Memory is the sum over all processes of the server; the
growth is its peak during the upload over what it was just before. Medians of nine for sending. Ends by itself.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import threading
import time
from pathlib import Path

from tests.served import Browser, Served, begin, served, token

RUNS = 5
SENDS = 9
MIB = 1024 * 1024
LARGE = 500 * MIB
SMALL = 1024
HEAD = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
PIECE = bytes(range(256)) * 1024


def main() -> None:
    """Run both and print a line for each."""
    with tempfile.TemporaryDirectory(prefix="tipline-bench-") as folder:
        variables = {"TIPLINE_MAX_FILE_MB": "600", "TIPLINE_DRAFT_CAP_MB": "65536"}
        with served(Path(folder), **variables) as server:
            upload(server, 8 * MIB)  # caches and modules are there
            growths, speeds = [], []
            for _ in range(RUNS):
                growth, seconds = watched_upload(server, LARGE)
                growths.append(growth)
                speeds.append(LARGE / MIB / seconds)
            print(
                f"500 MB upload: peak memory growth {statistics.median(growths) / MIB:.1f} MiB, "
                f"{statistics.median(speeds):.0f} MB/s"
            )
            times: dict[int, list[float]] = {SMALL: [], LARGE: []}
            for _ in range(SENDS):
                for size, kept in times.items():  # in turn, so that both see the same machine
                    kept.append(timed_send(server, size))
    small, large = (statistics.median(times[size]) * 1000 for size in (SMALL, LARGE))
    print(f"send: {small:.1f} ms with 1 KB attached, {large:.1f} ms with 500 MB: ratio {large / small:.2f}")


def upload(server: Served, size: int) -> Browser:
    """A visitor whose draft has one file of this size."""
    browser = Browser(server.port)
    begin(browser, "I have seen this curtain in a hostel near the harbour.")
    page = browser.get("/en/tip/files")
    head = b'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + token(page).encode()
    head += b'\r\n--b\r\nContent-Disposition: form-data; name="files"; filename="film.mp4"\r\n\r\n' + HEAD
    tail = b"\r\n--b--\r\n"
    total = len(head) + size - len(HEAD) + len(tail)
    browser.send_head(b"POST", "/en/tip/files", b"multipart/form-data; boundary=b", total, head)
    left = size - len(HEAD)
    while left > 0:
        part = PIECE[:left]
        browser.send_body(part)
        left -= len(part)
    browser.send_body(tail)
    answer = browser.answer()
    if answer.status != 303:
        raise RuntimeError(f"the upload was answered with {answer.status}")
    return browser


def watched_upload(server: Served, size: int) -> tuple[int, float]:
    """Bytes of memory that an upload adds at its peak, and its seconds."""
    before, peak, done = memory(server), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, memory(server))

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    try:
        upload(server, size).__exit__()
    finally:
        seconds = time.perf_counter() - start
        done.set()
        watcher.join()
    return max(0, peak - before), seconds


def memory(server: Served) -> int:
    """Resident bytes of all processes of the server, what they share counted once (PSS)."""
    total = 0
    for pid in server.pids():
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def timed_send(server: Served, size: int) -> float:
    """Seconds from pressing the button to the answer."""
    with upload(server, size) as browser:
        for _ in range(3):  # the page is looked at for a while: what the upload left to do is done by then
            check = browser.get("/en/tip/check")
        start = time.perf_counter()
        answer = browser.post("/en/tip/send", {"csrf_token": token(check), "acknowledge": "y"})
        seconds = time.perf_counter() - start
        if answer.status != 303:
            raise RuntimeError(f"sending was answered with {answer.status}")
    return seconds


if __name__ == "__main__":
    main()
