"""Appeals and exhibits at the administrators' door."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from flask import Flask

from tests.conftest import Clock
from tests.factories import Known, Team, make_exhibit, make_person, make_team, picture, sign_in
from tests.pages import Page, PageClient
from tests.services.test_pictures import SECRET, make_jpeg
from tipline.roles import Role
from tipline.services import appeals, exhibits
from tipline.services.gallery import read_gallery


@pytest.fixture
def team(app: Flask, now: dt.datetime) -> Team:
    return make_team(now)


@pytest.fixture
def admin(client: PageClient, team: Team, now: dt.datetime) -> PageClient:
    """A browser in which the administrator is signed in."""
    sign_in(client, team.administrator, now)
    return client


def make_appeal(admin: PageClient, team: Team) -> Page:
    page = admin.page("/admin/appeals/new")
    return admin.submit(page, title="Do you recognise this?", introduction="Look at these.", desk=team.desk_id)


def add_exhibit(admin: PageClient, page: Page) -> Page:
    """An exhibit of the appeal on this page; ends on the page that asks for its picture."""
    form = admin.page(page.links["Add an exhibit"])
    return admin.submit(form, title="Red cup", question="Whose cup?", description="<p>Enamel</p>", alt="A red cup")


def send_picture(admin: PageClient, page: Page, data: bytes, **crop: str) -> Page:
    """Choose this file on the page, and perhaps a part of it, and send the form."""
    form = page.form("picture")
    values = {**{name: value[0] for name, value in form.values.items()}, **crop}
    # Put together here, because the test client would write a large file to disk.
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in values.items()]
    head = b'Content-Disposition: form-data; name="picture"; filename="cup.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    body = b"".join(b"--edge\r\n" + part + b"\r\n" for part in (*parts, head + data)) + b"--edge--\r\n"
    kind = "multipart/form-data; boundary=edge"
    return Page(admin.post(form.action, data=body, content_type=kind, follow_redirects=True), form.action)


def test_an_appeal_goes_from_nothing_to_the_public(admin: PageClient, team: Team) -> None:
    assert "No appeal yet" in admin.page("/admin/appeals").main
    page = make_appeal(admin, team)
    assert "at least one published exhibit" in page.main
    page = send_picture(admin, add_exhibit(admin, page), make_jpeg())
    assert page.h1 == "Red cup"
    page = admin.submit(page, action="/publish", reason="start")
    assert "once its appeal is published" in page.main
    page = admin.submit(admin.page(page.links["Do you recognise this?"]), action="/publish", reason="start")
    assert "The appeal is published." in page.text
    [shown] = read_gallery("en").appeals
    assert shown.exhibits[0].title == "Red cup"
    page = admin.submit(page, action="/withdraw", reason="mistake")
    assert read_gallery("en").appeals == ()


def test_an_appeal_that_lacks_something_is_not_published(admin: PageClient, team: Team) -> None:
    page = make_appeal(admin, team)
    assert [form for form in page.forms if "/publish" in form.action] == []
    address = page.path + "/publish"
    token = page.form(action="sign-out").values["csrf_token"][0]
    response = admin.post(address, data={"csrf_token": token, "reason": "start"}, follow_redirects=True)
    assert b"It still needs at least one published exhibit" in response.data


def test_at_once_needs_a_reason(admin: PageClient, team: Team, now: dt.datetime) -> None:
    ref = make_exhibit(team, now)
    page = admin.page(f"/admin/appeals/exhibits/{ref}")
    for reason in ("", "boredom"):
        assert "Choose why it cannot wait" in admin.submit(page, action="/withdraw", reason=reason).text
    assert appeals.exhibit_page(ref, "en")


def test_what_is_no_longer_needed_is_planned_changed_and_taken_back(
    admin: PageClient, team: Team, clock: Clock
) -> None:
    ref = make_exhibit(team, clock.now)
    assert "First record the outcome" in admin.page("/admin/appeals/batches/new/close").main
    page = admin.page(admin.page(f"/admin/appeals/exhibits/{ref}").links["Record the outcome"])
    assert admin.submit(page).errors == ["Choose the outcome"]
    page = admin.submit(page, outcome="solved")
    page = admin.page(page.links["Plan “no longer needed”"])
    assert admin.submit(page).errors == ["Choose at least one appeal or exhibit"]
    exhibit_id = exhibits.exhibit(ref).id
    assert admin.submit(page, items=exhibit_id, when="later").errors == ["Enter the day"]
    assert admin.submit(page, items=exhibit_id, when="now").errors == ["Choose why it cannot wait"]
    soon = admin.submit(page, items=exhibit_id, when="later", day="2026-03-02", hour="11")
    assert soon.errors == ["Choose a moment that is at least 6 hours away, or do it at once and say why"]
    page = admin.submit(page, items=exhibit_id)
    assert "Tue 3 March 2026, 10:00 UTC" in page.main
    change = admin.page(next(href for href in page.links.values() if href.endswith("/change")))
    assert change.form("items").values["items"] == [exhibit_id]
    page = admin.submit(change, when="later", day="2026-03-09", hour="7")
    assert "Mon 9 March 2026, 07:00 UTC" in page.main
    assert "the timer does not run" not in page.main
    clock.now += dt.timedelta(days=7)
    sign_in(admin, team.administrator, clock.now)
    page = admin.page("/admin/appeals/batches")
    assert "Late: the timer does not run" in page.main
    asked = admin.page(next(href for href in page.links.values() if href.endswith("/cancel")))
    page = admin.submit(asked)
    assert "No batch waits" in page.main
    assert "Cancelled" in page.main
    admin.submit(admin.page("/admin/appeals/batches/new/close"), items=exhibit_id, when="now", reason="request")
    assert not appeals.exhibit_page(ref, "en").needed
    admin.submit(admin.page(f"/admin/appeals/exhibits/{ref}"), action="/reopen")
    assert appeals.exhibit_page(ref, "en").needed
    admin.submit(asked, status=409)  # a second press of a button that has done its work
    admin.page("/admin/appeals/batches/new/burn", status=404)


def test_nothing_hidden_in_the_picture_is_shown(admin: PageClient, team: Team) -> None:
    page = send_picture(admin, add_exhibit(admin, make_appeal(admin, team)), make_jpeg())
    addresses = [img.get("src") for img in page.tree.iter("img") if "/pictures/" in (img.get("src") or "")]
    assert addresses
    for address in addresses:
        answer = admin.get(address)
        assert answer.mimetype == "image/jpeg"
        assert SECRET not in answer.data
        assert b"Exif" not in answer.data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "Choose a picture"),
        (b"<svg/>", "This file cannot be read as a JPEG, PNG or WebP picture"),
        (b"\xff\xd8\xff" + bytes(20 * 1024 * 1024), "The picture must be smaller than 20 MB"),
    ],
)
def test_a_file_that_is_no_picture_is_refused(admin: PageClient, team: Team, data: bytes, message: str) -> None:
    page = send_picture(admin, add_exhibit(admin, make_appeal(admin, team)), data)
    assert page.errors == [message]


def test_no_file_at_all_is_refused(admin: PageClient, team: Team) -> None:
    page = admin.submit(add_exhibit(admin, make_appeal(admin, team)))
    assert page.errors == ["Choose a picture"]


def test_a_part_of_the_picture_takes_four_numbers(admin: PageClient, team: Team) -> None:
    start = add_exhibit(admin, make_appeal(admin, team))
    page = send_picture(admin, start, make_jpeg(), left="450", top="350")
    assert page.errors == ["Enter all four numbers, or leave all four empty"]
    page = send_picture(admin, start, make_jpeg(), left="x", top="1", width="2", height="3")
    assert len(page.errors) == 1
    page = send_picture(admin, start, make_jpeg(), left="9000", top="9000", width="100", height="100")
    assert page.errors
    page = send_picture(admin, start, make_jpeg(), left="450", top="350", width="300", height="200")
    shown = next(img for img in page.tree.iter("img") if "/pictures/" in (img.get("src") or ""))
    assert shown.get("width") == "300"


def test_words_in_another_language(admin: PageClient, team: Team, now: dt.datetime) -> None:
    ref = make_exhibit(team, now)
    page = admin.page(f"/admin/appeals/exhibits/{ref}")
    page = admin.page(page.links["Greek"])
    assert "In English" in page.main
    page = admin.submit(
        page, title="Τσάντα", question="Πού;", description="<b>Υφαντή</b> <em>τσάντα</em>", alt="Τσάντα"
    )
    assert "The words are saved." in page.text
    shown = appeals.exhibit_page(ref, "el")
    assert (shown.title, shown.description) == ("Τσάντα", "<p>Υφαντή <em>τσάντα</em></p>")
    page = admin.page(f"/admin/appeals/{shown.appeal_slug}/words/el")
    admin.submit(page, title="Το αναγνωρίζετε;", introduction="Δείτε.")
    assert read_gallery("el").appeals[0].language == "el"


def test_empty_words_are_refused_and_answers_kept(admin: PageClient, team: Team, now: dt.datetime) -> None:
    ref = make_exhibit(team, now)
    page = admin.page(f"/admin/appeals/exhibits/{ref}/words/en")
    page = admin.submit(page, title="", question="Kept question", description="<script>x</script>")
    assert page.errors == ["Enter a title"]
    assert page.form("question").values["question"] == ["Kept question"]
    page = admin.submit(page, title="Title")
    assert page.errors == ["Enter a description of at most 5,000 characters"]


def test_exhibits_are_put_in_order(admin: PageClient, team: Team) -> None:
    page = make_appeal(admin, team)
    address = page.path
    for title in ("First", "Second"):
        form = admin.page(page.links["Add an exhibit"])
        admin.submit(form, title=title, question="?", description="Text", alt="Object")
        page = admin.page(address)
    assert page.main.index("First") < page.main.index("Second")
    [down] = [form for form in page.forms if form.values.get("direction") == ["down"]]
    response = admin.post(
        down.action, data={name: value[0] for name, value in down.values.items()}, follow_redirects=True
    )
    page = Page(response, address)
    assert page.main.index("Second") < page.main.index("First")


@pytest.mark.parametrize(
    "address",
    [
        "appeals/nothing",
        "appeals/exhibits/XXXX-XXXX",
        "appeals/nothing/words/en",
        "appeals/exhibits/X/words/xx",
        "pictures/x.jpg",
    ],
)
def test_what_is_not_there_is_not_found(admin: PageClient, address: str) -> None:
    assert admin.get(f"/admin/{address}").status_code == 404


def test_a_button_without_its_token_does_nothing(admin: PageClient, team: Team, now: dt.datetime) -> None:
    ref = make_exhibit(team, now)
    for token in ({}, {"csrf_token": "κωδικός"}):
        assert admin.post(f"/admin/appeals/exhibits/{ref}/withdraw", data=token).status_code == 400
    assert appeals.exhibit_page(ref, "en")


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SUPERVISOR, Role.AUDITOR])
def test_only_administrators_come_in(client: PageClient, team: Team, now: dt.datetime, role: Role) -> None:
    someone: Known = make_person(role, now=now)
    sign_in(client, someone, now)
    ref = make_exhibit(team, now)
    filename = appeals.exhibit_page(ref, "en").pictures.of("small").filename
    for address in (
        "appeals",
        "appeals/new",
        f"appeals/exhibits/{ref}",
        f"appeals/exhibits/{ref}/picture",
        f"pictures/{filename}",
    ):
        assert client.get(f"/admin/{address}").status_code == 403
    assert client.post(f"/admin/appeals/exhibits/{ref}/withdraw").status_code == 403
    assert (
        client.post(
            f"/admin/appeals/exhibits/{ref}/picture", data={"picture": (io.BytesIO(picture()), "a.jpg")}
        ).status_code
        == 403
    )
