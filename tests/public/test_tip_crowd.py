"""What the public door asks of its visitors in quiet hours, in a crowd and in a flood; and that nothing gets lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import altcha
import pytest
from flask import Flask

from tests.conftest import Clock, make_app
from tests.pages import Page, PageClient
from tests.tipsters import NARRATIVE, TestDesk, come_back, receipt_on, send, the_tip, write
from tipline import config
from tipline.errors import Full
from tipline.extensions import db
from tipline.models.tip import Draft, Tip
from tipline.services.budgets import Kind
from tipline.web import floodgate, turns

TIPS_PER_HOUR = 2400  # four hundred in ten minutes
BUSY = 200  # arrivals from which on something is asked
READING = 30  # seconds that a person takes for a page


@pytest.fixture
def app(settings: config.Settings) -> Flask:
    """A small service, so that a crowd is soon there."""
    return make_app(settings, "public", tips_per_hour=TIPS_PER_HOUR)


def come(app: Flask, clock: Clock, arrivals: int) -> None:
    """Others come."""
    for _ in range(arrivals):
        app.extensions["tipline_crowd"].budgets.note_arrival(clock.now)


def use_up(app: Flask, clock: Clock, *kinds: Kind) -> None:
    """Others, from everywhere, take all there is."""
    for kind in kinds:
        for number in range(TIPS_PER_HOUR):
            try:
                app.extensions["tipline_crowd"].budgets.take(kind, f"network-{number}", clock.now)
            except Full:
                break


def write_slowly(client: PageClient, desk: TestDesk, clock: Clock, **answers: str) -> Page:
    """As a person does: open the page, write, arrive at the check page and read it."""
    page = client.page(f"/en/exhibits/{desk.exhibit_ref}/tip")
    clock.advance(seconds=READING)
    check = client.submit(page, {"narrative": NARRATIVE, **answers}, field="narrative")
    clock.advance(seconds=READING)
    return check


def challenge_on(page: Page) -> str | None:
    """What the page asks of the browser."""
    fields = [e for e in page.tree.iter("input") if e.get("name") == "proof"]
    return fields[0].get("data-challenge") if fields else None


def solution_of(page: Page) -> str:
    """What a browser would send."""
    asked = altcha.Challenge.from_dict(json.loads(challenge_on(page) or ""))
    found = altcha.solve_challenge(asked)
    assert found is not None
    return altcha.Payload(asked, found).to_base64()


def press_send(client: PageClient, page: Page, status: int = 200, **fields: str) -> Page:
    """Press the button, with the notice acknowledged."""
    return client.submit(page, {"acknowledge": "y", **fields}, action="/tip/send", status=status)


def is_unproven() -> bool:
    """Whether the one tip there is, is marked."""
    db.end()
    return bool(the_tip().unproven)


def tips() -> int:
    """How many there are."""
    db.end()
    return db.session.query(Tip).count()


# Quiet hours


def test_in_quiet_hours_nothing_is_asked_and_nothing_is_marked(
    client: PageClient, desk: TestDesk, clock: Clock
) -> None:
    check = write_slowly(client, desk, clock)
    assert challenge_on(check) is None
    assert "proof.js" not in check.html
    assert "worker-src 'none'" in check.response.headers["Content-Security-Policy"]
    assert receipt_on(press_send(client, check))
    assert not is_unproven()


@pytest.mark.parametrize(
    "act",
    [
        lambda client, page, clock: client.submit(page, {"narrative": NARRATIVE}, field="narrative"),
        lambda client, page, clock: (
            clock.advance(seconds=READING)
            and client.submit(page, {"narrative": NARRATIVE, "subject": "Offer"}, field="narrative")
        ),
        lambda client, page, clock: (
            clock.advance(seconds=READING)
            and client.submit(page, {"narrative": NARRATIVE, "opened": None}, field="narrative")
        ),
        lambda client, page, clock: (
            clock.advance(seconds=READING)
            and client.submit(page, {"narrative": NARRATIVE, "opened": "WzAsIngiXQ.forged"}, field="narrative")
        ),
    ],
    ids=["too fast", "trap filled in", "never opened", "forged"],
)
def test_what_looks_like_a_machine_is_taken_and_marked(
    client: PageClient, desk: TestDesk, clock: Clock, act: object
) -> None:
    page = client.page(f"/en/exhibits/{desk.exhibit_ref}/tip")
    act(client, page, clock)  # type: ignore[operator]
    assert receipt_on(send(client))
    assert is_unproven()


def test_a_page_that_lay_open_for_days_is_as_good_as_any(client: PageClient, desk: TestDesk, clock: Clock) -> None:
    page = client.page(f"/en/exhibits/{desk.exhibit_ref}/tip")
    clock.advance(days=3)
    page = client.submit(page, {"narrative": ""}, field="narrative")  # an error keeps when it was opened
    client.submit(page, {"narrative": NARRATIVE}, field="narrative")
    assert receipt_on(send(client))
    assert not is_unproven()


def test_the_trap_is_for_nobody_to_see_or_reach(client: PageClient, desk: TestDesk) -> None:
    page = client.page(f"/en/exhibits/{desk.exhibit_ref}/tip")
    trap = next(e for e in page.tree.iter("div") if e.get("aria-hidden") == "true" and e.find("input") is not None)
    field = trap.find("input")
    assert field is not None
    assert (field.get("name"), field.get("tabindex"), field.get("autocomplete")) == ("subject", "-1", "off")
    assert "govuk-visually-hidden" in (trap.get("class") or "")


# A crowd


@pytest.fixture
def asked(app: Flask, client: PageClient, desk: TestDesk, clock: Clock) -> Page:
    """The check page of somebody who comes with many others."""
    come(app, clock, BUSY)
    return write_slowly(client, desk, clock)


def test_in_a_crowd_a_browser_is_asked_to_work_and_its_tip_is_proven(client: PageClient, asked: Page) -> None:
    assert "worker-src 'self'" in asked.response.headers["Content-Security-Policy"]
    assert receipt_on(press_send(client, asked, proof=solution_of(asked)))
    assert not is_unproven()


def test_without_scripts_the_tip_is_taken_and_marked(client: PageClient, asked: Page) -> None:
    assert receipt_on(press_send(client, asked))
    assert is_unproven()


def test_a_solution_for_another_draft_proves_nothing(
    app: Flask, desk: TestDesk, clock: Clock, client: PageClient, asked: Page
) -> None:
    other: PageClient = app.test_client()  # type: ignore[assignment]
    write_slowly(other, desk, clock)
    assert receipt_on(press_send(other, other.page("/en/tip/check"), proof=solution_of(asked)))
    assert is_unproven()


def test_a_solution_sent_twice_makes_one_tip(client: PageClient, asked: Page) -> None:
    solution = solution_of(asked)
    first = press_send(client, asked, proof=solution)
    assert receipt_on(press_send(client, asked, proof=solution)) == receipt_on(first)
    assert tips() == 1


def test_the_work_grows_with_the_crowd(app: Flask, client: PageClient, asked: Page, clock: Clock) -> None:
    def rounds(page: Page) -> int:
        told = json.loads(challenge_on(page) or "")["parameters"]
        return int(told["cost"]) * 16 ** len(told["keyPrefix"])

    work = [rounds(asked)]
    for more in (2 * BUSY, 3 * BUSY):
        come(app, clock, more)
        work.append(rounds(client.page("/en/tip/check")))
    assert work == sorted(set(work))


def test_haste_in_a_crowd_is_asked_to_press_once_more_and_loses_nothing(
    app: Flask, client: PageClient, desk: TestDesk, clock: Clock
) -> None:
    come(app, clock, BUSY)
    check = write(client, desk)
    page = press_send(client, check)
    assert "Wait a moment, then press “Send your tip” once more" in page.main
    assert NARRATIVE in page.main
    assert tips() == 0
    clock.advance(seconds=5)
    assert receipt_on(press_send(client, page))
    assert is_unproven()


# Full


def test_when_there_is_no_room_the_draft_is_kept_and_one_press_sends_it_later(
    app: Flask, client: PageClient, desk: TestDesk, clock: Clock
) -> None:
    check = write_slowly(client, desk, clock)
    use_up(app, clock, Kind.PROVEN)
    clock.advance(minutes=40)
    use_up(app, clock, Kind.PROVEN)
    page = press_send(client, check, status=503)
    assert page.h1 == "We cannot take your tip at this moment"
    assert int(page.response.headers["Retry-After"]) == 300
    assert tips() == 0
    clock.advance(minutes=45)  # longer than it would have lived
    assert db.session.query(Draft).one().erase_at > clock.now
    sent = client.submit(page, action="/tip/send")
    assert receipt_on(sent)
    assert desk.read_answers(the_tip().id).narrative == NARRATIVE


def test_a_kept_draft_does_not_live_for_ever(app: Flask, client: PageClient, desk: TestDesk, clock: Clock) -> None:
    check = write_slowly(client, desk, clock)
    use_up(app, clock, Kind.PROVEN)
    page = press_send(client, check, status=503)
    clock.advance(minutes=61)
    assert client.submit(page, action="/tip/send", status=410).h1 == "What you wrote is no longer here"


def test_whoever_sent_already_sees_it_even_when_there_is_no_room(
    app: Flask, client: PageClient, desk: TestDesk, clock: Clock
) -> None:
    check = write_slowly(client, desk, clock)
    first = press_send(client, check)
    use_up(app, clock, Kind.PROVEN)
    assert receipt_on(press_send(client, check)) == receipt_on(first)
    assert tips() == 1


def test_without_scripts_there_is_no_room_while_there_is_with_a_proof(
    app: Flask, client: PageClient, asked: Page, clock: Clock
) -> None:
    use_up(app, clock, Kind.UNPROVEN)
    full = press_send(client, asked, status=503)
    assert challenge_on(full)
    assert receipt_on(client.submit(full, {"proof": solution_of(full)}, action="/tip/send"))
    assert not is_unproven()


def test_when_there_is_no_room_for_new_drafts_the_answers_stay_in_the_form(
    app: Flask, client: PageClient, desk: TestDesk, clock: Clock
) -> None:
    page = client.page(f"/en/exhibits/{desk.exhibit_ref}/tip")
    clock.advance(seconds=READING)
    use_up(app, clock, Kind.DRAFT)
    page = client.submit(page, {"narrative": NARRATIVE}, field="narrative", status=503)
    assert page.errors == ["There is no room for new tips at this moment. Try again in a few minutes."]
    assert page.response.headers["Retry-After"]
    clock.advance(minutes=20)
    check = client.submit(page, field="narrative")
    assert NARRATIVE in check.main


def test_a_receipt_is_no_way_round_the_budgets(app: Flask, client: PageClient, desk: TestDesk, clock: Clock) -> None:
    receipt = receipt_on(press_send(client, write_slowly(client, desk, clock)))
    come_back(client, receipt)
    page = client.page("/en/receipt/mailbox/add")
    use_up(app, clock, Kind.DRAFT)
    page = client.submit(page, {"narrative": NARRATIVE}, field="narrative", status=503)
    assert page.errors == ["There is no room for new tips at this moment. Try again in a few minutes."]
    clock.advance(minutes=20)
    assert NARRATIVE in client.submit(page, field="narrative").main


# Networks


@pytest.fixture
def addresses(app: Flask, desk: TestDesk) -> Iterator[list[PageClient]]:
    """Thirty browsers behind one address, and one elsewhere."""
    browsers = []
    for number in range(31):
        browser: PageClient = app.test_client()  # type: ignore[assignment]
        browser.environ_base["REMOTE_ADDR"] = "203.0.113.7" if number < 30 else "198.51.100.7"
        browsers.append(browser)
    return browsers


def test_thirty_people_behind_one_address_all_send_in_a_crowd_without_scripts(
    app: Flask, addresses: list[PageClient], desk: TestDesk, clock: Clock
) -> None:
    come(app, clock, BUSY)
    pages = [browser.get(f"/en/exhibits/{desk.exhibit_ref}/tip").text for browser in addresses[:30]]
    clock.advance(seconds=READING)
    for browser, page in zip(addresses, pages, strict=False):
        path = f"/en/exhibits/{desk.exhibit_ref}/tip"
        fields = dict(re.findall(r'name="(csrf_token|opened)"[^>]*value="([^"]+)"', page))
        language = re.findall(r'<option value="(\d+)" selected', page)[0]
        browser.post(path, data={**fields, "narrative": NARRATIVE, "tip_language": language})
        token = {"csrf_token": fields["csrf_token"], "acknowledge": "y"}
        assert browser.post("/en/tip/send", data=token).location == "/en/tip/sent"
    assert tips() == 30


def test_a_network_that_floods_is_sent_away_in_its_language_and_others_are_not(
    addresses: list[PageClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floodgate, "MOST_RECENT", 20)
    flood, neighbour, stranger = addresses[0], addresses[1], addresses[30]
    answers = [flood.get("/fr/receipt").status_code for _ in range(25)]
    assert set(answers[:19]) == {200}
    assert answers[-1] == 429
    refused = neighbour.get("/fr/receipt")
    assert refused.status_code == 429
    assert 'lang="fr"' in refused.text
    assert 'lang="en"' in neighbour.get("/nowhere").text
    assert refused.headers["Retry-After"] == "60"
    assert refused.headers["Content-Security-Policy"]
    assert stranger.get("/fr/receipt").status_code == 200


def test_behind_the_gate_nobody_sees_an_address(app: Flask, settings: config.Settings) -> None:
    behind = make_app(settings, "public", proxies=1)
    seen: dict[str, object] = {}

    @behind.before_request
    def look() -> None:
        from flask import request

        seen.update(request.environ)

    forwarded = {"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7", "X-Real-IP": "203.0.113.7"}
    forwarded["User-Agent"] = "MARKER-AGENT"
    behind.test_client().get("/en/receipt", headers=forwarded, environ_base={"REMOTE_ADDR": "198.51.100.7"})
    assert seen[floodgate.NETWORK]
    told = [str(value) for name, value in seen.items() if not name.startswith("werkzeug.request")]
    assert not any(trace in value for value in told for trace in ("203.0.113", "198.51.100", "MARKER-AGENT"))


def test_a_valkey_that_cannot_be_named_like_this_stops_the_start(settings: config.Settings) -> None:
    with pytest.raises(config.ConfigError, match="TIPLINE_VALKEY_URL"):
        make_app(settings, "public", valkey_url="valkey.example")


def test_the_meter_is_bounded_and_keeps_who_asks_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floodgate, "MOST_NETWORKS", 100)
    meter = floodgate.Meter()
    for number in range(1000):
        meter.note("flood", 1.0, float(number) / 100)
        meter.note(f"network-{number}", 1.0, float(number) / 100)
    assert len(meter._known) <= 101
    assert meter.note("flood", 1.0, 10.0) > turns.MANY_REQUESTS
