"""A supervisor's walk: what only supervisors see, each stop a page. It follows the reviewer's walk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from tests.browser.walker import ID, Walker


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
    until = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=300)
    walker.fill(hold_reason="judicial", hold_text="A court asks for it.", review_on=until.isoformat())
    walker.press("/holds")
    walker.follow("/identity")
    yield "identity-reason"
    walker.fill(reason_code="supervision")
    walker.press()
    yield "identity"
    walker.go("/staff/approvals")
    yield "supervisor-approvals"
    walker.follow(f"/staff/approvals/{ID}$")
    yield "supervisor-approval"
    walker.go("/staff/desks")
    walker.follow(f"/staff/desks/{ID}$")
    yield "supervisor-desk"
    desk = walker.page.url.removeprefix(walker.url)
    for name in ("new", "confirm", "use"):
        walker.go(f"{desk}/codes/{name}")
        yield f"codes-{name}"
    walker.go(f"{desk}/codes/rehearse")
    yield "codes-rehearse"
    walker.press()
    yield "codes-rehearse-error"
    for name in ("keys", "keys/bring-over"):
        walker.go(f"{desk}/{name}")
        yield f"desk-{name.replace('/', '-')}"
    walker.go(desk)
    walker.follow(f"/people/{ID}/remove$")
    yield "desk-take-off"
    walker.go("/staff/authorities")
    yield "supervisor-authorities"
    yield from _shut_file(walker)
    yield from _review(walker)
    walker.go("/staff/requests")
    walker.follow("/staff/requests/")
    walker.follow("/decide$")
    yield "decide-request"
    walker.press()
    yield "decide-request-error"


def _shut_file(walker: Walker) -> Iterator[str]:
    """A file that may be illegal: shut, handed over, destroyed, certified. Then a tip that may only be purged."""
    walker.go("/staff/?files=yes&every=yes")
    walker.follow("/staff/tips/")
    if walker.page.locator("[name=reason_code]").count():
        walker.fill(reason_code="supervision")
        walker.press()
    tip = walker.page.url.removeprefix(walker.url)
    walker.follow("/attachments/")
    file = walker.page.url.removeprefix(walker.url)
    walker.press("/quarantine")
    walker.go(file)
    yield "attachment-shut"
    walker.go("/staff/quarantine")
    yield "quarantine"
    here = file.partition("?")[0]
    walker.go(f"{here}/hand-over")
    yield "hand-file-over"
    walker.press()
    yield "hand-file-over-error"
    authority = walker.page.locator("[name=authority] option").nth(1).get_attribute("value")
    walker.fill(authority=authority or "")
    walker.press()
    yield "attachment-handed-over"
    walker.go(f"{here}/certificate")
    yield "certificate"
    walker.go(f"{here}/destroy")
    yield "destroy-file"
    walker.go(f"{tip.partition('?')[0]}/hand-over")
    yield "hand-tip-over"
    walker.go(f"{tip.partition('?')[0]}/purge")
    yield "purge"


def _review(walker: Walker) -> Iterator[str]:
    """The referral with original words, which the reviewer proposed."""
    walker.go("/staff/referrals")
    yield "referrals-to-review"
    walker.follow("/review$")
    yield "review-referral"
