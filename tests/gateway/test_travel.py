"""How a mail travelled, as its Received lines say it: whatever stands there, in bounded time, and nothing private."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.travel import HEAD, MOST, Hop, Journey, journey
from tests.counting import calls

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REST = "From: Jane Doe <jane@example.com>\r\nTo: service@desk.test\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n"


def line(source: str, by: str, seconds: float, protocol: str = "ESMTPS") -> str:
    """A Received line as Postfix writes it, so many seconds after noon."""
    at = NOON + timedelta(seconds=seconds)
    return (
        f"Received: from {source} ({source} [192.0.2.7])\r\n\t(Authenticated sender: jane@example.com)\r\n"
        f"\tby {by} (Postfix) with {protocol} id 4XyZ\r\n\tfor <boss@example.com>; {at:%a, %d %b %Y %H:%M:%S} +0000\r\n"
    )


def travelled(*newest_first: str, rest: str = REST) -> Journey:
    """The way of a mail with these Received lines."""
    return journey(("".join(newest_first) + rest + "\r\nReceived: from text by text; never\r\n").encode())


def test_hops_first_to_last() -> None:
    """Names, protocol, time and delay of each; the total; the lines are counted from the first server."""
    way = travelled(line("mail.example.com", "mx.desk.test", 182), line("laptop.example.com", "mail.example.com", 0))
    assert way.hops == (
        Hop(1, "laptop.example.com", "mail.example.com", "ESMTPS", NOON, None),
        Hop(2, "mail.example.com", "mx.desk.test", "ESMTPS", NOON + timedelta(seconds=182), timedelta(seconds=182)),
    )
    assert (way.lines, way.total, way.circles, way.odd) == (2, timedelta(seconds=182), {}, ())


@pytest.mark.parametrize(
    "received, sender, server, protocol",
    [
        ("from a.test by b.test with LMTP; {}", "a.test", "b.test", "LMTP"),
        ("by b.test with HTTP; {}", "", "b.test", "HTTP"),
        ("from a.test ([192.0.2.1]) by b.test; {}", "a.test", "b.test", ""),
        ("from [192.0.2.1] (helo=laptop) by b.test with esmtp (Exim 4.96) id 1; {}", "[192.0.2.1]", "b.test", "esmtp"),
        ("from a.test by b.test with Microsoft SMTP Server (version=TLS1_2) id 15.20; {}", "a.test", "b.test",
         "Microsoft SMTP Server"),
        ("from jane by b.test with local (Exim 4.96) id 1; {}", "", "b.test", "local"),
        ("from jane@a.test by b.test with SMTP; {}", "a.test", "b.test", "SMTP"),
        ("(qmail 4711 invoked by uid 1000); {}", "", "", ""),
        ("(nothing from known hosts) from\r\n\ta.test\r\n\tby b.test ; {}", "a.test", "b.test", ""),
    ],
)  # fmt: skip
def test_names_as_servers_write_them(received: str, sender: str, server: str, protocol: str) -> None:
    """Only names of servers: neither who signed in, nor the person on a machine, nor for whom the mail was."""
    way = travelled(f"Received: {received.format('Mon, 23 Nov 2026 12:00:00 +0000')}\r\n")
    assert way.hops == (Hop(1, sender, server, protocol, NOON, None),)


def test_nobodys_address_is_told() -> None:
    """Comments and the recipient of a Received line are left out."""
    assert "@" not in repr(travelled(line("laptop.example.com", "mail.example.com", 0)).hops)


def test_a_wrong_clock() -> None:
    """The delay is below zero, and so may be the total: nothing is made up."""
    way = travelled(line("b.test", "c.test", -600), line("a.test", "b.test", 0))
    assert [hop.delay for hop in way.hops] == [None, timedelta(seconds=-600)]
    assert way.total == timedelta(seconds=-600)


def test_a_line_without_a_time_does_not_hide_a_delay() -> None:
    """The next delay counts from the last time that is known."""
    lines = (line("c.test", "d.test", 90), "Received: from b.test by c.test; soon\r\n", line("a.test", "b.test", 0))
    way = travelled(*lines)
    assert [hop.delay for hop in way.hops] == [None, None, timedelta(seconds=90)]
    assert way.hops[1].readable
    assert "Hop 2: not a date" in way.odd


@pytest.mark.parametrize(
    "unreadable",
    ["Received: (((\r\n", "Received:\r\n", f"Received: from {'a' * 5000}\r\n", "Received: yes; no; maybe\r\n"],
)
def test_a_line_that_cannot_be_read(unreadable: str) -> None:
    """It keeps its place, and the others are read all the same."""
    way = travelled(line("b.test", "c.test", 5), unreadable, line("a.test", "b.test", 0))
    assert [(hop.number, hop.server, hop.readable) for hop in way.hops] == [
        (1, "b.test", True),
        (2, "", False),
        (3, "c.test", True),
    ]


def test_circles_and_too_many_lines() -> None:
    """Servers that were passed again and again are named; the newest lines are read, with their real numbers."""
    names = ("a.test", "b.test")
    way = travelled(*(line(names[n % 2], names[1 - n % 2], n) for n in reversed(range(MOST + 20))))
    assert way.circles == {"a.test": MOST // 2, "b.test": MOST // 2}
    assert (way.lines, way.hops[0].number, way.hops[-1].number) == (MOST + 20, 21, MOST + 20)
    assert travelled(*(line("a.test", "b.test", n) for n in (2, 1, 0))).circles == {}


@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
def test_any_line_ends(ends: str) -> None:
    """And what stands in the text is no trace."""
    mail = line("a.test", "b.test", 0) + REST + "\r\n" + line("in.the.text", "in.the.text", 0)
    assert [hop.server for hop in journey(mail.replace("\r\n", ends).encode()).hops] == ["b.test"]


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\0" * 1000, b"Received", b"just words", b"\xff\xfe" * 5000])
def test_a_mail_without_a_trace(raw: bytes) -> None:
    """No hops, and no fault."""
    assert journey(raw) == Journey()


@pytest.mark.parametrize(
    "field, words",
    [
        ("Date: Tue, 23 Nov 2026 12:00:00 +0000", "Date: the day of the week does not fit the date"),
        ("Date: 31 Feb 2026 12:00:00 +0000", "Date: no such day in the calendar"),
        ("From: jane@example.com <eve@elsewhere.test", "From: unclosed delimiter"),
    ],
)
def test_what_is_odd_in_other_fields(field: str, words: str) -> None:
    """As mail-parser finds it, in words."""
    assert words in travelled(rest=f"{field}\r\n").odd


@pytest.mark.parametrize(
    "piece", ["(", ")", "<", '"', "\\", ";", ",", "[", "=?utf-8?q?a?= ", "a@b,", "(helo ", "from "]
)
@pytest.mark.timeout(120)
def test_hostile_fields_are_little_work(piece: str) -> None:
    """Each field full of what parsers trip over: little work, and no control characters come out."""
    value = piece * (60_000 // len(piece))
    short = piece * (3_900 // len(piece))
    head = f"From: {value}\r\nTo: {short}\r\nCc: {short}\r\nDate: {short}\r\nReceived: {value}\r\n"
    raw = (head + f"Received: from \x1b[31m{short}\r\n" * 200)[: 2 * HEAD].encode()
    with calls() as counted:
        way = journey(raw)
    assert counted.count < 10 * len(raw), counted.count / len(raw)
    assert len(way.odd) <= 20
    assert "\x1b" not in "".join([*way.odd, *(hop.sender + hop.server + hop.protocol for hop in way.hops)])
