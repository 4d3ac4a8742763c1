"""Header fields as mailers write them: encoded words with faults, folding, blanks without end."""

import pytest

from gateway.envelope import Mailbox
from gateway.headers import Headers, clean, decode, message_id
from gateway.parse import read


@pytest.mark.parametrize(
    "written, meant",
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ?=", "Grüße"),
        ("=?utf-8?q?a?= =?utf-8?q?b?= c", "ab c"),
        ("=?utf-8?q?a?=\n =?utf-8?q?b?=", "ab"),
        ("=?utf-8?B?w7zD?= =?utf-8?B?tsOk?=", "üöä"),
        ("=?iso-8859-1?q?=FC?= =?utf-8?q?=C3=BC?=", "üü"),
        ("=?iso-8859-1*de?q?=FC?=", "ü"),
        ("=?UTF-8?Q?Where_is_it??=", "Where is it?"),
        ("=?utf-8?q?broken =?utf-8?q?whole?=", "=?utf-8?q?broken whole"),
        ("=?utf-8?q?a b?=", "a b"),
        ("=?x-none?q?abc?=", "abc"),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("2 + 2 =? 4", "2 + 2 =? 4"),
        ("=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        ("=?eucgb2312_cn?b?xOO6ww==?=", "你好"),
        ("\x1b$B%W%j%s%?!<\x1b(B", "プリンター"),
        (f"=?utf-8?b?{'YWJj' * 900}?=", ("abc" * 900)[:998]),
    ],
)
def test_encoded_words(written: str, meant: str) -> None:
    """RFC 2047, and the ways in which it is got wrong."""
    assert decode(written) == meant


def test_words_behind_blanks() -> None:
    """A field is cut at its limit only after its blanks have been counted as one."""
    assert clean("a" + " " * 3000 + "b", 100) == "a b"
    assert len(clean("word " * 1000, 100)) <= 100
    assert clean("two  blanks", 100) == "two  blanks"


@pytest.mark.parametrize(
    "field, meant",
    [
        (b"Message-ID: <1@x.test>", "<1@x.test>"),
        (b"Message-ID:\r\n <1@x.test>", "<1@x.test>"),
        (b"Message-ID: 1@x.test", "<1@x.test>"),
        (b"Message-ID: rubbish <1@x.test> more", "<1@x.test>"),
        (b"Message-ID: two words", ""),
        (b"Message-ID: <1\x00@x.test>", ""),
    ],
)
def test_message_id(field: bytes, meant: str) -> None:
    """With its brackets, whoever wrote it."""
    assert message_id(Headers(field + b"\r\n", 1000)) == meant


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r", "iso-8859-5"])
def test_raw_letters_are_in_the_charset_of_the_text(charset: str) -> None:
    """A subject and a file name without encoding are what the text of the mail is in, also in several parts."""
    words, name = "Принтер сломан".encode(charset), "наряд.csv".encode(charset)
    raw = b"From: a@x.test\r\nSubject: " + words + b"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    raw += b"--x\r\nContent-Type: text/plain; charset=" + charset.encode() + b"\r\n\r\n" + words + b"\r\n--x\r\n"
    raw += b'Content-Type: text/csv; name="' + name + b'"\r\nContent-Disposition: attachment\r\n\r\n1\r\n--x--\r\n'
    mail = read(raw)
    assert (mail.subject, mail.text) == ("Принтер сломан", "Принтер сломан")
    assert mail.attachments[0].original_name == "наряд.csv"


def test_mark_of_an_editor() -> None:
    """A byte order mark before the first field hides nothing."""
    assert read(b"\xef\xbb\xbfFrom: a@x.test\r\nSubject: hello\r\n\r\ntext").sender.address == "a@x.test"


def test_comma_in_an_unquoted_name() -> None:
    """ "Doe, Jane <jane@...>" is one person; with two addresses it is nobody."""
    assert read(b"From: Doe, Jane <jane@x.test>\r\n\r\ntext").sender == Mailbox("Doe, Jane", "jane@x.test")
    assert read(b"From: doe@x.test, Jane <jane@x.test>\r\n\r\ntext").sender.address == ""
