"""What no page asks for and somebody sends all the same: no answer of it is a failure of the service."""

from __future__ import annotations

import pytest

from tests import factories
from tests.factories import Team

HUGE = "9" * 30
FROM_NOWHERE = ("/staff/tips/%00", "/staff/?after=%00", "/staff/referrals/new?tip=a%00b", "/staff/desks/%00/found")
BY_ANYBODY = ("/en/updates?before=%00", "/en/?show=%00&after=%00", "/en/emergency?country=%00", "/en/help?%00=%ff")
BY_A_SUPERVISOR = (
    f"/staff/?language={HUGE}",
    f"/staff/?language=000000369{HUGE}",
    f"/staff/?after={HUGE}&before={HUGE}",
    "/staff/?desk=%D7%91&status=%F0%9F%91%80&assignee=../x",
    "/staff/again?next=//elsewhere.example/staff/",
    "/staff/again?next=/staff/%00",
)
BY_AN_AUDITOR = (
    f"/admin/log?before={HUGE}",
    "/admin/log?before=-5",
    "/admin/log?before=0",
    "/admin/log?actor=%00",
    "/admin/log?until=9999-12-31",
    "/admin/log?until=0001-01-01",
    f"/admin/log?subject={HUGE}{HUGE}{HUGE}&event=none&outcome=%27",
)


@pytest.fixture
def team(app, database, now) -> Team:
    """An open desk, on both databases."""
    return factories.make_team(now)


def test_odd_addresses_are_answered_with_a_page(client, team, now):
    for address in BY_ANYBODY:
        assert client.get(address).status_code == 200, address
    for person, addresses in ((team.supervisors[0], FROM_NOWHERE + BY_A_SUPERVISOR), (team.auditor, BY_AN_AUDITOR)):
        factories.sign_in(client, person, now)
        for address in addresses:
            assert client.get(address).status_code in {200, 303, 404}, address


def test_a_session_named_with_a_nul_is_not_there(client, team, now):
    factories.sign_in(client, team.reviewers[0], now)
    token = client.page("/staff/account").form(action="/sign-out").values["csrf_token"]
    data = {"csrf_token": token, "session": "a\0b"}
    assert client.post("/staff/account/sessions/end", data=data).status_code == 404
