"""Hostile mails whose header fields are wrong: too many, too long, encoded to harm, missing, or given twice."""

from tests.attacks.hostile_mails import Case, held
from tests.gateway.hostile_mime import N, head, sender

_BLOCK = "header block larger than 256 KB"
_DATE = b"Mon, 03 Aug 2026 10:00:00 +0000"
_BODY = b"\r\nx\r\n"


def _long(name: str) -> str:
    return f"header {name} larger than 64 KB"


def _dated(date: bytes) -> bytes:
    return head().replace(_DATE, date) + _BODY


def _received() -> bytes:
    return head(extra="Received: from " + "by " * 20_000 + N + "Received: " + "from a (" * 7_000 + N) + _BODY


def _bare(*fields: bytes) -> bytes:
    """A mail of these fields alone."""
    return b"".join(field + b"\r\n" for field in fields) + _BODY


_TO = b"To: desk@desk.test"

LONG = {
    "subject of 1 MB": held(lambda: head("S" * 1_000_000) + _BODY, 23, reason=_BLOCK),
    "subject of 60 KB": Case(lambda: head("S" * 60_000) + _BODY, (23,), title="S" * 200),
    "folded a million times": held(lambda: head("a" + (N + " b") * 1_200_000) + _BODY, 23, reason=_BLOCK),
    "folded 16000 times": Case(lambda: head("a" + (N + " b") * 16_000) + _BODY, (23,)),
    "100000 fields": held(
        lambda: head(extra="".join(f"X-{i}: v{N}" for i in range(100_000))) + _BODY, 23, reason=_BLOCK
    ),
    "the same field 80000 times": held(
        lambda: head(extra=f"Received: from a by b; {_DATE.decode()}{N}" * 80_000) + _BODY, 23, reason=_BLOCK
    ),
    "20000 encoded words": held(lambda: head((N + " ").join(["=?utf-8?q?a?="] * 20_000)) + _BODY, 26, reason=_BLOCK),
    "4000 encoded words": Case(lambda: head((N + " ").join(["=?utf-8?q?a?="] * 4_000)) + _BODY, (26,)),
    "encoded words without end": Case(lambda: head("=?utf-8?q?" * 6_000) + _BODY, (26,)),
    "1 MB of encoded words without end": held(lambda: head("=?utf-8?q?" * 100_000) + _BODY, 26, reason=_BLOCK),
    "100000 senders": held(
        lambda: sender(b", ".join(b"a%d@attacker.test" % i for i in range(100_000))), 23, reason=_BLOCK
    ),
    "1500 senders": Case(lambda: sender(b", ".join(b"a%d@attacker.test" % i for i in range(1_500))), (23,), sender=""),
    "nested comments": Case(lambda: sender(b"(" * 20_000 + b")" * 20_000 + b" a@attacker.test"), (24,)),
    "open quotation marks": Case(lambda: sender(b'"\\' * 30_000 + b" <a@attacker.test>"), (24,)),
    "100000 open quotation marks": held(
        lambda: sender(b'"\\' * 100_000 + b" <a@attacker.test>"), 24, reason=_long("from")
    ),
    "15000 groups": Case(lambda: sender(b"groups@attacker.test\r\nCc: " + b"g:;," * 15_000), (24,)),
    "50000 groups": held(lambda: head().replace(b"To: ", b"To: " + b"g:;," * 50_000) + _BODY, 24, reason=_long("to")),
    "references": held(
        lambda: head(extra=f"References: {(N + ' ').join(f'<r{i}@x.test>' for i in range(50_000))}{N}") + _BODY,
        23,
        reason=_BLOCK,
    ),
    "4000 references": Case(
        lambda: head(extra=f"References: {(N + ' ').join(f'<r{i}@x.test>' for i in range(4_000))}{N}") + _BODY, (23,)
    ),
    "Message-ID of 1 MB": held(
        lambda: head().replace(b"<gen-1@attacker.test>", b"<" + b"i" * 1_000_000 + b"@x>") + _BODY, 23, reason=_BLOCK
    ),
    "Message-ID of 60 KB": Case(
        lambda: head().replace(b"<gen-1@attacker.test>", b"<" + b"i" * 60_000 + b"@x>") + _BODY, (35,)
    ),
    "Received of regular expressions": Case(_received, (24,)),
}

