"""Hostile mails whose types, charsets and encodings are wrong: bombs, codecs that are none, bytes that are no text."""

import random
import zlib

from tests.attacks.hostile_mails import Case, held
from tests.gateway.hostile_mime import N, encoded, head, in_base64

_BLOCK = "header block larger than 256 KB"
_NOISE = random.Random(1).randbytes(3_500_000)
_BODY = b"\r\nx\r\n"


def _typed(content_type: str, body: bytes = _BODY) -> bytes:
    return head(content_type=content_type) + b"\r\n" + body.removeprefix(b"\r\n")


def _report() -> bytes:
    kind = 'multipart/report; report-type=delivery-status; boundary="r"'
    groups = b"Final-Recipient: rfc822; a@b.test\r\n\r\n" * 20_000
    return _typed(
        kind, b"--r\r\n\r\nfailed\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\n" + groups + b"--r--\r\n"
    )


PARAMETERS = {
    "1 MB of semicolons": held(lambda: _typed("text/plain" + ";" * 1_000_000), 24, reason=_BLOCK),
    "semicolons": Case(lambda: _typed("text/plain" + ";" * 60_000), (24,), text="x"),
    "50000 parameters": held(
        lambda: _typed("text/plain" + "".join(f"; p{i}=v" for i in range(50_000))), 24, reason=_BLOCK
    ),
    "5000 parameters": Case(lambda: _typed("text/plain" + "".join(f"; p{i}=v" for i in range(5_000))), (24,), text="x"),
    "blanks in parameters": Case(lambda: _typed("text/plain; " + " " * 60_000), (24,), text="x"),
    "open quotes": held(lambda: _typed('text/plain; name="' + ';"' * 250_000), 24, reason=_BLOCK),
    "open quotes in parameters": Case(lambda: _typed('text/plain; name="' + ';"' * 30_000), (24,)),
    "50000 sections": held(lambda: _typed("a/b" + "".join(f";{N} n*{i}*=a" for i in range(50_000))), 25, reason=_BLOCK),
    "5000 sections": Case(lambda: _typed("a/b" + "".join(f"; n*{i}*=a" for i in range(5_000))), (25,)),
    "huge section number": Case(
        lambda: _typed("application/octet-stream; name*0=a; name*99999999999999999999=b; name*" + "9" * 5000 + "=c"),
        (25,),
        files=("a",),
    ),
    "sections given twice": Case(
        lambda: _typed('application/octet-stream; name*0="safe"; name*0="evil"; name*1=".txt"; name*1=".exe"'),
        (25,),
        files=("safe.txt",),
    ),
    "section of no charset": Case(
        lambda: _typed("application/octet-stream; name*=x-none'en'%FF%FE%00.txt"), (25, 28), files=("ÿþ .txt",)
    ),
}

CHARSETS = {
    "unknown charset": Case(lambda: _typed("text/plain; charset=x-klingon", b"\xe4\xf6\r\n"), (28,), text="äö"),
    "charset unicode_escape": Case(
        lambda: _typed("text/plain; charset=unicode_escape", b"\\N{LATIN SMALL LETTER A}\r\n"),
        (28,),
        text="\\N{LATIN SMALL LETTER A}",
    ),
    "charset zlib": Case(
        lambda: encoded("base64", in_base64(zlib.compress(b"\0" * 50_000_000)), "text/plain; charset=zlib"),
        (28,),
        files=("attachment-1.bin",),
    ),
    "charset punycode": Case(
        lambda: _typed("text/plain; charset=punycode", b"a" * 100_000 + b"-" + b"z" * 100_000 + b"\r\n"),
        (28,),
        text="a" * 1000,
    ),
    "charset idna": Case(lambda: _typed("text/plain; charset=idna", b"a" * 200_000 + b"\r\n"), (28,), text="a" * 1000),
    "charset UTF-7": Case(
        lambda: _typed("text/html; charset=utf-7", b"seen +ADw-script+AD4-alert(1)+ADw-/script+AD4-\r\n"),
        (28, 37),
        text="seen",
    ),
    "charset from the file system": Case(
        lambda: _typed('text/plain; charset="../../evil\0"'), (28, 35), text="x", files=()
    ),
    "charset of 1 MB": held(lambda: _typed("text/plain; charset=" + "u" * 1_000_000), 28, reason=_BLOCK),
    "NUL and lone surrogates": Case(
        lambda: _typed("text/plain; charset=utf-8", b"a\0b \xed\xa0\x80 \xf4\x90\x80\x80 c\r\n"), (35,)
    ),
    "surrogates in UTF-16": Case(
        lambda: encoded("base64", in_base64("ab".encode("utf-16") + b"\0\xd8\0\xd8c\0"), "text/plain; charset=utf-16"),
        (35,),
    ),
}

ENCODINGS = {
    "unknown encoding": Case(lambda: encoded("x-zip", b"x\r\n"), (29,), text="x"),
    "base64 on one line": Case(
        lambda: encoded("base64", in_base64(_NOISE).replace(b"\r\n", b""), "application/pdf") + b"\r\n",
        (29,),
        files=("attachment-1.pdf",),
    ),
    "base64 that is none": Case(
        lambda: encoded("base64", b"!!!not base64!!!\r\n" * 1000, "application/pdf"), (29,), files=("attachment-1.pdf",)
    ),
    "base64 in pieces": Case(lambda: encoded("base64", b"YQ==" * 200_000 + b"\r\n"), (29,), text="aaaa"),
    "padding within base64": Case(
        lambda: encoded("base64", b"YWJj=ZGVm\r\nYWJj====\r\n"), (29,), text="abcdefabc", files=()
    ),
    "4.5 MB of quoted-printable": Case(
        lambda: encoded("quoted-printable", b"=41" * 1_500_000 + b"\r\n"), (29,), text="A" * 1000
    ),
    "soft line breaks": Case(
        lambda: encoded("quoted-printable", b"=\r\n" * 1_600_000), (29,), text="The mail has no text."
    ),
    "uuencode in a text": Case(
        lambda: head() + b"\r\nbegin 644 ../../evil.sh\r\n#0V%T\r\n`\r\nend\r\n", (29, 31), files=("evil.sh",)
    ),
    "4.5 MB of uuencode": Case(
        lambda: encoded("x-uuencode", b"begin 644 a\r\nM" + b"!" * 60 + b"\r\n" + b"M" * 4_500_000 + b"\r\nend\r\n"),
        (29,),
    ),
    "text of 4.5 MB": Case(
        lambda: head() + b"\r\n" + b"lorem ipsum dolor sit amet consectetur adipiscing elit\r\n" * 80_000,
        (35,),
        text="lorem ipsum",
    ),
}

KINDS = {
    "a part of a mail": Case(
        lambda: _typed('message/partial; id="x"; number=1; total=2', b"half\r\n"), (30,), files=("attachment-1.eml",)
    ),
    "a body that is elsewhere": Case(
        lambda: _typed(
            'message/external-body; access-type=URL; URL="http://169.254.169.254/latest/"',
            b"Content-Type: text/plain\r\n\r\n",
        ),
        (30,),
        files=("attachment-1.txt",),
    ),
    "20000 report groups": Case(_report, (23,), "ignored", "did not send"),
    "random bytes": Case(
        lambda: _NOISE[:200_000].replace(b"\r", b"").replace(b"\n", b"") + b"\r\n", (34, 35), sender=""
    ),
}

CASES = {**PARAMETERS, **CHARSETS, **ENCODINGS, **KINDS}
