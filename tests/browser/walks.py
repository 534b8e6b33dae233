"""Every page of the sample, one after the other: each walk stops at a page and gives its name.

Who walks along looks at the page as it stands (axe, a picture) and lets the walk go on. Nothing here is checked. Each
walk finds what the ones before it in ``ROLES`` have left.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.walker import Walker
from tests.browser.walks_desk import reviewer
from tests.browser.walks_office import administrator, auditor
from tests.browser.walks_supervisor import supervisor


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


ROLES = {
    "ines.calder": reviewer,
    "mara.lind": supervisor,
    "otto.brandt": administrator,
    "vera.holm": auditor,
}
