"""A conversation of more than fifty mails over SMTP, with every letter that comes back kept as a file to be read.

The mails are in tests/conversation/script.toml. After a change that is meant: WRITE_LETTERS=1 and this test write the
files anew; read the difference before it is committed.
"""

import os
import re
import smtplib
import tomllib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from store.tables import Event, Outbox, Ticket
from tests.e2e.world import answer, assert_ledger, mail
from tests.peers.common import wait_for
from tests.peers.desk import DESK, Desk

FOLDER = Path(__file__).parents[1] / "conversation"
RELAY = "mx.desk.test"
SCRIPT: dict[str, Any] = tomllib.loads((FOLDER / "script.toml").read_text(encoding="utf-8"))
PEOPLE: dict[str, str] = SCRIPT["people"]
MAILS: list[dict[str, Any]] = SCRIPT["mail"]
WRITE = bool(os.environ.get("WRITE_LETTERS"))

_DAY = r"\d{1,2} [A-Z][a-z]{2} \d{4}"
# What is another in each run, and what stands for it.
_CHANGING = (
    (re.compile(r"(?:\b|(?<=\\n))([tT])\d{8}\.(\d{4})"), r"\1-DAY.\2"),  # the bytes of a file are shown with \n
    (re.compile(r"\+r-[a-z2-7]{30,46}@"), "+r-TOKEN@"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://desk.test"),
    (re.compile(rf"{_DAY}, \d\d:\d\d(?: [A-Z]{{2,5}})?"), "DAY, TIME"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?\S*"), "DAY-TIME"),
    (re.compile(r"\b20(?:2\d)-\d\d(?:-\d\d)?\b"), "DAY"),
    (re.compile(rf"(?<!by: )(?<!by )\b{_DAY}"), "DAY"),
    (re.compile(r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) 20\d\d\b"), "MONTH"),
)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A desk behind a relay that it trusts, with two members of staff and two customers of one organisation."""
    settings = {
        "SENDER__TRUSTED_AUTHSERV_IDS": f'["{RELAY}"]',
        "CAPS__FIRST_RECEIPTS_PER_ADDRESS_HOUR": "50",
        "CAPS__RECEIPTS_PER_TICKET_DAY": "50",
        "DESK__TIME_ZONE": "UTC",
    }
    with Desk(settings=settings) as running:
        running.run("staff", "add", PEOPLE["Sue"], "--name", "Sue Sample")
        for name in ("Jane", "Karl"):
            running.run(
                "contact",
                "add",
                PEOPLE[name],
                "--name",
                f"{name} Doe",
                "--organisation",
                "Sample Works",
                "--no-activate",
            )
        yield running


class Player:
    """Sends the mails one after the other, and gathers what comes back to each."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.letters: dict[int, list[EmailMessage]] = {}  # by number of the mail that caused them
        self._seen = 0

    def play(self, number: int, step: dict[str, Any]) -> str:
        """One mail, and the letters that it causes, as text."""
        message = self._mail(step)
        with smtplib.SMTP("127.0.0.1", self.desk.smtp, timeout=30) as client:
            client.send_message(message, to_addrs=[message["To"]])
        self.desk.wait_handled(number)
        wait_for(self._all_sent, "every letter to be sent")
        found = self.desk.letters()
        fresh, self._seen = found[self._seen :], len(found)
        self.letters[number] = fresh
        return self._as_text(message, step, number)

    def _all_sent(self) -> bool:
        with self.desk.database.reading() as session:
            waiting = session.scalar(select(func.count()).where(Outbox.state == "waiting"))
            sent = session.scalar(select(func.count()).where(Outbox.state == "sent"))
        return waiting == 0 and len(self.desk.letters()) == sent

    def _mail(self, step: dict[str, Any]) -> EmailMessage:
        address = PEOPLE[step["from"]]
        sender = f"{step['from']} Doe <{address}>"
        if "answers" in step:
            message = answer(sender, self._letter(step["answers"], address), step["text"])
        else:
            message = mail(sender, self._numbers(step["subject"]), step["text"])
        if "subject" in step and "answers" in step:
            message.replace_header("Subject", step["subject"])
        if "cc" in step:
            message["Cc"] = f"{step['cc']} Doe <{PEOPLE[step['cc']]}>"
        if "automatic" in step:
            message["Auto-Submitted"] = step["automatic"]
        if step.get("verified"):
            domain = address.partition("@")[2]
            results = f"{RELAY}; dmarc=pass header.from={domain}"
            message._headers.insert(0, ("Authentication-Results", results))  # type: ignore[attr-defined]
        message.set_content(self._numbers(step["text"]))
        return message

    def _letter(self, number: int, address: str) -> EmailMessage:
        own = [letter for letter in self.letters[number] if letter["Delivered-To"] == address]
        assert own, f"mail {number} brought no letter to {address}"
        return own[-1]

    def _numbers(self, text: str) -> str:
        """{1} is the number of the ticket that mail 1 opened."""

        def ticket(found: re.Match[str]) -> str:
            dispositions = self.desk.dispositions()
            with self.desk.database.reading() as session:
                return session.get_one(Ticket, dispositions[int(found[1]) - 1].ticket_id).number

        return re.sub(r"\{(\d+)\}", ticket, text)

    def _as_text(self, message: EmailMessage, step: dict[str, Any], number: int) -> str:
        done = self.desk.dispositions()[number - 1]
        lines = [f"{step['from']} writes: {message['Subject']}", ""]
        lines += [f"    {line}".rstrip() for line in str(message.get_content()).strip().splitlines()]
        lines += ["", f"It is {done.kind}. {done.reason}"]
        for letter in sorted(self.letters[number], key=lambda found: (found["Delivered-To"], found["Subject"])):
            lines += ["", "=" * 72, *_letter_lines(letter)]
        return _without_what_changes("\n".join(lines)) + "\n"


def _letter_lines(letter: EmailMessage) -> list[str]:
    head = [f"To:       {letter['To']}", f"From:     {letter['From']}", f"Reply-To: {letter['Reply-To']}"]
    head += [f"Subject:  {letter['Subject']}", f"Reason:   {letter['X-Ticket-Reason'] or '–'}"]
    text = letter.get_body(("plain",))
    assert text is not None
    lines = [*head, "", *str(text.get_content()).rstrip().splitlines()]
    for part in letter.iter_attachments():
        lines += ["", f"[{part.get_filename()}]", *str(part.get_content()).rstrip().splitlines()]
    return [line.rstrip() for line in lines]


def _without_what_changes(text: str) -> str:
    for pattern, instead in _CHANGING:
        text = pattern.sub(instead, text)
    return text


def _name(number: int, step: dict[str, Any]) -> str:
    return f"{number:02d}-{step['from'].lower()}.txt"


@pytest.mark.timeout(300)
@pytest.mark.feature("F200", "mail")
@pytest.mark.feature("F208", "mail")
@pytest.mark.feature("F212", "mail")
def test_every_letter_is_as_it_was_read(desk: Desk) -> None:
    """Each mail has the outcome and brings the letters that its file holds, word for word; no mail is lost."""
    player, differ = Player(desk), []
    for number, step in enumerate(MAILS, 1):
        text = player.play(number, step)
        file = FOLDER / _name(number, step)
        if WRITE:
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            differ.append((file.name, text))
    assert_ledger(desk)
    assert [name for name, _ in differ] == [], differ[0][1]
    _check_the_end(desk)


def _check_the_end(desk: Desk) -> None:
    """What the tickets are like in the end, whatever the files say."""
    with desk.database.reading() as session:
        tickets = list(session.scalars(select(Ticket).order_by(Ticket.created_at, Ticket.number)))
        spoken = session.execute(select(Event.author, Event.visibility, Event.text)).all()
    first = tickets[0]
    assert (first.status, first.urgency, first.customer_reference) == ("Resolved", "High", "SW-4471")
    assert tickets[1].number == f"{first.number}.001" or any(t.number == f"{first.number}.001" for t in tickets)
    inside = [text for _, visibility, text in spoken if visibility != "public" and "drum is worn out" in text]
    assert inside
    letters = [letter.as_string() for letter in desk.letters() if PEOPLE["Jane"] in str(letter["To"])]
    assert not [letter for letter in letters if "drum is worn out" in letter or "as in spring" in letter]
    assert not [letter for letter in desk.letters(PEOPLE["Eve"]) if "NO SIP" in letter.as_string()]


def test_the_files_are_those_of_the_script() -> None:
    """One file for each mail, and none besides."""
    wanted = {_name(number, step) for number, step in enumerate(MAILS, 1)} | {"script.toml"}
    assert {path.name for path in FOLDER.iterdir()} == wanted
    assert len(MAILS) >= 40
    assert {step["from"] for step in MAILS} == set(PEOPLE)
    assert DESK
