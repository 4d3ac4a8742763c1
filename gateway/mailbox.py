"""Reads one mailbox over IMAP: waits in IDLE or asks now and then, and comes back after every fault."""

import secrets
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

import structlog

from gateway.envelope import Envelope
from gateway.imap_idle import IdleRefused
from gateway.imap_session import ImapSession
from gateway.imap_sign_in import SignInRefused
from gateway.mailbox_book import BEAT, Book, Forgetful
from gateway.mailbox_config import MailboxConfig
from gateway.mailbox_patience import Patience
from gateway.mailbox_start import decide, listed, settled
from gateway.mailbox_state import MailboxFailed, MailboxState, PollResult, words
from gateway.mailbox_take import Taker
from gateway.oauth import TokenSource
from gateway.stopping import Stop

__all__ = ["MailboxConfig", "MailboxFailed", "MailboxPoller", "MailboxState", "PollResult"]

LONGEST_PAUSE = 300.0
PACE = 1.0  # seconds between two visits, however much the server has to tell
TOLD_EVERY = 10.0  # seconds between two lines of the log about a visit that takes long

log = structlog.get_logger()


class LostLease(Exception):
    """Another process reads this mailbox now."""


class MailboxPoller:
    """Empties one mailbox again and again. `submit` returns a future that is done when the mail is durable."""

    def __init__(
        self,
        config: MailboxConfig,
        submit: Callable[[Envelope, bytes], Future[int]],
        *,
        tls_context: ssl.SSLContext | None = None,
        tokens: TokenSource | None = None,
        book: Book | None = None,
        right_ends: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self.config = config
        self.state = MailboxState()
        self._context, self._tokens = tls_context, tokens
        self._book: Book = book or Forgetful()
        self._right_ends = right_ends
        self._log = log.bind(mailbox=config.name)
        self._taker = Taker(config, submit, self)
        self._session: ImapSession | None = None
        self._patience = Patience(config.idle_seconds)
        self._ours = False
        self._visited = -PACE

    def run(self, stop: Stop) -> None:
        """Read until `stop` is set; after a failure wait longer each time, up to five minutes."""
        while not stop.is_set():
            try:
                if self._hold():
                    self._wait(self._visit(stop), stop)
                else:
                    stop.wait(BEAT)
            except LostLease:
                self._ours = False
                self._drop()
            except MailboxFailed:
                self._back_off(stop)
            except Exception as error:
                # The database above all; and strange bytes, which imaplib meets with many kinds of exception.
                self._drop()
                self._failed(error)
                self._back_off(stop)
        self._leave()

    def poll_once(self, stop: threading.Event | None = None) -> PollResult:
        """One visit with a connection of its own; MailboxFailed when it broke off. `stop` ends it between batches."""
        try:
            return self._visit(stop or threading.Event())
        finally:
            if self._session is not None:
                self._session.close()
                self._session = None

    def trouble(self, error: Exception, **details: object) -> None:
        """Something failed, and the visit goes on."""
        self._report(error, self.state.failures, **details)

    def refused(self, uid: int, reason: str) -> None:
        """A mail goes to the folder for refused mail."""
        self._log.warning("mail refused", uid=uid, folder=self.config.refused, reason=reason)
        self.state = replace(
            self.state, refused=self.state.refused + 1, refused_why=f"mail {uid}: {reason}", refused_at=_now()
        )

    def _hold(self) -> bool:
        if not self._ours:
            self.state = self._book.load()
        self._ours = self._book.hold(self.state)
        return self._ours

    def _visit(self, stop: threading.Event) -> PollResult:
        """Take all mails that are there, in batches."""
        self._visited = monotonic()
        try:
            session = self._opened()
            result = self._empty(session, stop)
        except LostLease:
            raise
        except Exception as error:
            # imaplib and imapclient meet strange bytes with many kinds of exception, RecursionError among them.
            self._drop()
            self._failed(error)
            raise MailboxFailed(self.state.last_error) from error
        trouble = self._tokens.trouble if self._tokens else ""
        if trouble and trouble != self.state.last_error:
            self.state = replace(self.state, last_error=trouble, last_error_at=_now())
        ends = self._right_ends()
        done = replace(self.state, failures=0, failing_since=None, last_success=_now(), waiting=0)
        taker = self._taker
        self.state = replace(done, unfetchable=taker.avoided, unmovable=taker.unmovable, token_ends_at=ends)
        return result

    def _opened(self) -> ImapSession:
        """The connection that was kept, with the folder selected again; or a new one, where that is gone."""
        if self._session is not None:
            try:
                self._session.select()
                return self._session
            except LostLease:
                raise
            except Exception as error:
                self._log.info("signing in again", reason=self._words(error))
                self._drop()
        session = ImapSession(self.config, self._context, self._tokens, self.beat)
        may_be_stale = self._tokens is not None and self._tokens.ends_at is not None
        try:
            session.open()
        except SignInRefused:
            if not may_be_stale:
                raise
            session.open()  # with a fresh token: the other one may have been taken back
        self._session = session
        return session

    def _empty(self, session: ImapSession, stop: threading.Event) -> PollResult:
        kept = self._book.start()
        start = decide(kept, self.config.start, session, _now())
        if kept is not None and kept.uid_validity not in (0, start.uid_validity):
            self._log.warning("UIDVALIDITY changed", before=kept.uid_validity, now=start.uid_validity)
        if start != kept:
            self._book.set_start(start)
        there = listed(start, session)
        fresh = self._taker.begin(there, session.uid_validity)
        self.state = replace(self.state, waiting=len(fresh), taken=0)
        result = self._taker.move_decided(session)
        told = monotonic()
        for chunk in self._taker.chunks(fresh):
            if stop.is_set() or self._book.start() != start:
                return result
            taken = self._taker.take(session, chunk)
            result += taken
            self._progress(len(chunk), taken)
            if monotonic() - told > TOLD_EVERY:
                told = monotonic()
                self._log.info("mails are taken", taken=self.state.taken, waiting=self.state.waiting)
            if 0 < taken.fetched <= taken.left - taken.withheld:
                return result  # the store is down: no use in carrying the whole mailbox past it
        remains = self._taker.undone or bool(result.left)
        if (now_known := settled(start, session, set(there), remains=remains)) != start:
            self._book.set_start(now_known)
        return result

    def _progress(self, size: int, taken: PollResult) -> None:
        kept = taken.moved + taken.refused
        state = self.state
        self.state = replace(state, waiting=max(0, state.waiting - size), taken=state.taken + kept)
        if kept:
            self.state = replace(self.state, last_success=_now())
        self.beat()

    def _wait(self, result: PollResult, stop: Stop) -> None:
        """Until there is mail, or it is time to look."""
        session = self._session
        if session is None or stop.is_set():
            return
        if session.more_arrived and not result.left:
            self._pause(stop, self._visited + PACE - monotonic())
            return
        undone = bool(result.left) or self._taker.undone
        seconds = min(self._patience.seconds, self.config.poll_seconds) if undone else self._patience.seconds
        if not self._patience.allows or not session.can_idle:
            self._set_mode("poll")
            self._pause(stop, self.config.poll_seconds)
            return
        self._pause(stop, self._visited + PACE - monotonic())
        self._idle(session, seconds, stop)

    def _idle(self, session: ImapSession, seconds: float, stop: Stop) -> None:
        begun = monotonic()
        try:
            idle = session.idle()
            self._set_mode("idle")
            while (rest := begun + seconds - monotonic()) > 0 and not stop.is_set():
                self.beat()
                if idle.wait(min(rest, BEAT), stop):
                    break
            if not stop.is_set():
                idle.end()
            self._patience.held()
        except IdleRefused as error:
            self._log.warning("IDLE is refused", reason=self._words(error))
            self._patience.refused()
            self._drop()  # the next visit is on a fresh connection, and polls where this is no matter of the moment
        except LostLease:
            raise
        except Exception as error:
            self._drop()
            self._cut(error, monotonic() - begun)

    def _cut(self, error: Exception, lasted: float) -> None:
        """The connection broke while we waited."""
        if self._patience.cut(lasted):
            self._log.info("the wait was cut", seconds=round(lasted), reason=self._words(error))
            return
        self._failed(error)
        raise MailboxFailed(self.state.last_error) from error

    def _back_off(self, stop: Stop) -> None:
        # Not all desks of a provider that was down come back in the same second.
        jitter = 0.5 + secrets.randbelow(1000) / 1000
        seconds = jitter * min(LONGEST_PAUSE, 2.0 ** min(self.state.failures, 16))
        try:
            self._pause(stop, seconds)
        except LostLease:
            self._ours = False
        except Exception as error:
            self._log.warning("the state of the mailbox cannot be kept", error=self._words(error))
            stop.wait(seconds)

    def _pause(self, stop: Stop, seconds: float) -> None:
        end = monotonic() + seconds
        while not stop.is_set():
            self.beat()
            if (rest := end - monotonic()) <= 0:
                return
            stop.wait(min(rest, BEAT))

    def beat(self) -> None:
        """Say that this reader lives, now and then; LostLease when another process reads this mailbox."""
        if not self._book.note(self.state):
            self._log.info("another process reads this mailbox")
            raise LostLease

    def _set_mode(self, mode: str) -> None:
        self.state = replace(self.state, mode=mode)

    def _leave(self) -> None:
        if self._session is not None:
            self._session.drop()  # it may be in the middle of IDLE; nothing waits for a goodbye
            self._session = None
        try:
            self._book.let_go(replace(self.state, mode="", waiting=0))
        except Exception as error:
            self._log.warning("the mailbox is free for others only later", error=self._words(error))

    def _drop(self) -> None:
        if self._session is not None:
            self._session.drop()
            self._session = None

    def _failed(self, error: Exception) -> None:
        self.state = replace(self.state, failing_since=self.state.failing_since or _now())
        self._report(error, self.state.failures + 1)

    def _report(self, error: Exception, failures: int, **details: object) -> None:
        told = self._words(error)
        self._log.warning("mailbox trouble", error=told, **details)
        self.state = replace(self.state, last_error=told, last_error_at=_now(), failures=failures)

    def _words(self, error: Exception) -> str:
        return words(error, self.config.secrets)


def _now() -> datetime:
    return datetime.now(UTC)
