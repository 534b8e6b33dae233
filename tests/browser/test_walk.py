"""The main job in a real browser, without scripts and with them: a Greek tip with a photo, until it is acknowledged."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from tests.browser import walks, walks_public
from tests.browser.conftest import ROOT, People, Site
from tests.browser.walker import PHOTO, Walker
from tests.journeys.steps import Recipients

SANITISED = "The paving was laid in a school yard until 2014."


@pytest.fixture(params=[False, True], ids=["without scripts", "with scripts"])
def scripts(request):
    return request.param


def tab_to(page, selector: str) -> None:
    """Press Tab until this is where the keyboard is."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"the keyboard does not come to {selector} on {page.url}")


def send_by_keyboard(page, url: str) -> tuple[str, str]:
    """A stranger with a keyboard alone, at the Greek pages; the receipt and the reference."""
    page.goto(f"{url}/el/")
    tab_to(page, "main a[href*='/exhibits/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/exhibits/*")
    tab_to(page, "a[href$='/tip']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tip")
    tab_to(page, "[name=narrative]")
    page.keyboard.insert_text(walks_public.STORIES["el"])
    tab_to(page, "[name=how_known]")
    page.keyboard.press("Space")
    tab_to(page, "main button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tip/check")
    assert walks_public.STORIES["el"] in page.inner_text("main")
    tab_to(page, "a[href$='/tip/files']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tip/files")
    page.locator("[type=file]").set_input_files(ROOT / PHOTO)
    tab_to(page, "main button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tl-files__name")
    tab_to(page, "main a.govuk-button[href$='/tip/check']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tip/check")
    tab_to(page, "[name=acknowledge]")
    page.keyboard.press("Space")
    tab_to(page, "main button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tip/sent")
    receipt = page.inner_text(".tl-receipt__code").strip()
    page.click("form[action$='/tip/sent'] button")
    assert receipt not in page.content()
    return receipt, status(page, url, receipt)[1]


def status(page, url: str, receipt: str) -> tuple[str, str]:
    """What the receipt page says in English, and the tip's reference."""
    page.goto(f"{url}/en/receipt")
    page.fill("[name=receipt]", receipt.lower())
    page.press("[name=receipt]", "Enter")
    page.wait_for_selector("h1:has-text('Your tip ')")
    return page.inner_text("main"), page.inner_text("h1").removeprefix("Your tip ")


def come_in(site, people, name: str, *, scripts: bool) -> Walker:
    """Somebody's browser, with the password typed just now."""
    walker = Walker(people.come_in(name, java_script_enabled=scripts).new_page(), site.url)
    walker.go("/staff/again?next=/staff/account")
    walker.fill(password=site.password(name))
    walker.press()
    return walker


def work_and_propose(desk: Walker, ref: str, authority: str) -> None:
    """Take, open, reveal, grade, state, sanitise, propose."""
    desk.go("/staff/")
    desk.follow(f"/staff/tips/{ref}")
    desk.fill(reason_code="assigned_work")
    desk.press("/open")
    assert walks_public.STORIES["el"] in desk.page.inner_text(".tl-narrative")
    desk.press("/take")
    desk.follow("/attachments/")
    assert desk.page.locator("img.tl-revealed").count() == 0
    desk.press("/reveal/small")
    picture = desk.page.locator("img.tl-revealed")
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    desk.go(f"/staff/tips/{ref}")
    desk.fill(source_code="X", information_code="2", grade_reason="Went to the school.")
    desk.press("/assess")
    for basis, text in (("fact", "The school exists."), ("assessment", "The story fits the picture.")):
        desk.fill(basis=basis, statement=text)
        desk.press("/statements")
    desk.fill(sanitised=SANITISED)
    desk.press("/sanitised")
    desk.follow("/staff/referrals/new")
    option = desk.page.locator("[name=authority] option", has_text=authority).get_attribute("value")
    desk.fill(authority=option, why_you="The school is there.", request="verify", urgency="3d")
    desk.fill(purpose="identify-place", legal_basis="led-national")
    desk.page.locator("[name=attachment_ids]").first.check(force=True)
    desk.press()
    assert SANITISED in desk.page.inner_text("main")
    assert walks_public.STORIES["el"] not in desk.page.content()
    desk.press("/check")
    assert "Waits for an administrator" in desk.page.inner_text("main")


def test_from_a_greek_tip_to_an_acknowledged_package(site, people, browser, scripts, tmp_path):
    given = json.loads(resources.files("tipline").joinpath("data/sample/sample.json").read_text(encoding="utf-8"))
    authority = given["authorities"][0]
    stranger = browser.new_context(java_script_enabled=scripts, locale="el-GR").new_page()
    receipt, ref = send_by_keyboard(stranger, site.url)

    desk = come_in(site, people, "ines.calder", scripts=scripts)
    work_and_propose(desk, ref, authority["name"])
    assert "It is being worked on." in status(stranger, site.url, receipt)[0]

    office = come_in(site, people, "otto.brandt", scripts=scripts)
    office.go("/admin/releases")
    office.follow("/admin/releases/PKG")
    assert authority["name"] in office.page.inner_text("main")
    package = office.page.url.rpartition("/")[2]
    office.press("/release")
    with office.page.expect_download() as started:
        office.page.click("a[download]")
    outer = started.value.path().read_bytes()

    key = (site.instance / "sample" / f"{authority['slug']}.key").read_text(encoding="utf-8")
    theirs = Recipients(tmp_path / "theirs", key, (site.folder / "secrets" / "seal.cert.pem").read_bytes())
    digest = theirs.follow_the_steps(outer, package)[3].split()[0]
    found = theirs.folder / package / "data" / "tips" / ref
    assert SANITISED in (found / "narrative.sanitised.txt").read_text(encoding="utf-8")

    office.fill(channel="siena")
    office.press("/sent")
    assert "It was passed on." in status(stranger, site.url, receipt)[0]
    office.fill(digest="0" * 64)
    office.press("/acknowledgement")
    assert "This is not the digest of this package" in office.page.inner_text(".govuk-error-summary")
    office.fill(digest=digest, reference="GR-7")
    office.press("/acknowledgement")
    assert "Acknowledged" in office.page.inner_text("main")
    assert "the log verifies" in site.command("log", "verify")
    for page in (stranger, desk.page, office.page):
        page.context.close()


@pytest.mark.wide
def test_everything_at_the_desk_and_in_the_administration_works_without_scripts(browser, tmp_path):
    """Every walk comes to its end on a sample of its own: each button that it presses is a form that posts."""
    site = Site(tmp_path)
    site.command("sample")
    site.start()
    people = People(site, browser)
    for name, steps in walks.ROLES.items():
        context = people.come_in(name, java_script_enabled=False)
        broken = "Sorry, there is a problem with the service"
        walker = Walker(context.new_page(), site.url, str(ROOT / PHOTO))
        assert [stop for stop in steps(walker) if broken in walker.page.content()] == []
        context.close()
    site.stop()
