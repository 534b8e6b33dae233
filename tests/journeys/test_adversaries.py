"""Who cannot read a tip: each of them tries, through every route, by the services, and with everything they hold.

Every test has its positive control in the same set-up: the same means in the right hands do read the tip.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from typing import Any

import pyotp
import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from sqlalchemy import select

from tests import disclosure, factories
from tests.factories import PASSWORD, Known, Team, write
from tests.journeys.burglar import Burglar
from tests.pages import PageClient
from tipline import config
from tipline.crypto import age, opening
from tipline.errors import BadInput, NeedsSecondPerson, NotAllowed, NotFound, ReferralRefused, Refused, WrongState
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.referral import Package
from tipline.models.tip import Attachment
from tipline.roles import Role
from tipline.services import (
    access,
    accounts,
    approval_lists,
    approvals,
    authorities,
    desks,
    dossier,
    excerpts,
    factors,
    invitations,
    passwords,
    proposals,
    queue,
    recipients,
    recovery,
    referrals,
    releases,
    standing,
    tips,
)
from tipline.services.accounts import Person
from tipline.services.wishes import TipWish
from tipline.web import signin, trying

REASON = ("assigned_work", "")
FILE = b"%PDF-1.7\nMARKER-FILE\n" + b"x" * 5000
MARKERS = ("MARKER-NARRATIVE", "MARKER-PLACE", "MARKER-FILE", "MARKER-NAME", "MARKER-SANITISED", "Marker Person")


@dataclass(frozen=True)
class World:
    """A tip with everything in it, worked on and referred; and somebody of another desk."""

    app: Flask
    settings: config.Settings
    team: Team
    other: Team
    ref: str
    receipt: str
    tip_id: str
    package: str
    identity: str
    values: dict[str, str]


@pytest.fixture
def world(app: Flask, settings: config.Settings, now: dt.datetime) -> World:
    team, other = factories.make_team(now), factories.make_team(now)
    exhibit = factories.make_exhibit(team, now)
    recipient = factories.make_authority(team, now)
    files = [("MARKER-NAME.pdf", FILE)]
    sent = factories.make_tip(now, exhibit_ref=exhibit, files=files, identity=disclosure.IDENTITY, place="MARKER-PLACE")
    referred = disclosure.ready_tip(team, now)
    package = disclosure.waiting(team, recipient, TipWish(referred.ref), now)
    factories.open_tip(team, sent.ref, now)
    write(lambda: access.open_tip(team.supervisor, sent.ref, *REASON, now))
    values = {
        "lang_code": "en",
        "exhibit": exhibit,
        "ref": sent.ref,
        "package": package,
        "referral": package.replace("PKG-", "REF-"),
        "desk_id": team.desk_id,
        "account_id": team.reviewers[1].person.id,
        "authority_id": recipient.authority_id,
        "key_id": recipient.key_id,
        "attachment_id": db.session.scalars(select(Attachment.id).where(Attachment.tip_id == sent.tip_id)).one(),
        "size": "small",
    }
    db.end()
    return World(app, settings, team, other, sent.ref, sent.receipt, sent.tip_id, package, recipient.identity, values)


def markers_in(text: bytes) -> set[str]:
    return {marker for marker in MARKERS if marker.encode() in text}


def addresses(world: World) -> list[tuple[str, str]]:
    """Every route with every method, leading to the tip, its file, its referral and its package."""
    found = []
    for rule in world.app.url_map.iter_rules():
        values = {name: world.values.get(name, "missing") for name in rule.arguments}
        for part, name in (("/exhibits/", "exhibit"), ("/referrals/", "referral"), ("/releases/", "package")):
            if part in rule.rule and "ref" in values:
                values["ref"] = world.values[name]
        if rule.endpoint in {
            "static",
            "staff.quarantine_attachment",
            "staff.set_lane",
            "signin.sign_out",
            "signin.end_keys",
        }:
            continue  # they show nothing, and would shut the file or the session for the control
        path = rule.build({name: _typed(rule, name, value) for name, value in values.items()})[1]
        found += [(method, path) for method in rule.methods & {"GET", "POST"}]
    first = ("download", "identity", "open")  # before the posts that would close the tip
    found.sort(key=lambda one: (one[0], -(first.index(last) if (last := one[1].rpartition("/")[2]) in first else -1)))
    return [*found, ("GET", f"/staff/?desk={world.team.desk_id}"), ("GET", "/staff/?status=closed")]


def _typed(rule: Any, name: str, value: str) -> Any:
    return 1 if type(rule._converters[name]).__name__ == "IntegerConverter" else value


def seen_through_every_route(world: World, known: Known | None, now: dt.datetime) -> set[str]:
    """The words of the tip that somebody gets to see by asking for everything, with good tokens and good reasons."""
    browser = FlaskClient(world.app, Response)
    fields = {"reason_code": "assigned_work", "reason_text": "", "understood": "y", "receipt": world.receipt}
    seen: set[str] = set()
    token = ""
    for method, path in addresses(world):
        if not token:
            token = _come_in(browser, known, now)
        data = {**fields, "csrf_token": token} if method == "POST" else None
        answer = browser.open(path, method=method, data=data)
        assert answer.status_code < 500 or answer.status_code == 503, path
        seen |= markers_in(answer.get_data())
        if "/staff/sign-in" in answer.headers.get("Location", ""):
            token = ""  # some routes end the session
    return seen


def _come_in(browser: FlaskClient, known: Known | None, now: dt.datetime) -> str:
    """Sign in, if somebody is to, and return the token that this browser's forms carry."""
    if known is not None:
        factories.sign_in(browser, known, now)
    page = browser.get("/staff/account/password" if known is not None else "/en/receipt").get_data(as_text=True)
    return page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]


