"""The cover sheet for a person to read, and VERIFY.txt: both work on a machine without internet and without tipline.

The cover answers twelve questions (who should read on, why this country, what is asked, how sure, what was checked,
who else got it, what may be done with it, who can be asked), once as one HTML page to print, once as plain text.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from markupsafe import Markup, escape

from tipline.services.handovers import (
    ADDITIONS,
    ANSWER_NAMES,
    CERTAINTY,
    HANDLING,
    HOW_KNOWN,
    INFORMATION,
    LEGAL_BASES,
    PURPOSES,
    REQUESTS,
    SOURCES,
    URGENCIES,
    HandedTip,
    Handover,
)

WIDTH = 78
PAGE_LINES = 56
INDENT = "    "


@dataclass(frozen=True)
class Section:
    """One numbered part of the cover: a heading and its paragraphs."""

    heading: str
    lines: tuple[str, ...]


def cover_text(handover: Handover) -> str:
    """COVER.txt, with the banner at the top of every page of 60 lines."""
    body: list[str] = []
    for section in sections(handover):
        body += ["", section.heading, "-" * len(section.heading)]
        for line in section.lines:
            body += _wrapped(line)
    return _paged(handover, f"REFERRAL {handover.package}", body)


def cover_html(handover: Handover) -> str:
    """COVER.html: one file, no script, no address of anything else.

    The banner is the head of a table, because that is what is printed on every page.
    """
    drawn = [
        Markup("<tr><td><section><h2>{}</h2>{}</section></td></tr>").format(
            section.heading, Markup("").join(Markup("<p>{}</p>").format(line) for line in section.lines)
        )
        for section in sections(handover)
    ]
    return _HTML.format(
        title=escape(handover.package),
        banner=escape(handover.banner),
        body=Markup("\n").join(drawn),
    )


def marked_text(handover: Handover, tip: HandedTip) -> str:
    """The sanitised narrative as a file: banner, then the text. An original goes out byte for byte instead."""
    return f"{handover.banner}\nTip {tip.ref} · sanitised narrative · {tip.language}\n\n{tip.narrative}\n"


def verify_text(package: str, certificate_fingerprint: str, *, cms: bool) -> str:
    """VERIFY.txt: five steps with stock tools. ``cms`` for an authority that opens with an X.509 key."""
    opening = _OPEN_CMS if cms else _OPEN_AGE
    return _VERIFY.format(package=package, fingerprint=certificate_fingerprint, opening=opening.format(package=package))


def sections(handover: Handover) -> list[Section]:
    """The cover's parts in their order: what both files are made of, and what is shown before it is agreed to."""
    several = len(handover.tips) > 1
    parts = [
        Section("1. Subject", (_subject(handover),)),
        Section("2. Why you", (handover.why_you,)),
        Section("3. What we ask", _asked(handover)),
    ]
    for tip in handover.tips:
        name = f" (tip {tip.ref})" if several else ""
        parts += [
            Section(f"4. Grade{name}", _grade(tip)),
            Section(f"5. Facts{name}", _claims(tip, "fact", "No facts were recorded by us.")),
            Section(f"5. Assessments{name}", _claims(tip, "assessment", "No assessments were recorded by us.")),
            Section(f"5. What the source says{name}", _told(tip)),
            Section(f"6. What was checked{name}", _checked(tip)),
        ]
    parts.append(Section("7. Who else received it", handover.also_sent_to or ("Nobody.",)))
    parts.append(Section("8. Codes and conditions", _conditions(handover)))
    for tip in handover.tips:
        name = f" (tip {tip.ref})" if several else ""
        parts.append(Section(f"9. Can the source be reached?{name}", (_reachable(handover, tip),)))
    for tip in handover.tips:
        name = f" (tip {tip.ref})" if several else ""
        parts.append(Section(f"10. Attachments{name}", _files(tip)))
    parts.append(Section("11. Contact and reply", _contact(handover)))
    parts.append(Section("12. Language", _languages(handover)))
    return parts


