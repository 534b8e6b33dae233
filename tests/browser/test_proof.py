"""In a crowd the browser works for its owner, who need not do anything, nor wait before pressing the button."""

import contextlib

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import create_engine, text

from tests.served import Browser, begin, served

pytestmark = pytest.mark.wide


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """A service so small that a few make a crowd."""
    with served(tmp_path_factory.mktemp("crowded"), TIPLINE_TIPS_PER_HOUR="120") as server:
        for number in range(12):
            # Most of them are told that there is no room; that they came counts all the same.
            with Browser(server.port, f"127.5.0.{number + 2}") as browser, contextlib.suppress(AssertionError):
                begin(browser)
        yield server


@pytest.mark.parametrize("at_once", [False, True], ids=["solved while reading", "pressed at once"])
def test_a_browser_solves_the_task_and_its_tip_is_proven(crowded, browser, *, at_once):
    context = browser.new_context(base_url=f"http://127.0.0.1:{crowded.port}")
    with contextlib.closing(context):
        page = context.new_page()
        page.goto("/en/exhibits/curtain1/tip")
        page.fill("[name=narrative]", "I saw it in a hostel near the harbour.")
        page.wait_for_timeout(3500)  # as long as nobody writes quicker
        if at_once:
            page.route("**/altcha-pbkdf2.js", lambda route: (page.wait_for_timeout(1000), route.continue_()))
        page.click("main form button[type=submit]")
        page.check("[name=acknowledge]")
        words = page.locator("[data-proof-words]")
        if at_once:
            page.click("main form[action$='/send'] button")
            expect(words).to_contain_text("sent as soon as your browser has solved the task")
        else:
            expect(words).to_contain_text("Your browser has solved the task")
            assert Axe().run(page).violations_count == 0
            page.click("main form[action$='/send'] button")
        page.wait_for_url("**/en/tip/sent")
    engine = create_engine(crowded.settings.database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM tip WHERE unproven")).scalar_one() == 0
    engine.dispose()
