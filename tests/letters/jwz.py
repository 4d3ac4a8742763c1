"""Threading as mail programs do it: the algorithm of Jamie Zawinski, a rule like Gmail's, and Outlook's."""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_REPLY = re.compile(r"^(?:(?:re|aw|sv|fwd?|wg|tr|rv)(?:\[\d+\])?:\s*)+", re.IGNORECASE)
_BLOB = re.compile(r"^\[[^\[\]]*\]\s*")


@dataclass(frozen=True)
class Mail:
    """What threading looks at. `ticket` and `name` are for the tests."""

    id: str
    references: tuple[str, ...]
    in_reply_to: str
    subject: str
    topic: str = ""
    index: str = ""
    ticket: str = ""
    name: str = ""

    @property
    def parents(self) -> list[str]:
        """References, and In-Reply-To where they do not hold it (step 1 of the algorithm)."""
        named = [*self.references]
        if self.in_reply_to and self.in_reply_to not in named:
            named.append(self.in_reply_to)
        return named


@dataclass(eq=False)
class Container:
    """A mail, or the place of one that is only named."""

    id: str
    mail: Mail | None = None
    parent: "Container | None" = None
    children: list["Container"] = field(default_factory=list)

    def is_above(self, other: "Container | None") -> bool:
        """True where linking would make a ring."""
        while other is not None:
            if other is self:
                return True
            other = other.parent
        return False

    def mails(self) -> list[Mail]:
        """All mails at and below this one."""
        own = [self.mail] if self.mail else []
        return [*own, *(mail for child in self.children for mail in child.mails())]

    def unlink(self) -> None:
        """Take it from its parent."""
        if self.parent is not None:
            self.parent.children.remove(self)
            self.parent = None

    def link(self, child: "Container") -> None:
        """Make `child` one of ours."""
        child.unlink()
        child.parent = self
        self.children.append(child)


def base_subject(subject: str) -> str:
    """Without reply marks and leading blobs (RFC 5256 section 2.1), unless nothing else is there."""
    before = None
    while before != subject:
        before = subject
        subject = _REPLY.sub("", subject).strip()
        subject = _BLOB.sub("", subject) or subject
    return subject.casefold()


def without_reply_marks(subject: str) -> str:
    """The subject as step 5 of the algorithm compares it: a number in brackets is part of it."""
    return _REPLY.sub("", subject).strip().casefold()


def threads(mails: Sequence[Mail]) -> list[list[Mail]]:
    """The threads of a mailbox by JWZ (https://www.jwz.org/doc/threading.html), in the order in which they come."""
    table: dict[str, Container] = {}
    for mail in mails:
        _place(mail, table)
    roots = [found for found in table.values() if found.parent is None]
    return [found.mails() for found in _by_subject([root for root in roots if root.mails()])]


def _place(mail: Mail, table: dict[str, Container]) -> None:
    """Step 1."""
    own = table.setdefault(mail.id, Container(mail.id))
    own.mail = own.mail or mail
    before: Container | None = None
    for name in mail.parents:
        found = table.setdefault(name, Container(name))
        if before is not None and found.parent is None and not found.is_above(before) and found is not before:
            before.link(found)
        before = found
    # What this mail says of its own parent counts more than what others said.
    if before is not None and not own.is_above(before):
        before.link(own)


def _by_subject(roots: list[Container]) -> list[Container]:
    """Steps 4 and 5: roots that hold no mail are as good as their children's subject; equal subjects are one thread."""
    table: dict[str, Container] = {}
    for root in roots:
        subject = without_reply_marks(root.mails()[0].subject)
        if not subject:
            continue
        there = table.get(subject)
        first = root.mails()[0].subject
        if there is None or (there.mail is not None and root.mail is None) or (
            _REPLY.match(there.mails()[0].subject) and not _REPLY.match(first)
        ):  # fmt: skip
            table[subject] = root
    result: list[Container] = []
    for root in roots:
        there = table.get(without_reply_marks(root.mails()[0].subject))
        if there is None or there is root:
            result.append(root)
        else:
            there.link(root)
    return result


def gmail_threads(mails: Iterable[Mail]) -> list[list[Mail]]:
    """Same subject but for marks, and one names the other or both name a third: both, as Gmail asks."""
    found: list[tuple[str, set[str], list[Mail]]] = []
    for mail in mails:
        subject, names = base_subject(mail.subject), {mail.id, *mail.parents}
        joined = [thread for thread in found if thread[0] == subject and thread[1] & names]
        rest = [thread for thread in found if not any(thread is one for one in joined)]
        together = [one for thread in joined for one in thread[2]]
        found = [*rest, (subject, names.union(*(thread[1] for thread in joined)), [*together, mail])]
    return [thread[2] for thread in found]


def outlook_key(mail: Mail) -> tuple[str, bytes]:
    """What Outlook groups by: Thread-Topic, and the identifier in the head of Thread-Index ([MS-OXOMSG] 2.2.1.3)."""
    return mail.topic, base64.b64decode(mail.index)[6:22]
