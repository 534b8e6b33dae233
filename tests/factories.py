"""Things for tests to stand on, made by the services that make them in earnest: a test tip is a real sealed tip.

Every function commits what it makes. Services are imported where they are used, so that a test of one service does
not load them all.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import io
import itertools
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tipline import config
from tipline.extensions import db
from tipline.roles import Role

PASSWORD = "walnut-harbour-quilt-lantern-meadow-copper"
NARRATIVE = "I bought the same bag in a shop by the harbour in Volos. MARKER-NARRATIVE"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Known:
    """A person of a test with what they know by heart."""

    person: Any
    password: str = field(repr=False)
    totp_secret: str = field(repr=False)


@dataclass(frozen=True)
class Team:
    """One open desk with its people, and an administrator and an auditor beside it."""

    desk_id: str
    administrator: Known
    auditor: Known
    supervisors: tuple[Known, ...]
    reviewers: tuple[Known, ...]
    codes: Any = field(repr=False)

    @property
    def reviewer(self) -> Any:
        """The first reviewer, as a service sees them."""
        return self.reviewers[0].person

    @property
    def supervisor(self) -> Any:
        """The first supervisor, as a service sees them."""
        return self.supervisors[0].person


@dataclass(frozen=True)
class Recipient:
    """An authority with a confirmed key; ``identity`` is the private half that only its people have."""

    authority_id: str
    key_id: str
    identity: str = field(repr=False)


def write(act: Callable[[], Any]) -> Any:
    """Do this in a transaction of its own."""
    return db.in_writing(act)


def make_person(*roles: Role, now: dt.datetime, name: str = "", sample: bool = False) -> Known:
    """An active account that can sign in; a reviewer when no role is named."""
    from tipline.services import accounts

    number = next(_numbers)
    account_id, seed, secret = write(
        lambda: accounts.make_active(
            name or f"person{number}",
            f"Person {number}",
            roles or (Role.REVIEWER,),
            PASSWORD,
            now,
            sample=sample,
        )
    )
    person = accounts.person_for(account_id, seed, now)
    db.session.rollback()
    return Known(person, PASSWORD, secret)


_TEAMS: dict[tuple[Any, ...], tuple[Team, bytes, str]] = {}


def make_team(now: dt.datetime, *, reviewers: int = 2, supervisors: int = 2) -> Team:
    """An open desk: founded, everybody let in, both recovery codes confirmed by two supervisors.

    Made by the real steps once; an empty embedded database of a later test gets a copy of what they left.
    """
    key = (now, reviewers, supervisors)
    is_first = db.is_sqlite and _is_empty()
    if is_first and key in _TEAMS and not (config.current().secrets / "pepper").exists():
        team, pepper, kept = _TEAMS[key]
        config.current().keep_secret("pepper", pepper)
        _copy_database(kept, str(db.engine.url.database))
        return team
    team = _found_team(now, reviewers, supervisors)
    if is_first:
        kept = f"{_shelf().name}/{len(_TEAMS)}.db"
        _copy_database(str(db.engine.url.database), kept)
        _TEAMS[key] = (team, config.current().secret("pepper"), kept)
    return team


def _is_empty() -> bool:
    from tipline.services import accounts

    count = accounts.count_accounts()
    db.session.rollback()
    return count == 0


def _copy_database(source: str, target: str) -> None:
    with (
        contextlib.closing(sqlite3.connect(source)) as one,
        contextlib.closing(sqlite3.connect(target)) as other,
    ):
        one.backup(other)


@functools.cache
def _shelf() -> tempfile.TemporaryDirectory[str]:
    """Where this run keeps its copies."""
    return tempfile.TemporaryDirectory(prefix="tipline-tests-")


def _found_team(now: dt.datetime, reviewers: int, supervisors: int) -> Team:
    from tipline.services import desks

    administrator = make_person(Role.ADMINISTRATOR, now=now)
    auditor = make_person(Role.AUDITOR, now=now)
    chiefs = tuple(make_person(Role.REVIEWER, Role.SUPERVISOR, now=now) for _ in range(supervisors))
    others = tuple(make_person(Role.REVIEWER, now=now) for _ in range(reviewers))
    desk_id, codes = write(
        lambda: desks.found_sample(
            administrator.person,
            f"Desk {next(_numbers)}",
            [known.person for known in chiefs],
            [known.person for known in others],
            now,
        )
    )
    return Team(desk_id, administrator, auditor, chiefs, others, codes)


def make_exhibit(team: Team, now: dt.datetime, *, title: str = "Woven bag") -> str:
    """A published exhibit of a published appeal, with a picture; returns its reference."""
    from tipline.services import exhibits, publishing

    admin = team.administrator.person

    def make() -> str:
        words = publishing.AppealWords("Do you recognise this object?", "<p>Objects from pictures.</p>")
        slug = publishing.make_appeal(team.desk_id, words, admin, now)
        ref: str = exhibits.make_exhibit(
            slug,
            exhibits.ExhibitWords(title, "Where was this bag sold?", "<p>A woven bag.</p>", "A woven bag on a table."),
            admin,
            now,
        )
        exhibits.change_picture(ref, rendered(), admin, now)
        exhibits.publish_exhibit(ref, admin, now)
        publishing.publish(slug, admin, now)
        return ref

    return str(write(make))


def publish_update(
    team: Team, now: dt.datetime, *, title: str = "An object has been recognised", body: str = "Thank you."
) -> str:
    """A published update in English; returns its slug."""
    from tipline.services import announcing

    admin = team.administrator.person

    def make() -> str:
        slug = announcing.write(announcing.UpdateWords(title, body), admin, now)
        announcing.publish(slug, admin, now)
        return slug

    return str(write(make))


def enter_figures(team: Team, now: dt.datetime, *numbers: int | None) -> None:
    """Figures of the campaign, in their order: tips, objects, countries, children."""
    from tipline.services import figures

    write(lambda: figures.enter(figures.Counts(*numbers), now.date(), team.administrator.person, now))


def make_tip(
    now: dt.datetime,
    *,
    exhibit_ref: str | None = None,
    narrative: str = NARRATIVE,
    files: Sequence[tuple[str, bytes]] = (),
    identity: dict[str, str] | None = None,
    ui_language: str = "en",
    tip_language: int = 369,
    **answers: Any,
) -> Any:
    """A tip, sent as the public sends it; returns what the sender gets (ref, receipt) and its inner id."""
    from tipline.services import intake
    from tipline.services.answers import Answers, Identity

    new = intake.NewTip(
        exhibit_ref=exhibit_ref,
        ui_language=ui_language,
        answers=Answers(narrative=narrative, tip_language=tip_language, **answers),
        identity=Identity(**(identity or {})),
        files=[intake.NewFile(name, io.BytesIO(content)) for name, content in files],
    )
    return write(lambda: intake.submit_tip(new, now))


def add_to_tip(
    tip_id: str,
    now: dt.datetime,
    *,
    narrative: str = "It was the shop at the ferry. MARKER-ADDED",
    kind: str = "more",
    files: Sequence[tuple[str, bytes]] = (),
    message_id: str | None = None,
    **answers: Any,
) -> None:
    """Something added to a tip, sent as a sender with a receipt sends it."""
    from tipline.services import additions, drafts, intake
    from tipline.services.answers import Answers

    def add() -> None:
        target = additions.target(tip_id, kind, message_id)
        secret = drafts.new_secret()
        written = Answers(narrative=narrative, tip_language=369, **answers)
        draft = drafts.start_draft(
            secret, written, exhibit_id=None, desk_id=target.desk_id, now=now, adds_to=target.adds_to
        )
        if files:
            intake.attach(draft, [intake.NewFile(name, io.BytesIO(content)) for name, content in files], now)
        additions.send(secret, now)

    write(add)


def open_tip(team: Team, ref: str, now: dt.datetime, *, as_supervisor: bool = False) -> Any:
    """The tip, taken and opened by the desk's first reviewer (or supervisor), with a reason."""
    from tipline.services import access, tips

    person = team.supervisor if as_supervisor else team.reviewer
    write(lambda: tips.assign_tip(person, ref, person.id, now))
    return write(lambda: access.open_tip(person, ref, "assigned_work", "", now))