def read_by_the_services(world: World, person: Person, now: dt.datetime) -> set[str]:
    """What this person gets from every service that gives words of a tip."""
    attempts = (
        lambda: dossier.read(access.open_tip(person, world.ref, *REASON, now), now),
        lambda: dossier.read(access.access_tip(person, world.ref, now=now), now),
        lambda: access.read_answers(access.open_tip(person, world.ref, *REASON, now), now),
        lambda: access.open_identity(person, world.ref, *REASON, now),
        lambda: _all_excerpts(world, person, now),
        lambda: referrals.read_referral(person, world.values["referral"], now),
        lambda: proposals.preview(person, world.values["referral"], now).handover,
        lambda: b"".join(releases.download_package(person, world.package, now).pieces),
        lambda: releases.read_release(person, world.package, now),
    )
    seen: set[str] = set()
    for attempt in attempts:
        try:
            seen |= markers_in(_everything(write(attempt)))
        except Refused:
            db.session.rollback()
    return seen


def _all_excerpts(world: World, person: Person, now: dt.datetime) -> dict[str, str]:
    excerpts.switch_on(person, world.team.desk_id, *REASON, now)
    lines = queue.page(person, queue.Filter(world.team.desk_id)).lines
    return excerpts.excerpts(person, [line.tip for line in lines], now)


