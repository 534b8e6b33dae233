"""Referrals and packages for tests, made by the real services, and the stock tools that open them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import factories
from tests.factories import Recipient, Team, write
from tipline.models.referral import Package
from tipline.services import assessments, notes, proposals, referrals, reveals, seals, statements
from tipline.services.wishes import TipWish, Wish

SANITISED = "The bag is sold in one shop only. MARKER-SANITISED"
IDENTITY = {"name": "Marker Person", "email": "marker@person.example", "phone": ""}


def ready_tip(team: Team, now: dt.datetime, **more: Any) -> Any:
    """A tip that may be proposed: opened, graded, sanitised, with two statements, its files looked at."""
    sent = factories.make_tip(now, countries=("GR",), product="Woven bag", place="MARKER-PLACE", **more)
    opened = factories.open_tip(team, sent.ref, now)

    def work() -> None:
        assessments.assess_tip(opened, "X", "2", "Worked in the shop.", now)
        notes.sanitise_tip(opened, SANITISED, now)
        statements.write_statement(opened, "fact", "The seam is the same.", now.date(), now.date(), now)
        statements.write_statement(opened, "assessment", "Likely bought locally.", now.date(), None, now)
        for file in reveals.files(opened, now):
            reveals.reveal(opened, file.id, "small", now)

    write(work)
    return sent


def add_and_open(team: Team, sent: Any, now: dt.datetime, **more: Any) -> None:
    """Something that the sender added by receipt, opened and looked at by the first reviewer."""
    from sqlalchemy import select

    from tipline.extensions import db
    from tipline.models.tip import Addition
    from tipline.services import access, added

    factories.add_to_tip(sent.tip_id, now, **more)
    addition_id = db.session.scalars(select(Addition.id)).one()
    opened = access.access_tip(team.reviewer, sent.ref, now=now)
    write(lambda: added.open_addition(opened, addition_id, now))
    for file in reveals.files(opened, now):
        write(lambda file=file: reveals.reveal(opened, file.id, "small", now))


def files_of(team: Team, ref: str, now: dt.datetime) -> tuple[str, ...]:
    """The ids of a tip's files."""
    from tipline.services import access

    opened = write(lambda: access.access_tip(team.reviewer, ref, now=now))
    return tuple(file.id for file in write(lambda: reveals.files(opened, now)))


def a_wish(recipient: Recipient, **changes: Any) -> Wish:
    """An ordinary wish; keyword changes win."""
    plain = Wish(
        authority_id=recipient.authority_id,
        purpose="identify-place",
        legal_basis="led-national",
        urgency="3d",
        request="verify",
        handling=("H1", "H2"),
        why_you="The shop is in Volos.",
    )
    return dataclasses.replace(plain, **changes)


def draft(team: Team, recipient: Recipient, tip: TipWish, now: dt.datetime, **changes: Any) -> str:
    """A draft of the first reviewer."""
    return str(write(lambda: referrals.draft_referral(team.reviewer, a_wish(recipient, **changes), tip, now)))


def digest(person: Any, ref: str, now: dt.datetime) -> str:
    """What this person has read, as the page carries it."""
    return str(write(lambda: referrals.read_referral(person, ref, now)).digest)


def propose(team: Team, ref: str, now: dt.datetime) -> bool:
    """The first reviewer proposes."""
    seen = digest(team.reviewer, ref, now)
    return bool(write(lambda: proposals.propose(team.reviewer, ref, seen, now)))


def waiting(team: Team, recipient: Recipient, tip: TipWish, now: dt.datetime, **changes: Any) -> str:
    """A package that waits for the administrator; its reference."""
    ref = draft(team, recipient, tip, now, **changes)
    if propose(team, ref, now):
        chief = team.supervisors[1].person
        seen = digest(chief, ref, now)
        write(lambda: proposals.approve(chief, ref, seen, now))
        write(lambda: proposals.hand_over(chief, ref, now))
    else:
        write(lambda: proposals.hand_over(team.reviewer, ref, now))
    return ref.replace("REF-", "PKG-")


def row_of(ref: str) -> Package:
    """The package's row."""
    from sqlalchemy import select

    from tipline.extensions import db

    return db.session.scalars(select(Package).where(Package.ref == ref)).one()


def need_tools(*names: str) -> None:
    """Skip without these tools; where everything must run, fail instead."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing and os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(f"needs {', '.join(missing)}")
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")


def run(*command: str | Path, cwd: Path, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """One stock tool."""
    return subprocess.run([str(part) for part in command], cwd=cwd, input=given, capture_output=True, check=False)


class Desk:
    """The recipient's folder: key, the sender's certificate, and the five steps of VERIFY.txt."""

    def __init__(self, folder: Path, identity: str, now: dt.datetime) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "key.txt").write_text(identity + "\n")
        (folder / "SENDER.pem").write_bytes(seals.read_seal(now).cert_pem)

    def unpack(self, outer: bytes) -> None:
        """The plain tar that the administrator downloads."""
        assert run("tar", "-xf", "-", cwd=self.folder, given=outer).returncode == 0

    def verify(self, name: str, content: str, signature: str, cwd: Path) -> bool:
        """``openssl cms -verify`` with the certificate that was exchanged beforehand."""
        options = ["-verify", "-inform", "DER", "-binary", "-nointern", "-purpose", "any", "-no_check_time"]
        pem = self.folder / "SENDER.pem"
        done = run(
            "openssl", "cms", *options, "-in", signature, "-content", content, "-certfile", pem, "-CAfile", pem,
            "-out", name, cwd=cwd,
        )  # fmt: skip
        return done.returncode == 0

    def open(self, ref: str) -> bool:
        """``age -d | tar -x``."""
        opened = run("age", "-d", "-i", "key.txt", f"{ref}.tar.age", cwd=self.folder)
        if opened.returncode != 0:
            return False
        return run("tar", "-xf", "-", cwd=self.folder, given=opened.stdout).returncode == 0

    def valid_bag(self, ref: str) -> bool:
        """``bagit.py --validate``."""
        return run(sys.executable, "-m", "bagit", "--validate", ref, cwd=self.folder).returncode == 0
