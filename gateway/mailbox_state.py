"""How a mailbox does and what became of its mails, as values; and what went wrong, in words without secrets."""

from dataclasses import dataclass
from datetime import datetime

from gateway.oauth import OAuthFailed
from gateway.oauth_words import UNPRINTABLE, one_line


class MailboxFailed(Exception):
    """A visit did not come to its end. What was kept stays kept; the rest is where it was."""


@dataclass(frozen=True, slots=True)
class PollResult:
    """What became of the mails of one visit."""

    fetched: int = 0
    moved: int = 0  # kept, and now in the folder for processed mail
    refused: int = 0  # too large or refused for good, and now in the folder for refused mail
    left: int = 0  # stay for now
    withheld: int = 0  # of these: because the server does not hand them out, and not because they could not be kept

    def __add__(self, other: "PollResult") -> "PollResult":
        return PollResult(
            self.fetched + other.fetched,
            self.moved + other.moved,
            self.refused + other.refused,
            self.left + other.left,
            self.withheld + other.withheld,
        )


@dataclass(frozen=True, slots=True)
class MailboxState:
    """How the mailbox does, for the status page. Errors are in words, without secrets."""

    mode: str = ""  # idle: told by the server; poll: asks; "": not signed in yet
    last_success: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None
    failures: int = 0  # visits in a row that did not come to their end
    failing_since: datetime | None = None  # the first of these
    unfetchable: int = 0  # mails that stay in the mailbox because the server does not hand them out
    unmovable: int = 0  # mails that stay in the mailbox, kept or refused, because the server does not move them
    refused: int = 0  # mails that were too large or refused for good, ever; they are in the folder for refused mail
    refused_why: str = ""  # of the last one
    refused_at: datetime | None = None
    waiting: int = 0  # mails that this visit has still before it
    taken: int = 0  # mails that this visit has taken
    token_ends_at: datetime | None = None  # OAuth2: when the right to read ends, as far as it is known


def unprintable(text: str) -> bool:
    """True for a text that holds control characters or would change the direction of what stands beside it."""
    return bool(UNPRINTABLE.search(text))


def words(error: Exception, secrets: tuple[str, ...] = ()) -> str:
    """One line for people; servers put anything into their answers, also what they were told."""
    text = one_line(str(error), secrets)[:600]
    if isinstance(error, TimeoutError):
        return f"no answer in time: {text or 'the wait was too long'}"
    if isinstance(error, OAuthFailed):
        return text  # a sentence of ours
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
