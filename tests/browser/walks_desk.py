"""A reviewer's walk through the desk: each stop is a page, with its name. Nothing here is checked."""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.walker import ID, Walker

SAME_ANSWER = "They sell exactly this bag in their shop on the net, in three colours."


def reviewer(walker: Walker) -> Iterator[str]:
    """A reviewer's day; ends with a package that waits for an administrator."""
    walker.go("/staff/referrals")
    yield "referrals"
    walker.go("/staff/?status=outcome")
    yield "queue-nothing"
    yield from _tip(walker)
    yield from _groups(walker)
    yield from _senders(walker)
    walker.go("/staff/excerpts")
    yield "excerpts"
    walker.fill(reason_code="supervision") if walker.page.locator("[name=reason_code]").count() else None
    walker.press()
    yield "queue-excerpts"
    yield from _search(walker)
    yield from _referral(walker)
    yield from _queue_work(walker)
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
    walker.press()
    yield "confirm-factor"
    walker.go("/staff/account/keys")
    yield "end-keys"
    walker.go("/staff/account/passkeys/add")
    yield "add-passkey"
    walker.go("/staff/account/codes/new")
    yield "new-codes"
    yield from _knowing(walker)
    yield from _replies(walker)
    walker.go("/staff/calls")
    yield "calls"
    walker.go("/staff/again?next=/staff/account")
    yield "password-again"
    walker.go("/admin/releases")
    yield "not-for-you"
    walker.go("/staff/tips/TIP-NOT-THERE")
    yield "no-such-tip"


def _search(walker: Walker) -> Iterator[str]:
    """The reason, what cannot be searched for, what is found, and nothing."""
    walker.go("/staff/search")
    yield "search-reason"
    walker.fill(reason_code="supervision")
    walker.press("/search/reason")
    yield "search"
    walker.fill(words="b*")
    walker.press("/staff/search")
    yield "search-error"
    walker.fill(words="ho*")
    walker.press("/staff/search")
    yield "search-found"
    walker.fill(words="qqqqqq")
    walker.press("/staff/search")
    yield "search-nothing"
    walker.go("/staff/search")
    yield "search-again"


def _knowing(walker: Walker) -> Iterator[str]:
    """Figures, notices, one's own counters, and what is logged."""
    walker.go("/staff/statistics")
    yield "statistics"
    walker.go("/staff/account/notices")
    yield "notices"
    walker.go("/staff/account/welfare")
    yield "welfare"
    walker.fill(limit="0")
    walker.press(within="main .tl-card")
    yield "welfare-error"
    walker.go("/staff/account/log")
    yield "log-effects"


def _replies(walker: Walker) -> Iterator[str]:
    """Templates of replies, and one in a language of its own."""
    walker.go("/staff/reply-templates")
    yield "reply-templates-none"
    walker.go("/staff/reply-templates/new")
    yield "new-reply-template"
    walker.press()
    yield "new-reply-template-error"
    walker.fill(template_title="Thanks", language="en", message="Thank you for what you wrote.")
    walker.press()
    walker.go("/staff/reply-templates")
    yield "reply-templates"
    walker.follow(f"/staff/reply-templates/{ID}$")
    yield "reply-template"
    walker.follow("/text$")
    yield "reply-template-text"