def _everything(value: Any) -> bytes:
    """Every text inside a value, also where its repr hides it."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return b"\n".join(_everything(one) for one in value.values())
    if isinstance(value, list | tuple | frozenset):
        return b"\n".join(_everything(one) for one in value)
    if hasattr(value, "__dataclass_fields__"):
        return b"\n".join(_everything(getattr(value, name)) for name in value.__dataclass_fields__)
    return str(value).encode()


def loot(world: World, *secrets: bytes) -> set[str]:
    """What can be read with these secrets and the whole database and instance folder."""
    db.end()
    return markers_in(Burglar(db.engine, world.settings.instance, *secrets).loot())


def everything_they_can(world: World, known: Known, now: dt.datetime) -> set[str]:
    """Routes, services, and their opened key with a copy of the database."""
    session = factories.start_session(known, now)
    return (
        seen_through_every_route(world, known, now)
        | read_by_the_services(world, known.person, now)
        | loot(world, known.person.seed, session.token.encode(), known.totp_secret.encode())
    )


def test_the_controls_the_reviewer_and_the_supervisor_do_read_the_tip_in_each_of_these_ways(
    world: World, now: dt.datetime
) -> None:
    content = {"MARKER-NARRATIVE", "MARKER-PLACE"}
    reviewer, chief = world.team.reviewers[0], world.team.supervisors[0]
    assert {*content, "MARKER-FILE", "MARKER-NAME"} <= seen_through_every_route(world, reviewer, now)
    assert "Marker Person" in seen_through_every_route(world, chief, now)
    assert content <= read_by_the_services(world, reviewer.person, now)
    assert "Marker Person" in read_by_the_services(world, chief.person, now)
    assert loot(world, chief.person.seed) == set(MARKERS)


def test_a_reviewer_never_reads_who_sent_it(world: World, now: dt.datetime) -> None:
    assert "Marker Person" not in everything_they_can(world, world.team.reviewers[0], now)


def test_an_administrator_cannot_read_a_tip(world: World, now: dt.datetime) -> None:
    assert everything_they_can(world, world.team.administrator, now) == set()


def test_an_auditor_cannot_read_a_tip(world: World, now: dt.datetime) -> None:
    assert everything_they_can(world, world.team.auditor, now) == set()


def test_a_reviewer_whom_nobody_let_in_cannot_read_a_tip(world: World, now: dt.datetime) -> None:
    named = factories.make_person(Role.REVIEWER, Role.SUPERVISOR, now=now)
    admin = world.team.administrator.person
    write(lambda: desks.name_member(admin, world.team.desk_id, named.person.id, now))
    assert everything_they_can(world, named, now) == set()


def test_the_people_of_another_desk_cannot_read_a_tip(world: World, now: dt.datetime) -> None:
    assert everything_they_can(world, world.other.supervisors[0], now) == set()


def test_a_signed_out_person_cannot_read_a_tip(world: World, now: dt.datetime) -> None:
    assert seen_through_every_route(world, None, now) == set()


def test_the_receipt_opens_the_mailbox_and_neither_answers_nor_files_nor_identity(
    world: World, now: dt.datetime
) -> None:
    burglar = Burglar(db.engine, world.settings.instance, world.receipt.encode())
    assert markers_in(burglar.loot()) == set()
    assert len(burglar.secrets) == 3  # the receipt, what it makes, and the mailbox key under it
    page = world.app.test_client()
    shown = page.submit(page.page("/en/receipt"), receipt=world.receipt)  # type: ignore[attr-defined]
    assert world.ref in shown.main
    assert markers_in(shown.html.encode()) == set()


# An administrator who tries to become somebody else


def join_as(invited: invitations.Invited, now: dt.datetime) -> Known:
    """Use an invitation's code, as whoever holds it can."""
    joining = write(lambda: invitations.check_code(invited.name, invited.code, now))
    seed, locked = invitations.new_keys(joining, PASSWORD)
    write(lambda: invitations.take_keys(joining, seed, locked, now))
    person = accounts.person_for(joining.account_id, seed, now)
    secret = factors.read_enrolment(person).secret
    write(lambda: invitations.finish_joining(person, pyotp.TOTP(secret).at(now), "device", now))
    return Known(accounts.person_for(joining.account_id, seed, now), PASSWORD, secret)


def deceive_colleague(world: World, now: dt.datetime) -> None:
    """The second administrator, who is taken in, agrees to what this one has proposed."""
    second = world.other.administrator.person
    for waits in approval_lists.waiting(second, now):
        write(lambda one=waits: approvals.approve(one.id, one.digest, second, now))


def invite_alias(world: World, now: dt.datetime) -> Known:
    """The administrator invites himself under another name, as a supervisor of the desk; alone he gets no code."""
    admin = world.team.administrator.person
    roles = {Role.REVIEWER, Role.SUPERVISOR}
    waiting = write(lambda: invitations.invite(admin, "alias", "New Colleague", roles, now))
    with pytest.raises(WrongState):
        write(lambda: invitations.invite_again(admin, waiting, now))
    deceive_colleague(world, now)
    alias = join_as(write(lambda: invitations.invite_again(admin, waiting, now)), now)
    write(lambda: desks.name_member(admin, world.team.desk_id, alias.person.id, now))
    return alias


def key_words(person: Person) -> str:
    return " ".join(accounts.read_account(person.id).key_words)


def test_an_administrator_who_invites_himself_under_another_name_cannot_read_a_tip(
    world: World, now: dt.datetime
) -> None:
    alias = invite_alias(world, now)
    me, desk_id = alias.person, world.team.desk_id
    assert everything_they_can(world, alias, now) == set()
    wrong_code = world.other.codes.content
    for trick in (
        lambda: desks.grant_member(me, desk_id, me.id, key_words(me), now),
        lambda: desks.grant_member(world.team.administrator.person, desk_id, me.id, key_words(me), now),
        lambda: desks.found_desk(me, desk_id, now),
        lambda: recovery.renew_codes(me, desk_id, now),
        lambda: recovery.use_code(me, desk_id, "content", wrong_code, now),
        lambda: desks.grant_member(world.team.supervisor, desk_id, me.id, key_words(world.team.reviewer), now),
    ):
        with pytest.raises(Refused):
            write(trick)
    assert everything_they_can(world, alias, now) == set()
    # What is left to him is to make a member of the desk take him for a colleague, by voice:
    write(lambda: desks.grant_member(world.team.supervisor, desk_id, me.id, key_words(me), now))
    assert "MARKER-NARRATIVE" in read_by_the_services(world, me, now)


