"""What a large upload costs: memory while 500 MB arrive, and the time to send a tip with 1 KB or 500 MB attached.

Starts the server itself with the limit for one file raised; prints medians of five. Ends by itself.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.served import Browser, Served, begin, finish, served, token

RUNS = 5
SMALL, LARGE = 1024, 500 * 1024 * 1024
PIECE = b"0123456789abcdef" * 16384


def resident(server: Served) -> int:
    """Bytes of memory that the server's processes hold."""
    total = 0
    for pid in server.pids():
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
    return total


class Watch:
    """The most memory that was held between start and stop, over what was held before."""

    def __init__(self, server: Served) -> None:
        self._server = server
        self._before = self._most = resident(server)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def stop(self) -> int:
        """Growth in bytes."""
        self._stopped.set()
        self._thread.join()
        return self._most - self._before

    def _look(self) -> None:
        while not self._stopped.wait(0.02):
            self._most = max(self._most, resident(self._server))


def upload(browser: Browser, size: int) -> float:
    """Attach a PDF of that many bytes; MB a second."""
    page = browser.get("/en/tip/files")
    head = b'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + token(page).encode()
    head += b'\r\n--b\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'
    tail = b"\r\n--b--\r\n"
    start, left = time.perf_counter(), size
    browser.send_head(b"POST", "/en/tip/files", b"multipart/form-data; boundary=b", len(head) + size + len(tail))
    browser.send_body(head)
    while left:
        part = PIECE[:left]
        browser.send_body(part)
        left -= len(part)
    browser.send_body(tail)
    status = browser.answer().status
    if status != 303:
        raise RuntimeError(f"the upload was answered with {status}")
    return size / (time.perf_counter() - start) / 1e6


def one_run(server: Served, size: int) -> tuple[float, float, float]:
    """MB a second, MiB of growth, milliseconds to send."""
    with Browser(server.port) as browser:
        begin(browser)
        watch = Watch(server)
        try:
            speed = upload(browser, size)
        finally:
            growth = watch.stop()
        check = browser.get("/en/tip/check")
        start = time.perf_counter()
        finish(browser, check)
        return speed, growth / 1048576, (time.perf_counter() - start) * 1000


def main() -> None:
    """Run everything once."""
    with (
        tempfile.TemporaryDirectory(prefix="tipline-bench-") as folder,
        served(Path(folder), TIPLINE_MAX_FILE_MB="600", TIPLINE_THREADS="16") as server,
    ):
        for _ in range(3):
            one_run(server, SMALL)
        times = {}
        for size in (SMALL, LARGE):
            runs = [one_run(server, size) for _ in range(RUNS)]
            speed, growth, times[size] = (statistics.median(run[place] for run in runs) for place in range(3))
            print(
                f"{size:>10} bytes: {speed:6.0f} MB/s, memory grows by {growth:5.1f} MiB, sent in {times[size]:5.1f} ms"
            )
        print(f"sending with {LARGE} against {SMALL} bytes: {times[LARGE] / times[SMALL]:.2f} times as long")


if __name__ == "__main__":
    main()
