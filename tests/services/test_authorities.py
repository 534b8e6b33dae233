"""Authorities, their keys and who may be written to."""

from __future__ import annotations

import datetime as dt
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.factories import Team, make_person, make_team
from tipline.crypto import age
from tipline.errors import BadInput, NeedsSecondPerson, NotAllowed, NotFound, ReferralRefused, WrongState
from tipline.extensions import Database, db
from tipline.models.log import LogEntry
from tipline.models.referral import AuthorityKey, Package, Referral
from tipline.roles import Role
from tipline.services import authorities, desks, recipients
from tipline.services.accounts import Person
from tipline.services.authorities import AuthorityEntry
from tipline.services.countries import countries

LISBON = AuthorityEntry("National unit, Lisbon", "PT", "national_unit", "Duty desk, +351 000", "member_state", None)
OTTAWA = AuthorityEntry("Police, Ottawa", "CA", "police", "Duty desk", "agreement", dt.date(2026, 12, 31))
ZERO = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqu6ww4t"


@pytest.fixture
def team(database: Database, now: dt.datetime) -> Team:
    return make_team(now)


@pytest.fixture
def lisbon(team: Team, now: dt.datetime) -> str:
    return authorities.enter_authority(LISBON, team.administrator.person, now)


@pytest.fixture
def key_id(lisbon: str, team: Team, now: dt.datetime) -> str:
    """A key that was entered and nobody has confirmed."""
    return recipients.enter_key(lisbon, age.new_identity()[1], team.administrator.person, now)


def make_supervisor(now: dt.datetime) -> Person:
    """Somebody with the role and no desk."""
    db.session.commit()
    person: Person = make_person(Role.SUPERVISOR, now=now).person
    return person


def last_groups(key_id: str) -> str:
    return " ".join(recipients.read_key(key_id).fingerprint.split()[-4:])


def confirm(key_id: str, person: Person, now: dt.datetime) -> None:
    recipients.confirm_key(key_id, last_groups(key_id), "telephone", person, now)


def why_not(authority_id: str, now: dt.datetime, desk_id: str | None = None) -> str:
    with pytest.raises(ReferralRefused) as refused:
        authorities.usable(authority_id, now, desk_id)
    return refused.value.reason


def make_certificate(folder: Path, *, bits: int = 3072, usage: str = "keyEncipherment") -> str:
    target = folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", f"rsa:{bits}", "-nodes", "-keyout", str(folder / "key.pem")]
    command += ["-out", str(target), "-subj", "/CN=Unit", "-addext", f"keyUsage=critical,{usage}", "-days", "9000"]
    subprocess.run(command, check=True, capture_output=True)
    return target.read_text()


def test_a_confirmed_key_can_be_written_to(lisbon: str, key_id: str, team: Team, now: dt.datetime) -> None:
    assert why_not(lisbon, now) == "key-unconfirmed"
    confirm(key_id, team.supervisor, now)
    found = authorities.usable(lisbon, now, team.desk_id)
    assert (found.country_name, found.key_kind, found.confirmed_by) == ("Portugal", "age-x25519", team.supervisor.id)
    assert found.fingerprint == age.fingerprint(found.recipient)
    assert [one.key_id for one in authorities.usable_authorities(now, team.desk_id)] == [key_id]


def test_an_authority_without_a_key_cannot_be_written_to(lisbon: str, now: dt.datetime) -> None:
    assert why_not(lisbon, now) == "no-key"
    assert authorities.authority(lisbon, now).obstacle == "no-key"


def test_an_administrator_who_enters_his_own_key_gets_nothing(lisbon: str, team: Team, now: dt.datetime) -> None:
    """Not by entering it, not by confirming it himself, not under another name, not with a desk of his own."""
    mine = recipients.enter_key(lisbon, age.new_identity()[1], team.administrator.person, now)
    for someone in (team.administrator.person, make_supervisor(now), team.reviewer):
        with pytest.raises((NotAllowed, NeedsSecondPerson)):
            confirm(mine, someone, now)
    assert why_not(lisbon, now) == "key-unconfirmed"

    aliases = [make_supervisor(now) for _ in range(2)]
    own_desk, _codes = desks.found_sample(team.administrator.person, "Desk of my own", aliases, [], now)
    confirm(mine, aliases[0], now)
    assert authorities.usable(lisbon, now, own_desk).key_id == mine
    assert why_not(lisbon, now, team.desk_id) == "key-unconfirmed"  # where the tips are, nobody has vouched for it
    assert authorities.usable_authorities(now, team.desk_id) == []


