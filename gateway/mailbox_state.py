"""How a mailbox does and what became of its mails, as values; and what went wrong, in words without secrets."""

import re
from dataclasses import dataclass
from datetime import datetime

from gateway.oauth import OAuthFailed

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class MailboxFailed(Exception):
    """A visit did not come to its end. What was kept stays kept; the rest is where it was."""


@dataclass(frozen=True, slots=True)
class PollResult:
    """What became of the mails of one visit."""

    fetched: int = 0
    moved: int = 0  # kept, and now in the folder for processed mail
    refused: int = 0  # too large or refused for good, and now in the folder for refused mail
    left: int = 0  # could not be kept this time

    def __add__(self, other: "PollResult") -> "PollResult":
        return PollResult(
            self.fetched + other.fetched, self.moved + other.moved, self.refused + other.refused, self.left + other.left
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
    waiting: int = 0  # mails that this visit has still before it
    taken: int = 0  # mails that this visit has taken
    token_ends_at: datetime | None = None  # OAuth2: when the right to read ends, as far as it is known


def unprintable(text: str) -> bool:
    """True for a text that holds control characters or would change the direction of what stands beside it."""
    return bool(_UNPRINTABLE.search(text))


def words(error: Exception, secrets: tuple[str, ...] = ()) -> str:
    """One line for people; servers put anything into their answers, also what they were told."""
    text = _UNPRINTABLE.sub(" ", str(error)).strip()
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    text = text[:600]
    if isinstance(error, TimeoutError):
        return f"no answer in time: {text or 'the wait was too long'}"
    if isinstance(error, OAuthFailed):
        return text  # a sentence of ours
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
