"""What a receipt opens."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.pages import PageClient
from tests.tipsters import NARRATIVE, TestDesk, come_back, receipt_on, send, the_tip, write
from tipline.extensions import db
from tipline.models.tip import Tip


@pytest.fixture
def code(client: PageClient, desk: TestDesk) -> str:
    """The receipt of a tip that was sent."""
    write(client, desk)
    return receipt_on(send(client))


def test_a_receipt_shows_the_state_and_nothing_that_was_sent(client: PageClient, code: str) -> None:
    page = come_back(client, code)
    assert the_tip().ref in page.h1
    assert "We have received it." in page.main
    assert NARRATIVE not in page.html
    assert code not in page.response.request.url
    assert page.response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "change", [str.lower, lambda code: code.replace("-", " "), lambda code: code.replace("0", "o")]
)
def test_ways_of_writing_are_forgiven(client: PageClient, code: str, change: object) -> None:
    assert "We have received it." in come_back(client, change(code)).main  # type: ignore[operator]


@pytest.mark.parametrize(
    ("status", "words"), [("assigned", "being worked on"), ("referred", "passed on"), ("closed", "closed")]
)
def test_the_state_is_said_in_plain_words(client: PageClient, code: str, status: str, words: str) -> None:
    db.session.execute(update(Tip).values(status=status))
    db.session.commit()
    assert words in come_back(client, code).main


def test_a_typo_is_named_and_kept(client: PageClient, code: str) -> None:
    page = come_back(client, code[:-1])
    assert "20 letters and figures" in page.errors[0]
    assert page.form("receipt").values["receipt"] == [code[:-1]]


def test_a_receipt_of_nothing_says_so(client: PageClient, code: str) -> None:
    page = come_back(client, "7K3M9-QXT2A-BC4DE-FGH6J")
    assert "We have no tip with this receipt" in page.errors[0]