def test_whoever_entered_a_key_cannot_confirm_it(lisbon: str, team: Team, now: dt.datetime) -> None:
    """Even should somebody hold both roles one day."""
    key_id = recipients.enter_key(lisbon, age.new_identity()[1], team.supervisor, now)
    with pytest.raises(NeedsSecondPerson):
        confirm(key_id, team.supervisor, now)
    confirm(key_id, team.supervisors[1].person, now)


def test_the_last_groups_must_be_those_of_the_key(key_id: str, team: Team, now: dt.datetime) -> None:
    for typed in ("", "0000 0000 0000 0000", recipients.read_key(key_id).fingerprint, last_groups(key_id)[:-1]):
        with pytest.raises(BadInput, match="fingerprint"):
            recipients.confirm_key(key_id, typed, "telephone", team.supervisor, now)
    with pytest.raises(BadInput, match="channel"):
        recipients.confirm_key(key_id, last_groups(key_id), "e-mail", team.supervisor, now)
    recipients.confirm_key(key_id, last_groups(key_id).upper().replace(" ", "-"), "post", team.supervisor, now)


def test_the_last_groups_are_hidden_from_who_types_them(key_id: str) -> None:
    line = recipients.read_key(key_id)
    assert line.shown.split()[:12] == line.fingerprint.split()[:12]
    assert not set(line.shown.split()[12:]) & set(line.fingerprint.split()[12:])


def test_each_desk_trusts_its_own_people(lisbon: str, key_id: str, team: Team, now: dt.datetime) -> None:
    others = [make_supervisor(now) for _ in range(2)]
    other_desk, _codes = desks.found_sample(team.administrator.person, "Desk South", others, [], now)
    confirm(key_id, team.supervisor, now)
    assert why_not(lisbon, now, other_desk) == "key-unconfirmed"
    confirm(key_id, others[0], now)
    assert authorities.usable(lisbon, now, other_desk).confirmed_by == others[0].id
    assert authorities.usable(lisbon, now, team.desk_id).confirmed_by == team.supervisor.id
    with pytest.raises(WrongState):
        confirm(key_id, team.supervisors[1].person, now)


def test_a_supervisor_who_left_the_desk_cannot_confirm(key_id: str, team: Team, now: dt.datetime) -> None:
    outsider = make_supervisor(now)
    assert not recipients.can_confirm(recipients.read_key(key_id), outsider)
    with pytest.raises(NotAllowed):
        confirm(key_id, outsider, now)


def test_a_new_key_ends_the_old_one(lisbon: str, key_id: str, team: Team, now: dt.datetime) -> None:
    confirm(key_id, team.supervisor, now)
    new = recipients.enter_key(lisbon, age.new_identity()[1], team.administrator.person, now)
    assert why_not(lisbon, now, team.desk_id) == "key-unconfirmed"
    assert {line.id: line.state for line in recipients.list_keys(lisbon)} == {key_id: "replaced", new: "entered"}
    with pytest.raises(WrongState):
        confirm(key_id, team.supervisor, now)


def test_a_refused_key_cannot_be_used(lisbon: str, key_id: str, team: Team, now: dt.datetime) -> None:
    confirm(key_id, team.supervisor, now)
    recipients.refuse_key(key_id, team.supervisors[1].person, now)
    assert why_not(lisbon, now) == "no-key"
    with pytest.raises(WrongState):
        recipients.refuse_key(key_id, team.supervisor, now)


def test_only_a_supervisor_with_a_desk_refuses(key_id: str, team: Team, now: dt.datetime) -> None:
    for someone in (team.administrator.person, team.reviewer, make_supervisor(now)):
        with pytest.raises(NotAllowed):
            recipients.refuse_key(key_id, someone, now)


