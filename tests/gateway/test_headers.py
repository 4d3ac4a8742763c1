"""Header fields as mailers write them: encoded words with faults, folding, blanks without end."""

import pytest

from gateway.headers import Headers, clean, decode, message_id


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
