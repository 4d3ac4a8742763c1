"""Which parts are text and which are files; charsets, encodings, HTML made harmless, winmail.dat unpacked."""

import base64
import re
import struct

import pytest

from gateway import html
from gateway.parse import read
from gateway.plain_text import unflowed
from tests.gateway.hostile_mime import attached, encoded, head, mixed

FORBIDDEN = re.compile(
    r"<\s*(?:script|iframe|object|embed|applet|form|input|button|textarea|select|meta|base|link|style|svg|math)\b"
    r"|<[^>]+\son\w+\s*=|(?:href|src)\s*=\s*[\"']?\s*(?:javascript|vbscript|data|file):"
    r"|(?:src|srcset|poster|background|ping)\s*=\s*[\"']?\s*(?:https?:)?//|url\(|@import|position\s*:"
    r"|<[^>]*\s(?:id|class|name|data-[\w-]+|hx-[\w-]+|x-[\w-]+)\s*=|target\s*=",
    re.IGNORECASE,
)


def parts(kind: str, *bodies: str) -> bytes:
    """A multipart of the given kind; each body begins with its own header."""
    inner = "".join(f"--x\r\n{body}\r\n" for body in bodies)
    return head(content_type=f'multipart/{kind}; boundary="x"') + f"\r\n{inner}--x--\r\n".encode()


PLAIN, RICH = "Content-Type: text/plain\r\n\r\nplain", "Content-Type: text/html\r\n\r\n<p>rich</p>"
PICTURE = "Content-Type: image/png\r\nContent-ID: <p@x.test>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo="


@pytest.mark.parametrize(
    "raw, text, rich, files",
    [
        (parts("alternative", PLAIN, RICH), "plain", "<p>rich</p>", []),
        (parts("alternative", "Content-Type: text/plain\r\n\r\n ", RICH), "rich", "<p>rich</p>", []),
        (parts("mixed", PLAIN, PICTURE), "plain", "", ["image.png"]),
        (parts("mixed", PLAIN, PLAIN), "plain\nplain", "", []),
        (parts("mixed", PLAIN, RICH), "plain\nrich", "<div>plain</div>\n<p>rich</p>", []),
        (parts("related", RICH, PICTURE), "rich", "<p>rich</p>", ["image.png"]),
        (parts("mixed", PLAIN, "Content-Type: text/csv; name=a.csv\r\n\r\n1;2"), "plain", "", ["a.csv"]),
        (parts("mixed", PLAIN, "Content-Disposition: attachment\r\n\r\nlog"), "plain", "", ["attachment-1.txt"]),
        (parts("mixed", PLAIN, "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR"),
         "plain", "", ["attachment-1.ics"]),
        (parts("mixed", "hello without a header"), "hello without a header", "", []),
    ],
)  # fmt: skip
def test_choice(raw: bytes, text: str, rich: str, files: list[str]) -> None:
    """Text is shown, everything else is a file."""
    mail = read(raw)
    assert (mail.text, mail.html, [item.name for item in mail.attachments]) == (text, rich, files)


def test_inline_picture() -> None:
    """A picture of the HTML keeps its Content-ID and says that it belongs inside."""
    (item,) = read(parts("related", RICH, PICTURE)).attachments
    assert (item.content_id, item.inline, item.type) == ("p@x.test", True, "image/png")


