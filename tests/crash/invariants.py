"""I1 to I7 of docs/security.md, looked at from outside: rows, blobs, and the letters that others have."""

import contextlib
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import select

from desk.numbers import STANDARD
from postdesk.verify import Source, verify
from store.blobs import FolderBlobs
from store.tables import Attachment, Disposition, Event, Outbox, RawMail, ReceivedMail, Ticket
from tests.crash.relay import copies, message_id
from tests.crash.scene import Scene


def lost(scene: Scene) -> list[str]:
    """I1: mails that were answered for, and that the desk does not have to the byte. Holds at any moment."""
    kept = _kept(scene)
    return [
        f"I1: {one.message_id} by {one.way} was answered for, and is not kept as it was sent"
        for one in scene.sent
        if one.told and one.way not in scene.boxes and not any(raw.endswith(one.raw) for raw in kept[one.message_id])
    ] + [f"I1: {found} was moved in the mailbox, and is not kept" for found in _moved(scene) if not kept[found]]


def violations(scene: Scene, *, strict: bool) -> list[str]:
    """What is wrong once the desk has come to rest. `strict` says that all letters of the last crash are known."""
    found = lost(scene)
    found += _outcomes(scene)
    found += _tickets(scene)
    found += _letters(scene, strict)
    source = Source(scene.desk.database.reading, scene.desk.database.is_sqlite, _blobs(scene))
    found += [f"verify: {one.line}" for one in verify(source, datetime.now(UTC)) if one.faults]
    ledger = scene.desk.ledger()
    accepted, rest = ledger.pop("accepted"), sum(ledger.values())
    if not accepted == rest == scene.desk.accepted():
        found.append(f"ledger: accepted {accepted}, and {ledger}")
    return found


def _blobs(scene: Scene) -> FolderBlobs:
    return FolderBlobs(scene.desk.folder / "blobs", create=False)


def _kept(scene: Scene) -> defaultdict[str, list[bytes]]:
    """The bytes of all received mails, by Message-ID; what is gone, or is not what its digest says, is not kept."""
    blobs, found = _blobs(scene), defaultdict[str, list[bytes]](list)
    with scene.desk.database.reading() as session:
        rows = session.execute(
            select(ReceivedMail.blob, RawMail.data).outerjoin(RawMail, RawMail.id == ReceivedMail.id)
        ).all()
    for digest, data in rows:
        with contextlib.suppress(FileNotFoundError):
            raw = data if data is not None else blobs.read(digest)
            if not digest or hashlib.sha256(raw).hexdigest() == digest:
                found[message_id(raw)].append(raw)
    return found


def _moved(scene: Scene) -> set[str]:
    return {message_id(raw) for box in scene.boxes.values() for raw in box.mails("Processed")}


def _outcomes(scene: Scene) -> Iterator[str]:
    """I2, I3, I6: one outcome for each mail; one ticket or note, every other copy ignored; none held."""
    became = defaultdict[str, list[str]](list)
    with scene.desk.database.reading() as session:
        rows = session.execute(
            select(ReceivedMail, RawMail.data, Disposition)
            .outerjoin(RawMail, RawMail.id == ReceivedMail.id)
            .outerjoin(Disposition, Disposition.received_id == ReceivedMail.id)
        ).all()
    blobs = _blobs(scene)
    for mail, data, outcome in rows:
        name = message_id(data if data is not None else blobs.read(mail.blob))
        if outcome is None or mail.waiting:
            yield f"I2: {name} has no outcome, or waits"
            continue
        became[name].append(outcome.kind)
        if mail.attempts < 1:
            yield f"I6: {name} was handled, and no attempt was counted"
    for one in scene.sent:
        kinds = Counter(became[one.message_id])
        copies_ignored = kinds.pop("ignored", 0)
        if kinds != {one.becomes: 1}:
            yield f"I3: {one.message_id} became {dict(kinds)}, not {one.becomes} once"
        if one.way not in scene.boxes and copies_ignored >= one.tries:
            yield f"I3: {one.message_id} was handed over {one.tries} times, and {copies_ignored} copies were ignored"


def _tickets(scene: Scene) -> Iterator[str]:
    """I4 and I7: whatever was decided has its words, file and letters, and tickets have numbers of their own."""
    with scene.desk.database.reading() as session:
        numbers = Counter(session.scalars(select(Ticket.number)))
        entries = session.execute(
            select(Event.id, Event.text, Event.ticket_id, Disposition.ticket_id)
            .outerjoin(Disposition, Disposition.received_id == Event.received_id)
            .where(Event.kind == "note")
        ).all()
        files = {(file.event_id, file.digest) for file in session.scalars(select(Attachment))}
        letters = {(row.ticket_id, row.recipient) for row in session.scalars(select(Outbox))}
    yield from (f"I7: {number} is there {count} times" for number, count in numbers.items() if count > 1)
    yield from (f"I7: {number} is no number of a ticket" for number in numbers if not STANDARD.only(number))
    opened = sum(one.becomes == "opened" for one in scene.sent)
    if numbers.total() != opened:
        yield f"I3: {opened} mails for a new ticket, and {numbers.total()} tickets"
    for one in scene.sent:
        mine = [entry for entry in entries if one.words in entry[1]]
        if len(mine) != 1:
            yield f"I4: {one.message_id} has {len(mine)} entries"
        for entry, _, ticket, decided in mine:
            if ticket != decided:
                yield f"I4: {one.message_id} stands at another ticket than was decided"
            if one.file and (entry, one.file) not in files:
                yield f"I4: {one.message_id} has lost its file"
            if one.becomes == "opened" and (ticket, one.sender) not in letters:
                yield f"I4: {one.message_id} opened a ticket without a receipt"


def _letters(scene: Scene, strict: bool) -> Iterator[str]:
    """I5: each letter arrived, as the same mail each time; once more only where a crash came before our commit."""
    there = scene.letters()
    count = copies(there)
    with scene.desk.database.reading() as session:
        rows = {row.message_id: row for row in session.scalars(select(Outbox)) if row.state != "folded"}
    for name, row in rows.items():
        most = 1 + scene.once_more[name] if strict else row.attempts
        if not 1 <= count[name] <= most:
            yield f"I5: {name} to {row.recipient} is {row.state} and came {count[name]} times, not 1 to {most}"
        if not strict and count[name] > 1:
            scene.once_more[name] = max(scene.once_more[name], count[name] - 1)
    yield from (f"I5: {name} came, and is no letter of the desk" for name in count.keys() - rows.keys())
    different = Counter(message_id(letter) for letter in set(map(_content, there)))
    yield from (f"I5: {name} came with {times} contents" for name, times in different.items() if times > 1)


def _content(letter: bytes) -> bytes:
    """Without what the Maildir puts before it."""
    return letter.partition(b"Delivered-To: ")[2].partition(b"\r\n")[2] if letter[:12] == b"Return-Path:" else letter
