"""Uploads in a real browser: what a slow or broken one shows, with scripts and without."""

from __future__ import annotations

import pytest

from tests.browser import walker, walks_public
from tests.browser.conftest import ROOT

PHOTO = ROOT / walker.PHOTO


def begin(context, url: str):
    """A page on which files can be added to a draft."""
    page = context.new_page()
    page.goto(f"{url}/en/tip")
    page.fill("[name=narrative]", walks_public.STORIES["en"])
    page.click("main form button[type=submit]")
    page.goto(f"{url}/en/tip/files")
    return page


@pytest.fixture
def page(site, browser):
    context = browser.new_context()
    yield begin(context, site.url)
    context.close()


def add(page, *files) -> None:
    """Choose files and press the button."""
    page.set_input_files("[type=file]", list(files))
    page.click("main form[enctype] button[type=submit]")


def test_a_broken_upload_is_told_and_tried_again_with_the_same_files(page):
    page.route("**/tip/files", lambda route: route.abort("connectionreset"))
    add(page, PHOTO)
    page.wait_for_selector("[data-upload-failed]:visible")
    assert page.evaluate("document.activeElement.matches('[data-upload-again]')")
    assert page.evaluate("document.querySelector('[type=file]').files.length") == 1
    page.unroute("**/tip/files")
    page.click("[data-upload-again]")
    page.wait_for_selector(".tl-files__file")
    assert page.locator("iframe").count() == 0
    assert page.locator("[data-upload]").is_hidden()


def test_an_upload_can_be_stopped(page):
    held = []

    def hold(route) -> None:
        held.append(route)

    page.route("**/tip/files", hold)
    add(page, PHOTO)
    page.click("[data-upload-stop]")
    page.wait_for_selector("[data-upload-stopped]:visible")
    assert page.locator("main form[enctype] button[type=submit]").is_enabled()
    assert len(held) == 1


def test_a_refused_file_is_named_where_it_was_added_and_others_stay(page):
    wrong = {"name": "tool.exe", "mimeType": "application/octet-stream", "buffer": b"MZ\x90" * 500}
    good = {"name": "good.jpg", "mimeType": "image/jpeg", "buffer": PHOTO.read_bytes()}
    add(page, good, wrong)
    page.wait_for_selector(".govuk-error-summary")
    assert "tool.exe" in page.inner_text(".govuk-error-summary")
    assert "good.jpg" in page.inner_text(".tl-files__file")
    assert page.title().startswith("Error: ")
    assert page.evaluate("document.activeElement.matches('.govuk-error-summary')")
    add(page, PHOTO)
    page.locator(".tl-files__file").nth(1).wait_for()


def test_without_scripts_a_frame_tells_how_much_has_come(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = begin(context, site.url)
    assert page.locator("[data-upload]").is_hidden()
    frame = page.frame_locator("iframe")
    assert "this shows how much has arrived" in frame.locator("main").inner_text()
    context.close()