@pytest.mark.parametrize(
    "charset, data, text",
    [
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", "Grüße €".encode("cp1252"), "Grüße €"),
        ("us-ascii", "Grüße".encode(), "Grüße"),
        ("us-ascii", "Grüße".encode("cp1252"), "Grüße"),
        ("utf-8", "Grüße".encode("cp1252"), "Grüße"),
        ("iso-8859-1", "Grüße aus Köln".encode(), "Grüße aus Köln"),
        ("x-unknown", "Grüße".encode(), "Grüße"),
        ("gb2312", "你好，打印机坏了".encode("gb18030"), "你好，打印机坏了"),
        ("iso-2022-jp", "こんにちは".encode("iso2022_jp"), "こんにちは"),
        ("iso-2022-jp", "こんにちは".encode("cp932"), "こんにちは"),
        ("koi8-r", "Привет".encode("koi8-r"), "Привет"),
        ("utf-16le", "Hello".encode("utf-16-le"), "Hello"),
        ("utf-7", b"Gr+APwA3w-e", "Grüße"),
        ("unicode_escape", b"\\N{LATIN SMALL LETTER A}", "\\N{LATIN SMALL LETTER A}"),
    ],
)
def test_charset(charset: str, data: bytes, text: str) -> None:
    """The declared charset counts unless it lies or is none that a mail may name."""
    assert read(encoded("base64", base64.encodebytes(data), f"text/plain; charset={charset}")).text == text


@pytest.mark.parametrize(
    "encoding, body, data",
    [
        ("base64", b"YWJj\r\nZGVm\r\n", b"abcdef"),
        ("base64", b"YWJj=ZGVm\r\nYWJj====\r\n", b"abcdefabc"),
        ("base64", b"YWJjZ", b"abc"),
        ("base64", b"YWJj== a remark\r\nZGVm\r\n", b"abcdef"),
        ("base64 (as usual)", b"YWJj", b"abc"),
        ("base64", b"!!!not base64!!!", b"!!!not base64!!!"),
        ("quoted-printable", b"a=3Db=\r\nc", b"a=bc"),
        ("quoted-printable", b"a= \t\r\nb", b"ab"),
        ("x-uuencode", b"begin 644 a\r\n#86)C\r\n`\r\nend\r\n", b"abc"),
        ("x-uuencode", b"not uuencoded", b"not uuencoded"),
        ("x-zip", b"as it came", b"as it came"),
    ],
)
def test_transfer_encoding(encoding: str, body: bytes, data: bytes) -> None:
    """Encodings are undone as far as they can be; the rest stays as it came."""
    (item,) = read(encoded(encoding, body, "application/octet-stream")).attachments
    assert item.data == data


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>", "<scr<script>ipt>alert(1)</scr</script>ipt>", "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>", "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1\">",
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">', '<a href="java\tscript:alert(1)">x</a>',
        '<a href="&#106;avascript&colon;alert(1)">x</a>',
        '<a href="data:text/html,x">x</a>', '<a href="//evil.test">x</a>',
        '<form action="https://evil.test"><input name=a></form>', '<meta http-equiv=refresh content="0;url=//e">',
        '<base href="//evil.test">', "<style>p{background:url(https://e)}</style>hi",
        '<p style="background:url(https://evil.test/t.gif)">x</p>', '<p style="background:u\\72l(//e)">x</p>',
        '<div style="position:fixed;inset:0">x</div>', '<div id=a class="b" data-x=1 hx-get="/x">x</div>',
        '<img src="https://evil.test/p.gif">', '<img src="//evil.test/p.gif">', '<img srcset="https://e/p 1x">',
        '<table background="https://evil.test/p"><tr><td>x</table>', '<img src="cid:../../admin">',
        '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
        '<a href="https://x.test" target=_blank ping="//e">x</a>',
    ],
)  # fmt: skip
def test_html_is_harmless(source: str) -> None:
    """Nothing of an HTML mail runs, loads, asks or covers."""
    assert FORBIDDEN.search(read(head(content_type="text/html") + b"\r\n" + source.encode()).html) is None


def test_html_keeps_its_looks() -> None:
    """Links, pictures of the mail itself, tables and colours stay."""
    source = '<p style="color:red">a <a href="https://x.test/">b</a><img src="cid:p@x.test"></p>'
    source += "<table><tr><td>c</td></tr></table>"
    kept = html.sanitise(source)
    assert 'href="https://x.test/"' in kept
    assert 'src="cid:p@x.test"' in kept
    assert "color:red" in kept
    assert "<td>c</td>" in kept


