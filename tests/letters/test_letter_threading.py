"""A long conversation as each person has it in their mailbox: one ticket is one thread, and two never join."""

import base64
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from gateway.thread_index import thread_guid, thread_index
from tests.letters import jwz, mailboxes
from tests.letters.jwz import Mail
from tests.letters.mailboxes import PEOPLE, Conversation


@pytest.fixture(scope="module")
def conversation(tmp_path_factory: pytest.TempPathFactory) -> Conversation:
    """The script of tests/conversation, played once."""
    return mailboxes.played(tmp_path_factory.mktemp("conversation"))


def boxes(conversation: Conversation, *, own: bool) -> Iterator[tuple[str, list[Mail]]]:
    """Each person's mailbox, with their own mails or without."""
    for address, mails in conversation.boxes.items():
        yield address, [mail for mail in mails if own or mail.name.startswith("letter")]


def test_the_conversation_is_worth_it(conversation: Conversation) -> None:
    """Several tickets, several people, many letters; nobody has a letter twice."""
    letters = [mail for _, mails in boxes(conversation, own=False) for mail in mails]
    assert len(letters) > 80
    assert len({mail.ticket for mail in letters if mail.ticket}) > 4
    assert len(conversation.boxes) == len(PEOPLE)
    assert len({mail.id for mail in letters}) == len(letters)


def assert_one_thread_each(threads: list[list[Mail]], bridges: set[tuple[str, str]], where: str) -> None:
    """The letters of a ticket are one thread; a thread holds one ticket, or such as an answer of the person joins."""
    of_ticket: dict[str, set[int]] = defaultdict(set)
    for place, thread in enumerate(threads):
        tickets = {mail.ticket for mail in thread if mail.ticket and mail.name.startswith("letter")}
        for ticket in tickets:
            of_ticket[ticket].add(place)
        assert len(_joined(tickets, bridges)) <= 1, (where, [(mail.name, mail.subject) for mail in thread])
    assert {ticket: places for ticket, places in of_ticket.items() if len(places) > 1} == {}, where


def _joined(tickets: set[str], bridges: set[tuple[str, str]]) -> list[set[str]]:
    groups = [{ticket} for ticket in tickets]
    for one, other in bridges:
        touched = [group for group in groups if group & {one, other}]
        if len(touched) > 1:
            groups = [group for group in groups if group not in touched] + [set().union(*touched)]
    return groups


@pytest.mark.parametrize("order", ["as it came", "newest first", "shuffled 1", "shuffled 2", "shuffled 3"])
@pytest.mark.parametrize("own", [False, True], ids=["letters", "letters and own mails"])
def test_one_ticket_is_one_thread(conversation: Conversation, order: str, own: bool) -> None:
    """By JWZ, in whatever order a program reads the folder, with the sent mails beside or without."""
    for address, mails in boxes(conversation, own=own):
        ordered = list(mails)
        if order == "newest first":
            ordered.reverse()
        elif order != "as it came":
            random.Random(order).shuffle(ordered)
        assert_one_thread_each(jwz.threads(ordered), conversation.bridges if own else set(), address)


def test_own_mails_stand_in_the_thread_of_their_ticket(conversation: Conversation) -> None:
    """What somebody wrote, and what they got for it, are together."""
    for address, mails in boxes(conversation, own=True):
        place = {mail.id: number for number, thread in enumerate(jwz.threads(mails)) for mail in thread}
        letters = {mail.ticket: mail.id for mail in mails if mail.ticket and mail.name.startswith("letter")}
        for mail in mails:
            if mail.name.startswith("mail") and mail.ticket in letters:
                together = place[mail.id] == place[letters[mail.ticket]]
                # A new mail about a ticket that already is there answers nothing that could be named.
                bridge = any(mail.ticket == other for _, other in conversation.bridges)
                assert together or not mail.parents or bridge, (address, mail.name, mail.subject)


def test_a_deleted_letter_tears_no_thread(conversation: Conversation) -> None:
    """People keep a part of what they get: any third of the letters may be missing."""
    for seed in range(6):
        for address, mails in boxes(conversation, own=False):
            left = [mail for mail in mails if random.Random(f"{seed} {mail.id}").random() > 0.34]
            assert_one_thread_each(jwz.threads(left), set(), address)


def tells_little(mail: Mail) -> bool:
    """True for a receipt to a stranger, and for what asks for a “confirm”: their readers may be anybody."""
    return mail.topic.partition("] ")[2] in ("We have your request", "Confirm")


def test_gmail(conversation: Conversation) -> None:
    """Its rule wants the subject as well: it stays, but for letters that tell nothing of the ticket."""
    for address, mails in boxes(conversation, own=False):
        told = [mail for mail in mails if mail.ticket and not tells_little(mail)]
        assert_one_thread_each(jwz.gmail_threads(told), set(), address)


