"""What an administrator does with packages: release, return, download, send, acknowledge; and what is refused."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from sqlalchemy import select, update

from tests import disclosure, factories
from tests.factories import write
from tipline.errors import (
    BadInput,
    DigestMismatch,
    NeedsSecondPerson,
    NotAllowed,
    NotFound,
    ReferralRefused,
    WrongState,
)
from tipline.extensions import db
from tipline.models.log import LogEntry
from tipline.models.referral import Authority, Package, Referral
from tipline.models.tip import Tip
from tipline.services import acknowledgements, packages, releases
from tipline.services.wishes import TipWish


class Case:
    """A desk, its administrator, and one package that waits."""

    def __init__(self, now: dt.datetime) -> None:
        self.team = factories.make_team(now)
        factories.make_exhibit(self.team, now)
        self.recipient = factories.make_authority(self.team, now)
        self.tip = disclosure.ready_tip(self.team, now)
        self.ref = disclosure.waiting(self.team, self.recipient, TipWish(self.tip.ref), now)
        self.admin = self.team.administrator.person

    @property
    def row(self) -> Package:
        return disclosure.row_of(self.ref)

    @property
    def status(self) -> str:
        return str(db.session.scalars(select(Tip.status).where(Tip.ref == self.tip.ref)).one())

    def release(self, now: dt.datetime) -> None:
        digest = self.row.sha256
        write(lambda: releases.release(self.admin, self.ref, digest, now))

    def send(self, now: dt.datetime) -> None:
        self.release(now)
        write(lambda: releases.mark_sent(self.admin, self.ref, "siena", now))

    def refusal(self, now: dt.datetime) -> str:
        with pytest.raises(ReferralRefused) as refused:
            self.release(now)
        return refused.value.reason


@pytest.fixture
def case(database: Any, now: dt.datetime) -> Case:
    return Case(now)


def events() -> list[tuple[str, str]]:
    rows = db.session.execute(select(LogEntry.event, LogEntry.operation).order_by(LogEntry.chain, LogEntry.seq))
    return [(row.event, row.operation) for row in rows]


def test_the_whole_way_out(case, now, clock):
    case.send(now)
    assert case.status == "referred"
    digest = case.row.tagmanifest_sha256
    write(lambda: releases.acknowledge(case.admin, case.ref, digest.upper(), "GR-2026-17", clock.advance(hours=5)))
    assert (case.row.state, case.status) == ("acknowledged", "acknowledged")
    for entry in (("package.built", "disclose"), ("package.released", "disclose"), ("package.sent", "transfer")):
        assert entry in events()


def test_the_transfer_is_logged_with_recipient_digest_and_basis(case, now):
    case.send(now)
    entry = db.session.scalars(select(LogEntry).where(LogEntry.event == "package.sent")).one()
    assert entry.recipient_id == case.recipient.authority_id
    assert entry.package_sha256 == case.row.sha256
    assert (entry.transfer_basis, entry.legal_basis) == ("member_state", "led-national")


def test_the_page_has_counts_and_no_word_of_a_tip(case, now):
    page = write(lambda: releases.read_release(case.admin, case.ref, now))
    assert page.cover["tips"] == 1
    assert page.obstacle is None
    shown = repr(page)
    for word in ("MARKER", "Volos", case.tip.ref):
        assert word not in shown


@pytest.mark.parametrize("who", ["reviewer", "supervisor"])
def test_only_administrators_release(case, now, who):
    person = getattr(case.team, who)
    with pytest.raises(NotAllowed):
        write(lambda: releases.release(person, case.ref, "", now))


def test_who_proposed_or_reviewed_does_not_release(case, now):
    write(lambda: db.session.execute(update(Referral).values(reviewed_by=case.admin.id)))
    with pytest.raises(NeedsSecondPerson):
        case.release(now)


def test_there_is_no_such_package(case, now):
    with pytest.raises(NotFound):
        write(lambda: releases.read_release(case.admin, "PKG-NOT-THERE", now))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"restricted": True}, "restricted"),
        ({"lane": "quarantine"}, "quarantined"),
        ({"revision": 99}, "edited"),
        ({"grade_pending": "A1"}, "grade-pending"),
    ],
)
def test_a_release_looks_at_every_tip_again(case, now, values, reason):
    write(lambda: db.session.execute(update(Tip).where(Tip.id == case.tip.tip_id).values(**values)))
    assert case.refusal(now) == reason


def test_a_release_needs_a_basis_that_holds(case, now):
    basis = {"country": "US", "transfer_basis": "agreement", "basis_expires_on": now.date() - dt.timedelta(days=1)}
    write(lambda: db.session.execute(update(Authority).values(**basis)))
    assert case.refusal(now) == "basis-expired"


def test_a_release_is_refused_after_72_hours(case, clock):
    assert case.refusal(clock.advance(hours=72)) == "expired"


def test_a_changed_key_ends_a_waiting_package(case, now):
    from tipline.crypto import age
    from tipline.services import recipients

    _identity, other = age.new_identity()
    write(lambda: recipients.enter_key(case.recipient.authority_id, other, case.admin, now))
    with pytest.raises((WrongState, ReferralRefused)):
        case.release(now)
    names = write(lambda: packages.erase_due_packages(now))
    assert len(names) == 1
    assert case.status == "assessed"


def test_another_digest_is_not_released(case, now):
    with pytest.raises(DigestMismatch):
        write(lambda: releases.release(case.admin, case.ref, "0" * 64, now))


def test_changed_bytes_are_not_released(case, now, settings):
    path = next((settings.instance / "files").rglob(case.row.stored_name))
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(DigestMismatch):
        case.release(now)


def test_nothing_is_downloaded_before_it_is_released(case, now):
    with pytest.raises(WrongState):
        write(lambda: releases.download_package(case.admin, case.ref, now))
    case.release(now)
    download = write(lambda: releases.download_package(case.admin, case.ref, now))
    assert len(b"".join(download.pieces)) == download.size
    assert ("package.downloaded", "disclose") in events()


def test_a_tip_restricted_after_the_release_stops_the_download(case, now):
    case.release(now)
    write(lambda: db.session.execute(update(Tip).where(Tip.id == case.tip.tip_id).values(restricted=True)))
    with pytest.raises(ReferralRefused):
        write(lambda: releases.download_package(case.admin, case.ref, now))


def test_a_returned_package_is_deleted_at_once_and_its_tips_come_back(case, now, settings):
    name = case.row.stored_name
    packages.discard(write(lambda: releases.return_package(case.admin, case.ref, "codes", now)))
    assert not list((settings.instance / "files").rglob(name))
    assert (case.row.state, case.row.stored_name, case.status) == ("returned", None, "assessed")
    with pytest.raises(WrongState):
        case.release(now)


def test_a_return_needs_a_known_reason(case, now):
    with pytest.raises(BadInput):
        write(lambda: releases.return_package(case.admin, case.ref, "because", now))


def test_a_wrong_digest_acknowledges_nothing(case, now):
    case.send(now)
    for digest in ("", "0" * 64, case.row.sha256):
        with pytest.raises(DigestMismatch):
            write(lambda digest=digest: releases.acknowledge(case.admin, case.ref, digest, "", now))
    assert case.row.state == "sent"


def test_an_acknowledgement_file_is_read(case):
    digest = "ab" * 32
    raw = json.dumps({"package": case.ref, "tagmanifest_sha256": digest, "reference": "GR-1"}).encode()
    assert acknowledgements.read_acknowledgement(case.ref, raw) == (digest, "GR-1")
    with pytest.raises(DigestMismatch):
        acknowledgements.read_acknowledgement("PKG-ANOTHER", raw)
    for bad in (b"", b"[]", b"{}", b"\xff", b'{"package": 1, "tagmanifest_sha256": 2}'):
        with pytest.raises(BadInput):
            acknowledgements.read_acknowledgement(case.ref, bad)


def test_a_missing_answer_is_marked_when_its_time_is_over(case, now, clock):
    case.send(now)
    assert not write(lambda: releases.list_packages(case.admin, "sent", now))[0].overdue
    assert write(lambda: releases.list_packages(case.admin, None, clock.advance(hours=73)))[0].overdue


def test_bytes_go_30_days_after_the_acknowledgement(case, now, clock):
    case.send(now)
    digest = case.row.tagmanifest_sha256
    write(lambda: releases.acknowledge(case.admin, case.ref, digest, "", now))
    assert write(lambda: packages.erase_due_packages(clock.advance(days=29))) == []
    assert len(write(lambda: packages.erase_due_packages(clock.advance(days=1)))) == 1
    assert case.row.state == "acknowledged"


def test_a_package_that_nobody_released_expires(case, clock):
    names = write(lambda: packages.erase_due_packages(clock.advance(hours=72)))
    assert len(names) == 1
    assert (case.row.state, case.status) == ("expired", "assessed")
    assert write(lambda: packages.erase_due_packages(clock.now)) == []


def test_a_tip_that_is_erased_ends_its_waiting_package(case, now):
    from tipline.services import retention

    write(lambda: retention.erase_tip(case.tip.tip_id, "request", case.team.supervisor.actor, now))
    assert len(write(lambda: packages.erase_due_packages(now))) == 1
    assert case.row.return_reason == "tip-changed"


def test_no_log_entry_no_release(case, now, monkeypatch):
    from tipline.services import log

    def broken(*_args, **_more):
        raise RuntimeError

    digest = case.row.sha256
    monkeypatch.setattr(log, "append", broken)
    with pytest.raises(RuntimeError):
        write(lambda: releases.release(case.admin, case.ref, digest, now))
    assert case.row.state == "waiting"
