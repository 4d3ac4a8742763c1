"""Calendar invitations in words: what, when, where, who, and what is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.unpack.calendar import MAX_ENTRIES, MAX_PEOPLE, invitation, reply_of
from gateway.unpack.calendar_lines import MAX_BYTES, MAX_COMPONENTS

START, END = "DTSTART;TZID=Europe/Berlin:20260803T100000", "DTEND;TZID=Europe/Berlin:20260803T113000"


def event(*lines: str, name: str = "VEVENT") -> str:
    """One component."""
    return "\r\n".join([f"BEGIN:{name}", *lines, f"END:{name}"])


def file(*components: str, method: str = "REQUEST") -> bytes:
    """A calendar file."""
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", *components, "END:VCALENDAR", ""]
    ).encode()


def told(*lines: str, method: str = "REQUEST") -> list[str]:
    """The lines of one event in words."""
    return invitation(file(event(*lines), method=method)).split("\n")


def test_invitation() -> None:
    """An invitation is told in the order of what one asks first."""
    lines = told(
        "SUMMARY:Printer\\, third floor: what now?", START, END, "LOCATION:Room 4\\; first floor",
        "ORGANIZER;CN=Jane Doe:MAILTO:jane@Example.com",
        'ATTENDEE;CN="Roe, Richard";PARTSTAT=ACCEPTED:mailto:richard@example.com',
        "ATTENDEE;CN='ann@example.com';ROLE=OPT-PARTICIPANT:mailto:ann@example.com",
        "ATTENDEE;CUTYPE=ROOM;CN=Room 4:mailto:room4@example.com",
        "X-MICROSOFT-SKYPETEAMSMEETINGURL:https://teams.example.com/l/meetup-join/1",
        "DESCRIPTION:Bring the toner.\\nThank you", "BEGIN:VALARM", "DESCRIPTION:Reminder", "END:VALARM",
    )  # fmt: skip
    assert lines == [
        "Invitation: Printer, third floor: what now?",
        "When: Monday 3 August 2026, 10:00 to 11:30 (Europe/Berlin, UTC+2)",
        "Where: Room 4; first floor",
        "Online: https://teams.example.com/l/meetup-join/1",
        "Organiser: Jane Doe <jane@example.com>",
        "Invited: Roe, Richard <richard@example.com> (accepted), ann@example.com (optional)",
        "",
        "Bring the toner.",
        "Thank you",
    ]


@pytest.mark.parametrize(
    "lines, when",
    [
        (("DTSTART:20260803T080000Z", "DTEND:20260803T093000Z"), "Monday 3 August 2026, 08:00 to 09:30 (UTC)"),
        (("DTSTART:20260803T080000",), "Monday 3 August 2026, 08:00 (time zone not stated)"),
        (("DTSTART:20260803T080000Z", "DURATION:PT45M"), "Monday 3 August 2026, 08:00 to 08:45 (UTC)"),
        (("DTSTART:20260803T080000Z", "DURATION:P99999999999W"), "Monday 3 August 2026, 08:00 (UTC)"),
        (("DTSTART;VALUE=DATE:20260803", "DTEND;VALUE=DATE:20260804"), "Monday 3 August 2026, all day"),
        (("DTSTART;VALUE=DATE:20260803",), "Monday 3 August 2026, all day"),
        (("DTSTART;VALUE=DATE:20260803", "DTEND;VALUE=DATE:20260806"),
         "Monday 3 August 2026 to Wednesday 5 August 2026, all day"),
        (("DTSTART:20260803T000000", "DTEND:20260804T000000", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"),
         "Monday 3 August 2026, all day"),
        ((START, "DTEND;TZID=Europe/Berlin:20260804T010000"),
         "Monday 3 August 2026, 10:00 to Tuesday 4 August 2026, 01:00 (Europe/Berlin, UTC+2)"),
        ((START, "DTEND;TZID=Europe/London:20260803T110000"),
         "Monday 3 August 2026, 10:00 (Europe/Berlin, UTC+2) to 11:00 (Europe/London, UTC+1)"),
        ((START.replace("Europe/Berlin", '"W. Europe Standard Time"'),),
         "Monday 3 August 2026, 10:00 (Europe/Berlin, UTC+2)"),
        ((START.replace("Europe/Berlin", "India Standard Time"),),
         "Monday 3 August 2026, 10:00 (Asia/Calcutta, UTC+5:30)"),
        ((START.replace("Europe/Berlin", "/citadel.org/20210210_1/America/Argentina/Ushuaia"),),
         "Monday 3 August 2026, 10:00 (America/Argentina/Ushuaia, UTC-3)"),
        ((START.replace("Europe/Berlin", "GMT Standard Time"),), "Monday 3 August 2026, 10:00 (Europe/London, UTC+1)"),
        ((START.replace("Europe/Berlin", '"tzone://Microsoft/Utc"'),), "Monday 3 August 2026, 10:00 (UTC)"),
        ((START.replace("Europe/Berlin", "Our own zone"),), "Monday 3 August 2026, 10:00 (Our own zone)"),
        ((START.replace("Europe/Berlin", "Europe"),), "Monday 3 August 2026, 10:00 (Europe)"),
        ((START.replace("Europe/Berlin", "../../etc/passwd"),), "Monday 3 August 2026, 10:00 (../../etc/passwd)"),
        (("DTSTART:2026-08-03T08:00:00Z",), "Monday 3 August 2026, 08:00 (UTC)"),
        (("DTSTART:20260803T240000Z",), "Tuesday 4 August 2026, 00:00 (UTC)"),
        (("DTSTART:20260803T0800Z", "DTEND:20260803T0700Z"), "Monday 3 August 2026, 08:00 (UTC)"),
    ],
)  # fmt: skip
def test_when(lines: tuple[str, ...], when: str) -> None:
    """Times stand in the zone that the event names; days are whole; what ends elsewhere says where."""
    assert told("SUMMARY:x", *lines)[1] == f"When: {when}"


@pytest.mark.parametrize("lines", [("DTSTART:tomorrow",), ("DTSTART:20261399T990000",), (), ("DTSTART;A;B:20260803",)])
def test_no_time(lines: tuple[str, ...]) -> None:
    """A time that cannot be read is left out, and the rest is told."""
    assert told("SUMMARY:x", *lines) == ["Invitation: x"]


def test_zone_of_the_file() -> None:
    """A zone that only the file knows is told by its offset, when it has but one, or by its place."""
    fixed = event("TZID:Customized Time Zone", "BEGIN:STANDARD", "TZOFFSETTO:+0330", "END:STANDARD", name="VTIMEZONE")
    named = event("TZID:Mine", "X-LIC-LOCATION:Europe/Oslo", name="VTIMEZONE")
    for zone, tzid, label in (
        (fixed, "Customized Time Zone", "Customized Time Zone, UTC+3:30"),
        (named, "Mine", "Europe/Oslo, UTC+2"),
    ):
        text = invitation(file(zone, event("SUMMARY:x", START.replace("Europe/Berlin", tzid))))
        assert text.split("\n")[1] == f"When: Monday 3 August 2026, 10:00 ({label})"
    # What one mail says of a zone is forgotten before the next.
    other = invitation(file(event("SUMMARY:x", START.replace("Europe/Berlin", "Mine"))))
    assert other.split("\n")[1] == "When: Monday 3 August 2026, 10:00 (Mine)"


OWN_RULE = "by a rule that stands in the calendar file"


@pytest.mark.parametrize(
    "rule, words",
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=DAILY;INTERVAL=3;COUNT=5", "every 3 days, 5 times"),
        ("FREQ=WEEKLY;BYDAY=WE,MO", "every week on Monday and Wednesday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,FR;WKST=SU", "every 2 weeks on Monday, Tuesday and Friday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday, Monday to Friday"),
        ("FREQ=WEEKLY;UNTIL=20260930T215959Z", "every week, until 30 September 2026"),
        ("FREQ=WEEKLY;UNTIL=20260930T225959Z", "every week, until 1 October 2026"),
        ("FREQ=MONTHLY;BYMONTHDAY=15", "every month on day 15"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "every month on the last day"),
        ("FREQ=MONTHLY;BYDAY=2TU", "every month on the second Tuesday"),
        ("FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1", "every month on the last Friday"),
        ("FREQ=YEARLY;BYMONTH=8;BYMONTHDAY=3", "every year on day 3 in August"),
        ("FREQ=YEARLY;COUNT=1", "every year, once"),
        ("freq=daily;", "every day"),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1", OWN_RULE),
        ("FREQ=SECONDLY;COUNT=9", f"{OWN_RULE}, 9 times"),
        ("FREQ=DAILY;BYHOUR=8,9", OWN_RULE),
        ("FREQ=DAILY;INTERVAL=0", OWN_RULE),
        ("FREQ=WEEKLY;BYDAY=XX", OWN_RULE),
        ("FREQ=YEARLY;BYMONTH=13", OWN_RULE),
        ("nonsense", OWN_RULE),
    ],
)
def test_recurrence(rule: str, words: str) -> None:
    """Simple rules are told in words; for others the words point to the file."""
    assert told("SUMMARY:x", START, f"RRULE:{rule}")[2] == f"Repeats: {words}"


def test_exceptions() -> None:
    """Dates that are left out or added are counted; one date of a series is named."""
    lines = told("SUMMARY:x", START, "RRULE:FREQ=DAILY", "EXDATE:20260804T080000Z,20260805T080000Z")
    assert lines[2] == "Repeats: every day, except 2 dates"
    lines = told("SUMMARY:x", START, "RECURRENCE-ID:20260803T070000Z")
    assert lines[2] == "Only the date of: Monday 3 August 2026, 09:00 (Europe/Berlin, UTC+2)"


@pytest.mark.parametrize(
    "method, lines, heading",
    [
        ("REQUEST", (), "Invitation"),
        ("REQUEST", ("SEQUENCE:0",), "Invitation"),
        ("REQUEST", ("SEQUENCE:2",), "Updated invitation"),
        ("CANCEL", (), "Cancelled"),
        ("REQUEST", ("STATUS:CANCELLED",), "Cancelled"),
        ("REPLY", ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x.test",), "Accepted"),
        ("REPLY", ("ATTENDEE;PARTSTAT=DECLINED:mailto:a@x.test",), "Declined"),
        ("REPLY", ("ATTENDEE;PARTSTAT=TENTATIVE:mailto:a@x.test",), "Accepted tentatively"),
        ("REPLY", (), "Answer to an invitation"),
        ("COUNTER", (), "New time proposed"),
        ("PUBLISH", (), "Calendar entry"),
        ("X-OTHER", (), "Calendar entry"),
    ],
)
def test_what_is_asked(method: str, lines: tuple[str, ...], heading: str) -> None:
    """The first words say what the mail is for."""
    assert told("SUMMARY:x", *lines, method=method)[0] == f"{heading}: x"


def test_reply() -> None:
    """An answer says who answers what, and with which words."""
    answer = "ATTENDEE;PARTSTAT=declined;CN=Jane Doe:mailto:jane%2Btest@Example.com"
    data = file(event("SUMMARY:x", "DTSTAMP:20260803T100000Z", "COMMENT:Another time?", answer), method="reply")
    assert invitation(data).split("\n") == [
        "Declined: x", "Answer: Jane Doe <jane+test@example.com> (declined)", "Comment: Another time?",
    ]  # fmt: skip
    assert reply_of(data) == ("jane+test@example.com", "DECLINED")
    assert reply_of(data.replace(b"METHOD:reply", b"METHOD:REQUEST")) is None
    assert reply_of(data.replace(b"mailto:jane%2Btest@", b"/o=Example/cn=")) is None
    assert reply_of(b"") is None


def test_task() -> None:
    """A task is due."""
    text = invitation(file(event("SUMMARY:Order toner", "DUE:20260803T100000Z", name="VTODO"), method=""))
    assert text == "Task: Order toner\nDue: Monday 3 August 2026, 10:00 (UTC)"


def test_many() -> None:
    """Of many people and many events the first are told, and the others counted."""
    people = [f"ATTENDEE:mailto:a{number}@x.test" for number in range(700)]
    assert told("SUMMARY:x", *people)[1].endswith(f"a{MAX_PEOPLE - 1}@x.test and {700 - MAX_PEOPLE} more")
    text = invitation(file(*[event("SUMMARY:x")] * 90))
    assert text.count("Invitation: x") == MAX_ENTRIES
    assert text.endswith(f"And {90 - MAX_ENTRIES} more dates in the calendar file.")
    assert MAX_COMPONENTS < 90


@pytest.mark.parametrize(
    "line, link",
    [
        ("X-GOOGLE-CONFERENCE:https://meet.example.com/a-b", "https://meet.example.com/a-b"),
        ("CONFERENCE;VALUE=URI:https://chat.example.com/1", "https://chat.example.com/1"),
        ("DESCRIPTION:Join: https://example.zoom.us/j/1?pwd=a\\nPhone", "https://example.zoom.us/j/1?pwd=a"),
        ("X-GOOGLE-CONFERENCE:javascript:alert(1)", ""),
        ("URL:https://example.com/about", ""),
    ],
)
def test_online(line: str, link: str) -> None:
    """The link to an online meeting is told, wherever the program put it; nothing else is taken for one."""
    found = [told_line for told_line in told("SUMMARY:x", line) if told_line.startswith("Online: ")]
    assert found == ([f"Online: {link}"] if link else [])


def test_description() -> None:
    """A long description is cut, and left out where the mail has its text anyway."""
    data = file(event("SUMMARY:x", "DESCRIPTION:" + "\\n".join(f"line {number}" for number in range(90))))
    assert invitation(data).endswith("line 4\nline 5 …")
    assert invitation(data, description=False) == "Invitation: x"


def test_as_programs_write_it() -> None:
    """Folded in the middle of a character, in UTF-16, with bare line feeds, behind other text, or cut: it is read."""
    data = file(event("SUMMARY:Grüße", "DESCRIPTION:" + "ü" * 60))
    split = data.index("ü".encode()) + 1
    for variant in (
        data[:split] + b"\r\n " + data[split:],
        data.decode().encode("utf-16"),
        data.replace(b"\r\n", b"\n"),
        b"\xef\xbb\xbf" + data,
        b"See below\r\n\r\n" + data + b"-- \r\nfooter",
        data[:-30],
    ):
        assert invitation(variant).startswith("Invitation: Grüße")


@pytest.mark.parametrize(
    "data",
    [
        b"", b"no calendar", b"BEGIN:VCALENDAR", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", b"\0" * 1000,
        b"BEGIN:VCALENDAR\n" + b"BEGIN:X\n" * 100_000, b"BEGIN:VCALENDAR\n" + b"END:X\n" * 100_000,
    ],
)  # fmt: skip
def test_nothing(data: bytes) -> None:
    """What is no calendar, or an empty one, says nothing."""
    assert invitation(data) == ""
    assert reply_of(data) is None


def test_beyond_the_limit() -> None:
    """What stands beyond the limit of bytes is not read."""
    data = file(event("SUMMARY:x"), event("X-LONG:" + "a" * MAX_BYTES), event("SUMMARY:y"))
    assert invitation(data).startswith("Invitation: x\n\n")
    assert "y" not in invitation(data)


LINES = st.sampled_from(
    [
        "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "TZID:Z",
        "TZOFFSETTO:-9999", "SUMMARY:x", "METHOD:REPLY", "DTSTART;TZID=Z:00010101T000000", "DTEND:99991231T235959Z",
        "DTSTART:00010101T000000Z", "DTSTART;TZID=Asia/Tokyo:99991231T235959", "RECURRENCE-ID:00010101T000000Z",
        "RRULE:FREQ=YEARLY;UNTIL=99991231T235959Z", "DURATION:-P9999999W", "DTEND;VALUE=DATE:00010101", "ATTENDEE:x",
        "ORGANIZER;CN=\"", "DTSTART;VALUE=DATE:99991231", "DUE:1", "SUMMARY;=:", "\\",
        "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
        "DURATION:P9W", "DTSTART;TZID=Asia/Tokyo:00010101T000000", "ATTENDEE;CUTYPE=ROOM:mailto:a@b.test",
    ]
)  # fmt: skip


@given(lines=st.lists(LINES | st.text(max_size=30), max_size=25), raw=st.binary(max_size=40))
def test_any_bytes(lines: list[str], raw: bytes) -> None:
    """Any lines and any bytes give a text, and nothing is raised."""
    data = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines]).encode("utf-8", "replace")
    for variant in (data, data + raw, raw):
        assert isinstance(invitation(variant), str)
        assert reply_of(variant) is None or reply_of(variant)


@given(st.lists(LINES, max_size=25))
def test_no_fault_is_swallowed(lines: list[str]) -> None:
    """Whatever stands in an event, its title is told: no fault of ours makes the whole of it unreadable."""
    inside = [line for line in lines if not line.startswith(("BEGIN:", "END:"))]
    assert invitation(file(event("SUMMARY:the title", *inside))).split("\n")[0].endswith(": the title")