def test_html_too_deep_is_text() -> None:
    """HTML that no tree builder should see is still read for its words."""
    mail = read(head(content_type="text/html") + b"\r\n" + b"<div>" * 5000 + b"the words<style>p{}</style>")
    assert (mail.html, mail.text) == ("", "the words")
    assert any("HTML" in defect for defect in mail.defects)


def test_quoted_html_is_folded() -> None:
    """A quotation in HTML is marked in the text, so that it can be told from the answer."""
    source = "<p>Yes.</p><div>On Mon, Aug 3, 2026 at 10:00 Ann &lt;a@x.test&gt; wrote:</div>"
    source += '<blockquote type="cite"><p>Shall we?</p></blockquote>'
    mail = read(head(content_type="text/html") + b"\r\n" + source.encode())
    assert "> Shall we?" in mail.text
    assert mail.reply == "Yes."


def test_flowed() -> None:
    """Lines of format=flowed are joined within their depth (RFC 3676)."""
    assert unflowed("one \ntwo\n> a \n> b\n-- \nAnn", delete_space=False) == "one two\n> a b\n-- \nAnn"
    assert unflowed("日 \n本", delete_space=True) == "日本"


def test_flowed_without_end() -> None:
    """A paragraph of a million lines is joined at once, not line by line."""
    assert len(unflowed("a \n" * 1_000_000, delete_space=False)) == 2_000_000


def test_kind_by_content() -> None:
    """A file is what it contains, not what it says."""
    assert (
        read(attached(b'filename="a.pdf"', b"<svg onload=x>", b"application/pdf")).attachments[0].type
        == "image/svg+xml"
    )
    assert read(attached(b'filename="a.txt"', b"<!DOCTYPE html><p>", b"text/plain")).attachments[0].type == "text/html"
    assert read(attached(b'filename="a.bin"', b"%PDF-1.7")).attachments[0].type == "application/pdf"


