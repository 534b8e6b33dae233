"""Every page of the sample, one after the other: each walk stops at a page and gives its name.

Who walks along looks at the page as it stands (axe, a picture) and lets the walk go on. Nothing here is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from playwright.sync_api import Page

PHOTO = "tipline/data/sample/paving.jpg"
STORIES = {
    "en": "We had the same paving in the yard of our school until 2014.",
    "fr": "Nous avions le même pavage dans la cour de notre école jusqu’en 2014, près de la gare.",
    "el": "Είχαμε το ίδιο πλακόστρωτο στην αυλή του σχολείου μας μέχρι το 2014, κοντά στον σταθμό.",
}
FOUR = re.compile(r"/[a-z]{2}/exhibits/[^/#?]+$")
ID = "[0-9a-f]{32}"


class Walker:
    """A page with a few verbs."""

    def __init__(self, page: Page, url: str, photo: str = PHOTO) -> None:
        self.page, self.url, self.photo = page, url, photo

    def go(self, path: str) -> None:
        """To this address."""
        self.page.goto(self.url + path)

    def links(self, pattern: str) -> list[str]:
        """Addresses on the page that match."""
        found = self.page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
        return list(dict.fromkeys(href for href in found if re.search(pattern, href)))

    def follow(self, pattern: str) -> None:
        """The first link whose address matches."""
        self.go(self.links(pattern)[0])

    def press(self, action: str = "", within: str = "main") -> None:
        """The button of the form with this action, or of the only form that posts."""
        wanted = f'{within} form[method=post][action*="{action}"]' if action else f"{within} form[method=post]"
        form = self.page.locator(wanted).first
        form.evaluate(
            "form => { let d = form.closest('details'); while (d) { d.open = true; d = d.parentElement.closest('details'); } }"
        )
        form.locator("button[type=submit], button:not([type])").last.click()
        self.page.wait_for_load_state("load")

    def fill(self, **fields: str) -> None:
        """Type into fields by their names."""
        for name, value in fields.items():
            field = self.page.locator(f"[name={name}]:not([type=hidden])").first
            field.evaluate(
                "e => { let d = e.closest('details'); while (d) { d.open = true; d = d.parentElement.closest('details'); } }"
            )
            kind = field.evaluate("e => e.type")
            if kind in {"radio", "checkbox"}:
                self.page.locator(f"[name={name}][value='{value}']").first.check(force=True)
            elif kind.startswith("select"):
                field.select_option(value)
            elif kind == "file":
                field.set_input_files(value)
            else:
                field.fill(value)


def public(walker: Walker, tag: str) -> Iterator[str]:
    """Everything that a stranger can come to, in one language."""
    home = f"/{tag}"
    walker.go(f"{home}/")
    yield "gallery"
    exhibits = walker.links(FOUR.pattern)
    for number, exhibit in enumerate(exhibits[:2], 1):
        walker.go(exhibit)
        yield f"exhibit-{number}"
    enlarge = walker.links("^#")
    opener = next((one for one in enlarge if one != "#main-content"), None)
    if opener:
        walker.go(f"{exhibits[1]}{opener}")
        yield "exhibit-enlarged"
    yield from _journey(walker, home, exhibits[0], STORIES[tag])
    yield from _receipt(walker, home)
    for name in ("privacy", "help", "emergency", "accessibility", "leave-info"):
        walker.go(f"{home}/{name}")
        yield name
    walker.go(f"{home}/tip")
    yield "tip-about-anything"
    walker.fill(narrative=STORIES[tag])
    walker.press()
    walker.go(f"{home}/tip/delete")
    yield "delete"
    walker.press()
    yield "deleted"
    walker.go(f"{home}/tip/check")
    yield "draft-gone"
    walker.go(f"{home}/nowhere")
    yield "not-found"


def _journey(walker: Walker, home: str, exhibit: str, story: str) -> Iterator[str]:
    walker.go(f"{exhibit}/tip")
    yield "tip"
    walker.press()
    yield "tip-error"
    walker.fill(narrative=story, how_known="first_hand", certainty="sure", child_at_risk="no", years="2009–2014")
    walker.press()
    yield "check"
    walker.go(f"{home}/tip/files")
    yield "files"
    walker.press("/tip/files") if walker.page.locator('form[action*="/tip/files"]').count() else walker.press()
    yield "files-error"
    walker.fill(files=walker.photo)
    walker.press()
    yield "files-added"
    walker.go(f"{home}/tip/contact")
    yield "contact"
    walker.fill(email="not an address")
    walker.press()
    yield "contact-error"
    walker.fill(name="Alex", email="alex@sender.example")
    walker.press()
    yield "check-all"
    walker.press("/tip/send")
    yield "check-error"
    walker.page.locator("[name=acknowledge]").check(force=True)
    walker.press("/tip/send")
    yield "sent"


def _receipt(walker: Walker, home: str) -> Iterator[str]:
    receipt = walker.page.locator(".tl-receipt__code").inner_text().strip()
    walker.press("/tip/sent")
    yield "sent-and-kept"
    walker.go(f"{home}/receipt")
    yield "receipt"
    walker.fill(receipt="UUUU")
    walker.press()
    yield "receipt-error"
    walker.fill(receipt=receipt)
    walker.press()
    yield "receipt-status"


def outside(walker: Walker) -> Iterator[str]:
    """What somebody sees who is not signed in."""
    walker.go("/staff/sign-in")
    yield "sign-in"
    walker.fill(name="nobody", password="not the right one", code="000000")
    walker.press()
    yield "sign-in-error"
    walker.go("/staff/join")
    yield "join"
    walker.fill(name="nobody", code="AAAA-BBBB-CCCC")
    walker.press()
    yield "join-error"
    walker.go("/staff/signed-out")
    yield "signed-out"


def reviewer(walker: Walker) -> Iterator[str]:
    """A reviewer's day; ends with a package that waits for an administrator."""
    walker.go("/staff/referrals")
    yield "referrals"
    walker.go("/staff/?status=outcome")
    yield "queue-nothing"
    yield from _tip(walker)
    walker.go("/staff/excerpts")
    yield "excerpts"
    walker.fill(reason_code="supervision") if walker.page.locator("[name=reason_code]").count() else None
    walker.press()
    yield "queue-excerpts"
    yield from _referral(walker)
    for name, path in (("desks", "/staff/desks"), ("authorities", "/staff/authorities"), ("account", "/staff/account")):
        walker.go(path)
        yield name
    walker.go("/staff/desks")
    walker.follow(f"/staff/desks/{ID}$")
    yield "desk"
    walker.go("/staff/account/password")
    yield "change-password"
    walker.go("/staff/account/factor")
    yield "new-factor"
    walker.go("/staff/again?next=/staff/account")
    yield "password-again"
    walker.go("/admin/releases")
    yield "not-for-you"
    walker.go("/staff/tips/TIP-NOT-THERE")
    yield "no-such-tip"


