"""Raw mail to a Message: structure, headers, addresses and limits, with hostile mail in between."""

import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import explain
from gateway.mime import Limits
from gateway.parse import read
from tests.attacks.hostile_mails import every
from tests.gateway.hostile_mime import attached, head, mixed, nested, sender

CASES = every()
SAMPLE = (
    b"Received: by b.example; Mon, 03 Aug 2026 10:00:01 +0000\r\n"
    b"Received: by a.example; Mon, 03 Aug 2026 10:00:00 +0000\r\n"
    b"Delivered-To: <desk+r-abc@Desk.Test>\r\n"
    b"Authentication-Results: mx.desk.test; spf=pass\r\n"
    b"From: =?utf-8?q?Ann_M=C3=BCller?= <Ann@Example.COM>\r\n"
    b'To: "Desk, Service" <desk@desk.test>, group: a@x.test, b@x.test;\r\n'
    b"Subject: =?utf-8?b?RHJ1Y2tlcg==?= =?utf-8?q?_kaputt_=E2=82?= =?utf-8?q?=AC?=\r\n"
    b"Message-ID: <1@example.com>\r\nIn-Reply-To: <0@desk.test>\r\nReferences: <9@desk.test>\r\n <0@desk.test>\r\n"
    b"Date: Mon, 03 Aug 2026 12:00:00 +0200\r\nX-Spam-Flag: NO\r\nX-Postdesk-Instance: abc\r\n"
    b"Content-Language: de, en\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHallo\r\n"
)


def test_fields() -> None:
    """Each field of the Message comes from its header field."""
    mail = read(SAMPLE)
    assert mail.subject == "Drucker kaputt €"
    assert (mail.sender.name, mail.sender.address, mail.sender.key) == (
        "Ann Müller",
        "Ann@example.com",
        "ann@example.com",
    )
    assert [box.address for box in mail.to] == ["desk@desk.test", "a@x.test", "b@x.test"]
    assert mail.to[0].name == "Desk, Service"
    assert mail.date == datetime(2026, 8, 3, 10, tzinfo=UTC)
    assert (mail.message_id, mail.in_reply_to) == ("<1@example.com>", ("<0@desk.test>",))
    assert mail.references == ("<9@desk.test>", "<0@desk.test>")
    assert mail.delivered_to == ("desk+r-abc@desk.test",)
    assert mail.authentication_results == ("mx.desk.test; spf=pass",)
    assert (mail.hops, mail.language, mail.instances) == (2, "de", ("abc",))
    assert mail.extra["x-spam-flag"] == "NO"
    assert (mail.text, mail.reply, mail.automatic, mail.defects, mail.over_limit) == ("Hallo", "Hallo", None, (), "")


@pytest.mark.parametrize("name", CASES)
def test_hostile(name: str) -> None:
    """Every hostile mail is read: clean strings, bounded lists, nothing raised."""
    mail = read(CASES[name].build())
    strings = [mail.subject, mail.text, mail.reply, mail.html, mail.sender.name, *mail.defects]
    strings += [item.name for item in mail.attachments] + [item.original_name for item in mail.attachments]
    assert all("\0" not in string and string.encode("utf-8").decode() == string for string in strings)
    assert len(mail.subject) <= 998
    assert len(mail.text) <= Limits().max_text
    assert len(mail.attachments) <= Limits().max_parts + Limits().max_depth
    assert "could not be read" not in mail.over_limit


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    """No bytes at all raise, as a mail or as a part of one."""
    for raw in (data, head() + data, mixed(b"--x\r\n" + data + b"\r\n--x--\r\n")):
        assert "could not be read" not in read(raw).over_limit


@pytest.mark.parametrize(
    "raw, limit",
    [
        (nested(40), "nested deeper than 30"),
        (mixed(b"--x\r\n\r\na\r\n" * 1200 + b"--x--\r\n"), "more than 1000 parts"),
        (head("S" * 70_000) + b"\r\nx\r\n", "header subject larger than 64 KB"),
        (head(extra="X-A: 1\r\n" * 40_000) + b"\r\nx\r\n", "header block larger than 256 KB"),
    ],
)
def test_limits(raw: bytes, limit: str) -> None:
    """Above a limit the mail says which one it passed; below all of them it does not."""
    assert limit in read(raw).over_limit


