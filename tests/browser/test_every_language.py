"""Every public page in every language: axe finds nothing and nothing scrolls sideways on a phone, with long words too."""

from __future__ import annotations

import pytest

from tests.browser import walks_public
from tests.browser.test_axe import PHONE, Examiner
from tipline.languages import OFFERED

pytestmark = pytest.mark.wide

# These are walked by every run (test_axe.py).
ELSEWHERE = {"en", "el"}


@pytest.mark.parametrize("tag", [language.tag for language in OFFERED if language.tag not in ELSEWHERE])
def test_public_pages_of_this_language(site, browser, tag):
    context = browser.new_context()
    assert Examiner(context).walk(site, walks_public.public, tag, sizes=(PHONE,)) == []
    context.close()
