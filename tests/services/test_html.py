"""What descriptions may hold."""

from __future__ import annotations

import pytest

from tipline.services.html import clean_html, plain_text


def test_paragraphs_emphasis_and_lists_stay() -> None:
    text = "<p>One <strong>two</strong> <em>three</em><br>four</p><ul><li>five</li></ul><ol><li>six</li></ol>"
    assert clean_html(text) == text


def test_plain_text_becomes_paragraphs() -> None:
    assert clean_html("One\ntwo\r\n\r\nthree") == "<p>One<br>two</p>\n<p>three</p>"


@pytest.mark.parametrize(
    "text",
    [
        "<p>seen<script>alert(1)</script></p>",
        "<p onclick='alert(1)' style='color:red' class=x>seen</p>",
        "<p>seen<img src=x onerror=alert(1)></p>",
        "<p><a href='javascript:alert(1)'>seen</a></p>",
        "<p>seen</p><iframe src='https://example.org'></iframe>",
        "<p>seen</p><!-- alert(1) -->",
        "<p>seen<svg><script>alert(1)</script></svg></p>",
        "<p>seen</p><style>p{background:url(x)}</style>",
        "<p>seen</p><scr<script>x</script>ipt>alert(1)",
        "<form action=x><p>seen</p><input name=a></form>",
    ],
)
def test_nothing_that_runs_or_loads_survives(text: str) -> None:
    cleaned = clean_html(text)
    assert "seen" in cleaned
    for part in ("<script", "<img", "<a", "<iframe", "<svg", "<style", "<!--", "<form", "<input", "onclick", "style="):
        assert part not in cleaned


def test_every_tag_is_closed() -> None:
    assert clean_html("<p>One <strong>two") == "<p>One <strong>two</strong></p>"


@pytest.mark.parametrize("text", ["", "  \n ", "<p></p>", "<script>x</script>", "<p><br></p>", "<!-- x -->"])
def test_nothing_is_nothing(text: str) -> None:
    assert clean_html(text) == ""


def test_plain_text_holds_the_words_on_one_line() -> None:
    assert plain_text(clean_html("<p>One &amp; two</p><ul><li>three</li><li>four</li></ul>")) == "One & two three four"


def test_cleaning_again_changes_nothing() -> None:
    once = clean_html("3 < 5 & <b>bold</b>\n\n<em>so")
    assert clean_html(once) == once