def _attribute(level: int, name: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, name, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def test_winmail() -> None:
    """The files of a winmail.dat are shown beside it, with safe names; its text stands in where there is no other."""
    packed = (
        struct.pack("<IH", 0x223E9F78, 1)
        + _attribute(1, 0x0002800C, b"words\0")
        + _attribute(2, 0x00069002, b"\0" * 14)
    )
    packed += _attribute(2, 0x00018010, b"../../evil.sh\0") + _attribute(2, 0x0006800F, b"#!/bin/sh")
    mail = read(encoded("base64", base64.encodebytes(packed), "application/ms-tnef; name=winmail.dat"))
    assert [(item.name, item.size) for item in mail.attachments] == [("winmail.dat", len(packed)), ("evil.sh", 9)]
    assert mail.text == "words"


def test_winmail_that_lies() -> None:
    """A winmail.dat that claims more than it has is kept as it is."""
    packed = struct.pack("<IHBII", 0x223E9F78, 1, 2, 0x0006800F, 0xFFFFFFF0) + b"abc"
    mail = read(attached(b'filename="winmail.dat"', packed, b"application/ms-tnef"))
    assert [item.name for item in mail.attachments] == ["winmail.dat"]
    assert any("winmail.dat is damaged" in defect for defect in mail.defects)


def test_program_that_says_it_is_text() -> None:
    """Bytes that nobody could read are a file, whatever their label says; a stray U+0000 makes no file of a text."""
    (item,) = read(parts("mixed", PLAIN).replace(b"plain\r\n--x--", b"\x7fELF\0\1\2\3" * 40 + b"\r\n--x--")).attachments
    assert item.size == 320
    assert read(head() + b"\r\nsome \0 words and more of them\r\n").text == "some  words and more of them"


def test_words_around_the_parts() -> None:
    """Words before and behind the parts are a file each, the usual notice is none."""
    raw = parts("mixed", PLAIN).replace(b"\r\n\r\n--x", b"\r\n\r\nOne of us forgot a line.\r\n--x", 1)
    found = read(raw + b"Sent through the list of sample users\r\n").attachments
    assert [(item.name, item.data.strip()) for item in found] == [
        ("text before the parts.txt", b"One of us forgot a line."),
        ("text behind the parts.txt", b"Sent through the list of sample users"),
    ]
    notice = parts("mixed", PLAIN).replace(
        b"\r\n\r\n--x", b"\r\n\r\nThis is a multi-part message in MIME format.\r\n--x", 1
    )
    assert read(notice + b"\r\n\r\n").attachments == ()


@pytest.mark.parametrize(
    "plain, rich, text",
    [
        ("Your email client does not support HTML.", "<p>The printer is dead.</p>", "The printer is dead."),
        (
            "View this message in your browser",
            "<p>The printer in room 5 is dead.</p>",
            "The printer in room 5 is dead.",
        ),
        (
            "Hello Ann,",
            "<p>Hello Ann,</p><p>the printer in room 5 is dead.</p>",
            "Hello Ann,\n\nthe printer in room 5 is dead.",
        ),
        ("-", "<p>The printer is dead.</p>", "The printer is dead."),
        ("The HTML export is broken", "<p>The HTML export is <b>broken</b></p>", "The HTML export is broken"),
        (
            "A teaser of other words",
            "<p>The printer in room 5 is dead, please come today.</p>",
            "A teaser of other words",
        ),
    ],
)
def test_plain_text_that_is_none(plain: str, rich: str, text: str) -> None:
    """Where the plain text only points to the HTML, or is its beginning, the HTML is read."""
    assert read(parts("alternative", f"Content-Type: text/plain\r\n\r\n{plain}",
                      f"Content-Type: text/html\r\n\r\n{rich}")).text == text  # fmt: skip


def test_footer_behind_base64() -> None:
    """What a list or scanner writes behind an encoded text is kept beside it, and garbles nothing."""
    packed = base64.encodebytes("Grüße aus Köln, der Drucker geht nicht mehr.".encode())
    mail = read(
        encoded("base64", packed + b"--\r\nSent through the list of sample users\r\n", "text/plain; charset=utf-8")
    )
    assert mail.text == "Grüße aus Köln, der Drucker geht nicht mehr.\n--\nSent through the list of sample users"
    (file,) = read(
        encoded("base64", packed + b"--\r\nSent through the list\r\n", "application/octet-stream")
    ).attachments
    assert file.data.decode() == "Grüße aus Köln, der Drucker geht nicht mehr."


def test_damaged_smime_says_so() -> None:
    """Signed content that was cut cannot be read, and the mail says why it is empty."""
    raw = encoded("base64", base64.encodebytes(b"0\x82\x05\x00cut"), "application/pkcs7-mime; smime-type=signed-data")
    mail = read(raw)
    assert (mail.text, [item.name for item in mail.attachments]) == ("", ["attachment-1.p7m"])
    assert "cannot be read" in mail.remark


def test_missing_boundary_is_one_reading() -> None:
    """A multipart whose boundary is missing or never comes is shown as text, whole."""
    assert read(mixed(b"no boundary line at all\r\n")).text == "no boundary line at all"
    assert read(mixed(b"--x\r\n\r\nunclosed\r\n")).text == "unclosed"


def test_enriched_alternative_is_said_once() -> None:
    """text/enriched beside text/plain says the same (RFC 1896): the plain text counts."""
    rich = "Content-Type: text/enriched\r\n\r\n<bold>plain</bold>"
    assert read(parts("alternative", PLAIN, rich)).text == "plain"
    assert read(parts("alternative", rich)).text == "plain"
    assert read(parts("mixed", PLAIN, rich)).text == "plain\nplain"