@pytest.mark.parametrize("text", ["", "age1", "AGE-SECRET-KEY-1QQQQ", ZERO, "ssh-ed25519 AAAA", "x" * 30_000, "кλειδί"])
def test_a_key_that_cannot_be_encrypted_to_is_refused(lisbon: str, team: Team, now: dt.datetime, text: str) -> None:
    with pytest.raises(BadInput, match="refused"):
        recipients.enter_key(lisbon, text, team.administrator.person, now)


def test_the_same_key_again_is_refused(lisbon: str, team: Team, now: dt.datetime) -> None:
    _secret, recipient = age.new_identity()
    recipients.enter_key(lisbon, recipient, team.administrator.person, now)
    with pytest.raises(BadInput, match="same"):
        recipients.enter_key(lisbon, f"  {recipient}\n", team.administrator.person, now)


def test_a_certificate_is_taken_and_checked_until_it_expires(
    lisbon: str, team: Team, now: dt.datetime, tmp_path: Path
) -> None:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)  # openssl knows no frozen clock
    key_id = recipients.enter_key(lisbon, make_certificate(tmp_path), team.administrator.person, moment)
    confirm(key_id, team.supervisor, now)
    assert authorities.usable(lisbon, moment).key_kind == "cms-rsa"
    assert why_not(lisbon, moment + dt.timedelta(days=9001)) == "key-expired"


@pytest.mark.parametrize(("bits", "usage"), [(2048, "keyEncipherment"), (3072, "digitalSignature")])
def test_a_weak_or_signing_certificate_is_refused(
    lisbon: str, team: Team, tmp_path: Path, bits: int, usage: str
) -> None:
    certificate = make_certificate(tmp_path, bits=bits, usage=usage)
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    with pytest.raises(BadInput, match="refused"):
        recipients.enter_key(lisbon, certificate, team.administrator.person, moment)


def test_a_third_country_needs_a_basis_that_holds(team: Team, now: dt.datetime) -> None:
    refusals = {
        "third-country": replace(OTTAWA, transfer_basis="member_state"),
        "missing": replace(OTTAWA, basis_expires_on=None),
        "past": replace(OTTAWA, basis_expires_on=now.date()),
        "unknown": replace(OTTAWA, country="ZZ"),
    }
    for reason, entry in refusals.items():
        with pytest.raises(BadInput, match=reason):
            authorities.enter_authority(entry, team.administrator.person, now)


def test_an_international_organisation_needs_a_basis_too(team: Team, now: dt.datetime) -> None:
    entry = replace(LISBON, country="FR", kind="international_organisation")
    with pytest.raises(BadInput, match="third-country"):
        authorities.enter_authority(entry, team.administrator.person, now)


def test_nothing_goes_out_after_the_basis_has_expired(team: Team, now: dt.datetime) -> None:
    ottawa = authorities.enter_authority(OTTAWA, team.administrator.person, now)
    confirm(recipients.enter_key(ottawa, age.new_identity()[1], team.administrator.person, now), team.supervisor, now)
    last_day = dt.datetime(2026, 12, 31, 23, 59, tzinfo=dt.UTC)
    assert authorities.usable(ottawa, last_day).transfer_basis == "agreement"
    assert why_not(ottawa, last_day + dt.timedelta(minutes=1)) == "basis-expired"


def test_out_of_use_and_back(lisbon: str, key_id: str, team: Team, now: dt.datetime) -> None:
    confirm(key_id, team.supervisor, now)
    authorities.set_active(lisbon, team.administrator.person, now, active=False)
    assert why_not(lisbon, now) == "inactive"
    authorities.set_active(lisbon, team.administrator.person, now, active=True)
    assert authorities.usable(lisbon, now).key_id == key_id


@pytest.mark.parametrize(
    ("change", "field"),
    [({"name": ""}, "name"), ({"kind": "club"}, "kind"), ({"contact_point": ""}, "contact_point")],
)
def test_a_record_that_does_not_fit_is_refused(
    team: Team, now: dt.datetime, change: dict[str, str], field: str
) -> None:
    with pytest.raises(BadInput, match=field):
        authorities.enter_authority(replace(LISBON, **change), team.administrator.person, now)  # type: ignore[arg-type]


def test_a_name_is_taken_once(lisbon: str, team: Team, now: dt.datetime) -> None:
    with pytest.raises(BadInput, match="taken"):
        authorities.enter_authority(LISBON, team.administrator.person, now)
    authorities.change_authority(lisbon, LISBON, team.administrator.person, now)