def test_over_limit_loses_nothing() -> None:
    """What is beyond a limit is handed on whole, as one file."""
    mail = read(nested(40))
    (rest,) = mail.attachments
    assert b"deep" in rest.data
    mail = read(mixed(b"--x\r\n\r\na\r\n" * 1200 + b"--x\r\n\r\nlast one\r\n--x--\r\n"))
    assert b"last one" in mail.attachments[-1].data


def test_just_within_limits() -> None:
    """Thirty levels and a thousand parts are allowed."""
    assert read(nested(29)).text == "deep"
    assert read(mixed(b"--x\r\n\r\na\r\n" * 999 + b"--x--\r\n")).over_limit == ""


@pytest.mark.parametrize(
    "field, address",
    [
        (b'"boss@desk.test" <evil@x.test>', "evil@x.test"),
        (b"boss@desk.test <evil@x.test>", "evil@x.test"),
        (b"boss@desk.test\r\n <evil@x.test>", "evil@x.test"),
        (b"boss@desk.test]<evil@x.test>", "evil@x.test"),
        (b'boss"@desk.test <evil@x.test>', "evil@x.test"),
        (b"=?utf-8?q?boss=40desk.test=3E?= <evil@x.test>", "evil@x.test"),
        (b"=?utf-8?q?Boss=2C_boss=40desk=2Etest?= <evil@x.test>", "evil@x.test"),
        (b"evil@x.test (boss@desk.test", "evil@x.test"),
        (b"<boss@desk.test> <evil@x.test>", ""),
        (b"boss@desk.test, evil@x.test", ""),
        (b"boss@desk.test;evil@x.test", ""),
        (b"boss@desk.test(<evil@x.test>)", ""),
        (b"boss@desk.test\0@evil.test", ""),
        (b"a@b@desk.test", ""),
        (b"alice)boss@desk.test", ""),
        ("boss@desk.test\u3000".encode(), ""),
        ("<boss@desk.test\u3000>".encode(), ""),
        ("boss@desk.test\u200b <>".encode(), ""),
        (b"@evil.test:boss@desk.test", ""),
        (b"boss@desk.test\r\nFrom: evil@x.test", ""),
    ],
)
def test_nobody_passes_for_somebody_else(field: bytes, address: str) -> None:
    """A From field that can be read in two ways gives the routed address or none, and says so (CVE-2023-27043)."""
    mail = read(sender(field))
    assert mail.sender.address == address
    assert any("From" in defect or "address" in defect for defect in mail.defects)


@pytest.mark.parametrize(
    "field, name, address",
    [
        (b"ann@example.com", "", "ann@example.com"),
        (b"<ann@example.com>", "", "ann@example.com"),
        (b"Ann Other <ann@example.com>", "Ann Other", "ann@example.com"),
        (b'"Other, Ann" <ann@example.com>', "Other, Ann", "ann@example.com"),
        (b"ann@example.com (Ann Other)", "Ann Other", "ann@example.com"),
        (b"Ann <mailto:ann@example.com>", "Ann", "ann@example.com"),
        (b'"ann other"@example.com', "", '"ann other"@example.com'),
        ("J\xf6rg <j\xf6rg@b\xfccher.example>".encode(), "J\xf6rg", "j\xf6rg@b\xfccher.example"),
        (b"J\xfcrgen <j@x.test>", "J\xfcrgen", "j@x.test"),
        (b"Ann <ann@example.com>\r\nFrom: Ann <ann@example.com>", "Ann", "ann@example.com"),
    ],
)
def test_sender(field: bytes, name: str, address: str) -> None:
    """Addresses in all the forms that honest mail has."""
    mail = read(sender(field))
    assert (mail.sender.name, mail.sender.address) == (name, address)


def test_encoded_line_end_is_a_blank() -> None:
    """A decoded CR, LF, NUL, escape or turning mark never gets into a field."""
    assert read(head("=?utf-8?q?a=0D=0ABcc:_b=00=1B=E2=80=AEc?=") + b"\r\n").subject == "a Bcc: b c"


def test_bare_cr_ends_no_field() -> None:
    """A bare CR does not smuggle a second field in."""
    mail = read(b"From: a@x.test\r\nSubject: one\rTo: victim@x.test\r\n\r\nx\r\n")
    assert (mail.subject, mail.to) == ("one To: victim@x.test", ())


