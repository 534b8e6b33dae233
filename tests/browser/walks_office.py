"""The administrator's and the auditor's walk: each stop is a page, with its name. It follows the desk's walks."""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.walker import ID, Walker


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
    for name in ("change", "code", "keys", "remove", "reset"):
        walker.go(f"{account}/{name}")
        yield f"account-{name}"
    walker.go("/admin/accounts/invite")
    yield "invite"
    walker.press()
    yield "invite-error"
    yield from _suspended(walker)
    yield from _desks(walker)
    yield from _appeals(walker)
    yield from _updates(walker)
    yield from _authorities(walker)
    yield from _releases(walker)


def _suspended(walker: Walker) -> Iterator[str]:
    """Somebody is suspended and let in again: the one who walks nowhere."""
    walker.go("/admin/accounts")
    walker.go(walker.page.locator("a", has_text="tomas.revi").get_attribute("href") or "")
    account = walker.page.url.removeprefix(walker.url)
    walker.go(f"{account}/suspend")
    yield "account-suspend"
    walker.press()
    yield "account-suspended"
    walker.go(f"{account}/restore")
    yield "account-restore"
    walker.press()


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
        walker.press()
        walker.go("/admin/approvals")
        yield "approvals"
        walker.follow(f"/admin/approvals/{ID}$")
        yield "approval"
        walker.press()
        yield "approvals-nothing"
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
    walker.go("/admin/statistics?days=365")
    yield "statistics-admin"
    walker.go("/admin/log/verify")
    yield "log-verify"
    walker.press()
    yield "log-verified"
    for name, path in (
        ("log-segments", "/admin/log/segments"),
        ("clocks", "/admin/clocks"),
        ("requests", "/admin/requests"),
        ("special-flags", "/admin/special-flags"),
        ("drills", "/admin/drills"),
    ):
        walker.go(path)
        yield name
