"""The administrators' release pages: cover, release, return, download, sent, acknowledged."""

from __future__ import annotations

import datetime as dt
import io
import json
import tarfile
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests import disclosure, factories
from tests.factories import Recipient, Team
from tests.pages import PageClient
from tipline.extensions import db
from tipline.models.log import LogEntry
from tipline.models.referral import Package
from tipline.models.tip import Tip
from tipline.services import packages
from tipline.services.wishes import TipWish


class Case:
    """An administrator's browser and one package that waits."""

    def __init__(self, app: Flask, now: dt.datetime) -> None:
        self.team: Team = factories.make_team(now)
        factories.make_exhibit(self.team, now)
        self.recipient: Recipient = factories.make_authority(self.team, now)
        self.tip = disclosure.ready_tip(self.team, now)
        self.ref = disclosure.waiting(self.team, self.recipient, TipWish(self.tip.ref), now)
        self.browser: PageClient = app.test_client()  # type: ignore[assignment]
        factories.sign_in(self.browser, self.team.administrator, now)
        self.path = f"/admin/releases/{self.ref}"

    @property
    def row(self) -> Package:
        db.session.expire_all()
        return disclosure.row_of(self.ref)

    def release(self) -> Any:
        return self.browser.submit(self.browser.page(self.path), field="sha256")

    def send(self) -> Any:
        return self.browser.submit(self.release(), {"channel": "siena"}, field="channel")


@pytest.fixture
def case(app: Flask, now: dt.datetime) -> Case:
    return Case(app, now)


def events() -> set[str]:
    return set(db.session.scalars(select(LogEntry.event)))


def test_the_whole_way_out(case):
    assert case.ref in case.browser.page("/admin/releases").main
    assert "Released" in case.release().text
    response = case.browser.get(f"{case.path}/package.tar")
    assert response.headers["Content-Disposition"] == f'attachment; filename="{case.ref}.tar"'
    assert response.headers["Cache-Control"] == "no-store"
    assert int(response.headers["Content-Length"]) == len(response.data)
    with tarfile.open(fileobj=io.BytesIO(response.data)) as tar:
        assert f"{case.ref}.tar.age" in tar.getnames()
    page = case.browser.submit(case.browser.page(case.path), {"channel": "siena"}, field="channel")
    page = case.browser.submit(page, {"digest": case.row.tagmanifest_sha256, "reference": "GR-1"}, field="digest")
    assert "Acknowledged" in page.text
    assert case.row.state == "acknowledged"
    assert {"package.released", "package.downloaded", "package.sent", "package.acknowledged"} <= events()


def test_the_cover_shows_digest_fingerprint_and_counts_and_no_word_of_the_tip(case):
    page = case.browser.page(case.path)
    assert case.row.sha256 in page.text
    assert "1 sanitised, 0 original" in page.text
    for word in ("MARKER", "Volos", case.tip.ref):
        assert word not in page.html


def test_a_changed_tip_cannot_be_released_and_the_page_says_why(case):
    factories.write(lambda: db.session.execute(update(Tip).values(revision=Tip.revision + 1)))
    page = case.browser.page(case.path)
    assert "Something was changed after it was read" in page.text
    assert not [form for form in page.forms if "sha256" in form.names]
    token = page.form("reason").values["csrf_token"][0]
    case.browser.post(f"{case.path}/release", data={"csrf_token": token, "sha256": case.row.sha256})
    assert case.row.state == "waiting"


def test_a_return_needs_a_reason_and_deletes_the_bytes(case):
    page = case.browser.submit(case.browser.page(case.path), field="reason")
    assert page.errors == ["Choose why"]
    page = case.browser.submit(page, {"reason": "codes"}, field="reason")
    assert "Its sealed bytes are deleted" in page.text
    assert case.row.stored_name is None


def test_a_wrong_digest_is_refused_beside_its_field(case):
    page = case.browser.submit(case.send(), {"digest": "0" * 64, "reference": "GR-1"}, field="digest")
    assert page.errors[0].startswith("This is not the digest of this package")
    assert page.form("digest").values["reference"] == ["GR-1"]
    page = case.browser.submit(page, {"digest": ""}, field="digest")
    assert page.errors == ["Choose the file, or enter the digest that they give"]
    assert case.row.state == "sent"


HALF = b'{"package": "P", "tagmanifest_sha256": "%s", "reference": "\\ud800"}' % (b"0" * 64)


@pytest.mark.parametrize("wrong", [b"", b"not json", b"[]", b"[" * 100_000, b"\xff", HALF])
def test_a_file_that_is_no_acknowledgement_is_refused(case, wrong):
    page = case.browser.submit(case.send(), {"file": (io.BytesIO(wrong or b" "), "ack.json")}, field="digest")
    assert page.errors == ["This is not a filled-in ack.json"]


def test_a_filled_in_file_acknowledges(case):
    page = case.send()
    said = {"package": case.ref, "tagmanifest_sha256": case.row.tagmanifest_sha256, "reference": "GR-7"}
    raw = io.BytesIO(json.dumps(said).encode())
    case.browser.submit(page, {"file": (raw, "ack.json")}, field="digest")
    assert (case.row.state, case.row.acknowledgement_ref) == ("acknowledged", "GR-7")


def test_a_reference_in_a_file_is_cleaned_like_a_typed_one(case):
    page = case.send()
    said = {"package": case.ref, "tagmanifest_sha256": case.row.tagmanifest_sha256, "reference": "GR\0 \u202e7\n8"}
    case.browser.submit(page, {"file": (io.BytesIO(json.dumps(said).encode()), "ack.json")}, field="digest")
    assert case.row.acknowledgement_ref == "GR 7 8"


def test_the_sealed_bytes_are_read_while_nothing_is_locked(case, monkeypatch):
    """Gigabytes take a while to read, and whoever sends a tip must not wait for them."""
    read = packages.sealed_bytes

    def other_people_write(package):
        with db.engine.connect() as other:
            other.exec_driver_sql("PRAGMA busy_timeout=0")
            other.exec_driver_sql("CREATE TABLE somebody_elses (id TEXT)")
            other.exec_driver_sql("DROP TABLE somebody_elses")
            other.commit()
        return read(package)

    monkeypatch.setattr(packages, "sealed_bytes", other_people_write)
    assert "Released" in case.release().text


def test_nothing_is_downloaded_before_the_release(case):
    case.browser.page(f"{case.path}/package.tar", status=409)


def test_the_release_asks_for_a_fresh_password(case, clock):
    page = case.browser.page(case.path)
    clock.advance(minutes=16)
    again = case.browser.submit(page, field="sha256")
    assert "password" in again.h1.lower()
    assert case.row.state == "waiting"


@pytest.mark.parametrize("who", ["reviewers", "supervisors"])
def test_the_desk_sees_no_release(app, case, now, who):
    browser = app.test_client()
    factories.sign_in(browser, getattr(case.team, who)[0], now)
    browser.page(case.path, status=403)
    browser.page("/admin/releases", status=403)


def test_a_package_or_state_that_is_not_there(case):
    case.browser.page("/admin/releases/PKG-NOT-THERE", status=404)
    case.browser.page("/admin/releases?state=other", status=404)


@pytest.mark.parametrize("state", ["waiting", "released", "sent", "acknowledged", "returned", "expired", "all"])
def test_every_list_has_its_page(case, state):
    case.browser.page(f"/admin/releases?state={state}")