def _subject(handover: Handover) -> str:
    objects = sorted({tip.exhibit_ref for tip in handover.tips if tip.exhibit_ref}) or ["no published object"]
    places = sorted({tip.answers["countries"] for tip in handover.tips if tip.answers.get("countries")})
    return (
        f"Child sexual exploitation, object identification · {', '.join(objects)} · "
        f"{'; '.join(places) or 'no country named'} · {URGENCIES[handover.urgency]}"
    )


def _asked(handover: Handover) -> tuple[str, ...]:
    return (
        f"{REQUESTS[handover.request]}. {URGENCIES[handover.urgency]}.",
        f"Purpose: {PURPOSES[handover.purpose]}.",
        f"Legal basis: {LEGAL_BASES[handover.legal_basis]}.",
    )


def _grade(tip: HandedTip) -> tuple[str, ...]:
    known = HOW_KNOWN.get(tip.how_known, tip.how_known)
    sure = CERTAINTY.get(tip.certainty, tip.certainty)
    lines = (
        f"{tip.grade}: {SOURCES[tip.grade[0]]}; {INFORMATION[tip.grade[1]]}.",
        f"How the source knows: {known}. How sure the source is: {sure}.",
    )
    return (*lines, f"Reason for the grade: {tip.grade_reason}") if tip.grade_reason else lines


def _claims(tip: HandedTip, basis: str, nothing: str) -> tuple[str, ...]:
    lines = tuple(
        f"{claim.text} (as of {claim.as_of}; last verified {claim.verified_on or 'never'})"
        for claim in tip.claims
        if claim.basis == basis
    )
    return lines or (nothing,)


def _told(tip: HandedTip) -> tuple[str, ...]:
    lines = [f"{ANSWER_NAMES[name]}: {text}" for name, text in tip.answers.items() if text]
    kind = "original, byte for byte" if tip.original else "sanitised by us"
    lines.append(f"Narrative ({kind}): see {tip.narrative_path}.")
    lines += [f"{ADDITIONS[it.kind]} on {it.received_on}, in {it.language}: see {it.path}." for it in tip.additions]
    left_out = tip.additions_left_out
    return (*lines, f"Added by the source later, and not enclosed: {left_out}.") if left_out else tuple(lines)


def _checked(tip: HandedTip) -> tuple[str, ...]:
    claims = sum(claim.verified_on is not None for claim in tip.claims)
    seen = sum(file.viewed for file in tip.files)
    return (
        f"Verified by us: {claims} of {len(tip.claims)} statements, last on {tip.last_verified}.",
        f"Attachments looked at by a person: {seen} of {len(tip.files)}. No automatic grading was used.",
        "Not checked: everything else that the source says.",
    )


def _conditions(handover: Handover) -> tuple[str, ...]:
    lines = [f"{code}: {HANDLING[code]}" for code in handover.handling]
    if handover.conditions:
        lines.append(f"Conditions: {handover.conditions}")
    lines.append(
        "May it go to court? Only with our permission."
        if "H1" in handover.handling
        else "May it go to court? Ask us first."
    )
    lines.append(
        "May it be passed on? Only with our permission." if "H2" in handover.handling else "May it be passed on? Yes."
    )
    return tuple(lines)


def _reachable(handover: Handover, tip: HandedTip) -> str:
    if tip.identity is not None:
        return "Yes. Name and contact are in referral.json, because two people agreed; treat them as H3."
    if tip.has_identity:
        return f"Yes, through {handover.sender.name} only. Name and contact are not in this package."
    return "No. The source left no name and no contact."


def _files(tip: HandedTip) -> tuple[str, ...]:
    lines = [
        f"{file.path} · {file.media_type} · {file.size} bytes · SHA-256 {file.sha256} · "
        f"{'seen by a person' if file.viewed else 'NOT seen by a person'} · {file.hidden_words}"
        for file in tip.files
    ]
    if tip.files_left_out:
        lines.append(f"{tip.files_left_out} more stayed with us.")
    return tuple(lines) or ("None.",)


def _contact(handover: Handover) -> tuple[str, ...]:
    reply = handover.reply_by
    return (
        f"{handover.sender.name}, {handover.sender.contact}",
        f"Reply by {reply:%d %B %Y, %H:%M} UTC." if reply else "No reply is needed.",
        "Send back ack.template.json, filled in; the digest that it asks for is in step 3 of VERIFY.txt.",
    )


