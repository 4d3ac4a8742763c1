"""The threads of old mail: which mails are one conversation. Rather two tickets than one with two people's words in it.

Mails belong together by what they answer, then by the number that another system wrote into their subjects, then, for
answers that name no mail, by subject and people within two weeks. In each case only where the same people speak: an
outsider joins a conversation that they were in, and what staff write goes with those to whom they write.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from postdesk.moving_index import Index

NEAR = timedelta(days=14).total_seconds()
_SHORTEST = 4  # characters of a subject that says anything
_SAME_TIME = 60.0  # seconds between the dates of two copies of one mail
_MAIL = "SELECT id, at, message, sender, ours, outside, subject, answers, ticket FROM mail WHERE id = ?"


@dataclass(slots=True)
class _Mail:
    id: int
    at: float
    message: bytes | None
    sender: str
    ours: bool
    outside: frozenset[str]
    subject: str
    answers: bool
    ticket: int | None  # where it is already
    references: list[bytes] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Thread:
    """`core` are the outsiders who take part; `wrote` says that one of them has spoken."""

    id: int
    core: frozenset[str]
    wrote: bool
    last: float
    ticket: int | None = None

    def welcomes(self, mail: _Mail) -> bool:
        """Whether a mail that names this conversation may go into it."""
        if not mail.ours:
            return mail.sender in self.core
        return not mail.outside or not self.core or bool(mail.outside & self.core)


class Threads:
    """Gives each mail of the index its thread."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def make(self, progress: Callable[[int], None]) -> None:
        """All of them, in the order of time; what a mail answers comes before it, whatever their clocks said."""
        self._mark_copies()
        ordered = self._index.rows("SELECT id FROM mail WHERE copy_of IS NULL ORDER BY at, id")
        for done, (mail_id,) in enumerate(ordered, 1):
            self._place(mail_id)
            progress(done)
        for _ in range(2):  # a copy of a mail that turned out to be a copy itself
            self._index.run(
                "UPDATE mail SET thread = (SELECT m.thread FROM mail m WHERE m.id = mail.copy_of) "
                "WHERE copy_of IS NOT NULL AND thread IS NULL"
            )
        self._index.run("CREATE INDEX mail_thread ON mail (thread, at, id)")

    def _mark_copies(self) -> None:
        """The same mail twice, word for word, or by its name, its sender and its date: from two folders, or a list."""
        self._index.run(
            "UPDATE mail SET copy_of = (SELECT min(m.id) FROM mail m WHERE m.key = mail.key AND m.id < mail.id)"
        )
        self._index.run(
            "UPDATE mail SET copy_of = (SELECT min(m.id) FROM mail m WHERE m.message = mail.message "
            "AND m.id < mail.id AND m.copy_of IS NULL AND m.sender = mail.sender AND abs(m.at - mail.at) <= ?) "
            "WHERE copy_of IS NULL AND message IS NOT NULL",
            _SAME_TIME,
        )

    def _place(self, mail_id: int) -> None:
        """A mail, and before it those that it answers. A circle ends where it began."""
        stack, under_way = [mail_id], {mail_id}
        while stack:
            row = self._index.row("SELECT thread FROM mail WHERE id = ?", stack[-1])
            if row is None or row[0] is not None:
                stack.pop()
                continue
            mail = self._mail(stack[-1])
            waiting = next((i for i, thread, _ in self._answered(mail) if thread is None and i not in under_way), None)
            if waiting is not None and len(stack) < 1000:
                stack.append(waiting)
                under_way.add(waiting)
                continue
            self._join(mail)
            stack.pop()

    def _mail(self, mail_id: int) -> _Mail:
        row = self._index.row(_MAIL, mail_id)
        assert row is not None  # noqa: S101 - for the type checker: the id was just read
        number, at, message, sender, ours, outside, subject, answers, ticket = row
        people = frozenset(json.loads(outside))
        mail = _Mail(number, at, message, sender, bool(ours), people, subject, bool(answers), ticket)
        rows = self._index.rows("SELECT message FROM reference WHERE mail = ? ORDER BY position", mail_id)
        mail.references = [found[0] for found in rows]
        mail.numbers = [found[0] for found in self._index.rows("SELECT key FROM number WHERE mail = ?", mail_id)]
        return mail

    def _answered(self, mail: _Mail) -> Iterator[tuple[int, int | None, float]]:
        """The mails here that this one answers, the nearest first: id, thread, time."""
        for message in mail.references:
            if message != mail.message:
                yield from self._index.rows(
                    "SELECT id, thread, at FROM mail WHERE message = ? AND copy_of IS NULL AND id <> ?",
                    message,
                    mail.id,
                )

    def _join(self, mail: _Mail) -> None:
        parents = list(self._answered(mail))
        at = max([mail.at, *(found for _, thread, found in parents[:1] if thread is not None)])
        named = list(dict.fromkeys(self._named(mail, [thread for _, thread, _ in parents])))
        if mail.ticket is not None:
            thread = self._thread(self._of_ticket(mail.ticket, at))
        else:
            thread = next((found for i in named if (found := self._thread(i)) and found.welcomes(mail)), None)
            thread = thread or self._by_subject(mail)
        if thread is None:
            related = named[0] if named else None
            thread = _Thread(mail.id, mail.outside, not mail.ours, at)
            self._index.run(
                "INSERT INTO thread (id, core, wrote, last, subject, related) VALUES (?, ?, ?, ?, ?, ?)",
                thread.id, json.dumps(sorted(thread.core)), thread.wrote, at, mail.subject, related,
            )  # fmt: skip
            if related is not None:
                self._apart(mail, related)
        else:
            self._take_up(thread, mail, at)
        self._index.run("UPDATE mail SET thread = ?, at = ? WHERE id = ?", thread.id, at, mail.id)
        self._remember(thread, mail)

    def _apart(self, mail: _Mail, related: int) -> None:
        """Say in the report why it is not in the conversation that it names."""
        first = self._index.row("SELECT place FROM mail WHERE id = ?", related)
        place = f"the one of {first[0]}" if first else "a ticket that was here before"
        words = f" It names a conversation that its sender was not in: a ticket of its own, linked to {place}."
        self._index.run("UPDATE mail SET remark = remark || ? WHERE id = ?", words, mail.id)

    def _take_up(self, thread: _Thread, mail: _Mail, at: float) -> None:
        """Who speaks first for the outside decides whose conversation it is: of many who were written to, one."""
        core = mail.outside if not mail.ours and not thread.wrote else thread.core | mail.outside
        wrote, last = thread.wrote or not mail.ours, max(thread.last, at)
        changed = "UPDATE thread SET core = ?, wrote = ?, last = ? WHERE id = ?"
        self._index.run(changed, json.dumps(sorted(core)), wrote, last, thread.id)

    def _remember(self, thread: _Thread, mail: _Mail) -> None:
        numbers = [(key, thread.id) for key in mail.numbers]
        self._index.many("INSERT OR IGNORE INTO thread_number VALUES (?, ?)", numbers)
        self._index.many(
            "INSERT OR IGNORE INTO missing VALUES (?, ?)", [(message, thread.id) for message in mail.references]
        )

    def _named(self, mail: _Mail, parents: list[int | None]) -> Iterator[int]:
        """Conversations that a mail names: by what it answers, here or gone, then by the numbers in its subject."""
        yield from (thread for thread in parents if thread is not None)
        for message in mail.references:
            yield from (i for (i,) in self._index.rows("SELECT thread FROM missing WHERE message = ?", message))
            for (ticket,) in self._index.rows("SELECT ticket FROM desk_message WHERE message = ?", message):
                yield self._of_ticket(ticket, mail.at)
        for key in mail.numbers:
            yield from (i for (i,) in self._index.rows("SELECT thread FROM thread_number WHERE key = ?", key))
            for (ticket,) in self._index.rows("SELECT ticket FROM desk_number WHERE key = ?", key):
                yield self._of_ticket(ticket, mail.at)

    def _of_ticket(self, ticket: int, at: float) -> int:
        """The thread of a ticket that the desk has already."""
        row = self._index.row("SELECT thread, core FROM desk_ticket WHERE ticket = ?", ticket)
        thread, core = row if row else (None, "[]")
        if thread is None:
            thread = -ticket  # mails have ids above zero
            self._index.run(
                "INSERT INTO thread (id, core, wrote, last, subject, ticket) VALUES (?, ?, 1, ?, '', ?)",
                thread, core, at, ticket,
            )  # fmt: skip
            self._index.run("UPDATE desk_ticket SET thread = ? WHERE ticket = ?", thread, ticket)
        return int(thread)

    def _thread(self, thread_id: int) -> _Thread | None:
        row = self._index.row("SELECT id, core, wrote, last, ticket FROM thread WHERE id = ?", thread_id)
        return _Thread(row[0], frozenset(json.loads(row[1])), bool(row[2]), row[3], row[4]) if row else None

    def _by_subject(self, mail: _Mail) -> _Thread | None:
        """The one conversation of these people with that subject within two weeks; of two, none."""
        if mail.references or not mail.answers or len(mail.subject) < _SHORTEST:
            return None
        rows = self._index.rows(
            "SELECT id FROM thread WHERE subject = ? AND last BETWEEN ? AND ? LIMIT 50",
            mail.subject, mail.at - NEAR, mail.at,
        )  # fmt: skip
        found = [thread for (i,) in rows if (thread := self._thread(i)) and self._same_people(thread, mail)]
        return found[0] if len(found) == 1 else None

    @staticmethod
    def _same_people(thread: _Thread, mail: _Mail) -> bool:
        """Nothing but a subject speaks for it: all whom the mail names have to be there already."""
        return bool(mail.outside) and mail.outside <= thread.core and thread.welcomes(mail)
