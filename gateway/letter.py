"""What a letter is on its way out, and what is known of the desk it comes from."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from desk.catalogue import Catalogue
from desk.language import ENGLISH, Language, Languages
from desk.levels import Levels

if TYPE_CHECKING:  # answers are made of much that letters know nothing of
    from gateway.answers.facts import AnswerFacts

# Letters that carry a secret: never kept in the outbox, never over a connection that others can read.
SENSITIVE = frozenset({"credentials", "sign_in_link"})
# Letters that answer a mail: RFC 3834 section 5 tells them from those that something else caused.
ANSWERS = frozenset({"received", "not_done", "partly_refused", "done", "confirm", "answer"})
# Those of them that speak with a person, about a ticket or about none: a reply to one shows who wrote it.
PERSONAL = ANSWERS - {"received"}
# Letters to staff whose bare reply may go to the customer; a reply to any other one stays internal.
TALK = frozenset({"new_ticket", "customer_wrote", "assigned", "due"})


@dataclass(frozen=True, slots=True)
class DeskFacts:
    """The desk as its letters name it, to a reader of one language."""

    name: str
    base_url: str  # without a slash at the end
    zone: ZoneInfo
    phone: str
    hostname: str  # in List-Id
    instance: str  # tells this installation from others, so that it knows its own mail
    reopen_days: int
    answers: "AnswerFacts | None" = None  # what answers to questions need besides
    levels: Levels = field(default_factory=Levels)  # security levels of customers: what a reader may see
    catalogue: Catalogue = field(default_factory=Catalogue)  # what a receipt says and asks for
    languages: Languages = field(default_factory=Languages)  # those in which it can write
    language: Language = ENGLISH  # of the reader
    letter_bytes: int = 10 * 1024 * 1024  # the largest letter; files that do not fit are links
    link_days: int = 30  # how long such a link opens its file
    version: str = ""  # of the program that writes the letters; "" leaves it unsaid

    def to(self, language: Language) -> "DeskFacts":
        """The same for readers of another language."""
        return self if language is self.language else replace(self, language=language)


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered letter to one recipient, ready for the relay."""

    outbox_id: int
    message_id: str
    return_path: str
    recipient: str
    bytes: bytes  # CRLF line ends
    sensitive: bool = False
    sender: str = ""  # the desk address in From: it chooses the relay


@dataclass(frozen=True, slots=True)
class Unsent:
    """A row that yields no letter: `final` when it never will (superseded), else a fault to try again."""

    reason: str
    final: bool


class Superseded(Exception):
    """The letter is not to be sent any more; the text says why."""