def _queue_work(walker: Walker) -> Iterator[str]:
    """Labels, views, settings, work on many, and a tip by telephone; ends with one tip more in the queue."""
    walker.go("/staff/labels")
    yield "labels-none"
    walker.press()
    yield "labels-error"
    walker.fill(label_name="Ask the lab", tone="work")
    walker.press()
    yield "labels"
    walker.follow(f"/staff/labels/{ID}$")
    yield "label"
    walker.go("/staff/views?lane=urgent")
    yield "keep-view"
    walker.fill(view_name="Urgent ones")
    walker.press()
    walker.go("/staff/views")
    yield "views"
    walker.go("/staff/settings")
    yield "settings"
    walker.go("/staff/?every=yes")
    refs = walker.page.eval_on_selector_all("input[name=ref]", "all => all.slice(0, 2).map(box => box.value)")
    walker.go("/staff/many?" + "&".join(f"ref={ref}" for ref in refs))
    yield "many"
    walker.press("/many/close")
    yield "many-error"
    label = walker.page.locator("[name=label] option", has_text="Ask the lab").get_attribute("value")
    walker.fill(label=label or "")
    walker.press("/many/label")
    yield "queue-undo"
    walker.go("/staff/intake")
    yield "intake"
    walker.press()
    yield "intake-error"
    walker.fill(narrative="She saw the bag in a shop at the ferry.", tip_language="369")
    walker.press()
    yield "intake-check"
    walker.page.locator("[name=acknowledge]").check(force=True)
    walker.press("/intake/check")
    yield "intake-sent"


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
    ref = walker.page.url.rpartition("/")[2].partition("?")[0]
    walker.press("/notes")
    yield "tip-error"
    walker.go(f"/staff/tips/{ref}/summary")
    yield "summary-none"
    walker.fill(summary="Somebody knows the shop. No pictures.")
    walker.press("/summary")
    yield "summary"
    walker.go(f"/staff/tips/{ref}")
    walker.follow("/held-back$")
    yield "held-back"
    yield from _file(walker)


def _groups(walker: Walker) -> Iterator[str]:
    """Tips that give the same answer, before and after they were compared: two people tell of the same shop."""
    for _caller in range(2):
        walker.go("/staff/intake")
        walker.fill(narrative=SAME_ANSWER, tip_language="369", links="https://shop.example/bags/1000001")
        walker.press()
        walker.page.locator("[name=acknowledge]").check(force=True)
        walker.press("/intake/check")
    walker.go("/staff/groups")
    yield "groups"
    if walker.page.locator("[data-bring-over] form").count():
        walker.press("/groups/compare")
        walker.page.locator("[data-bring-over]", has_text="Every open tip has been compared").wait_for()
    walker.go("/staff/groups")
    yield "groups-compared"
    walker.follow(f"/staff/groups/{ID}$")
    yield "group"
    walker.go("/staff/first-hand")
    yield "first-hand"


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
    """Two referrals: one waits for an administrator, one with the original words for a second supervisor."""
    ref = _assessed(walker)
    yield "tip-assessed"
    walker.follow("/staff/referrals/new")
    yield "new-referral"
    walker.press()
    yield "new-referral-error"
    _fill_referral(walker)
    walker.press()
    yield "referral-check"
    check = walker.page.url
    walker.go(check.removeprefix(walker.url).replace("/check", f"/tip?tip={ref}"))
    yield "referral-tip"
    walker.page.goto(check)
    walker.press("/check")
    yield "referral-waiting"
    _assessed(walker)
    walker.follow("/staff/referrals/new")
    _fill_referral(walker)
    walker.fill(narrative="original", narrative_reason="The way she words it tells the region.")
    walker.press()
    walker.press("/check")
    yield "referral-to-review"
    walker.go("/staff/referrals")
    yield "referrals-two"


def _assessed(walker: Walker) -> str:
    """To an assessed tip that may be referred; its reference."""
    walker.go("/staff/?status=assessed&every=yes")
    for tip in walker.links(r"/staff/tips/"):
        walker.go(tip)
        if walker.page.locator("[name=reason_code]").count():
            walker.fill(reason_code="assigned_work")
            walker.press()
        if walker.links("/staff/referrals/new"):
            break
    return walker.page.url.rpartition("/")[2].partition("?")[0]


def _fill_referral(walker: Walker) -> None:
    authority = walker.page.locator("[name=authority] option").nth(1).get_attribute("value")
    walker.fill(authority=authority or "", why_you="The paving is laid in that region.", request="verify", urgency="3d")
    walker.fill(purpose="identify-place", legal_basis="led-national")
