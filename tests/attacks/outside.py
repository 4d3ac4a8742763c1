"""What can be seen of the running service from outside: letters in the outbox folder, pages over HTTP, SMTP replies."""

import email
import email.policy
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage

import httpx2
from sqlalchemy import func, select

from desk import credentials, passwords
from desk.keys import Keys
from gateway.relay import in_order
from store.tables import Contact, ContactAddress, Disposition, Event, Outbox, Participant, Staff, Ticket
from tests.attacks.service import became, hand_over
from tests.attacks.smtpraw import Raw, code
from tests.e2e.world import mail, text_of, ticket
from tests.peers.common import wait_for
from tests.peers.desk import DESK, STAFF, Desk
from tests.portal.client import Visitor
from tests.portal.world import PASSWORD

SECRET = "The safe opens with amber pelican"  # stands in what a stranger must never learn
EVE = "eve@attacker.test"


@dataclass(frozen=True, slots=True)
class Talk:
    """A ticket of somebody, with the letters that it caused."""

    owner: str
    number: str
    asked: EmailMessage
    receipt: EmailMessage
    told: EmailMessage  # what staff were told

    @property
    def reply_to(self) -> str:
        """The address with the owner's own token."""
        return str(self.receipt["Reply-To"])


def begin(desk: Desk, owner: str, text: str = SECRET) -> Talk:
    """Somebody asks, and has a ticket."""
    asked = mail(owner, f"Sample matter of {owner}", f"{text}\n")
    give(desk, asked)
    receipt = wait_for(lambda: letters(desk, owner), f"a receipt for {owner}\n{desk.log()[-3000:]}", 60)[-1]
    number = str(receipt["X-Ticket"])

    def about() -> list[EmailMessage]:
        return [letter for letter in letters(desk, STAFF) if letter["X-Ticket"] == number]

    return Talk(owner, number, asked, receipt, wait_for(about, f"a letter to staff about {number}", 60)[0])


def give(desk: Desk, message: EmailMessage, sender: str = "", to: str = "") -> Disposition:
    """Hand a mail over by SMTP; what became of it. Without more, the envelope is as From and To say."""
    raw = message.as_bytes(policy=email.policy.SMTP)
    return became(desk, hand_over(desk, raw, sender or str(message["From"]), to or str(message["To"])))


def with_fields(message: EmailMessage, **fields: str) -> EmailMessage:
    """The mail with further or other header fields, as X_Desk_User."""
    for name, value in fields.items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    return message


def letters(desk: Desk, recipient: str) -> list[EmailMessage]:
    """The letters to somebody that lie in the outbox folder, oldest first."""
    mark = f"Delivered-To: {recipient}".encode()
    texts = [file.read_bytes() for file in in_order(desk.folder / "outbox" / "new")]
    return [email.message_from_bytes(raw, policy=email.policy.default) for raw in texts if mark in raw.splitlines()]


def settle(desk: Desk) -> None:
    """Wait until every letter that is due has gone out."""
    due = select(func.count()).where(Outbox.state == "waiting", Outbox.next_at <= datetime.now(UTC))

    def none() -> bool:
        with desk.database.reading() as session:
            return not session.scalar(due)

    wait_for(none, "the letters to go out", 120)


def learnt(desk: Desk, recipient: str) -> str:
    """Every word that the desk ever wrote to somebody, headers too."""
    settle(desk)
    return "\n".join(letter.as_string() + text_of(letter) for letter in letters(desk, recipient))


def entries(desk: Desk, number: str) -> list[tuple[str, str, bool]]:
    """Kind, visibility and whether the writer is proven, of each entry of a ticket."""
    rows = select(Event).where(Event.ticket_id == ticket(desk, number).id).order_by(Event.id)
    with desk.database.reading() as session:
        return [(row.kind, row.visibility, row.verified) for row in session.scalars(rows)]


