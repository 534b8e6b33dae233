"""A real mail server on this machine, which keeps what it was given and can be told to refuse."""

from __future__ import annotations

import contextlib
import email
import socket
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller


class Box:
    """What came in. ``refusal`` is what the server answers instead of taking a mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusal = ""
        self.port = 0

    async def handle_RCPT(  # noqa: N802 - the server's word
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the server's word
        mail = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def take(self) -> list[EmailMessage]:
        """The mails since the last time that somebody looked, by recipient."""
        taken, self.mails = self.mails, []
        return sorted(taken, key=lambda mail: str(mail["To"]))


@contextlib.contextmanager
def server(tls: ssl.SSLContext | None = None) -> Iterator[Box]:
    """A box with a server before it; with ``tls`` it offers STARTTLS and demands it."""
    box = Box()
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as free:
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port, tls_context=tls, require_starttls=tls is not None)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()
