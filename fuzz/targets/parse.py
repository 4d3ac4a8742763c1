"""A whole mail is read: never a fault, clean strings, bounded lists, the same mail each time."""

from dataclasses import replace

from fuzz import cleaned, grammar
from fuzz.choices import Choices
from gateway.envelope import Message
from gateway.parse import head, read_or_raise
from gateway.repeats import fingerprint
from tests.gateway import promises

MADE = b"\0made"  # what begins so is no mail, but the choices that one is made by
MAILS = True  # other inputs are mails: the mutator keeps their boundaries
WORDS = (
    "Content-Type: ", "multipart/mixed", "multipart/alternative", "multipart/related", "multipart/report",
    "multipart/signed", "boundary=", "charset=", "utf-8", "iso-2022-jp", "utf-7", "gb18030", "koi8-r", "message/rfc822",
    "message/delivery-status", "text/html", "text/calendar", "application/ms-tnef", "application/pkcs7-mime",
    "format=flowed", "delsp=yes", "name*0*=", "filename=", "filename*=utf-8''", "Content-Transfer-Encoding: ",
    "base64", "quoted-printable", "x-uuencode", "Content-Disposition: ", "attachment", "inline", "Content-ID: <",
    "=?utf-8?q?", "=?iso-2022-jp?b?", "?=", "From: ", "Subject: ", "Received: ", "begin 644 ", "BEGIN:VCALENDAR",
    "BEGIN:VEVENT", "DTSTART;TZID=", "RRULE:FREQ=", "Final-Recipient: rfc822;", "Status: 5.1.1", "Diagnostic-Code: ",
    "On Mon, Ann <a@b.test> wrote:", "-----Original Message-----", "> ", "-- ", "<blockquote type=cite>",
    "<div class=gmail_quote>", "<table>", "<td>", "<style>", "<!--[if mso]>", "<base href=", "&nbsp;", "Sent from my ",
)  # fmt: skip


def check(data: bytes) -> None:
    """Read it twice; by line ends as servers change them it is the same mail."""
    raw = grammar.mail(Choices(data.removeprefix(MADE))) if data.startswith(MADE) else data
    mail = read_or_raise(raw)
    promises.check(mail)
    strings(mail)
    assert read_or_raise(raw) == mail, "read twice, and not the same"
    quick = head(raw)
    assert quick.subject == mail.subject, "another subject at a glance"
    assert quick.sender == mail.sender, "another sender at a glance"
    assert fingerprint(replace(quick), "") == fingerprint(mail, ""), "another fingerprint at a glance"


def strings(mail: Message) -> None:
    """Nothing hides in what people and programs are shown of a mail."""
    boxes = [mail.sender, mail.shown_sender, *mail.to, *mail.cc, *mail.reply_to]
    cleaned.lines("a mailbox", [text for box in boxes for text in (box.name, box.address)])
    cleaned.lines("the subject", [mail.subject, mail.message_id, mail.language])
    cleaned.lines("an id", [*mail.references, *mail.in_reply_to, *mail.reported_ids, *mail.delivered_to])
    cleaned.lines("the name of a file", [text for file in mail.attachments for text in (file.name, file.original_name)])
    cleaned.lines("a type", [text for file in mail.attachments for text in (file.type, file.declared_type)])
    cleaned.lines("a field", mail.extra.values())
    cleaned.texts("a text", [mail.text, mail.reply, mail.html, mail.invitation, mail.remark, *mail.defects])
    if mail.forwarded:
        box = mail.forwarded.sender
        cleaned.lines("who was passed on", [box.name, box.address, mail.forwarded.subject, mail.forwarded.message_id])
        cleaned.texts("what was passed on", [mail.forwarded.text, mail.forwarded.above, mail.forwarded.quoted])
