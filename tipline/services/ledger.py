"""The erasure ledger: what was erased, kept outside backups, so that a restored backup erases it again (SECURITY 27).

One JSON line an erasure, in ``ledger/erasures.jsonl`` under the instance: a kind, a random id and a day. The line is
durable before the rows go: a crash in between at worst erases again what was due anyway.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tipline import config

KINDS = ("tip", "attachment", "package", "account")


@dataclass(frozen=True)
class Erasure:
    """One line of the ledger."""

    kind: str
    id: str
    erased_on: dt.date
    reason: str


def path() -> Path:
    """Where this instance's ledger lies; operators copy it elsewhere, never into a backup."""
    return config.current().instance / "ledger" / "erasures.jsonl"


def note(kind: str, ids: Iterable[str], *, reason: str, now: dt.datetime) -> None:
    """Write erasures down durably. Raises ValueError for an unknown kind, OSError when there is no room."""
    if kind not in KINDS:
        raise ValueError(f"the ledger knows no {kind!r}")
    lines = [
        json.dumps({"kind": kind, "id": one, "on": now.date().isoformat(), "reason": reason}, sort_keys=True)
        for one in ids
    ]
    if not lines:
        return
    target = path()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # One write of whole lines in append mode: processes that erase at the same time do not mix theirs.
    descriptor = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, ("\n".join(lines) + "\n").encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def entries(source: Path | None = None) -> Iterator[Erasure]:
    """Every erasure in a ledger, oldest first; a torn last line is passed over. A missing file is an empty ledger."""
    source = source or path()
    if not source.exists():
        return
    with source.open(encoding="ascii", errors="replace") as file:
        for line in file:
            try:
                raw = json.loads(line)
                yield Erasure(raw["kind"], raw["id"], dt.date.fromisoformat(raw["on"]), raw["reason"])
            except (ValueError, KeyError, TypeError):
                continue
