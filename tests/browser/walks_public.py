"""Every public page of the sample, one after the other, as ``walks`` tells."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.browser.walker import Walker

STORIES = {
    "en": "We had the same paving in the yard of our school until 2014.",
    "fr": "Nous avions le même pavage dans la cour de notre école jusqu’en 2014, près de la gare.",
    "el": "Είχαμε το ίδιο πλακόστρωτο στην αυλή του σχολείου μας μέχρι το 2014, κοντά στον σταθμό.",
}
FOUR = re.compile(r"/[a-z]{2}(?:-[A-Z]{2})?/exhibits/[^/#?]+$")


def public(walker: Walker, tag: str, *, deep: bool = True) -> Iterator[str]:
    """Everything that a stranger can come to, in one language; ``deep``: what a mailbox leads to as well."""
    home = f"/{tag}"
    walker.go(f"{home}/")
    yield "gallery"
    exhibits = walker.links(FOUR.pattern)
    walker.go(f"{home}/?show=closed")
    yield "gallery-closed"
    walker.go(walker.links(FOUR.pattern)[0])
    yield "exhibit-closed"
    for number, exhibit in enumerate(exhibits[:2], 1):
        walker.go(exhibit)
        yield f"exhibit-{number}"
    walker.go(f"{exhibits[0]}/poster")
    yield "poster"
    walker.go(f"{home}/updates")
    yield "updates"
    walker.follow(f"{home}/updates/[^/]+$")
    yield "update"
    for name, path in (
        ("no-exhibit", "exhibits/none"),
        ("no-poster", "exhibits/none/poster"),
        ("no-update", "updates/none"),
    ):
        walker.go(f"{home}/{path}")
        yield name
    walker.go(exhibits[1])
    enlarge = walker.links("^#")
    opener = next((one for one in enlarge if one != "#main-content"), None)
    if opener:
        walker.go(f"{exhibits[1]}{opener}")
        yield "exhibit-enlarged"
    yield from _journey(walker, home, exhibits[0], STORIES.get(tag, STORIES["en"]))
    yield from _receipt(walker, home, deep=deep)
    for name in ("privacy", "help", "emergency", "accessibility", "leave-info", "children", "cookies"):
        walker.go(f"{home}/{name}")
        yield name
    walker.go(f"{home}/emergency?country=BE#countries")
    yield "emergency-country"
    walker.go(f"{home}/tip")
    yield "tip-about-anything"
    walker.fill(narrative=STORIES.get(tag, STORIES["en"]))
    walker.press()
    walker.go(f"{home}/tip/delete")
    yield "delete"
    walker.press()
    yield "deleted"
    walker.go(f"{home}/tip/check")
    yield "draft-gone"
    walker.go(f"{home}/nowhere")
    yield "not-found"


def sent(walker: Walker, tag: str) -> Iterator[str]:
    """A tip about no object, sent at once: the form, its error, and the page of what was sent."""
    home = f"/{tag}"
    walker.go(f"{home}/tip")
    yield "tip"
    walker.press()
    yield "tip-error"
    walker.fill(narrative=STORIES.get(tag, STORIES["en"]))
    walker.press()
    walker.page.locator("[name=acknowledge]").check(force=True)
    walker.press("/tip/send")
    yield "sent"


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
    walker.page.locator(".tl-files__file").wait_for()
    yield "files-added"
    walker.go_and_stay(f"{home}/tip/files/arriving")
    yield "files-arriving"
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


def _receipt(walker: Walker, home: str, *, deep: bool) -> Iterator[str]:
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
    yield "mailbox"
    if not deep:
        return
    yield from _mailbox(walker, f"{home}/receipt/mailbox")
    walker.go(f"{home}/receipt/mailbox")
    yield "mailbox-over"


def _mailbox(walker: Walker, mailbox: str) -> Iterator[str]:
    walker.go(f"{mailbox}/correct")
    walker.press()
    yield "correct-error"
    walker.fill(narrative="2012", child_at_risk="no")
    walker.press()
    yield "addition-check"
    walker.go(f"{mailbox}/add")
    yield "add"
    walker.go(f"{mailbox}/add/check")
    walker.press("/add/send")
    yield "addition-sent"
    for kind in ("access", "erasure"):
        walker.go(f"{mailbox}/requests/{kind}")
        yield f"ask-{kind}"
    walker.press()
    walker.go(f"{mailbox}/withdraw")
    yield "withdraw"
    walker.press()
    yield "mailbox-withdrawn"
    walker.press("/close")
    yield "mailbox-closed"