def test_an_administrator_who_enters_his_own_key_as_an_authoritys_cannot_read_a_tip(
    world: World, now: dt.datetime
) -> None:
    admin, authority_id = world.team.administrator.person, world.values["authority_id"]
    identity, recipient = age.new_identity()
    key_id = write(lambda: recipients.enter_key(authority_id, recipient, admin, now))
    typed = " ".join(age.fingerprint(recipient).split()[-recipients.TYPED_GROUPS :])
    # The change has ended the open proposal and its package; nothing new can be proposed to this key,
    assert db.session.scalars(select(Package.state).where(Package.ref == world.package)).one() == "returned"
    with pytest.raises(ReferralRefused):
        authorities.usable(authority_id, now, world.team.desk_id)
    # and neither he nor any name that he invents can confirm it.
    alias = invite_alias(world, now).person
    for pretender in (admin, alias):
        with pytest.raises((NotAllowed, NeedsSecondPerson)):
            write(lambda one=pretender: recipients.confirm_key(key_id, typed, "telephone", one, now))
    with pytest.raises(BadInput):  # a supervisor who types what the authority itself reads out
        write(lambda: recipients.confirm_key(key_id, "0000 0000 0000 0000", "telephone", world.team.supervisor, now))
    # The supervisor of another desk whom he has deceived does not speak for this one.
    write(lambda: recipients.confirm_key(key_id, typed, "telephone", world.other.supervisor, now))
    with pytest.raises(ReferralRefused):
        authorities.usable(authority_id, now, world.team.desk_id)
    assert authorities.usable(authority_id, now, world.other.desk_id).recipient == recipient
    assert loot(world, identity.encode(), admin.seed) == set()


def test_what_an_administrator_releases_opens_for_the_authority_and_not_for_him(world: World, now: dt.datetime) -> None:
    admin = world.team.administrator.person
    page = releases.read_release(admin, world.package, now)
    write(lambda: releases.release(admin, world.package, page.sha256, now))
    outer = b"".join(write(lambda: releases.download_package(admin, world.package, now)).pieces)
    assert markers_in(outer) == set()
    start = outer.index(b"age-encryption.org/v1")
    sealed = outer[start : start + page.byte_count]
    opened = io.BytesIO()
    with pytest.raises(Refused):
        age.decrypt_stream(io.BytesIO(sealed), opened, age.new_identity()[0])
    assert opened.getvalue() == b""
    age.decrypt_stream(io.BytesIO(sealed), opened, world.identity)
    assert "MARKER-SANITISED" in markers_in(opened.getvalue())


def test_an_administrator_who_resets_a_second_factor_cannot_read_a_tip(
    world: World, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "REFUSAL_SECONDS", 0)
    admin, victim = world.team.administrator.person, world.team.supervisors[0]
    write(lambda: factors.propose_reset(admin, victim.person.id, now))
    reset = factors.waiting_resets(admin, now)[0]
    with pytest.raises(NeedsSecondPerson):
        write(lambda: factors.confirm_reset(admin, reset.id, now))
    alias = invite_alias(world, now).person
    with pytest.raises(NotFound):  # no supervisor of this desk before somebody let him in
        write(lambda: factors.confirm_reset(alias, reset.id, now))
    # Even when a second administrator agrees, there is a password to know, and it was never shown to anybody.
    second = factories.make_person(Role.ADMINISTRATOR, now=now)
    write(lambda: factors.confirm_reset(second.person, reset.id, now))
    browser: PageClient = world.app.test_client()  # type: ignore[assignment]
    name = victim.person.name
    page = browser.submit(browser.page("/staff/sign-in"), name=name, password="guess-after-guess-after", code="")
    assert page.errors
    assert browser.page("/staff/").h1 == "Sign in"
    assert loot(world, admin.seed, second.person.seed) == set()
    right = browser.submit(page, name=name, password=PASSWORD, code="")
    assert right.h1 == "Set up your second factor"


