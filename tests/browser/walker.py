"""A page of a real browser with a few verbs: go, follow, fill, press."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route

PHOTO = "tipline/data/sample/paving.jpg"
ID = "[0-9a-f]{32}"


class Walker:
    """A page with a few verbs."""

    def __init__(self, page: Page, url: str, photo: str = PHOTO) -> None:
        self.page, self.url, self.photo = page, url, photo

    def go(self, path: str) -> None:
        """To this address."""
        self.page.goto(self.url + path)

    def go_and_stay(self, path: str) -> None:
        """To an address whose page loads itself anew, which it is kept from: who looks at it wants it to stand."""

        def without_refresh(route: Route) -> None:
            answer = route.fetch()
            headers = {name: value for name, value in answer.headers.items() if name != "refresh"}
            route.fulfill(response=answer, headers=headers)

        self.page.route(f"**{path}", without_refresh)
        self.go(path)
        self.page.unroute(f"**{path}")

    def links(self, pattern: str) -> list[str]:
        """Addresses on the page that match."""
        found = self.page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
        return list(dict.fromkeys(href for href in found if re.search(pattern, href)))

    def follow(self, pattern: str) -> None:
        """The first link whose address matches."""
        self.go(self.links(pattern)[0])

    def press(self, action: str = "", within: str = "main") -> None:
        """The button of the form with this action, or of the only form that posts."""
        wanted = f'{within} form[method=post][action*="{action}"]' if action else f"{within} form[method=post]"
        form = self.page.locator(wanted).first
        form.evaluate(
            "form => { let d = form.closest('details'); while (d) { d.open = true; d = d.parentElement.closest('details'); } }"
        )
        form.locator("button[type=submit], button:not([type])").last.click()
        self.page.wait_for_load_state("load")

    def fill(self, **fields: str) -> None:
        """Type into fields by their names."""
        for name, value in fields.items():
            field = self.page.locator(f"[name={name}]:not([type=hidden])").first
            field.evaluate(
                "e => { let d = e.closest('details'); while (d) { d.open = true; d = d.parentElement.closest('details'); } }"
            )
            kind = field.evaluate("e => e.type")
            if kind in {"radio", "checkbox"}:
                self.page.locator(f"[name={name}][value='{value}']").first.check(force=True)
            elif kind.startswith("select"):
                field.select_option(value)
            elif kind == "file":
                field.set_input_files(value)
            else:
                field.fill(value)
