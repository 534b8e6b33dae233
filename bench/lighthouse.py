"""Lighthouse on the public pages, at its own phone settings: accessibility and best practices, and what it found.

Run ``make lighthouse``. Needs node, npm and Chromium; Lighthouse is fetched into a temporary folder and leaves nothing
behind. Starts the server itself on the sample. Ends with status 1 when a page has less than 100.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.pages import first_exhibit, sample_server
from tests.served import Browser, begin, token

LIGHTHOUSE = "lighthouse@13"
CATEGORIES = ("accessibility", "best-practices")
READ = ("", "/help", "/privacy", "/emergency", "/accessibility", "/children", "/cookies", "/leave-info", "/updates")


def main() -> int:
    """Print a line for each page."""
    npm, chromium = shutil.which("npm"), shutil.which("chromium") or shutil.which("google-chrome")
    if not npm or not chromium:
        sys.exit("needs npm and Chromium")
    with tempfile.TemporaryDirectory(prefix="tipline-lighthouse-") as name:
        folder = Path(name)
        subprocess.run([npm, "install", "--silent", "--no-audit", "--no-fund", LIGHTHOUSE], cwd=folder, check=True)
        server = sample_server(folder / "site")
        server.start()
        try:
            short = [
                page
                for page in _pages(server.port, first_exhibit())
                if not _is_full(folder, chromium, server.port, *page)
            ]
        finally:
            server.stop()
    return 1 if short else 0


def _pages(port: int, exhibit: str) -> list[tuple[str, str]]:
    """Every page to look at, with the cookie that it needs: pages to read, a draft on its way, a tip that was sent."""
    draft, sent = Browser(port), Browser(port)
    ref = exhibit.rpartition("/")[2]
    begin(draft, ref=ref)
    sent.post("/en/tip/send", {"csrf_token": token(begin(sent, ref=ref)), "acknowledge": "y"})
    pages = [(f"/en{path}" if path else "/en/", "") for path in READ]
    pages += [(exhibit, ""), (f"{exhibit}/tip", ""), ("/en/receipt", "")]
    pages += [(f"/en/tip/{step}", draft.cookie.decode()) for step in ("check", "files", "contact", "delete")]
    return [*pages, ("/en/tip/sent", sent.cookie.decode())]


def _is_full(folder: Path, chromium: str, port: int, path: str, cookie: str) -> bool:
    """Whether a page has 100 in both, or is not there; prints its scores and what is missing."""
    with Browser(port) as visitor:
        visitor.cookie = cookie.encode()
        status = visitor.get(path).status
    if status != 200:
        print(f"{path:<28} answered {status}", flush=True)
        return status == 404
    report = _report(folder, chromium, f"http://127.0.0.1:{port}{path}", cookie)
    scores = [round(100 * (report["categories"][name]["score"] or 0)) for name in CATEGORIES]
    print(f"{path:<28} {scores[0]:>4} accessibility {scores[1]:>4} best practices", flush=True)
    for name in CATEGORIES:
        for weighed in report["categories"][name]["auditRefs"]:
            audit = report["audits"][weighed["id"]]
            if audit["score"] is not None and audit["score"] < 1 and weighed["weight"]:
                print(f"    {audit['id']}: {audit['title']}")
                for item in audit.get("details", {}).get("items", [])[:5]:
                    node = item.get("node") or {}
                    print(f"      {node.get('snippet') or item.get('description') or item.get('url') or ''}"[:200])
    return scores == [100, 100]


def _report(folder: Path, chromium: str, address: str, cookie: str) -> dict[str, Any]:
    words = [str(folder / "node_modules" / ".bin" / "lighthouse"), address, "--quiet", "--output=json"]
    words += ["--output-path=stdout", f"--only-categories={','.join(CATEGORIES)}", "--disable-full-page-screenshot"]
    words += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage"]
    if cookie:
        words.append(f"--extra-headers={json.dumps({'Cookie': cookie})}")
    done = subprocess.run(
        words, env={**os.environ, "CHROME_PATH": chromium}, cwd=folder, check=True, capture_output=True, text=True
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


if __name__ == "__main__":
    sys.exit(main())
