"""The few lines that `postdesk serve` prints: what runs where, and how to send a first mail."""

from collections.abc import Collection
from typing import TextIO

from postdesk.wiring import House


def welcome(house: House, roles: Collection[str], out: TextIO) -> None:
    """Print it for somebody at a terminal; a log that programs read holds nothing but its lines."""
    if house.settings.log.format == "text" and out.isatty():
        print(banner(house, roles), file=out, flush=True)


def banner(house: House, roles: Collection[str]) -> str:
    """What a person who has just started Postdesk needs to know."""
    settings = house.settings
    desk = house.addresses.main.address
    lines = [f"{settings.desk.name} is running. Stop it with Ctrl+C.", ""]
    if "smtp" in roles and settings.smtp.enabled:
        lines.append(f"  SMTP    {settings.smtp.host}:{settings.smtp.port}")
    if "lmtp" in roles and settings.lmtp.enabled:
        lines.append(f"  LMTP    {settings.lmtp.host}:{settings.lmtp.port}")
    lines += [f"  IMAP    {box.user} at {box.host}" for box in settings.mailbox if "imap" in roles]
    if "portal" in roles and settings.portal.enabled:
        lines.append(f"  Page    {settings.desk.base_url}")
    url = house.database.url
    lines.append(f"  Data    {url.database if house.database.is_sqlite else url.render_as_string(hide_password=True)}")
    if settings.relay.mode == "maildir":
        lines.append(f"  Letters {settings.relay.folder} (nothing leaves this machine)")
    else:
        lines.append(f"  Letters go to {settings.relay.host}:{settings.relay.port}")
    if "smtp" in roles and settings.smtp.enabled:
        lines += [
            "",
            "Send a first mail from another terminal:",
            *_first_mail(desk, settings.smtp.host, settings.smtp.port),
        ]
        lines += ["", "Or see a whole conversation: make demo, or postdesk demo"]
    return "\n".join(lines)


def _first_mail(desk: str, host: str, port: int) -> list[str]:
    """With curl, which is on most machines; Python is on all that run this.

    The date makes each try another mail: one that is the same to the last byte is a duplicate.
    """
    fields = f"From: you@example.com\\nTo: {desk}\\nDate: %s\\nSubject: Hello"
    return [
        f"  printf '{fields}\\n\\nA first mail.\\n' \"$(date -R)\" |",
        f"    curl --crlf smtp://{host}:{port} --mail-from you@example.com --mail-rcpt {desk} -T -",
    ]
