"""The look and the page machinery: colours, headers, languages, errors and forms, on a little door of their own."""

from __future__ import annotations

import errno
import gettext
import logging
import re
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.pofile import read_po
from flask import Blueprint, Flask, abort, render_template_string, session
from sqlalchemy.exc import OperationalError

from tipline import errors, languages
from tipline.web import factory, forms, guard, locale

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "deploy" / "vendor"
STATIC = ROOT / "tipline" / "static"
SECRET = "the words that somebody typed"
BANNED = re.compile(r"\b(invalid|please|oops|required)\b", re.IGNORECASE)

PAGE = """{% extends "public/layout.html" %}{% from "components/question.html" import question %}
{% block page_title %}What do you know?{% endblock %}
{% block content %}{% call question(form) %}{{ form.narrative(heading=True) }}{{ form.how(params={"fieldset": {"legend": {"classes": "small"}}}) }}{{ form.place() }}{% endcall %}{% endblock %}"""


class LittleForm(forms.TiplineForm):
    narrative = forms.CountedTextField("What do you know?", [forms.Needed("Enter what you know")], limit=50)
    how = forms.RadioField("How do you know?", choices=[("a", "I saw it"), ("b", "Another way")])
    place = forms.StringField("Place (optional)")


def _little_door(app: Flask, _parts: frozenset[str]) -> None:
    public = Blueprint("public", __name__, url_prefix="/<lang_code>")
    staff = Blueprint("staff", __name__, url_prefix="/staff")

    @public.route("/")
    @guard.anyone
    def gallery() -> str:
        layout = '{% extends "public/layout.html" %}{% block page_title %}Objects{% endblock %}'
        return render_template_string(layout + "{% block content %}<h1>Objects</h1>{% endblock %}")

    @public.route("/tip", methods=["GET", "POST"])
    @guard.anyone
    def tip() -> str:
        form = LittleForm()
        form.validate_on_submit()
        return render_template_string(PAGE, form=form)

    @public.route("/fails/<kind>")
    @guard.anyone
    def fails(kind: str) -> str:
        session["seen"] = "yes"
        raised = {
            "bug": ValueError(SECRET),
            "full": OSError(errno.ENOSPC, SECRET),
            "gone": OperationalError(SECRET, {}, Exception(SECRET)),
            "closed": errors.DeskClosed(),
            "delayed": errors.SignInDelayed(30),
            "draft": errors.DraftGone(),
        }
        if kind in raised:
            raise raised[kind]
        abort(int(kind))

    @staff.route("/needs")
    @guard.anyone
    def needs() -> str:
        raise errors.SignInNeeded

    @app.route("/")
    @guard.anyone
    def root() -> object:
        return locale.send_to_language()

    app.register_blueprint(public)
    app.register_blueprint(staff)


@pytest.fixture
def little(settings):
    return factory.build(settings, _little_door)


@pytest.fixture
def visitor(little):
    return little.test_client()


# Colours


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _colours() -> dict[str, str]:
    return dict(re.findall(r"^\$([\w-]+): (#[0-9a-f]{6});", (VENDOR / "_colours.scss").read_text(), re.MULTILINE))


def test_every_colour_pair_of_the_public_door_is_readable():
    c = _colours()
    pairs = [
        (c[ink], c[ground])
        for ink in ("ink", "quiet", "blue", "blue-deep", "visited", "red", "green")
        for ground in ("paper", "sand")
    ]
    pairs += [("#ffffff", c[ground]) for ground in ("blue", "blue-deep", "green", "amber")]
    pairs += [(c["focus-ink"], c["focus"]), ("#4a2a00", c["amber-ground"]), (c["blue"], c["amber-ground"])]
    pairs += [("#b9b6ae", c["night"]), (c["night-ink"], c["night"]), ("#ffffff", "#2a5cae"), (c["red"], "#ffffff")]
    assert not [(one, other, round(contrast(one, other), 2)) for one, other in pairs if contrast(one, other) < 4.5]


def test_every_colour_pair_of_the_dark_desk_is_readable():
    dark = (VENDOR / "_desk.scss").read_text().partition("prefers-color-scheme: dark")[2]
    c = dict(re.findall(r"--((?:govuk|tl)-[\w-]+): (#[0-9a-f]{6});", dark))
    grounds = [c["govuk-body-background-colour"], c["tl-card"], c["tl-tint"], c["tl-zebra"]]
    inks = [
        c[f"govuk-{name}-colour"]
        for name in ("text", "secondary-text", "link", "link-visited", "link-hover", "error", "success")
    ]
    low = [(ink, ground) for ink in inks for ground in grounds if contrast(ink, ground) < 4.5]
    assert not low
    assert contrast(c["tl-amber-ink"], c["tl-amber-ground"]) >= 4.5
    assert contrast("#ffffff", "#2f5fae") >= 4.5
    assert contrast("#ffffff", "#3d70c4") >= 4.5