def people(desk: Desk, number: str) -> set[str]:
    """The addresses of all who take part in a ticket, the requester too."""
    found = ticket(desk, number)
    with desk.database.reading() as session:
        ids = session.scalars(select(Participant.contact_id).where(Participant.ticket_id == found.id)).all()
        who = select(ContactAddress.address).where(ContactAddress.contact_id.in_([*ids, found.requester_id]))
        return set(session.scalars(who))


def state(desk: Desk, number: str) -> tuple[object, ...]:
    """What a ticket says of itself, with its entries and people: equal before and after, where nothing was written."""
    row = ticket(desk, number)
    own = (row.title, row.status, row.priority, row.assignee_id, row.requester_id, row.merged_into_id)
    return (*own, entries(desk, number), people(desk, number))


def number_of(desk: Desk, done: Disposition) -> str:
    """The ticket that a mail went to, "" for none."""
    if done.ticket_id is None:
        return ""
    with desk.database.reading() as session:
        return session.get_one(Ticket, done.ticket_id).number


def visitor(desk: Desk, came_from: str = "") -> Visitor:
    """A browser at the portal; `came_from` is what a trusted proxy says of its address."""
    headers = {"X-Forwarded-For": came_from} if came_from else {}
    once = httpx2.Limits(max_keepalive_connections=0)  # nothing stays open behind a test
    return Visitor(httpx2.Client(base_url=desk.url, headers=headers, timeout=60, trust_env=False, limits=once))


def give_password(desk: Desk, address: str, password: str = PASSWORD) -> None:
    """Portal access with an own password, as after a first sign-in."""
    keys = Keys.parse((desk.folder / "secret.key").read_text(encoding="ascii"))
    hashed, now = passwords.hash_password(password), datetime.now(UTC)
    whose = select(ContactAddress.contact_id).where(ContactAddress.address == address)
    with desk.database.transaction() as session:
        next_id = desk.database.ids.next
        person = session.scalars(select(Contact).where(Contact.id.in_(whose))).one_or_none()
        member = person or session.scalars(select(Staff).where(Staff.address == address)).one()
        account = credentials.activate(
            session, keys, member, kind="password", hours=1, now=now, by="Sam", next_id=next_id
        )
        credentials.set_password(session, account, hashed, now=now, next_id=next_id, tell=False)


def enter(desk: Desk, address: str, came_from: str = "") -> Visitor:
    """Somebody with access, signed in."""
    give_password(desk, address)
    browser = visitor(desk, came_from)
    answer = browser.post("/in", username=address, password=PASSWORD)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/"), answer.text
    return browser


@dataclass(frozen=True, slots=True)
class Post:
    """A mail as it goes over the wire."""

    sender: str
    raw: bytes
    to: str = DESK


def post(sender: str, subject: str, text: str, *fields: str) -> Post:
    """A small mail whose Message-ID comes from its sender and subject."""
    named = f"<{abs(hash((sender, subject, text)))}@sample.test>"
    head = (f"From: {sender}", f"To: {DESK}", f"Subject: {subject}", f"Message-ID: {named}", *fields)
    date = "Date: Mon, 03 Aug 2026 10:00:00 +0000"
    return Post(sender, "\r\n".join((*head, date, "", text, "")).encode())


def pour(desk: Desk, mails: Sequence[Post], connections: int = 8) -> Counter[str]:
    """Many mails over several connections at once, the commands of each pipelined; how often which code came."""

    def some(share: Iterable[Post]) -> list[str]:
        with Raw(desk.smtp, 120) as client:
            client.hello()
            return [_pipelined(client, one) for one in share]

    with ThreadPoolExecutor(connections) as threads:
        shares = [mails[place::connections] for place in range(connections)]
        return Counter(found for answers in threads.map(some, shares) for found in answers)


def _pipelined(client: Raw, one: Post) -> str:
    """One mail: MAIL, RCPT and DATA in one go (RFC 2920)."""
    client.send(f"MAIL FROM:<{one.sender}>\r\nRCPT TO:<{one.to}>\r\nDATA\r\n".encode())
    codes = [code(client.reply()) for _ in range(3)]
    return code(client.content(one.raw)) if codes == ["250", "250", "354"] else " ".join(codes)