def test_an_administrator_who_takes_an_account_over_with_a_new_password_gets_an_empty_one(
    world: World, now: dt.datetime
) -> None:
    admin, victim = world.team.administrator.person, world.team.supervisors[0].person
    taken = join_as(write(lambda: invitations.invite_again(admin, victim.id, now)), now)
    assert taken.person.id == victim.id
    assert everything_they_can(world, taken, now) == set()
    for trick in (
        lambda: recipients.confirm_key(world.values["key_id"], "", "telephone", taken.person, now),
        lambda: desks.found_desk(taken.person, world.team.desk_id, now),
        lambda: recovery.renew_codes(taken.person, world.team.desk_id, now),
        lambda: tips.assign_tip(taken.person, world.ref, taken.person.id, now),
    ):
        with pytest.raises(Refused):
            write(trick)
    # The desk sees it: the colleague waits to be let in anew, under other words.
    page = desks.seats_of(taken.person)
    assert [(seat.standing, seat.keys) for seat in page] == [("named", frozenset())]
    words = accounts.key_words(opening.public_key(victim.seed), passwords.words())
    assert accounts.read_account(victim.id).key_words != words


# What is over


def test_a_session_that_has_ended_opens_nothing(world: World, now: dt.datetime, clock: Any) -> None:
    reviewer = world.team.reviewers[0]
    path = f"/staff/tips/{world.ref}"
    admin = world.team.administrator.person

    def stolen() -> Any:
        """A copy of a cookie that still works."""
        browser: Any = world.app.test_client()
        factories.sign_in(browser, reviewer, clock.now)
        assert "MARKER-NARRATIVE" in browser.get(path).get_data(as_text=True)
        return browser

    def closed(browser: Any) -> bool:
        answer = browser.get(path)
        return answer.status_code == 303 and "/staff/sign-in" in answer.headers["Location"]

    owner, thief = stolen(), stolen()
    with owner.session_transaction("/staff/") as cookie:
        token = cookie[signin.TOKEN]
    with thief.session_transaction("/staff/") as cookie:
        cookie[signin.TOKEN] = token
    owner.submit(owner.page("/staff/account"), action="sign-out")
    assert closed(thief)
    idle = stolen()
    clock.advance(minutes=30)
    assert closed(idle)
    suspended = stolen()
    write(lambda: standing.suspend_account(admin, reviewer.person.id, clock.now))
    assert closed(suspended)
    write(lambda: standing.restore_account(admin, reviewer.person.id, clock.now))
    changed = stolen()
    roles = {Role.REVIEWER, Role.SUPERVISOR}
    write(lambda: standing.change_account(admin, reviewer.person.id, "Person", roles, clock.now))
    deceive_colleague(world, clock.now)
    assert closed(changed)


def test_somebody_who_was_taken_off_the_desk_reads_nothing_more(world: World, now: dt.datetime) -> None:
    reviewer = world.team.reviewers[0]
    browser: Any = world.app.test_client()
    factories.sign_in(browser, reviewer, now)
    assert "MARKER-NARRATIVE" in browser.get(f"/staff/tips/{world.ref}").get_data(as_text=True)
    admin = world.team.administrator.person
    write(lambda: desks.remove_member(admin, world.team.desk_id, reviewer.person.id, now))
    assert browser.get(f"/staff/tips/{world.ref}").location.endswith("/staff/sign-in")
    assert everything_they_can(world, reviewer, now) == set()


def test_a_removed_account_leaves_nothing_that_its_password_would_open(world: World, now: dt.datetime) -> None:
    admin, reviewer = world.team.administrator.person, world.team.reviewers[0]
    pepper = world.settings.secret("pepper")
    before = Burglar(db.engine, world.settings.instance, pepper=pepper)
    before.try_passwords([PASSWORD])
    assert reviewer.person.seed in before.secrets
    write(lambda: standing.remove_account(admin, reviewer.person.id, now))
    after = Burglar(db.engine, world.settings.instance, pepper=pepper)
    after.try_passwords([PASSWORD])
    assert reviewer.person.seed not in after.secrets
    assert db.session.get_one(Account, reviewer.person.id).locked_seed is None
    assert loot(world, reviewer.person.seed) == set()