def _tip(walker: Walker) -> Iterator[str]:
    walker.go("/staff/")
    yield "queue"
    walker.follow("/staff/tips/")
    yield "reason"
    if walker.page.locator("[name=reason_code]").count():
        walker.press()
        yield "reason-error"
        walker.fill(reason_code="assigned_work")
        walker.press()
    yield "tip-new"
    walker.press("/notes")
    yield "tip-error"
    yield from _file(walker)


def _file(walker: Walker) -> Iterator[str]:
    """The first tip of the queue that came with a file."""
    walker.go("/staff/")
    for tip in walker.links(r"/staff/tips/[^/]+$|/staff/tips/[^/]+\?")[:12]:
        walker.go(tip)
        if walker.page.locator("[name=reason_code]").count():
            walker.fill(reason_code="assigned_work")
            walker.press()
        if walker.links("/attachments/"):
            break
    yield "tip-with-a-file"
    walker.follow("/attachments/")
    yield "attachment"
    walker.press("/reveal/small")
    yield "attachment-small"
    walker.press("/reveal/full")
    yield "attachment-full"


def _referral(walker: Walker) -> Iterator[str]:
    walker.go("/staff/?status=assessed")
    for tip in walker.links(r"/staff/tips/"):
        walker.go(tip)
        if walker.page.locator("[name=reason_code]").count():
            walker.fill(reason_code="assigned_work")
            walker.press()
        if walker.links("/staff/referrals/new"):
            break
    yield "tip-assessed"
    ref = walker.page.url.rpartition("/")[2].partition("?")[0]
    walker.follow("/staff/referrals/new")
    yield "new-referral"
    walker.press()
    yield "new-referral-error"
    authority = walker.page.locator("[name=authority] option").nth(1).get_attribute("value")
    walker.fill(authority=authority or "", why_you="The paving is laid in that region.", request="verify", urgency="3d")
    walker.fill(purpose="identify-place", legal_basis="led-national")
    walker.press()
    yield "referral-check"
    check = walker.page.url
    walker.go(check.removeprefix(walker.url).replace("/check", f"/tip?tip={ref}"))
    yield "referral-tip"
    walker.page.goto(check)
    walker.press("/check")
    yield "referral-waiting"
    walker.go("/staff/referrals")
    yield "referrals-one"


