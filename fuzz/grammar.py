"""Mails by a grammar: every field, part, encoding and damage that a reader meets, chosen by bytes."""

import base64
import quopri
from collections.abc import Callable

from fuzz.choices import Choices

DEPTH, PARTS = 6, 5
_SENDERS = (
    b"Ann <ann@customer.test>", b"ann@customer.test", b'"ann@customer.test" <eve@elsewhere.test>', b"<>", b"",
    b"ann@customer.test, eve@elsewhere.test", b"Ann <ann@customer.test> (x) <eve@elsewhere.test>", b"a:ann@x.test;",
    b"=?utf-8?q?Ann=00=0D=0ABcc=3A?= <ann@customer.test>", "Änn <änn@customer.test>".encode(), b"\xff\xfe <a@x.test>",
    b'"\\"" <ann@customer.test>', b"MAILER-DAEMON@mx.customer.test", "\u202eann <ann@customer.test>".encode(),
)  # fmt: skip
_SUBJECTS = (
    b"Phones", b"Re: T20261101.0001", b"=?utf-8?b?w4RyZ2Vy?=", b"=?utf-8?q?a?= =?utf-8?q?b?=", b"=?utf-7?q?+AGE-?=",
    b"=?iso-2022-jp?b?GyRCJEgbKEI=?=", b"Fwd: WG: Re: AW: x", b"Out of office", b"Undelivered Mail", b"#list my",
    b"=?utf-8?q?=ED=A0=80?=", b"=?x?q?=00=1b[2J?=", "Ａ\u2066B".encode(), b"Automatic reply: Phones", b"",
)  # fmt: skip
_FIELDS = (
    b"Auto-Submitted: auto-replied", b"Precedence: bulk", b"List-Id: <l.customer.test>", b"Return-Path: <>",
    b"Date: Fri, 99 Foo 99999999999 99:99 +9999", b"Date: Mon, 03 Aug 2026 10:00:00 +0000", b"Message-ID: <1@c.test>",
    b"Message-ID: <a@b> <c@d>", b"References: <1@c.test> <2@c.test>", b"In-Reply-To: <t20261101.0001.o1.r-x@desk.test>",
    b"Content-Language: de, en", b"X-Failed-Recipients: ann@customer.test, x", b"Received: by a; Mon, 3 Aug 2026 10:00",
    b"Reply-To: a@x.test, b@x.test", b"Cc: g: a@x.test;, b@x.test", b"Delivered-To: <service+r-abc@desk.test>",
    b"From: Eve <eve@elsewhere.test>", b"From ann@customer.test Mon Aug 3", b"rubbish without a colon", b"X-Spam: YES",
    b"Subject: another", b" folded \xff", b"Mime-Version: 1.0", b"Content-Type: text/html", b"X: " + b"y" * 1200,
)  # fmt: skip
_NAMES = (
    b'; name="a.txt"', b"; filename*=utf-8''%C3%A4.pdf", b"; filename*0=a; filename*1=b", b'; filename="../../a"',
    b"; filename=CON", b"; filename*999999999999=a", b'; filename="=?utf-8?q?=E2=80=AEtxt.exe?="', b'; name="', b";;;;",
    b'; filename=".."', b'; filename="a\\"b<>|?*:"', b"; filename=" + b"x" * 400, b"; charset=a; charset=b",
)  # fmt: skip
_LEAVES = (
    b"text/plain; charset=utf-8", b"text/plain", b"text/html; charset=iso-8859-1", b"text/plain; format=flowed",
    b"text/calendar; method=REPLY", b"application/ms-tnef", b"application/pdf", b"image/png", b"text/csv", b"text/",
    b"message/delivery-status", b"text/rfc822-headers", b"message/partial; id=a; number=1", b"message/external-body",
    b"text/plain; charset=utf-7", b"text/plain; charset=iso-2022-jp", b"text/plain; charset=\0", b"text/enriched",
    b"application/pkcs7-mime", b"message/disposition-notification", b"message/feedback-report", b"audio/x", b"",
)  # fmt: skip
_TEXTS = (
    b"Please help.", b"On Mon, Ann <ann@customer.test> wrote:\n> old\n>> older", b"-- \nAnn\n+44 20 7946 0000",
    b"-----Original Message-----\nFrom: a@x.test\nSent: Monday\n\nold", b"begin 644 a\n#86%A\n`\nend", b"\0\x1b\x85x",
    b"#resolve\nThanks", b"<div>a<blockquote type=cite>b</blockquote></div>", b"<script>x</script><p onclick=y>z",
    b"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nDTSTART:20261101T100000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\n",
    b"Final-Recipient: rfc822; ann@customer.test\nAction: failed\nStatus: 5.1.1\n\n", "ａ\u2066\u202e語".encode(),
    b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nx\n-----BEGIN PGP SIGNATURE-----\n", b"=ybegin line=1 size=1",
    b"\x78\x9f\x3e\x22\x01\x00", b"<table>" * 40, b"&#x110000;&#0;&" * 9, b"<base href=//e><img src=//e><style>@import",
)  # fmt: skip
_MIXES = (b"mixed", b"alternative", b"related", b"report; report-type=delivery-status", b"signed", b"digest", b"x")
_ENCODINGS: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"", bytes),
    (b"base64", base64.encodebytes),
    (b"quoted-printable", quopri.encodestring),
    (b"base64", bytes),
    (b"quoted-printable", bytes),
    (b"x-uuencode", bytes),
    (b"8bit", bytes),
    (b"nonsense", bytes),
)