def make_waiting(database: Database, lisbon: str, key_id: str, team: Team, now: dt.datetime) -> tuple[str, str]:
    """A proposal whose package waits for an administrator, as rows."""
    referral = Referral(
        id="a" * 32,
        ref="REF-1",
        desk_id=team.desk_id,
        epoch=1,
        authority_id=lisbon,
        authority_key_id=key_id,
        state="waiting",
        purpose="p",
        legal_basis="l",
        urgency="7d",
        request="act",
        handling="H1",
        needs_review=False,
        sealed_proposal=b"x",
        proposal_digest="d",
        proposed_by=team.reviewer.id,
        proposed_at=now,
        expires_at=now,
    )
    database.session.add(referral)
    database.session.flush()
    package = Package(
        id="b" * 32,
        ref="PKG-1",
        referral_id=referral.id,
        state="waiting",
        stored_name="c" * 32,
        sha256="0" * 64,
        byte_count=1,
        cover="{}",
        manifest="{}",
        manifest_signature=b"x",
        tagmanifest_sha256="0" * 64,
        built_by=team.reviewer.id,
        built_at=now,
    )
    database.session.add(package)
    database.session.flush()
    return referral.id, package.id


@pytest.mark.parametrize("how", ["key", "refused", "record", "stopped"])
def test_a_change_voids_what_is_proposed(
    lisbon: str, key_id: str, team: Team, now: dt.datetime, database: Database, how: str
) -> None:
    confirm(key_id, team.supervisor, now)
    referral_id, package_id = make_waiting(database, lisbon, key_id, team, now)
    authorities.change_authority(lisbon, replace(LISBON, contact_point="New"), team.administrator.person, now)
    assert database.session.get_one(Referral, referral_id).state == "waiting"  # a telephone number changes nothing
    if how == "key":
        recipients.enter_key(lisbon, age.new_identity()[1], team.administrator.person, now)
    elif how == "refused":
        recipients.refuse_key(key_id, team.supervisor, now)
    elif how == "record":
        authorities.change_authority(lisbon, replace(LISBON, country="ES"), team.administrator.person, now)
    else:
        authorities.set_active(lisbon, team.administrator.person, now, active=False)
    package = database.session.get_one(Package, package_id)
    assert database.session.get_one(Referral, referral_id).state == "void"
    assert (package.state, package.return_reason, package.delete_at) == ("returned", "recipient-changed", now)


def test_a_key_changed_behind_the_services_back_is_not_used(
    lisbon: str, key_id: str, team: Team, now: dt.datetime, database: Database
) -> None:
    confirm(key_id, team.supervisor, now)
    database.session.get_one(AuthorityKey, key_id).recipient = age.new_identity()[1]
    database.session.flush()
    assert why_not(lisbon, now) == "key-expired"


def test_every_act_is_logged(lisbon: str, key_id: str, team: Team, now: dt.datetime, database: Database) -> None:
    confirm(key_id, team.supervisor, now)
    recipients.refuse_key(key_id, team.supervisor, now)
    rows = database.session.execute(
        select(LogEntry.chain, LogEntry.event, LogEntry.justification)
        .where(LogEntry.event.like("authority%"))
        .order_by(LogEntry.chain, LogEntry.seq)
    ).all()
    assert [tuple(row) for row in rows] == [
        ("admin", "authority.entered", None),
        ("admin", "authority.key.entered", None),
        ("staff", "authority.key.confirmed", "telephone"),
        ("staff", "authority.key.refused", None),
    ]


def test_an_unknown_authority_is_not_found(team: Team, now: dt.datetime) -> None:
    for act in (
        lambda: authorities.usable("x", now),
        lambda: recipients.enter_key("x", "age1", team.administrator.person, now),
        lambda: recipients.read_key("x"),
    ):
        with pytest.raises(NotFound):
            act()


def test_the_countries_are_the_official_ones() -> None:
    known = countries()
    assert len(known) == 250
    assert sum(one.eu for one in known.values()) == 27
    assert {one.code for one in known.values() if one.eea and not one.eu} == {"IS", "LI", "NO"}