def make_authority(team: Team, now: dt.datetime, *, country: str = "GR", kind: str = "national_unit") -> Recipient:
    """An authority inside the Union with an age key that the desk's first supervisor has confirmed."""
    from tipline.crypto import age
    from tipline.services import authorities, recipients

    identity, recipient = age.new_identity()
    admin = team.administrator.person

    def make() -> tuple[str, str]:
        authority_id = authorities.enter_authority(
            authorities.AuthorityEntry(
                name=f"Example Police {next(_numbers)}",
                country=country,
                kind=kind,
                contact_point="Duty desk, extension 12",
                transfer_basis="member_state",
                basis_expires_on=None,
            ),
            admin,
            now,
        )
        key_id = recipients.enter_key(authority_id, recipient, admin, now)
        last_groups = " ".join(age.fingerprint(recipient).split()[-recipients.TYPED_GROUPS :])
        recipients.confirm_key(key_id, last_groups, recipients.CHANNELS[0], team.supervisor, now)
        return authority_id, key_id

    authority_id, key_id = write(make)
    return Recipient(authority_id, key_id, identity)


def start_session(known: Known, now: dt.datetime) -> Any:
    """A session of this person, as after name, password and code; its token is what a cookie would hold."""
    from tipline.services import sessions

    return write(lambda: sessions.start_session(known.person.id, known.person.seed, now))


def sign_in(client: Any, known: Known, now: dt.datetime) -> None:
    """Give the browser a session of this person."""
    from tipline.web import signin

    with client.session_transaction("/staff/") as session:
        session[signin.TOKEN] = start_session(known, now).token


def picture(*, colour: str = "teal", size: tuple[int, int] = (640, 480), form: str = "JPEG") -> bytes:
    """A small real picture."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, form)
    return stream.getvalue()


@functools.cache
def rendered() -> tuple[Any, ...]:
    """That picture in all the sizes that pages show."""
    from tipline.services import pictures

    return pictures.render(picture())
