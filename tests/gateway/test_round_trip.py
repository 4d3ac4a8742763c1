"""What is written into a mail comes out of it again: subject, text, names and bytes, in every encoding there is."""

import base64
import binascii
import quopri
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.parse import read
from tests.gateway import promises
from tests.gateway.hostile_mime import head

settings.register_profile("round trip", deadline=None)  # the first mail of a kind loads the library that reads it
settings.load_profile("round trip")

LATIN, GREEK, CYRILLIC = "abcdefgh XYZ ÄÖÜäöüß éèç ñ 0123456789,.!?", "αβγδεζηθικλμ ΑΒΓ 0123", "абвгдежз АБВ 0123.,"
JAPANESE, CHINESE = "あいうえおカキクケコ日本語印刷 abc", "你好打印机坏了请帮忙谢谢 abc"
KOREAN = "안녕하세요프린터고장 abc"
HEBREW, ARABIC, THAI, TURKISH = "שלוםמדפסתתקלה abc", "مرحباطابعةمعطلة abc", "สวัสดีเครื่องพิมพ์ abc", "ığüşöçİĞÜŞÖÇ abc"
POLISH = "ąćęłńóśźż ĄĆĘŁ abc"
# A charset as mail names it, and letters that it has.
CHARSETS = {
    "utf-8": LATIN + GREEK + CYRILLIC + JAPANESE + CHINESE + KOREAN + HEBREW + ARABIC + THAI + "€😀",
    "iso-8859-1": LATIN,
    "windows-1252": LATIN + "€–„“”…",
    "iso-8859-15": LATIN + "€",
    "iso-8859-2": POLISH,
    "windows-1250": POLISH,
    "windows-1251": CYRILLIC,
    "koi8-r": CYRILLIC,
    "koi8-u": CYRILLIC + "їєґ",
    "iso-8859-5": CYRILLIC.lower(),  # capitals between small letters would be UTF-8, and nobody writes so
    "iso-8859-7": GREEK,
    "windows-1253": GREEK,
    "iso-8859-9": TURKISH,
    "windows-1255": HEBREW,
    "iso-8859-8": HEBREW,
    "windows-1256": ARABIC,
    "tis-620": THAI,
    "iso-2022-jp": JAPANESE,
    "shift_jis": JAPANESE,
    "euc-jp": JAPANESE,
    "gb2312": CHINESE,
    "gbk": CHINESE,
    "gb18030": CHINESE + "😀",
    "big5": "你好打印壞了請幫忙謝 abc",
    "euc-kr": KOREAN,
    "ks_c_5601-1987": KOREAN,
    "utf-7": LATIN + CYRILLIC + JAPANESE,
    "utf-16": LATIN + CYRILLIC + JAPANESE,
}
_CODECS = {"ks_c_5601-1987": "euc-kr", "windows-874": "cp874"}
ANY_TEXT = st.text(st.characters(categories=("L", "N", "P", "S"), include_characters=" ", max_codepoint=0x2FFFF))
LINES = st.lists(ANY_TEXT.map(str.strip), min_size=1, max_size=6)
# What a file system refuses, and what a name may not begin or end with, has tests of its own.
NAMES = (
    st.text(st.characters(categories=("Lu", "Ll", "Lo", "Nd"), include_characters=" -_.()+&'#,=[]"), min_size=1)
    .map(lambda name: f"a{' '.join(name.split())[:60]}z.dat")
    .filter(lambda name: ".." not in name)
)


def _flat(text: str) -> str:
    return " ".join(text.split())


