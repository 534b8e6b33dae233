"""Visitors as they are: each from an address of its own, with time to write and to read, with or without scripts."""

from __future__ import annotations

import base64
import html
import json
import re
import time
from dataclasses import dataclass, field

import altcha

from tests.served import NARRATIVE, Answer, Browser, chosen_language, token

TIP = "/en/exhibits/curtain1/tip"
WRITING_SECONDS = 5.0
READING_SECONDS = 4.0
_OPENED = re.compile(rb'name="opened" value="([^"]+)"')
_CHALLENGE = re.compile(rb'data-challenge="([^"]+)"')


class Refused(Exception):  # noqa: N818 - what a visitor meets
    """The service did not take the tip; the message is where and with which status."""


def address(number: int) -> str:
    """One of the thousands of addresses of the loopback network that count as a network each."""
    return f"127.{1 + number // 60000}.{number // 240 % 250}.{number % 240 + 2}"


def solve(page: bytes) -> str:
    """What a browser with scripts would send with this page; nothing where nothing is asked."""
    found = _CHALLENGE.search(page)
    if found is None:
        return ""
    asked = altcha.Challenge.from_dict(json.loads(html.unescape(found.group(1).decode())))
    solution = altcha.solve_challenge(asked)
    told = {"challenge": asked.to_dict(), "solution": solution.to_dict() if solution else {}}
    return base64.b64encode(json.dumps(told).encode()).decode()


@dataclass
class Visitor:
    """Somebody who sends one tip. Connections last for a page or two, as those of browsers do."""

    port: int
    address: str
    scripts: bool
    cookie: bytes = b""
    waited: list[float] = field(default_factory=list)  # seconds for each answer

    def send_a_tip(self, *, writing: float = WRITING_SECONDS, reading: float = READING_SECONDS) -> None:
        """From the first page to the receipt. Raises Refused or OSError."""
        first = self._visit("get", TIP)
        time.sleep(writing)
        fields = {"csrf_token": token(first), "narrative": NARRATIVE, "tip_language": chosen_language(first)}
        opened = _OPENED.search(first.body)
        fields["opened"] = opened.group(1).decode() if opened else ""
        self._visit("post", TIP, fields, wanted=303)
        check = self._visit("get", "/en/tip/check")
        time.sleep(reading)
        fields = {"csrf_token": token(check), "acknowledge": "y"}
        if self.scripts:
            fields["proof"] = solve(check.body)
        self._visit("post", "/en/tip/send", fields, wanted=303)
        if b"tl-receipt__code" not in self._visit("get", "/en/tip/sent").body:
            raise Refused("no receipt")

    def _visit(self, verb: str, path: str, fields: dict[str, str] | None = None, wanted: int = 200) -> Answer:
        start = time.perf_counter()
        with Browser(self.port, self.address) as browser:
            browser.cookie = self.cookie
            answer = browser.get(path) if verb == "get" else browser.post(path, fields or {})
            self.cookie = browser.cookie
        self.waited.append(time.perf_counter() - start)
        if answer.status != wanted:
            raise Refused(f"{verb} {path} {answer.status}")
        return answer