@pytest.mark.parametrize("sheet", ["_components.scss", "_desk.scss"])
def test_every_tag_is_readable(sheet):
    tags = re.findall(r"--tl-tag-ink: (#\w{6}); --tl-tag-ground: (#\w{6})", (VENDOR / sheet).read_text())
    assert len(tags) == 7
    assert not [pair for pair in tags if contrast(*pair) < 4.5]


def test_the_stylesheet_asks_nobody_for_anything_and_mirrors_for_rtl():
    css = (STATIC / "tipline.css").read_text()
    assert "url(" not in css
    assert "@import" not in css
    assert "@font-face" not in css
    assert "GDS Transport" not in css
    assert not re.search(r"[{;](?:margin|padding|border)-(?:left|right)[:-]", css)
    assert "prefers-reduced-motion" in css


def test_scripts_and_templates_hold_no_address_and_nothing_inline():
    for path in [*STATIC.rglob("*.js"), *(ROOT / "templates").rglob("*.html")]:
        text = path.read_text()
        assert not re.search(r"(?:src|href|import|from)\s*=?\s*[\"'(]https?://", text), path
        assert "sourceMappingURL" not in text, path
        if path.suffix == ".html" and "email" not in path.parts:
            assert not re.search(
                r"<[^>]+\sstyle=|\son(?:click|load|submit|change)=|<style|<script(?![^>]+src=)", text
            ), path


def test_the_vendored_script_has_its_licence():
    licence = (STATIC / "vendor" / "LICENCE-govuk-frontend.txt").read_text()
    assert "MIT License" in licence
    assert (STATIC / "vendor" / "govuk-frontend.min.js").read_text().startswith('const version="6.3.0"')


# Headers


def test_every_answer_carries_the_security_headers(visitor):
    for address in ("/en/", "/en/tip", "/nothing", "/staff/nothing", "/static/tipline.css"):
        with visitor.get(address) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';")
        for part in (
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "connect-src 'self'",
        ):
            assert part in policy
        assert "unsafe" not in policy
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        assert "Strict-Transport-Security" not in headers


def test_https_is_remembered_by_the_browser(visitor):
    assert "max-age=" in visitor.get("/en/", base_url="https://tipline.example").headers["Strict-Transport-Security"]


def test_pages_that_read_a_cookie_and_the_desk_are_not_stored(visitor):
    assert visitor.get("/en/tip").headers["Cache-Control"] == "no-store"
    assert visitor.get("/staff/nothing").headers["Cache-Control"] == "no-store"
    assert visitor.get("/static/tipline.css").headers["Cache-Control"] == "no-cache"


# Languages


def test_the_terms_are_those_of_the_published_list():
    assert len(languages.TERMS) == 32
    assert len(languages.UI_LANGUAGES) == 31
    assert {term.id for term in languages.TERMS} == {*range(362, 387), 515, 516, 517, 557, 574, 579, 580}
    assert languages.by_id(517).title == "Ukranian"
    assert languages.by_id(517).label == "Ukrainian"
    assert languages.by_id(579).label == "Scottish Gaelic"
    assert languages.by_id(379).tag == "pt-PT"
    assert languages.by_tag("no").id == 515
    assert languages.OTHER.plural_forms == ""
    assert languages.OTHER not in languages.UI_LANGUAGES
    assert all(term.native_name[0].isupper() for term in languages.UI_LANGUAGES)


@pytest.mark.parametrize("language", languages.UI_LANGUAGES, ids=lambda language: language.tag)
def test_plural_forms_agree_with_cldr(language):
    count, rule = re.fullmatch(r"nplurals=(\d); plural=(.+);", language.plural_forms).groups()
    ours, cldr = gettext.c2py(rule), Locale.parse(language.locale).plural_form
    seen: dict[int, set[str]] = {}
    for number in range(400):
        seen.setdefault(ours(number), set()).add(cldr(number))
    assert len(seen) == int(count)
    assert all(len(forms_) == 1 for forms_ in seen.values())


@pytest.mark.parametrize("language", [o for o in languages.OFFERED if o.tag != "en"], ids=lambda language: language.tag)
def test_an_offered_language_has_a_complete_catalogue(language):
    path = languages.TRANSLATIONS / language.locale / "LC_MESSAGES" / "messages.po"
    assert path.exists(), f"{language.tag} is offered without a catalogue"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language.locale)
    head = (catalogue.num_plurals, catalogue.plural_expr.replace(" ", ""))
    count, rule = re.fullmatch(r"nplurals=(\d); plural=(.+);", language.plural_forms).groups()
    assert head == (int(count), rule.replace(" ", ""))
    assert not catalogue.fuzzy


