"""The sample: an invented authority with its desk, exhibits and tips, for somebody who wants to try tipline.

Everything is made by the same services and steps as in earnest. It runs on loopback only, with random passwords, never
beside real accounts (SECURITY 32). What a newcomer needs to know lies in the instance's ``sample`` folder: names,
passwords and second factors of these invented people, and the private keys of the invented authorities.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from tipline import clock, config
from tipline.crypto import age
from tipline.crypto.passwords import propose_password
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import (
    access,
    accounts,
    additions,
    announcing,
    assessments,
    authorities,
    desks,
    drafts,
    exhibits,
    figures,
    intake,
    notes,
    passwords,
    pictures,
    publishing,
    recipients,
    rights,
    sample_figures,
    sample_words,
    seals,
    statements,
    tips,
)
from tipline.services.accounts import Person
from tipline.services.answers import Answers, Identity
from tipline.services.sent_tips import SentTip

FOLDER = "sample"
ACCOUNTS = "accounts.json"


@dataclass(frozen=True)
class Member:
    """One invented person with what they know by heart."""

    person: Person
    password: str = field(repr=False)
    totp: str = field(repr=False)


def make_sample(now: dt.datetime) -> Iterator[str]:
    """Fill the empty instance in the open database, committing each step; yields the lines to print.

    Raises as the services do. A sample that was interrupted is not continued: the folder is emptied and made anew.
    """
    given = _data()
    folder = config.current().instance / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    team = db.in_writing(lambda: _make_people(given["people"], now))
    _write(folder / ACCOUNTS, json.dumps(_for_sign_in(team), indent=1))
    admin = _with(team, Role.ADMINISTRATOR)[0].person
    supervisors = [member.person for member in _with(team, Role.SUPERVISOR)]
    only_reviewers = [m.person for m in _with(team, Role.REVIEWER) if Role.SUPERVISOR not in m.person.roles]
    desk_id, codes = db.in_writing(lambda: desks.found_sample(admin, given["desk"], supervisors, only_reviewers, now))
    _write(folder / "seal.cert.pem", seals.read_seal(now).cert_pem.decode())
    _write(folder / "recovery-codes.txt", f"content   {codes.content}\nidentity  {codes.identity}\n")
    refs = _make_appeal(given, desk_id, admin, now)
    db.in_writing(lambda: _make_campaign(given["campaign"], admin, now))
    _make_authorities(given["authorities"], folder, admin, supervisors[0], now)
    for number, tip in enumerate(given["tips"]):
        _make_tip(tip, refs, (*only_reviewers, supervisors[1])[number % 2], now)
    db.in_writing(lambda: sample_figures.make_figures(desk_id, now))
    yield from sign_in_lines()


def sign_in_lines() -> list[str]:
    """Who can sign in to the sample of this instance, and how; empty when there is none."""
    settings = config.current()
    path = settings.instance / FOLDER / ACCOUNTS
    if not path.exists():
        return []
    known = json.loads(path.read_text(encoding="utf-8"))
    width = max(len(name) for name in known)
    address = f"http://{settings.host}:{settings.port}"
    return [
        "",
        f"  The public page     {address}/",
        f"  The desk            {address}/staff/",
        f"  The administration  {address}/admin/",
        "",
        *(f"  {name:<{width}}  {who['password']:<48}  {', '.join(who['roles'])}" for name, who in known.items()),
        "",
        "  One-time code:      tipline code NAME        (in a checkout: .venv/bin/tipline code NAME)",
        f"  Authorities' keys:  {path.parent}",
        "",
    ]


def _data() -> dict[str, Any]:
    raw = resources.files("tipline").joinpath("data/sample/sample.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(raw)
    sample_words.add_words(loaded)
    return loaded


def _picture(name: str) -> bytes:
    return resources.files("tipline").joinpath("data/sample", name).read_bytes()


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def _make_people(people: list[dict[str, Any]], now: dt.datetime) -> list[Member]:
    team = []
    for who in people:
        password = propose_password(passwords.words())
        roles = [Role(role) for role in who["roles"]]
        account_id, seed, totp = accounts.make_active(who["name"], who["display_name"], roles, password, now)
        team.append(Member(accounts.person_for(account_id, seed, now), password, totp))
    return team


def _with(team: list[Member], role: Role) -> list[Member]:
    return [member for member in team if role in member.person.roles]


def _for_sign_in(team: list[Member]) -> dict[str, Any]:
    return {
        member.person.name: {
            "password": member.password,
            "totp": member.totp,
            "roles": sorted(role.value for role in member.person.roles),
        }
        for member in team
    }


def _render(exhibit: dict[str, Any]) -> tuple[pictures.Rendered, ...]:
    crop = pictures.Crop(*exhibit["crop"]) if "crop" in exhibit else None
    return pictures.render(_picture(exhibit["picture"]), crop)


def _make_appeal(given: dict[str, Any], desk_id: str, admin: Person, now: dt.datetime) -> dict[str, str]:
    """The appeal with its exhibits, published; the references of the exhibits by their slugs."""
    rendered = {each["slug"]: _render(each) for each in given["exhibits"]}

    def make() -> dict[str, str]:
        words = {tag: publishing.AppealWords(**text) for tag, text in given["appeal"]["texts"].items()}
        slug = publishing.make_appeal(desk_id, words.pop("en"), admin, now)
        for tag, appeal_words in words.items():
            publishing.change_appeal_text(slug, tag, appeal_words, admin, now)
        refs = {}
        for each in given["exhibits"]:
            texts = {tag: exhibits.ExhibitWords(**text) for tag, text in each["texts"].items()}
            ref = exhibits.make_exhibit(slug, texts.pop("en"), admin, now)
            for tag, exhibit_words in texts.items():
                exhibits.change_exhibit_text(ref, tag, exhibit_words, admin, now)
            exhibits.change_picture(ref, rendered[each["slug"]], admin, now)
            exhibits.publish_exhibit(ref, admin, now)
            if "outcome" in each:
                exhibits.record_outcome(ref, each["outcome"], admin, now)
                exhibits.close_exhibit(exhibits.exhibit(ref).id, admin.actor, now)
            refs[each["slug"]] = ref
        publishing.publish(slug, admin, now)
        return refs

    refs: dict[str, str] = db.in_writing(make)
    return refs


def _make_campaign(given: dict[str, Any], admin: Person, now: dt.datetime) -> None:
    """What the public is told of the campaign as a whole: figures and an update."""
    figures.enter(figures.Counts(**given["figures"]), now.date(), admin, now)
    words = {tag: announcing.UpdateWords(**text) for tag, text in given["update"]["texts"].items()}
    slug = announcing.write(words.pop("en"), admin, now)
    for tag, update_words in words.items():
        announcing.change_text(slug, tag, update_words, admin, now)
    announcing.publish(slug, admin, now)


def _make_authorities(
    given: list[dict[str, Any]], folder: Path, admin: Person, supervisor: Person, now: dt.datetime
) -> None:
    for each in given:
        identity, recipient = age.new_identity()
        _write(folder / f"{each['slug']}.key", f"# {each['name']}\n{identity}\n")
        days = each.get("basis_expires_in_days")
        entry = authorities.AuthorityEntry(
            name=each["name"],
            country=each["country"],
            kind=each["kind"],
            contact_point=each["contact_point"],
            transfer_basis=each["transfer_basis"],
            basis_expires_on=None if days is None else (now + dt.timedelta(days=days)).date(),
        )

        def make(entry: authorities.AuthorityEntry = entry, recipient: str = recipient) -> None:
            authority_id = authorities.enter_authority(entry, admin, now)
            key_id = recipients.enter_key(authority_id, recipient, admin, now)
            groups = recipients.read_key(key_id).fingerprint.split()
            typed = "".join(groups[-recipients.TYPED_GROUPS :])
            recipients.confirm_key(key_id, typed, next(iter(recipients.CHANNELS)), supervisor, now)

        db.in_writing(make)


def _make_tip(given: dict[str, Any], refs: dict[str, str], reviewer: Person, now: dt.datetime) -> None:
    sent_at = clock.hour_of(now - dt.timedelta(hours=given["age_hours"]))
    files = [intake.NewFile(given["file"], io.BytesIO(_picture(given["file"])))] if "file" in given else []
    answers = Answers(
        narrative=given["narrative"],
        tip_language=given["language"],
        other_language=given.get("other_language", ""),
        how_known=given.get("how_known", ""),
        certainty=given.get("certainty", ""),
        product=given.get("product", ""),
        countries=tuple(part.strip() for part in given.get("countries", "").split(",") if part.strip()),
        years=given.get("years", ""),
        place=given.get("place", ""),
        links=tuple(given.get("links", "").split()),
        child_at_risk=given.get("child_at_risk", False),
    )
    new = intake.NewTip(refs[given["exhibit"]], given["ui"], answers, Identity(**given.get("identity", {})), files)
    sent: SentTip = db.in_writing(lambda: intake.submit_tip(new, sent_at))
    work = _WORK.get(given["stage"])
    if work is not None:
        db.in_writing(lambda: work(sent.ref, given, reviewer, now))
    if "added" in given:
        db.in_writing(lambda: _add(sent.tip_id, given, now))
    if "asks" in given:
        db.in_writing(lambda: rights.ask(sent.tip_id, given["asks"], now))


def _add(tip_id: str, given: dict[str, Any], now: dt.datetime) -> None:
    """What a sender adds later, by receipt."""
    secret, target = drafts.new_secret(), additions.target(tip_id, "more")
    answers = Answers(narrative=given["added"], tip_language=given["language"])
    drafts.start_draft(secret, answers, exhibit_id=None, desk_id=target.desk_id, now=now, adds_to=target.adds_to)
    additions.send(secret, now)


def _screen(ref: str, _given: dict[str, Any], person: Person, now: dt.datetime) -> None:
    tips.screen_tip(access.open_tip(person, ref, "second_opinion", "", now), now)


def _assign(ref: str, _given: dict[str, Any], person: Person, now: dt.datetime) -> None:
    tips.assign_tip(person, ref, person.id, now)


def _assess(ref: str, given: dict[str, Any], person: Person, now: dt.datetime) -> None:
    _assign(ref, given, person, now)
    opened = access.open_tip(person, ref, "assigned_work", "", now)
    assessments.assess_tip(opened, "X", "2", "The sender says that they saw the object themselves.", now)
    opened = access.access_tip(person, ref, now=now)
    statements.write_statement(
        opened, "fact", "The sender names a place and the years in which the object was there.", now.date(), None, now
    )
    statements.write_statement(
        opened, "assessment", "The description fits the exhibit; the years narrow it down.", now.date(), None, now
    )
    notes.sanitise_tip(
        opened, "The object stood in a public house. It came from a wholesale supplier in the years named.", now
    )


def _close(ref: str, given: dict[str, Any], person: Person, now: dt.datetime) -> None:
    _assign(ref, given, person, now)
    opened = access.open_tip(person, ref, "assigned_work", "", now)
    assessments.assess_tip(opened, "X", "4", "Nothing in the tip can be checked.", now)
    opened = access.access_tip(person, ref, now=now)
    tips.dispose_tip(opened, given["disposition"], "Compared with the exhibit by two people.", now)


_WORK: dict[str, Callable[[str, dict[str, Any], Person, dt.datetime], None]] = {
    "screened": _screen,
    "assigned": _assign,
    "assessed": _assess,
    "closed": _close,
}