def _languages(handover: Handover) -> tuple[str, ...]:
    return tuple(f"Tip {tip.ref}: written in {tip.language}; not translated." for tip in handover.tips)


def _wrapped(line: str) -> list[str]:
    lines: list[str] = []
    for paragraph in line.split("\n"):
        lines += textwrap.wrap(paragraph, WIDTH - len(INDENT), break_long_words=True) or [""]
    return [INDENT + part for part in lines]


def _paged(handover: Handover, title: str, body: list[str]) -> str:
    pages = [body[start : start + PAGE_LINES] for start in range(0, len(body), PAGE_LINES)] or [[]]
    whole = []
    for number, page in enumerate(pages, 1):
        top = [*textwrap.wrap(handover.banner, WIDTH), f"{title} · page {number} of {len(pages)}"]
        whole.append("\n".join([*top, *page]))
    return "\n\f\n".join(whole) + "\n"


_HTML = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; color: #14181f; background: #fff; margin: 0 auto; max-width: 46rem;
 padding: 0 1rem 2rem; overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; width: 100%; }} td {{ padding: 0; }}
@media screen {{ thead {{ position: sticky; top: 0; }} }}
.banner {{ padding: .5rem 1rem; background: #14181f; color: #fff; font-size: .8rem; font-weight: 400;
 text-align: center; }}
h1 {{ font-size: 1.6rem; }} h2 {{ font-size: 1.05rem; margin: 1.6rem 0 .3rem; border-top: 1px solid #c8ccd2;
 padding-top: .8rem; }}
p {{ margin: .2rem 0; white-space: pre-line; }}
@page {{ margin: 22mm 15mm 15mm; }}
@media print {{ body {{ padding: 0; max-width: none; font-size: 10pt; }} section {{ break-inside: avoid; }}
 .banner {{ background: none; color: #000; border: 1px solid #000; }} }}
</style></head><body>
<table role="presentation"><thead><tr><th class="banner">{banner}</th></tr></thead><tbody>
<tr><td><h1>Referral {title}</h1></td></tr>
{body}
</tbody></table>
</body></html>
"""

_OPEN_AGE = """      age -d -i YOUR-KEY.txt {package}.tar.age | tar -x"""
_OPEN_CMS = """      openssl cms -decrypt -inform DER -in {package}.identity.p7m \\
        -inkey YOUR-KEY.pem -recip YOUR-CERT.pem -out identity.txt
      age -d -i identity.txt {package}.tar.age | tar -x
      shred -u identity.txt"""

_VERIFY = """How to open and verify package {package}
================================================================

You need age, tar, openssl, sha256sum and bagit.py. You do not need the
sender's software or the internet. Run everything on a machine that may hold
this material.

The certificate SENDER.pem is the one that you and the sender exchanged
BEFOREHAND, over another channel. Never use one that came with the package.
Its SHA-256 fingerprint, to compare with what you noted then (openssl x509
-in SENDER.pem -noout -fingerprint -sha256):
      {fingerprint}

1. The outer signature covers the list of files:
      openssl cms -verify -inform DER -binary -in {package}.manifest.p7s \\
        -content {package}.manifest.json -certfile SENDER.pem -nointern \\
        -CAfile SENDER.pem -purpose any -out /dev/null
   It must say "CMS Verification successful". Look into the list: "recipient"
   must be you, and "fingerprint" must be that of your own key.

2. The sealed file is the one in the list:
      sha256sum {package}.tar.age
   The digest must be the one that the list gives.

3. Open it, and note the digest for your acknowledgement:
{opening}
      cd {package} && sha256sum tagmanifest-sha256.txt

4. The inner signature covers that digest, package and recipient:
      openssl cms -verify -inform DER -binary -in signature.p7s \\
        -content SIGNED.txt -certfile ../SENDER.pem -nointern \\
        -CAfile ../SENDER.pem -purpose any
   The digest that it prints must be the one from step 3.

5. Every file is the one that was put in:
      bagit.py --validate .
   It must say that the bag is valid.

If a step fails, do not use the material and tell the sender.
"""
