"""One plain mail out of the house, to one person of the staff; never to the public, never with content.

The rest of the service only ever waits for it in the timer's process: a mail server that is slow, away or wrong
delays no tip.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from tipline import config
from tipline.errors import MailNotSent

TIMEOUT_SECONDS = 10
PASSWORD = "smtp.password"  # noqa: S105 - the name of a secret file


def is_on() -> bool:
    """Whether the settings name a server that takes mail."""
    return bool(config.current().smtp_host)


def send(to: str, subject: str, text: str, now: dt.datetime) -> None:
    """Hand one mail to the server that the settings name; it has taken it when this returns.

    Raises MailNotSent: ``off``, ``away`` (no connection, no trust, no sign-in), ``later``, ``refused`` (for good).
    """
    settings = config.current()
    if not settings.smtp_host:
        raise MailNotSent("off")
    domain = settings.smtp_from.rpartition("@")[2]
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = settings.smtp_from, to, subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = make_msgid(domain=domain)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    try:
        with contextlib.closing(_connect(settings, domain)) as server:
            server.send_message(mail)
            with contextlib.suppress(smtplib.SMTPException):  # it was taken; how the server says goodbye is its affair
                server.quit()
    except smtplib.SMTPRecipientsRefused as refused:
        raise MailNotSent(_why(code for code, _ in refused.recipients.values())) from None
    except smtplib.SMTPSenderRefused as refused:
        raise MailNotSent(_why([refused.smtp_code])) from None
    except smtplib.SMTPDataError as refused:
        raise MailNotSent(_why([refused.smtp_code])) from None
    except (OSError, smtplib.SMTPException):  # their messages may hold an address or a name
        raise MailNotSent("away") from None


def _connect(settings: config.Settings, domain: str) -> smtplib.SMTP:
    """A connection that has signed in. It names our mail domain: the host name of this machine stays here."""
    context = ssl.create_default_context()
    host, port = settings.smtp_host, settings.smtp_port
    server: smtplib.SMTP
    if settings.smtp_tls == "tls":
        server = smtplib.SMTP_SSL(host, port, local_hostname=domain, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, port, local_hostname=domain, timeout=TIMEOUT_SECONDS)
    try:
        if settings.smtp_tls == "starttls":
            server.starttls(context=context)
        if settings.smtp_user:
            server.login(settings.smtp_user, (settings.secrets / PASSWORD).read_text(encoding="utf-8").strip())
    except BaseException:
        server.close()
        raise
    return server


def _why(codes: object) -> str:
    """Five hundreds are for good, whatever else is for later."""
    return "refused" if all(int(code) >= 500 for code in codes) else "later"  # type: ignore[attr-defined]