# What a decoded field may not become: a second field, a control character, a turned line.
ENCODED = {
    "encoded line end": Case(
        lambda: head("=?utf-8?q?hello=0D=0ABcc:_victim=40x.test=0D=0A=0D=0Abody?=") + _BODY,
        (27,),
        title="hello Bcc: victim@x.test body",
        text="x",
    ),
    "encoded NUL, ESC and turning mark": Case(
        lambda: head("=?utf-8?q?a=00b=1B=5B31m=E2=80=AEcod?=") + _BODY, (27,), title="a b [31m cod", text="x"
    ),
    "raw letters beyond ASCII": Case(
        lambda: b"From: J\xfcrgen <juergen@attacker.test>\r\nSubject: Gr\xfc\xdfe\r\n" + _TO + b"\r\n" + _BODY,
        (28,),
        title="Grüße",
        sender="juergen@attacker.test",
    ),
}

ODD = {
    "no From": Case(lambda: _bare(_TO, b"Subject: no from"), (34,), title="no from", text="x", sender=""),
    "no Message-ID": Case(
        lambda: _bare(b"From: noid@attacker.test", _TO, b"Subject: no id"),
        (34,),
        title="no id",
        text="x",
        sender="noid@attacker.test",
    ),
    "absurd date": Case(lambda: _dated(b"Fri, 99 Foo 99999999999999999999 99:99:99 +9999999999"), (34,), text="x"),
    "date beyond the calendar": Case(lambda: _dated(_DATE.replace(b"+0000", b"+99999999")), (34,), text="x"),
    "date of 60000 digits": Case(lambda: _dated(_DATE.replace(b"2026", b"2" * 60_000)), (34,), text="x"),
    "date of 100000 digits": held(lambda: _dated(_DATE.replace(b"2026", b"2" * 100_000)), 34, reason=_long("date")),
    "no header": Case(lambda: b"\r\njust a body\r\n", (34,), title="No subject", text="just a body", sender=""),
    "nothing": Case(lambda: b"", (34,), title="No subject", text="The mail has no text.", sender=""),
    "only line ends": Case(lambda: b"\r\n" * 500_000, (34,), title="No subject", text="The mail has no text."),
    "only NUL": Case(lambda: b"\0" * 100_000 + b"\r\n", (34, 35), title="No subject", files=("attachment-1.bin",)),
    "a line that is no field": Case(
        lambda: _bare(b"From: stray@attacker.test", b"this is not a header", b"Subject: hidden"),
        (34,),
        title="hidden",
        text="x",
    ),
    "blank before the colon": Case(
        lambda: _bare(b"From: blank@attacker.test", b"Subject : one", b"Subject: two"), (34,), title="one", text="x"
    ),
    "two From fields": Case(
        lambda: _bare(b"From: boss@desk.test", b"From: evil@attacker.test", _TO, b"Subject: two fields"),
        (34,),
        sender="",
    ),
    "two mailboxes in From": Case(lambda: sender(b"boss@desk.test, evil@attacker.test"), (34,), sender=""),
    "an address as name": Case(
        lambda: sender(b'"boss@desk.test" <display@attacker.test>'), (34,), sender="display@attacker.test"
    ),
    "an address broken off": Case(
        lambda: sender(b"boss@desk.test]<confused@attacker.test>"), (34,), sender="confused@attacker.test"
    ),
    "an encoded comma": Case(
        lambda: sender(b"=?utf-8?q?Boss=2C_boss=40desk=2Etest?= <comma@attacker.test>"),
        (34,),
        sender="comma@attacker.test",
    ),
    "an encoded address": Case(
        lambda: sender(b"=?utf-8?q?boss=40desk=2Etest=3E?= <encoded@attacker.test>"),
        (34,),
        sender="encoded@attacker.test",
    ),
    "a joiner in the name": Case(
        lambda: sender("bo\u200dss@desk.test <joiner@attacker.test>".encode()), (34,), sender="joiner@attacker.test"
    ),
    "another letter that looks alike": Case(
        lambda: sender("b\u043ess@desk.test".encode()), (34,), sender="b\u043ess@desk.test"
    ),
}

CASES = {**LONG, **ENCODED, **ODD}