def test_the_root_sends_people_to_their_language(visitor):
    answer = visitor.get("/", headers={"Accept-Language": "el-GR,el;q=0.9,en;q=0.5"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/el/")
    assert "Accept-Language" in answer.headers["Vary"]
    assert visitor.get("/", headers={"Accept-Language": "zu"}).headers["Location"] == "/en/"


def test_a_language_that_is_not_offered_is_not_found(visitor):
    assert visitor.get("/xx/").status_code == 404
    assert visitor.get("/und/").status_code == 404


def test_the_picker_keeps_the_page(visitor):
    text = visitor.get("/fr/tip?from=check").get_data(as_text=True)
    assert 'href="/el/tip?from=check"' in text
    assert '<html lang="fr" dir="ltr"' in text
    assert "from=check" not in visitor.get("/fr/tip").get_data(as_text=True)
    assert 'href="/el/"' in visitor.get("/fr/nothing").get_data(as_text=True)


# Errors


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 413, 429, 500, 503])
def test_an_error_page_says_what_happened_and_where_else_to_report(visitor, status):
    answer = visitor.get(f"/en/fails/{status}")
    text = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert text.count("<h1") == 1
    assert "Other ways to report" in text
    assert not BANNED.search(re.sub(r"<[^>]+>", " ", text))


@pytest.mark.parametrize(
    ("kind", "status"), [("bug", 500), ("full", 503), ("gone", 503), ("closed", 503), ("draft", 410), ("delayed", 429)]
)
def test_a_surprise_or_refusal_becomes_a_page_and_its_message_is_told_to_nobody(visitor, caplog, kind, status):
    with caplog.at_level(logging.DEBUG):
        answer = visitor.get(f"/fr/fails/{kind}")
    assert answer.status_code == status
    assert SECRET not in answer.get_data(as_text=True)
    assert SECRET not in caplog.text
    assert ("page.failed" in caplog.text) == (kind in {"bug", "full", "gone"})
    if kind == "delayed":
        assert answer.headers["Retry-After"] == "30"


def test_an_error_page_needs_no_layout_that_works(little, visitor):
    little.jinja_env.globals["ui_languages"] = None
    answer = visitor.get("/en/fails/404")
    assert answer.status_code == 404
    assert "<h1>Page not found</h1>" in answer.get_data(as_text=True)


def test_who_is_not_signed_in_is_sent_to_sign_in(visitor):
    answer = visitor.get("/staff/needs")
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/staff/sign-in")


# Forms


def _token(visitor) -> str:
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', visitor.get("/en/tip").get_data(as_text=True)).group(1)


def test_an_empty_form_says_what_to_do_twice_and_in_the_title(visitor):
    text = visitor.post("/en/tip", data={"csrf_token": _token(visitor), "narrative": " \u200b\u202e "}).get_data(
        as_text=True
    )
    assert "<title>Error: What do you know? – tipline</title>" in text
    assert text.count("Enter what you know") == 2
    assert 'href="#narrative"' in text
    assert "required" not in text


def test_a_legend_that_is_given_a_look_keeps_its_words(visitor):
    text = visitor.get("/en/tip").get_data(as_text=True)
    assert re.search(r'<legend class="govuk-fieldset__legend small">\s*How do you know\?\s*</legend>', text)


def test_answers_are_kept_and_cleaned(visitor):
    data = {"csrf_token": _token(visitor), "narrative": "x" * 60, "place": "  Pa\u202etras\x00 \n ", "how": "b"}
    text = visitor.post("/en/tip", data=data).get_data(as_text=True)
    assert "Use 50 characters or fewer" in text
    assert 'value="Patras"' in text
    assert re.search(r'value="b" checked', text)


@pytest.mark.parametrize("token", ["é", "ключ", "", "forged.forged.forged"])
def test_a_token_that_is_not_ours_gets_a_sentence(visitor, token):
    _token(visitor)
    answer = visitor.post("/en/tip", data={"csrf_token": token, "narrative": "A cup"})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "This page was open for too long" in text
    assert ">A cup</textarea>" in text.replace("\r\n", "")


def test_what_somebody_wrote_is_in_nobody_elses_page(little, visitor):
    data = {"csrf_token": _token(visitor), "narrative": SECRET, "place": SECRET, "how": "a"}
    for _ in range(2):
        assert SECRET in visitor.post("/en/tip", data=data).get_data(as_text=True)
    text = little.test_client().get("/en/tip").get_data(as_text=True)
    assert SECRET not in text
    assert "checked" not in text


def test_a_choice_that_was_not_offered_gets_a_sentence(visitor):
    text = visitor.post("/en/tip", data={"csrf_token": _token(visitor), "narrative": "A cup", "how": "zzz"}).get_data(
        as_text=True
    )
    assert "Choose one of the answers in the list" in text
    assert "<title>Error:" in text


def test_no_message_blames_or_begs():
    with (languages.TRANSLATIONS / "fr" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        sentences = [str(message.id) for message in read_po(file)]
    assert len(sentences) > 600
    assert not [sentence for sentence in sentences if BANNED.search(sentence)]
