"""Take mails out of an IMAP mailbox: hand each to the spool, and move it away only when it is kept."""

import re
import secrets
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic

import structlog
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from gateway.envelope import Envelope
from gateway.errors import Permanent
from gateway.imap_session import ImapSession, MailboxConfig
from gateway.imap_wire import OverBudget

__all__ = ["MailboxConfig", "MailboxFailed", "MailboxPoller", "MailboxState", "PollResult"]

LONGEST_PAUSE = 300.0
TRIES = 3  # to fetch a mail on its own, before it is left alone for AVOID seconds
AVOID = 3600.0
_RETURN_PATH = re.compile(rb"^Return-Path:[ \t]*<?([^<>\s]*)>?[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_HEADERS = re.compile(rb"\r?\n\r?\n")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

log = structlog.get_logger()


class MailboxFailed(Exception):
    """A poll did not come to its end. What was kept stays kept; the rest is where it was."""


@dataclass(frozen=True, slots=True)
class PollResult:
    """What became of the mails of one poll."""

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

    last_success: datetime | None = None
    last_error: str = ""
    last_error_at: datetime | None = None
    failures: int = 0  # polls in a row that did not come to their end
    unfetchable: int = 0  # mails that stay in the mailbox because the server does not hand them out


class MailboxPoller:
    """Empties one mailbox again and again. `submit` returns a future that is done when the mail is durable."""

    def __init__(
        self,
        config: MailboxConfig,
        submit: Callable[[Envelope, bytes], Future[int]],
        *,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self.config = config
        self.state = MailboxState()
        self._submit = submit
        self._context = tls_context
        self._log = log.bind(mailbox=config.name)
        self._uid_validity: int | None = None
        self._decided: dict[int, str] = {}  # UID -> folder: a mail whose move failed is not taken in again
        self._postponed: Counter[int] = Counter()  # could not be stored: their turn comes after the others
        self._failed_fetches: Counter[int] = Counter()
        self._avoid_until: dict[int, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Poll until `stop` is set; after a failure wait longer each time, up to five minutes."""
        while not stop.is_set():
            try:
                self.poll_once(stop)
                pause = self.config.poll_seconds
            except MailboxFailed:
                # Not all desks of a provider that was down come back in the same second.
                jitter = 0.5 + secrets.randbelow(1000) / 1000
                pause = jitter * min(LONGEST_PAUSE, 2.0 ** min(self.state.failures, 16))
            stop.wait(pause)

    def poll_once(self, stop: threading.Event | None = None) -> PollResult:
        """Take all mails that are there, in batches; MailboxFailed when it broke off. `stop` ends it between two."""
        try:
            with ImapSession(self.config, self._context) as session:
                result = self._empty(session, stop or threading.Event())
        except Exception as error:
            # imaplib and imapclient meet strange bytes with many kinds of exception, RecursionError among them.
            self._report(error, failures=self.state.failures + 1)
            raise MailboxFailed(self.state.last_error) from error
        self.state = replace(self.state, last_success=datetime.now(UTC), failures=0, unfetchable=len(self._avoid_until))
        return result

    def _empty(self, session: ImapSession, stop: threading.Event) -> PollResult:
        there = session.uids()
        self._forget_all_but(there, session.uid_validity)
        fresh = [uid for uid in there if uid not in self._decided]
        result = self._move(session, list(self._decided))
        for chunk in self._chunks(fresh):
            if stop.is_set():
                break
            taken = self._take(session, chunk)
            result += taken
            if 0 < taken.fetched <= taken.left:
                break  # the store is down: no use in carrying the whole mailbox past it
        return result

    def _forget_all_but(self, there: Sequence[int], uid_validity: int) -> None:
        """UIDs mean something only within one UIDVALIDITY (RFC 3501 section 2.3.1.1)."""
        if self._uid_validity not in (None, uid_validity):
            self._log.warning("UIDVALIDITY changed", before=self._uid_validity, now=uid_validity)
        known = set(there) if self._uid_validity == uid_validity else set()
        self._uid_validity = uid_validity
        now = monotonic()
        self._decided = {uid: folder for uid, folder in self._decided.items() if uid in known}
        self._avoid_until = {uid: end for uid, end in self._avoid_until.items() if uid in known and end > now}
        for counter in (self._postponed, self._failed_fetches):
            for uid in set(counter) - known:
                del counter[uid]

    def _chunks(self, uids: Sequence[int]) -> Iterator[list[int]]:
        """Batches, oldest first; then what failed before. What could not be fetched comes last, one by one."""
        alone = [uid for uid in uids if self._failed_fetches[uid]]
        easy = [uid for uid in uids if not self._failed_fetches[uid]]
        easy.sort(key=lambda uid: (self._postponed[uid], uid))
        alone.sort(key=lambda uid: (self._failed_fetches[uid], uid))
        for first in range(0, len(easy), self.config.batch):
            yield easy[first : first + self.config.batch]
        yield from ([uid] for uid in alone if uid not in self._avoid_until)

    def _take(self, session: ImapSession, chunk: list[int]) -> PollResult:
        """Fetch, keep and move one batch, in portions that memory can hold."""
        try:
            sizes = session.sizes(chunk)
        except IMAPClientError as error:
            return self._not_fetched(chunk, error)
        for uid in [uid for uid, size in sizes.items() if size > self.config.max_size]:
            self._refuse(uid, f"{sizes.pop(uid)} bytes are more than {self.config.max_size}")
        result = PollResult(left=sum(uid not in sizes and uid not in self._decided for uid in chunk))
        result += self._move(session, [uid for uid in chunk if uid in self._decided])
        for portion in _portions(sizes, self.config.batch_bytes):
            result += self._take_portion(session, portion)
        return result

    def _take_portion(self, session: ImapSession, sizes: Mapping[int, int]) -> PollResult:
        uids = list(sizes)
        try:
            mails = session.fetch(uids, sum(sizes.values()))
        except OverBudget as error:
            self._count_failed(uids)
            if len(uids) > 1:
                raise  # the next poll finds out which one it is
            self._refuse(uids[0], f"listed with {sizes[uids[0]]} bytes, but {error}")
            # The connection is lost: the move comes with the next poll.
            raise OverBudget(self.state.last_error) from error
        except IMAPClientError as error:
            return self._not_fetched(uids, error)
        except Exception:
            self._count_failed(uids)
            raise
        result = PollResult(fetched=len(mails))
        if withheld := [uid for uid in uids if not mails.get(uid) and sizes[uid]]:
            result += self._not_fetched(withheld, LookupError("the server does not hand out a mail that it lists"))
        left = self._hand_over({uid: raw for uid, raw in mails.items() if uid not in withheld})
        return result + PollResult(left=left) + self._move(session, [uid for uid in uids if uid in self._decided])

    def _hand_over(self, mails: Mapping[int, bytes]) -> int:
        """Submit all, wait for all: one group commit. Returns how many stay where they are."""
        futures: dict[int, Future[int]] = {}
        for uid, raw in mails.items():
            if len(raw) > self.config.max_size:
                self._refuse(uid, f"{len(raw)} bytes are more than {self.config.max_size}")
                continue
            envelope = Envelope(_reverse_path(raw), (), "imap", peer=self.config.name)
            try:
                futures[uid] = self._submit(envelope, raw)
            except Exception as error:
                futures[uid] = Future()
                futures[uid].set_exception(error)
        wait(futures.values(), timeout=self.config.commit_timeout)
        return sum(not self._decide(uid, future) for uid, future in futures.items())

    def _decide(self, uid: int, future: Future[int]) -> bool:
        """Note where a mail goes now; False when it stays."""
        try:
            future.result(timeout=0)
        except Permanent as error:
            self._refuse(uid, _words(error) or error.reply)
        except Exception as error:
            # Also a commit that is late: should it come after all, the mail is known when it is seen again.
            self._postponed[uid] += 1
            self._report(error, uid=uid)
            return False
        else:
            self._decided[uid] = self.config.processed
        return True

    def _refuse(self, uid: int, reason: str) -> None:
        self._decided[uid] = self.config.refused
        self._log.warning("mail refused", uid=uid, folder=self.config.refused, reason=reason)
        self.state = replace(self.state, last_error=f"mail {uid} refused: {reason}", last_error_at=datetime.now(UTC))

    def _move(self, session: ImapSession, uids: Sequence[int]) -> PollResult:
        """Carry out what is decided. What the server does not move is remembered, and tried with the next poll."""
        counts = Counter[str]()
        for folder in (self.config.processed, self.config.refused):
            going = [uid for uid in uids if self._decided.get(uid) == folder]
            for first in range(0, len(going), self.config.batch):
                part = going[first : first + self.config.batch]
                try:
                    session.move(part, folder)
                except IMAPClientAbortError:
                    raise
                except IMAPClientError as error:
                    self._report(error, folder=folder)  # over quota, or no right: mail must still come in
                    break
                counts[folder] += len(part)
                for uid in part:
                    del self._decided[uid]
        return PollResult(moved=counts[self.config.processed], refused=counts[self.config.refused])

    def _not_fetched(self, uids: Sequence[int], error: Exception) -> PollResult:
        """The server said NO: the others can still be fetched, unless the connection is gone."""
        self._count_failed(uids)
        if isinstance(error, IMAPClientAbortError):
            raise error
        self._report(error, uids=list(uids))
        return PollResult(left=len(uids))

    def _count_failed(self, uids: Sequence[int]) -> None:
        for uid in uids:
            self._failed_fetches[uid] += 1
            if self._failed_fetches[uid] >= TRIES:
                self._avoid_until[uid] = monotonic() + AVOID

    def _report(self, error: Exception, failures: int | None = None, **details: object) -> None:
        words = _words(error).replace(self.config.password or "\0", "…")  # some servers repeat what they were told
        self._log.warning("mailbox trouble", error=words, **details)
        count = self.state.failures if failures is None else failures
        self.state = replace(self.state, last_error=words, last_error_at=datetime.now(UTC), failures=count)


def _portions(sizes: Mapping[int, int], limit: int) -> Iterator[dict[int, int]]:
    """Cut into portions of at most `limit` bytes; a bigger mail is a portion of its own."""
    portion: dict[int, int] = {}
    for uid, size in sizes.items():
        if portion and sum(portion.values()) + size > limit:
            yield portion
            portion = {}
        portion[uid] = size
    if portion:
        yield portion


def _reverse_path(raw: bytes) -> str:
    """The topmost Return-Path, which the last server wrote (RFC 5321 section 4.4); "" without one."""
    head = raw[:65536]
    end = _HEADERS.search(head)
    found = _RETURN_PATH.search(head, 0, end.start() + 2 if end else len(head))
    path = found[1].decode("utf-8", "replace") if found else ""
    return "" if _UNPRINTABLE.search(path) or len(path) > 320 else path


def _words(error: Exception) -> str:
    """One line for people; servers put anything into their answers."""
    text = _UNPRINTABLE.sub(" ", str(error)).strip()[:300]
    if isinstance(error, TimeoutError):
        return f"no answer in time: {text or 'the wait was too long'}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