def test_forgotten_blank_line() -> None:
    """A text right below the header is text, and a stray line between fields costs no field."""
    assert read(b"From: a@x.test\r\nSubject: s\r\nHello there\r\nBye\r\n").text == "Hello there\nBye"
    assert read(b"From: a@x.test\r\nrubbish\r\nSubject: s\r\n\r\nx\r\n").subject == "s"


def test_raw_field_in_the_charset_of_the_text() -> None:
    """A field of bare 8-bit text is read in the charset that the mail declares for its body."""
    raw = "Subject: Привет\r\nContent-Type: text/plain;\r\n charset=windows-1251\r\n\r\nПока\r\n".encode("cp1251")
    assert (read(raw).subject, read(raw).text) == ("Привет", "Пока")


def test_boundary_right_below_header() -> None:
    """The first part is not lost where the blank line above it was forgotten."""
    raw = "Subject: Gr\xfc\xdfe\r\nContent-Type: multipart/mixed; boundary=x\r\n"
    raw += "--x\r\nContent-Type: text/plain\r\n\r\nfirst\r\n--x--"
    assert read(raw.encode()).text == "first"


def test_old_line_ends() -> None:
    """Mail with LF or CR alone reads like mail with CRLF, and has its digest."""
    raw = head() + b"\r\nHello\r\nthere  \r\n\r\n"
    mails = [read(raw), read(raw.replace(b"\r\n", b"\n")), read(raw.replace(b"\r\n", b"\r"))]
    assert {mail.text for mail in mails} == {"Hello\nthere  "}
    assert {mail.body_digest for mail in mails} == {hashlib.blake2b(b"Hello\nthere", digest_size=32).digest()}


def test_digest_of_large_body() -> None:
    """The digest is the same however line ends fall on the edges of its blocks."""
    body = b"x" * ((1 << 20) - 1) + b"\r\n" + b"y" * 10
    expected = hashlib.blake2b(body.replace(b"\r\n", b"\n"), digest_size=32).digest()
    assert read(b"A: b\r\n\r\n" + body).body_digest == expected


def test_attached_mail_is_whole() -> None:
    """An attached mail is handed on byte for byte and named by its subject."""
    inner = b"Subject: inner / mail\r\nX-Odd:   kept\r\n\r\nfirst\r\n"
    raw = mixed(b"--x\r\n\r\nsee below\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--x--\r\n")
    (item,) = read(raw).attachments
    assert (item.data, item.name, item.type) == (inner, "inner _ mail.eml", "message/rfc822")


@pytest.mark.parametrize(
    "parameter, name",
    [
        (b'filename="a b.txt"', "a b.txt"),
        (b"filename=a b.txt", "a b.txt"),
        (b"filename*=utf-8''Gr%C3%B6%C3%9Fe.txt", "Größe.txt"),
        (b'filename*0="long "; filename*1="name.txt"', "long name.txt"),
        (b"filename*0*=utf-8''Gr%C3%B6; filename*1*=%C3%9Fe.txt", "Größe.txt"),
        (b'filename="=?utf-8?q?Gr=C3=B6=C3=9Fe.txt?="', "Größe.txt"),
        (b'filename="safe.txt"; filename="evil.exe"', "safe.txt"),
        (b"filename=\"plain.txt\"; filename*=utf-8''star.txt", "star.txt"),
        (b'filename="Gr\xf6\xdfe.txt"', "Größe.txt"),
        (b'filename="../../etc/passwd"', "passwd"),
        (b"filename*99999999999999999999=x; filename=ok.txt", "ok.txt"),
    ],
)
def test_file_names(parameter: bytes, name: str) -> None:
    """Names as RFC 2231, RFC 2047 and plain mistakes write them."""
    (item,) = read(attached(parameter)).attachments
    assert (item.name, item.data) == (name, b"data")


def test_explain() -> None:
    """The JSON form names what was read, and where its bytes were put."""
    answer = explain.as_json("x.eml", read(attached(b'filename="a.txt"')), ["/tmp/a"])
    assert answer["from"] == {"name": "Ann", "address": "ann@attacker.test"}
    assert answer["attachments"][0]["name"] == "a.txt"
    assert answer["attachments"][0]["sha256"] == hashlib.sha256(b"data").hexdigest()
    assert answer["attachments"][0]["path"] == "/tmp/a"
    assert (answer["text"], answer["automatic"], answer["failed_recipients"]) == ("body", None, [])