@given(ANY_TEXT, LINES, st.sampled_from(["quoted-printable", "base64", "8bit"]), NAMES, st.binary(max_size=300))
def test_as_python_writes_it(subject: str, lines: list[str], encoding: str, name: str, data: bytes) -> None:
    """The stdlib's own composer: folded, encoded, RFC 2231 names."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"] = "Jane Doe <jane@customer.test>", _flat(subject)[:150]
    mail.set_content("\n".join(lines), cte=encoding)
    mail.add_attachment(data, "application", "x-sample", filename=name)
    found = read(mail.as_bytes())
    promises.check(found)
    assert found.subject == _flat(subject)[:150].strip()
    assert found.text == "\n".join(lines).strip("\n")
    (item,) = found.attachments
    assert (_flat(item.original_name), item.data) == (name, data)


@pytest.mark.parametrize("charset", CHARSETS)
@given(data=st.data())
def test_charsets(charset: str, data: st.DataObject) -> None:
    """Every charset that mail is written in, in the subject as encoded words and in the text in both encodings."""
    words = st.text(CHARSETS[charset], min_size=4, max_size=90).map(_flat)
    # Letters that nobody writes side by side: as bytes they are UTF-8, and then UTF-8 is what a gateway mislabelled.
    words = words.filter(lambda chosen: charset in ("utf-8", "utf-7") or not _is_utf8(chosen, charset))
    subject, text = data.draw(words), data.draw(words)
    packed = text.encode(_CODECS.get(charset, charset))
    encoding = data.draw(st.sampled_from(["base64", "quoted-printable"]))
    body = base64.encodebytes(packed) if encoding == "base64" else quopri.encodestring(packed)
    written = Header(subject, _CODECS.get(charset, charset) if charset != "utf-16" else "utf-8").encode()
    extra = f"Content-Transfer-Encoding: {encoding}\r\n"
    raw = head(written.replace("\n", "\r\n"), f"text/plain; charset={charset}", extra) + b"\r\n" + body
    found = read(raw)
    assert found.text == text
    assert found.subject == subject


def _is_utf8(text: str, charset: str) -> bool:
    packed = text.encode(_CODECS.get(charset, charset))
    try:
        return not packed.isascii() and bool(packed.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _word(name: str) -> str:
    return f"=?utf-8?b?{base64.b64encode(name.encode()).decode()}?="


def _continued(name: str) -> str:
    """RFC 2231 section 3 and 4: in pieces, percent-encoded."""
    encoded = quote(name, safe="")
    pieces = [encoded[i : i + 12] for i in range(0, len(encoded), 12)]
    first = f"filename*0*=utf-8''{pieces[0]}"
    return ";\r\n ".join([first, *(f"filename*{n}*={piece}" for n, piece in enumerate(pieces[1:], 1))])


WAYS = {
    "RFC 2231": lambda name: f"filename*=utf-8''{quote(name, safe='')}",
    "RFC 2231 in pieces": _continued,
    "RFC 2047, which many write": lambda name: f'filename="{_word(name)}"',
    "RFC 2047 without quotation marks": lambda name: f"filename={_word(name)}",
    "raw UTF-8": lambda name: f'filename="{name}"',
    "upper case, blanks, both forms": lambda name: f"FILENAME = \"a.dat\" ; filename*=UTF-8''{quote(name, safe='')}",
}


@pytest.mark.parametrize("way", WAYS)
@given(name=NAMES, data=st.binary(min_size=1, max_size=200), break_lines=st.booleans())
def test_names(way: str, name: str, data: bytes, break_lines: bool) -> None:
    """A file name in each way that mail programs write one, and its bytes to the last one."""
    packed = base64.encodebytes(data) if break_lines else binascii.b2a_base64(data)
    part = f"Content-Type: application/x-sample\r\nContent-Disposition: attachment; {WAYS[way](name)}\r\n"
    raw = head(content_type='multipart/mixed; boundary="x"') + b"\r\n--x\r\n" + part.encode()
    raw += b"Content-Transfer-Encoding: base64\r\n\r\n" + packed + b"--x--\r\n"
    (item,) = read(raw).attachments
    assert _flat(item.original_name) == name
    assert item.data == data


@given(st.text(LATIN + CYRILLIC + JAPANESE, min_size=1, max_size=40), st.sampled_from("<(\"',;:@[."))
def test_display_names(name: str, sign: str) -> None:
    """A display name with signs that mean something elsewhere never changes the address."""
    mail = EmailMessage(policy=SMTP)
    shown = _flat(name + sign + name)
    written = shown.replace("\\", "\\\\").replace('"', '\\"')
    mail["To"] = "desk@desk.test"
    raw = f'From: "{written}" <jane@customer.test>\r\n'.encode() + mail.as_bytes() + b"\r\nhello"
    assert read(raw).sender.address == "jane@customer.test"


@given(st.binary(max_size=2000), st.sampled_from(["text/plain", "text/html", "message/rfc822", "text/calendar",
       "application/ms-tnef", "application/pkcs7-mime", "message/delivery-status", "multipart/mixed"]))  # fmt: skip
def test_any_bytes_in_any_part(data: bytes, kind: str) -> None:
    """Whatever bytes stand in a part of whatever kind, the mail is read and every promise holds."""
    for encoding, body in (("base64", base64.encodebytes(data)), ("8bit", data)):
        part = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + body
        promises.check(read(head(content_type='multipart/mixed; boundary="x"') + b"\r\n--x\r\n" + part + b"\r\n--x--"))
