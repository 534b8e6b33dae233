"""Every public page in one language, as somebody comes to it who tries things; who walks along reads what it says."""

from __future__ import annotations

import io
from collections.abc import Iterator

from tests import factories
from tests.pages import Page, PageClient
from tests.tipsters import exif_photo, receipt_on
from tipline.extensions import db
from tipline.services import messages, modes, rights

STORY = "Ωραία τσάντα"


def public_pages(client: PageClient, tag: str, team: factories.Team, ref: str, now) -> Iterator[Page]:
    """The pages of one language, one after the other; in the end the service is paused and closed."""
    yield from _open_pages(client, tag, ref)
    yield from _refusals(client, tag)
    sent = yield from _journey(client, tag, ref)
    yield from _mailbox(client, tag, team, receipt_on(sent), now)
    for mode in modes.WORDED:
        db.in_writing(lambda mode=mode: modes.set_mode(mode, None, now))
        status = {"maintenance": 503, "closed": 410}[mode]
        yield client.page(f"/{tag}/tip", status=status)
        yield client.page(f"/{tag}/")
        yield client.page(f"/{tag}/exhibits/{ref}")


def _open_pages(client: PageClient, tag: str, ref: str) -> Iterator[Page]:
    for path in ("", "?show=closed", f"exhibits/{ref}", f"exhibits/{ref}/poster", "receipt"):
        yield client.page(f"/{tag}/{path}")
    for path in ("privacy", "cookies", "help", "children", "emergency", "accessibility", "leave-info"):
        yield client.page(f"/{tag}/{path}")
    for path in ("emergency?country=BE", "updates", "updates/an-object-has-been-recognised"):
        yield client.page(f"/{tag}/{path}")


def _refusals(client: PageClient, tag: str) -> Iterator[Page]:
    for path in ("updates/nothing", "exhibits/nothing/poster", "exhibits/nothing", "nothing"):
        yield client.page(f"/{tag}/{path}", status=404)
    yield client.page(f"/{tag}/tip/check", status=410)
    yield client.page(f"/{tag}/receipt/mailbox", status=410)
    yield client.submit(client.page(f"/{tag}/receipt"), receipt="7K3M9-QXT2A-BC4DE-FGH6J")
    yield client.submit(client.page(f"/{tag}/receipt"), receipt="UUU")


def _journey(client: PageClient, tag: str, ref: str) -> Iterator[Page]:
    form = client.page(f"/{tag}/exhibits/{ref}/tip")
    yield form
    yield client.submit(form, narrative="", links="x" * 3000)
    check = client.submit(form, narrative=STORY, how_known="first_hand", certainty="sure", child_at_risk="yes")
    yield check
    yield client.page(f"/{tag}/tip")
    files = client.page(f"/{tag}/tip/files")
    yield files
    yield client.submit(files, field="files", files=[(io.BytesIO(exif_photo()), "a.jpg"), (io.BytesIO(b"?"), "b.exe")])
    yield client.page(f"/{tag}/tip/files/arriving")
    contact = client.page(f"/{tag}/tip/contact")
    yield contact
    yield client.submit(contact, email="no")
    yield client.page(f"/{tag}/tip/delete")
    check = client.page(f"/{tag}/tip/check")
    yield client.submit(check, action="send", status=200)
    sent = client.submit(check, action="send", acknowledge="y")
    yield sent
    yield client.submit(sent, action="sent")
    return sent


def _mailbox(client: PageClient, tag: str, team: factories.Team, receipt: str, now) -> Iterator[Page]:
    mailbox = f"/{tag}/receipt/mailbox"
    page = client.submit(client.page(f"/{tag}/receipt"), receipt=receipt)
    yield page
    tip_ref = page.h1.split()[-1]
    opened = factories.open_tip(team, tip_ref, now)
    db.in_writing(lambda: messages.send_message(opened, STORY, "el", now))
    yield client.page(f"{mailbox}/correct")
    added = client.submit(client.page(f"{mailbox}/add"), field="narrative", narrative=STORY)
    yield added
    yield client.submit(added, action="add/send")
    for path in ("withdraw", "requests/access", "requests/erasure"):
        yield client.page(f"{mailbox}/{path}")
    for kind in rights.KINDS:
        db.in_writing(lambda kind=kind: rights.ask(opened.tip.id, kind, now))
    page = client.page(mailbox)
    yield page
    answer = next(href for href in page.links.values() if href.endswith("/answer"))
    yield client.page(answer)
    yield client.submit(page, action="requests/access/take-back")
    yield client.submit(client.page(mailbox), action="mailbox/close")