def mail(choices: Choices) -> bytes:
    """One mail; damaged once in four times."""
    raw = _head(choices) + _entity(choices, 0)
    damage = choices.byte()
    if damage % 16 == 1:
        raw = raw.replace(b"\r\n", b"\n")
    elif damage % 16 == 2:
        raw = raw.replace(b"\r\n", b"\r")
    elif damage % 16 == 3:
        raw = raw.replace(b"\r\n", b"\r\r\n")
    elif damage % 16 == 4:
        raw = raw[: len(raw) * choices.byte() // 256]
    return raw


def _head(choices: Choices) -> bytes:
    lines = [b"From: " + choices.pick(_SENDERS), b"To: service@desk.test", b"Subject: " + choices.pick(_SUBJECTS)]
    if choices.chance(4):
        lines[2] += choices.taken(60)
    lines += [choices.pick(_FIELDS) for _ in range(choices.count(7))]
    return b"".join(line + b"\r\n" for line in lines)


def _entity(choices: Choices, depth: int) -> bytes:
    """Content-Type, blank line and body."""
    kind = choices.byte() % 8
    if choices.over or depth >= DEPTH or kind < 4:
        return _leaf(choices)
    if kind == 4:
        return b"Content-Type: message/rfc822\r\n\r\n" + _head(choices) + _entity(choices, depth + 1)
    boundary = b"b%d" % (choices.byte() % 4)  # the same one again, now and then
    head = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (choices.pick(_MIXES), boundary)
    parts = [_entity(choices, depth + 1) for _ in range(1 + choices.count(PARTS - 1))]
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts)
    return head + body + (b"" if choices.chance(5) else b"--%s--\r\n" % boundary)


def _leaf(choices: Choices) -> bytes:
    head = b"Content-Type: " + choices.pick(_LEAVES)
    if choices.chance(3):
        head += choices.pick(_NAMES)
    head += b"\r\n"
    if choices.chance(3):
        head += b"Content-Disposition: attachment" + choices.pick(_NAMES) + b"\r\n"
    name, encode = choices.pick(_ENCODINGS)
    if name:
        head += b"Content-Transfer-Encoding: " + name + b"\r\n"
    body = b"\n".join(choices.pick(_TEXTS) for _ in range(choices.count(3)))
    if choices.chance(2):
        body += choices.taken()
    return head + b"\r\n" + encode(body.replace(b"\n", b"\r\n")) + b"\r\n"