def supervisor(walker: Walker) -> Iterator[str]:
    """What only supervisors see; ends with a referral that waits for a second supervisor."""
    walker.go("/staff/")
    yield "supervisor-queue"
    line = walker.page.locator("tbody tr", has_text="identity").first
    walker.go(line.locator("a").first.get_attribute("href") or "")
    if walker.page.locator("[name=reason_code]").count():
        walker.fill(reason_code="supervision")
        walker.press()
    yield "supervisor-tip"
    walker.follow("/identity")
    yield "identity-reason"
    walker.fill(reason_code="supervision")
    walker.press()
    yield "identity"
    walker.go("/staff/desks")
    walker.follow(f"/staff/desks/{ID}$")
    yield "supervisor-desk"
    desk = walker.page.url.removeprefix(walker.url)
    for name in ("new", "confirm", "use"):
        walker.go(f"{desk}/codes/{name}")
        yield f"codes-{name}"
    walker.go("/staff/authorities")
    yield "supervisor-authorities"


def administrator(walker: Walker) -> Iterator[str]:
    """The administration."""
    walker.go("/admin/")
    yield "home"
    walker.go("/admin/accounts")
    yield "accounts"
    walker.follow(f"/admin/accounts/{ID}$")
    yield "account"
    account = walker.page.url.removeprefix(walker.url)
    for name in ("change", "code", "remove", "reset", "suspend"):
        walker.go(f"{account}/{name}")
        yield f"account-{name}"
    walker.go("/admin/accounts/invite")
    yield "invite"
    walker.press()
    yield "invite-error"
    yield from _desks(walker)
    yield from _appeals(walker)
    yield from _authorities(walker)
    yield from _releases(walker)


def _desks(walker: Walker) -> Iterator[str]:
    walker.go("/admin/desks")
    yield "desks"
    walker.follow(f"/admin/desks/{ID}$")
    yield "desk"
    people = walker.links("/people/")
    if people:
        walker.go(people[0])
        yield "remove-member"
    walker.go("/admin/desks/name")
    yield "name-desk"
    walker.press()
    yield "name-desk-error"


def _appeals(walker: Walker) -> Iterator[str]:
    walker.go("/admin/appeals")
    yield "appeals"
    walker.follow(r"/admin/appeals/(?!new|exhibits)[^/]+$")
    yield "appeal"
    appeal = walker.page.url.removeprefix(walker.url)
    exhibit = walker.links("/admin/appeals/exhibits/[^/]+$")[0]
    for name, path in (
        ("appeal-words", f"{appeal}/words/el"),
        ("make-appeal", "/admin/appeals/new"),
        ("make-exhibit", f"{appeal}/exhibits/new"),
        ("exhibit", exhibit),
        ("exhibit-words", f"{exhibit}/words/fr"),
        ("exhibit-picture", f"{exhibit}/picture"),
    ):
        walker.go(path)
        yield name


def _authorities(walker: Walker) -> Iterator[str]:
    walker.go("/admin/authorities")
    yield "authorities"
    authority = walker.links(f"/admin/authorities/{ID}$")[0]
    for name, path in (
        ("authority", authority),
        ("change-authority", f"{authority}/change"),
        ("authority-key", f"{authority}/key"),
        ("enter-authority", "/admin/authorities/new"),
    ):
        walker.go(path)
        yield name
    walker.press()
    yield "enter-authority-error"


def _releases(walker: Walker) -> Iterator[str]:
    walker.go("/admin/releases?state=expired")
    yield "releases-none"
    walker.go("/admin/releases")
    yield "releases"
    waiting = walker.links("/admin/releases/PKG")
    if not waiting:
        return
    walker.go(waiting[0])
    yield "release"
    walker.press("/return")
    yield "release-error"
    walker.press("/release")
    yield "released"
    walker.fill(channel="siena")
    walker.press("/sent")
    yield "release-sent"
    walker.fill(digest="0" * 64)
    walker.press("/acknowledgement")
    yield "acknowledgement-error"
    walker.go("/admin/releases?state=all")
    yield "releases-all"


def auditor(walker: Walker) -> Iterator[str]:
    """The auditor's pages."""
    walker.go("/admin/log")
    yield "log"
    walker.go("/admin/log?chain=admin")
    yield "log-admin"
    walker.go("/admin/log/verify")
    yield "log-verify"
    walker.press()
    yield "log-verified"
    for name, path in (("log-segments", "/admin/log/segments"), ("clocks", "/admin/clocks")):
        walker.go(path)
        yield name


ROLES = {
    "ines.calder": reviewer,
    "mara.lind": supervisor,
    "otto.brandt": administrator,
    "vera.holm": auditor,
}