def test_outlook(conversation: Conversation) -> None:
    """All letters of a ticket have one identifier, no two tickets the same, and one topic for each reader."""
    of_ticket: dict[str, set[bytes]] = defaultdict(set)
    for address, mails in boxes(conversation, own=False):
        topics: dict[str, set[str]] = defaultdict(set)
        for mail in mails:
            if mail.ticket:
                topic, guid = jwz.outlook_key(mail)
                of_ticket[mail.ticket].add(guid)
                if not tells_little(mail):
                    topics[mail.ticket].add(topic)
        assert all(len(found) == 1 for found in topics.values()), (address, topics)
    assert all(len(found) == 1 for found in of_ticket.values())
    assert len(set.union(*of_ticket.values())) == len(of_ticket)


def test_outlook_orders_by_the_times_in_the_index(conversation: Conversation) -> None:
    """Each letter to a person is one level below the one before, later by what passed between them."""
    for address, mails in boxes(conversation, own=False):
        levels: dict[str, list[int]] = defaultdict(list)
        last: dict[str, datetime] = {}
        for mail in mails:
            if mail.ticket:
                times = index_times(base64.b64decode(mail.index))
                levels[mail.ticket].append(len(times))
                assert times == sorted(times), (address, mail.name)
                assert times[-1] >= last.get(mail.ticket, times[0])
                last[mail.ticket] = times[-1]
        assert all(found == sorted(found) for found in levels.values()), address


def index_times(index: bytes) -> list[datetime]:
    """The times in a Thread-Index as [MS-OXOMSG] section 2.2.1.3 tells readers to find them."""
    assert index[0] == 1
    assert (len(index) - 22) % 5 == 0
    start = int.from_bytes(index[:6] + b"\0\0")
    ticks = [start]
    for at in range(22, len(index), 5):
        code = int.from_bytes(index[at : at + 4])
        ticks.append(start + ((code & 0x7FFFFFFF) << 23 if code >> 31 else code << 18))
    return [datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=tick // 10) for tick in ticks]


@pytest.mark.parametrize("days", [0, 1, 300, 625, 630, 4000])
def test_the_times_of_an_index(days: int) -> None:
    """To a second where less than 1.7 years passed, coarser after that."""
    opened = datetime(2026, 11, 2, 10, 0, 7, tzinfo=UTC)
    reply = opened + timedelta(days=days, seconds=3)
    index = base64.b64decode(thread_index(thread_guid("sample", 1), opened, [reply]))
    assert len(index) == 27
    assert index[6:22] == thread_guid("sample", 1)
    found = index_times(index)
    assert timedelta(0) <= opened - found[0] < timedelta(seconds=0.01)
    coarse = timedelta(seconds=1) if days > 620 else timedelta(seconds=0.1)
    assert timedelta(0) <= reply - found[1] < coarse


def test_an_index_does_not_grow_for_ever() -> None:
    """A line has its limit: of many replies the last are named."""
    opened = datetime(2026, 11, 2, tzinfo=UTC)
    index = thread_index(thread_guid("sample", 1), opened, [opened + timedelta(hours=n) for n in range(500)])
    assert len(f"Thread-Index: {index}") < 400
    assert index_times(base64.b64decode(index))[-1] > opened + timedelta(hours=498)


def test_the_subject_rule_of_jwz_joins_no_two_tickets() -> None:
    """Two tickets of one title differ by their numbers, also where no other mail is there to thread by."""
    mails = [
        Mail("<1@x>", (), "", "[T20260101.0001] Phones", ticket="A", name="letter"),
        Mail("<2@x>", (), "", "Re: [T20260101.0002] Phones", ticket="B", name="letter"),
        Mail("<3@x>", (), "", "Re: [T20260101.0001] Phones", ticket="A", name="letter"),
    ]
    assert_one_thread_each(jwz.threads(mails), set(), "sample")


def test_the_algorithm_itself() -> None:
    """Out of order, with one mail missing, and with rings that a careless program made."""
    one = Mail("<1>", (), "", "a")
    two = Mail("<2>", ("<1>",), "<1>", "Re: a")
    four = Mail("<4>", ("<1>", "<2>", "<3>"), "<3>", "Re: a")
    other = Mail("<9>", (), "", "b")
    for order in ([one, two, four, other], [four, other, two, one]):
        assert sorted(sorted(mail.id for mail in thread) for thread in jwz.threads(order)) == [
            ["<1>", "<2>", "<4>"],
            ["<9>"],
        ]
    ring = [Mail("<1>", ("<2>",), "", "x"), Mail("<2>", ("<1>",), "", "y"), Mail("<3>", ("<3>",), "", "z")]
    assert sorted(mail.id for thread in jwz.threads(ring) for mail in thread) == ["<1>", "<2>", "<3>"]