@pytest.mark.parametrize(
    "fields, name, address",
    [
        (b"From: Ann <ann@x.test>, bob@y.test\r\n", "Ann", "ann@x.test"),
        (b"From: [???]\r\nFrom: Ann <ann@x.test>\r\n", "Ann", "ann@x.test"),
        (b"From: Root <root>\r\n", "Root", "root"),
        (b'From: "Big Prize"@x.test>\r\n', "", '"Big Prize"@x.test>'),
        (b"From: Ann <>\r\nReply-To: ann@x.test\r\n", "Ann", "ann@x.test"),
        (b"From: Ann\r\n", "Ann", ""),
        (b"From: Ann <'ann@x.test'>\r\n", "Ann", "ann@x.test"),
        (b"From: =?utf-8?q?J=C3=B6rg_=3Cj=40x.test=3E?=\r\n", "Jörg", "j@x.test"),
        (b"Sender: list@x.test\r\nReply-To: ann@x.test\r\n", "", "list@x.test"),
        (b"", "", ""),
    ],
)
def test_shown_sender_gives_no_rights(fields: bytes, name: str, address: str) -> None:
    """Where From names nobody or several, people are shown what it says; the sender that rights hang on stays empty."""
    mail = read(fields + b"Subject: x\r\n\r\nhello\r\n")
    assert mail.sender.address == ""
    assert (mail.shown_sender.name, mail.shown_sender.address) == (name, address)


def test_shown_sender_is_the_sender() -> None:
    """A From field that names one person is shown as it is."""
    mail = read(SAMPLE)
    assert mail.shown_sender == mail.sender
    assert explain.as_json("a", mail, [])["from"] == {"name": "Ann Müller", "address": "Ann@example.com"}


def test_raw_field_in_the_charset_of_another_field() -> None:
    """A raw field of a mail whose parts name the charset is read by the encoded field beside it."""
    fields = b"From: =?iso-2022-jp?B?GyRCJUQhPCVrGyhC?= <a@x.test>\r\nSubject: " + "ツール".encode("cp932")
    assert read(fields + b"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x--\r\n").subject == "ツール"


@pytest.mark.parametrize("end", [b"--x--", b"--x--\r\n", b"--x-- \r\n\r\n"])
def test_closing_boundary_behind_the_text(end: bytes) -> None:
    """A closing boundary right behind the last word is no text."""
    mail = read(mixed(b"--x\r\n\r\nfirst\r\n--x\r\n\r\nlast words" + end))
    assert mail.text == "first\nlast words"
    assert "multipart without its closing boundary" in mail.defects


def test_boundary_in_a_text_stays() -> None:
    """Only the very end of a mail may be a closing boundary in a place of its own."""
    assert read(mixed(b"--x\r\n\r\nwe write --x-- here\r\n")).text == "we write --x-- here"


def test_text_behind_the_closing_boundary() -> None:
    """An epilogue is shown where a wrong boundary put all of the mail there, and only then."""
    mail = read(mixed(b"--x\r\n\r\n\r\n--x--\r\nall my words\r\n"))
    assert mail.text == "all my words"
    assert read(mixed(b"--x\r\n\r\nwords\r\n--x--\r\nfooter\r\n")).text == "words"


@pytest.mark.parametrize("declared", [b"; boundary=other", b"; boundary=", b""])
@pytest.mark.parametrize("preamble", [b"", b"This is a multi-part message in MIME format.\r\n"])
def test_boundary_that_is_not_the_declared_one(declared: bytes, preamble: bytes) -> None:
    """A multipart whose boundary is missing or wrong is cut at the lines that look like its first and last one."""
    body = preamble + b"--z_1\r\n\r\nwords\r\n--z_1\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n--z_1--\r\n"
    mail = read(b"From: a@x.test\r\nContent-Type: multipart/mixed" + declared + b"\r\n\r\n" + body)
    assert mail.text == "words"
    assert [item.data for item in mail.attachments] == [b"\x89PNG"]


def test_wrong_boundary_without_another_one() -> None:
    """Without any such lines all of it is text."""
    mail = read(b"From: a@x.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nwords\r\n--\r\nAnn\r\n")
    assert mail.text == "words\n--\nAnn"
    assert "multipart without any part" in mail.defects
