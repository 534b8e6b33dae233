"""A test browser that inspects every page: what a careless template does wrong turns the test red."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import html5lib
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from tipline.languages import TRANSLATIONS

SPACE = re.compile(r"\s+")
IN_ERROR = "Error: %(title)s"
NOT_CHECKED = {"eof-in-table"}


def _error_prefixes() -> re.Pattern[str]:
    """What a title starts with when a form has errors, in every language that has a catalogue."""
    said = {IN_ERROR.partition("%")[0]}
    for path in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"):
        with path.open("rb") as file:
            message = read_po(file).get(IN_ERROR)
        if message is not None and message.string:
            said.add(SPACE.sub(" ", str(message.string).partition("%")[0]))
    return re.compile("^(?:" + "|".join(re.escape(prefix) for prefix in said) + ")")


ERROR = _error_prefixes()


class Form:
    """One form of a page: its action, method, and what it would send untouched."""

    def __init__(self, element: ET.Element, page: str) -> None:
        self.action = element.get("action") or page
        self.method = (element.get("method") or "get").lower()
        self.values: dict[str, list[str]] = {}
        self.names: set[str] = set()
        self.buttons: list[tuple[str, str]] = []
        for field in element.iter():
            self._take(field)

    def _take(self, field: ET.Element) -> None:
        name = field.get("name")
        if field.tag == "button" and name:
            self.buttons.append((name, field.get("value") or ""))
        if not name or field.tag not in {"input", "textarea", "select"}:
            return
        self.names.add(name)
        if field.tag == "textarea":
            # A parser drops the first line break of a textarea, and so does a browser.
            self.values.setdefault(name, []).append("".join(field.itertext()))
        elif field.tag == "select":
            options = list(field.iter("option"))
            chosen = [option for option in options if "selected" in option.attrib] or options[:1]
            self.values.setdefault(name, []).extend(option.get("value") or "" for option in chosen)
        elif field.get("type") in {"radio", "checkbox"}:
            if "checked" in field.attrib:
                self.values.setdefault(name, []).append(field.get("value") or "on")
        elif field.get("type") not in {"file", "submit"}:
            self.values.setdefault(name, []).append(field.get("value") or "")


class Page:
    """One answer of the service; ``text`` is what a person reads, ``html`` what was sent."""

    def __init__(self, response: Any, path: str) -> None:
        self.response = response
        self.path = path
        self.status: int = response.status_code
        self.html: str = response.get_data(as_text=True)
        tree = getattr(response, "tree", None)
        self.tree = html5lib.parse(self.html, namespaceHTMLElements=False) if tree is None else tree
        body = self.tree.find("body")
        self.text = words(body) if body is not None else ""
        main = self.tree.find(".//main")
        self.main = words(main) if main is not None else ""
        self.title = words(self.tree.find("head/title"))
        self.h1 = words(self.tree.find(".//h1"))
        self.forms = [Form(form, path) for form in self.tree.iter("form")]
        self.links = {words(a): a.get("href") or "" for a in self.tree.iter("a")}

    def form(self, field: str | None = None, *, action: str | None = None) -> Form:
        """The form that has this field or this action; without either the only one that posts in the main part."""
        if field or action:
            found = [f for f in self.forms if (not field or field in f.names) and (not action or action in f.action)]
        else:
            main = self.tree.find(".//main")
            found = [Form(form, self.path) for form in main.iter("form")] if main is not None else []
            found = [f for f in found if f.method == "post"]
        assert len(found) == 1, f"{len(found)} forms with {field or action or 'nothing named'} on {self.path}"
        return found[0]

    @property
    def errors(self) -> list[str]:
        """What the error summary says."""
        return [words(item) for summary in self._with_class("govuk-error-summary__list") for item in summary.iter("li")]

    def _with_class(self, name: str) -> Iterator[ET.Element]:
        return (element for element in self.tree.iter() if name in (element.get("class") or "").split())


class PageClient(FlaskClient):
    """Flask's test client that inspects every HTML page; ``page`` and ``submit`` follow redirects."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request; an unsound page raises AssertionError."""
        response = super().open(*args, **kwargs)
        is_page = response.mimetype == "text/html" and response.status_code not in {301, 302, 303, 304, 308}
        if is_page and not hasattr(response, "tree"):  # following a redirect passes through here twice
            response.tree = check_sound(response.get_data(as_text=True), response.request.path)
        return response

    def page(self, path: str, *, status: int = 200, **kwargs: Any) -> Page:
        """Get a page, following redirects, and expect this status."""
        response = self.get(path, follow_redirects=True, **kwargs)
        return self._expect(response, status)

    def submit(
        self,
        page: Page,
        changes: dict[str, Any] | None = None,
        *,
        field: str | None = None,
        action: str | None = None,
        status: int = 200,
        **more: Any,
    ) -> Page:
        """Fill a form of the page in as a browser would (its own values, then ours) and post it."""
        form = page.form(field, action=action)
        given = {**(changes or {}), **more}
        data: dict[str, Any] = {name: value for name, value in form.values.items() if name not in given}
        data.update({name: value for name, value in given.items() if value is not None})
        response = self.post(form.action, data=data, follow_redirects=True)
        return self._expect(response, status)

    @staticmethod
    def _expect(response: Any, status: int) -> Page:
        seen = Page(response, response.request.full_path.removesuffix("?"))
        assert seen.status == status, f"{seen.path} answered {seen.status}: {seen.h1} {seen.errors}"
        return seen


def words(element: ET.Element | None) -> str:
    """The text of an element with its spaces evened out."""
    return "" if element is None else SPACE.sub(" ", "".join(element.itertext())).strip()


def check_sound(html: str, path: str) -> ET.Element:
    """The page as a tree. Raises AssertionError, naming the page, when it is not what every page of tipline is."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(html)
    faults = [code for _where, code, _data in parser.errors if code not in NOT_CHECKED]
    assert not faults, f"{path} does not parse: {faults[:3]}"
    assert tree.get("lang"), f"{path} has no language"
    headings = list(tree.iter("h1"))
    assert len(headings) == 1, f"{path} has {len(headings)} h1"
    title = ERROR.sub("", words(tree.find("head/title")))
    assert words(headings[0]), f"{path} has an empty h1"
    assert title.startswith(words(headings[0])), (
        f"{path}: title {title!r} does not begin with h1 {words(headings[0])!r}"
    )
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    assert len(ids) == len(set(ids)), f"{path} repeats an id: {sorted({i for i in ids if ids.count(i) > 1})}"
    for image in tree.iter("img"):
        assert image.get("alt") is not None, f"{path} has a picture without alt"
    for group in tree.iter("fieldset"):
        assert words(group.find("legend")), f"{path} has a group of answers without its question"
    _check_forms(tree, path)
    _check_nothing_inline(tree, path)
    return tree


def _check_forms(tree: ET.Element, path: str) -> None:
    for form in tree.iter("form"):
        if (form.get("method") or "get").lower() != "post":
            continue
        names = {field.get("name") for field in form.iter("input")}
        assert "csrf_token" in names, f"{path} has a post without csrf_token"
        assert "novalidate" in form.attrib, f"{path} has a form that the browser validates"


def _check_nothing_inline(tree: ET.Element, path: str) -> None:
    for element in tree.iter():
        assert "style" not in element.attrib, f"{path} has an inline style"
        assert not any(name.startswith("on") for name in element.attrib), f"{path} has an inline handler"
        if element.tag == "script":
            assert element.get("src"), f"{path} has an inline script"
        source = element.get("src") or ""
        assert not source.startswith(("http:", "https:", "//")), f"{path} loads from another host"
