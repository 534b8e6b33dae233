"""A poster fills one sheet of A4, whatever the object and the language."""

from __future__ import annotations

import re

import pytest

from tests.browser.walker import Walker
from tests.browser.walks_public import FOUR

A_PAGE = re.compile(rb"/Type\s*/Page\b(?!s)")
A4_POINTS = (595, 842)


@pytest.mark.parametrize("tag", ["en", "el"])
def test_a_poster_prints_on_one_sheet_of_a4(site, browser, tag):
    walker = Walker(browser.new_page(), site.url)
    walker.go(f"/{tag}/")
    first, second, *_ = walker.links(FOUR.pattern)
    for exhibit in (first, second):
        walker.go(f"{exhibit}/poster")
        walker.page.wait_for_function("[...document.images].every(image => image.complete)")
        printed = walker.page.pdf(prefer_css_page_size=True)
        assert len(A_PAGE.findall(printed)) == 1, exhibit
        box = re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", printed)
        assert box is not None
        assert [round(float(side)) for side in box.groups()] == pytest.approx(A4_POINTS, abs=1)
    walker.page.close()
