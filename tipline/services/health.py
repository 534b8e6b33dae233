"""What ``tipline doctor`` looks at. Every check is a plain answer; none shows a value that is secret."""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from tipline import config
from tipline.config import Settings
from tipline.crypto import signatures
from tipline.errors import KeyRefused
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.appeal import Appeal, Batch
from tipline.models.desk import DeskEpoch
from tipline.models.log import LogArrival, LogEntry
from tipline.models.tip import Hold, Tip
from tipline.services import backup, schema, seals

LEAST_FREE = 1 << 30
SEAL_WARNING = dt.timedelta(days=90)
JOBS_LATE = dt.timedelta(hours=26)


@dataclass(frozen=True)
class Check:
    """One answer. ``state``: good, warning, bad."""

    name: str
    state: str
    words: str


def check_all(now: dt.datetime) -> list[Check]:
    """Every check on this machine, in a fixed order."""
    settings = config.current()
    looks: tuple[Callable[[Settings, dt.datetime], Check], ...] = (
        _tables,
        _restore,
        _secrets,
        _sample,
        _address,
        _clock,
        _jobs,
        _desks,
        _seal,
        _holds,
        _disk,
        _swap,
        _core_dumps,
    )
    return [look(settings, now) for look in looks]


def has_sample() -> bool:
    """Whether this instance has sample accounts."""
    return db.session.execute(select(Account.id).where(Account.sample.is_(True)).limit(1)).first() is not None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tables(settings: Settings, _now: dt.datetime) -> Check:
    if schema.is_current(settings.database_url):
        return Check("tables", "good", "all migrations are in")
    return Check("tables", "bad", "migrations are missing: run `tipline setup`")


def _restore(_settings: Settings, _now: dt.datetime) -> Check:
    if backup.is_pending():
        return Check("restore", "bad", "a restore is not finished: run `tipline restore` again")
    return Check("restore", "good", "none is under way")


def _secrets(settings: Settings, _now: dt.datetime) -> Check:
    folder = settings.secrets
    if not folder.is_dir():
        return Check("secrets", "bad", "the folder is missing: run `tipline setup`")
    if folder == settings.instance or settings.instance in folder.parents:
        return Check("secrets", "bad", "TIPLINE_SECRETS lies inside the instance: a copy of one is a copy of both")
    loose = [path for path in (folder, *folder.iterdir()) if path.stat().st_mode & 0o077]
    if loose or settings.instance.stat().st_mode & 0o077:
        return Check(
            "secrets", "bad", "others may read the secrets or the instance: take their rights away (0700, 0600)"
        )
    return Check("secrets", "good", "outside the instance, for this user only")


def _sample(settings: Settings, _now: dt.datetime) -> Check:
    if not has_sample():
        return Check("sample", "good", "this instance has no sample")
    real = db.session.execute(select(Account.id).where(Account.sample.is_(False)).limit(1)).first()
    if real is not None:
        return Check("sample", "bad", "sample accounts beside real ones: start over in an empty folder")
    if not is_loopback(settings.host):
        return Check("sample", "bad", "a sample on an address that others can reach")
    return Check("sample", "warning", "this is a sample: nothing in it is real")


def _address(settings: Settings, _now: dt.datetime) -> Check:
    """Posters and share cards carry the public address; nobody else's word for it is taken."""
    if not settings.public_address:
        words = "TIPLINE_PUBLIC_ADDRESS is not set: posters carry the visitor's address, share cards have no picture"
        return Check("address", "warning", words)
    return Check("address", "good", settings.public_address)


def _clock(_settings: Settings, now: dt.datetime) -> Check:
    newest = db.session.execute(select(func.max(LogEntry.happened_at))).scalar()
    if newest is not None and newest > now + dt.timedelta(minutes=5):
        return Check("clock", "bad", "the log has entries from the future: is the clock right?")
    return Check("clock", "good", f"{now:%Y-%m-%d %H:%M} UTC")


def _jobs(_settings: Settings, now: dt.datetime) -> Check:
    oldest = db.session.execute(select(func.min(LogArrival.hour))).scalar()
    overdue = db.session.execute(
        select(func.min(Tip.review_due_at))
        .where(Tip.review_due_at < now - JOBS_LATE, Tip.restricted.is_(False))
        .where(~select(Hold.id).where(Hold.tip_id == Tip.id, Hold.lifted_at.is_(None)).exists())
    ).scalar()
    batch = select(Batch.id).where(Batch.state == "waiting", Batch.due_at < now - JOBS_LATE).limit(1)
    if overdue is not None or (oldest is not None and oldest < now - JOBS_LATE) or db.session.scalar(batch):
        return Check("jobs", "bad", "the clocks stand still: run `tipline jobs run` every five minutes")
    return Check("jobs", "good", "nothing is overdue")


def _desks(_settings: Settings, _now: dt.datetime) -> Check:
    current = select(DeskEpoch.desk_id).where(DeskEpoch.state == "current")
    closed = db.session.execute(
        select(func.count()).select_from(Appeal).where(Appeal.state == "published", Appeal.desk_id.not_in(current))
    ).scalar_one()
    if closed:
        return Check("desks", "bad", f"{closed} published appeals have a desk without a key: no tip can be taken")
    return Check("desks", "good", "every published appeal has a desk with a key")


def _seal(settings: Settings, now: dt.datetime) -> Check:
    path = settings.secrets / seals.CERTIFICATE
    if not path.exists():
        return Check("seal", "warning", "no certificate yet: `tipline setup` makes it (staff part only)")
    try:
        ends = signatures.certificate_ends(path.read_bytes())
    except KeyRefused:
        return Check("seal", "bad", "the certificate cannot be read")
    state = "bad" if ends <= now else "warning" if ends <= now + SEAL_WARNING else "good"
    return Check("seal", state, f"the certificate ends on {ends:%Y-%m-%d}")


def _holds(_settings: Settings, now: dt.datetime) -> Check:
    late = db.session.execute(
        select(func.count()).select_from(Hold).where(Hold.lifted_at.is_(None), Hold.review_on < now.date())
    ).scalar_one()
    if late:
        return Check("holds", "warning", f"{late} holds are past their review date")
    return Check("holds", "good", "none is past its review date")


def _disk(settings: Settings, _now: dt.datetime) -> Check:
    free = shutil.disk_usage(settings.instance).free
    state = "bad" if free < LEAST_FREE // 4 else "warning" if free < LEAST_FREE else "good"
    return Check("disk", state, f"{free / (1 << 30):.1f} GiB free")


def _core_dumps(_settings: Settings, _now: dt.datetime) -> Check:
    """Every process forbids them for itself; a program that collects the cores of all others can get round that."""
    try:
        pattern = Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8").strip()
    except OSError:
        return Check("cores", "warning", "cannot be seen here: make sure that no core dumps are kept")
    if pattern.startswith("|"):
        return Check("cores", "warning", "a program collects core dumps: make sure that it leaves tipline's alone")
    return Check("cores", "good", "forbidden for tipline's processes")


def _swap(_settings: Settings, _now: dt.datetime) -> Check:
    try:
        devices = Path("/proc/swaps").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return Check("swap", "warning", "cannot be seen here: make sure that it is off or encrypted")
    if devices:
        return Check("swap", "warning", "swap is on: make sure that it is encrypted")
    return Check("swap", "good", "off")
