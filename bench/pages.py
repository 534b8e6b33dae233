"""What a look at the public pages costs: server CPU for each, and the bytes of a first view without its pictures.

Starts the server itself on the sample, once as it is and once with forty objects. A visitor's browser takes gzip and
has nothing yet; "asked again" sends the ETag back; "made anew" is what the first look after a change costs. Processor
time is what the kernel counts for the server's processes over some hundred requests; medians of five. Ends by itself.
"""

from __future__ import annotations

import gzip
import http.client
import itertools
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert, select

from tests.served import Served
from tests.served import free_port as find_port
from tipline import config
from tipline.extensions import db
from tipline.models.appeal import Exhibit, ExhibitPicture, ExhibitText
from tipline.models.base import new_id

RUNS = 5
LOOKS = 400
MANY = 40
LIMIT_MS, LIMIT_KIB = 3.0, 60.0
LINKED = re.compile(r'(?:href|src)="([^"]*/static/[^"]+)"')
IMPORTED = re.compile(r'from\s*"(\./[^"]+)"')


@dataclass(frozen=True)
class Look:
    """An answer as it came over the line."""

    status: int
    etag: str
    kind: str
    sent: bytes

    @property
    def text(self) -> str:
        """The page, unpacked."""
        return (gzip.decompress(self.sent) if self.sent[:2] == b"\x1f\x8b" else self.sent).decode()


class Visitor:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def look(self, path: str, etag: str = "") -> Look:
        """Get a page as a browser does."""
        headers = {"Accept-Encoding": "gzip", **({"If-None-Match": etag} if etag else {})}
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        return Look(answer.status, answer.headers.get("ETag", ""), answer.headers.get_content_type(), answer.read())


def main() -> None:
    """Print a line for each page, then the first view."""
    print(
        f"{'page':<34}{'server ms':>11}{'asked again':>13}{'made anew':>11}{'bytes':>9}   (at most {LIMIT_MS:.0f} ms)"
    )
    with tempfile.TemporaryDirectory(prefix="tipline-bench-") as name:
        server = sample_server(Path(name))
        exhibit = first_exhibit()
        for objects in (_count(), MANY):
            _make(objects)
            server.start()
            try:
                measure(server, f"gallery of {objects}, en", "/en/")
                measure(server, f"gallery of {objects}, el", "/el/")
                if objects < MANY:
                    for title, path in (("exhibit", exhibit), ("help", "/en/help"), ("privacy", "/en/privacy")):
                        measure(server, title, path)
                    first_view(server)
            finally:
                server.stop()


def measure(server: Served, title: str, path: str) -> None:
    """Print what one page costs the server, in full and when it has not changed."""
    visitor = Visitor(server.port)
    first = visitor.look(path)
    if first.status != 200:
        raise RuntimeError(f"{path} answered {first.status}")
    numbers = itertools.count()
    full = _cost(server, lambda: visitor.look(path))
    again = _cost(server, lambda: visitor.look(path, first.etag))
    anew = _cost(server, lambda: visitor.look(f"{path}?look={next(numbers)}"))
    print(f"{title:<34}{full:>11.2f}{again:>13.2f}{anew:>11.2f}{len(first.sent):>9,}", flush=True)


def first_view(server: Served) -> None:
    """Print the bytes of a first look at the gallery: page, style, scripts and drawings as they are sent."""
    visitor = Visitor(server.port)
    page = visitor.look("/en/")
    sizes, waiting = {"/en/": len(page.sent)}, LINKED.findall(page.text)
    while waiting:
        address = waiting.pop()
        if address not in sizes:
            found = visitor.look(address)
            sizes[address] = len(found.sent)
            if found.kind.endswith("javascript"):
                waiting += [f"{address.rpartition('/')[0]}/{name[2:]}" for name in IMPORTED.findall(found.text)]
    for address, size in sizes.items():
        print(f"  {size:>7,}  {address}")
    total = sum(sizes.values()) / 1024
    print(f"first view of the gallery without pictures: {total:.1f} KiB (at most {LIMIT_KIB:.0f})")


def _cost(server: Served, look: Callable[[], object]) -> float:
    """Server milliseconds of one look."""
    for _ in range(50):
        look()
    runs = []
    for _ in range(RUNS):
        before = server.cpu_seconds()
        for _ in range(LOOKS):
            look()
        runs.append((server.cpu_seconds() - before) / LOOKS * 1000)
    return statistics.median(runs)


def sample_server(folder: Path) -> Served:
    """A server, not yet started, of an instance with the sample's objects; the database is connected here too."""
    environment = {
        "TIPLINE_INSTANCE": str(folder / "instance"),
        "TIPLINE_SECRETS": str(folder / "secrets"),
        "TIPLINE_PARTS": "public",
        "PORT": str(find_port()),
    }
    everything = {**os.environ, **environment, "TIPLINE_PARTS": "public,staff,admin"}
    subprocess.run([sys.executable, "-m", "tipline", "sample"], env=everything, check=True, capture_output=True)
    settings = config.use(config.from_environment(environment))
    db.connect(settings.database_url)
    return Served(folder, settings.port, None, environment)  # type: ignore[arg-type]


def first_exhibit() -> str:
    ref = db.session.scalars(select(Exhibit.ref).where(Exhibit.state == "published").order_by(Exhibit.position)).first()
    return f"/en/exhibits/{ref}"


def _count() -> int:
    return len(db.session.scalars(select(Exhibit.id).where(Exhibit.state == "published")).all())


def _make(wanted: int) -> None:
    """So many published objects: further ones are copies of the first."""
    for number in range(_count(), wanted):
        db.in_writing(lambda at=number: _copy(at))
    db.end()


def _copy(number: int) -> None:
    made = new_id()
    for table, key in ((Exhibit, "id"), (ExhibitText, "exhibit_id"), (ExhibitPicture, "exhibit_id")):
        first = db.session.scalars(select(Exhibit.id).where(Exhibit.state == "published").order_by(Exhibit.position))
        rows = db.session.execute(select(table.__table__).where(getattr(table, key) == first.first())).mappings().all()
        for row in rows:
            new = {**row, key: made}
            if table is Exhibit:
                new |= {"ref": f"COPY{number:04d}", "position": number + 1}
            elif table is ExhibitPicture:
                new["id"] = new_id()
            db.session.execute(insert(table.__table__), new)


if __name__ == "__main__":
    main()
