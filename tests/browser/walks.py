"""Every page of the sample, one after the other: each walk stops at a page and gives its name.

Who walks along looks at the page as it stands (axe, a picture) and lets the walk go on. Nothing here is checked.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.walker import Walker

ID = "[0-9a-f]{32}"


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
    yield from _senders(walker)
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


def _senders(walker: Walker) -> Iterator[str]:
    """What a sender added by receipt, a message to the sender, and what senders ask for."""
    walker.go("/staff/?status=added")
    yield "queue-added"
    walker.follow("/staff/tips/")
    if walker.page.locator("[name=reason_code]").count():
        walker.fill(reason_code="assigned_work")
        walker.press()
    yield "tip-added-to"
    walker.press("/additions/")
    yield "tip-addition"
    walker.follow("/message")
    yield "message"
    walker.press()
    yield "message-error"
    walker.fill(message="Do you still have the picture?", language="fi")
    walker.press()
    yield "message-check"
    walker.page.locator("button[value=send]").click()
    walker.page.wait_for_load_state("load")
    yield "tip-message"
    walker.go("/staff/requests")
    yield "requests"
    walker.follow("/staff/requests/")
    yield "request"


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
    walker.go("/staff/requests")
    walker.follow("/staff/requests/")
    walker.follow("/decide$")
    yield "decide-request"
    walker.press()
    yield "decide-request-error"


def administrator(walker: Walker) -> Iterator[str]:
    """The administration."""
    walker.go("/admin/")
    yield "home"
    walker.go("/admin/mode")
    yield "mode"
    walker.go("/admin/mode/closed/words/el")
    yield "mode-words"
    yield from _modes(walker)
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
    yield from _updates(walker)
    yield from _authorities(walker)
    yield from _releases(walker)


def _modes(walker: Walker) -> Iterator[str]:
    """What the public sees while no tips are taken; ends with the service open again."""
    for mode, stops in (("maintenance", ("/en/tip",)), ("closed", ("/en/tip", "/en/")), ("open", ())):
        walker.go("/admin/mode")
        walker.page.locator(f"[name=mode][value={mode}]").check(force=True)
        walker.press("/admin/mode")
        for number, path in enumerate(stops, 1):
            walker.go(path)
            yield f"while-{mode}-{number}"


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
    walker.follow(r"/admin/appeals/(?!new|exhibits|batches)[^/]+$")
    yield "appeal"
    appeal = walker.page.url.removeprefix(walker.url)
    exhibit = walker.links("/admin/appeals/exhibits/[^/]+$")[0]
    for name, path in (
        ("appeal-words", f"{appeal}/words/el"),
        ("make-appeal", "/admin/appeals/new"),
        ("make-exhibit", f"{appeal}/exhibits/new"),
        ("exhibit", exhibit),
        ("exhibit-words", f"{exhibit}/words/fr"),
        ("exhibit-outcome", f"{exhibit}/outcome"),
        ("exhibit-picture", f"{exhibit}/picture"),
    ):
        walker.go(path)
        yield name
    yield from _batches(walker)


def _batches(walker: Walker) -> Iterator[str]:
    walker.go("/admin/appeals/batches/new/close")
    yield "plan-batch-nothing"
    walker.go("/admin/appeals/batches/new/withdraw")
    yield "plan-batch"
    walker.press()
    yield "plan-batch-error"
    walker.page.locator("[name=items]").last.check(force=True)
    walker.press()
    yield "batches"
    for name in ("change", "cancel"):
        walker.go("/admin/appeals/batches")
        walker.follow(f"/batches/{ID}/{name}$")
        yield f"{name}-batch"
    walker.press()
    yield "batches-cancelled"


def _updates(walker: Walker) -> Iterator[str]:
    walker.go("/admin/updates")
    yield "updates"
    walker.follow("/admin/updates/(?!new|figures)[^/]+$")
    yield "update"
    update = walker.page.url.removeprefix(walker.url)
    walker.go(f"{update}/words/el")
    yield "update-words"
    walker.go("/admin/updates/new")
    yield "write-update"
    walker.press()
    yield "write-update-error"
    walker.go("/admin/updates/figures")
    yield "figures"
    walker.fill(countries="-1")
    walker.press(within="main .tl-card")
    yield "figures-error"


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
    for name, path in (
        ("log-segments", "/admin/log/segments"),
        ("clocks", "/admin/clocks"),
        ("requests", "/admin/requests"),
    ):
        walker.go(path)
        yield name


ROLES = {
    "ines.calder": reviewer,
    "mara.lind": supervisor,
    "otto.brandt": administrator,
    "vera.holm": auditor,
}
