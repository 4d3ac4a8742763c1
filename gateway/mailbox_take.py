"""Takes batches of mails out of a mailbox: fetch, hand to the spool, and move away what is kept."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from hashlib import blake2b
from time import monotonic
from typing import Protocol

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from gateway.envelope import Envelope
from gateway.errors import Permanent
from gateway.imap_session import ImapSession
from gateway.imap_wire import OverBudget
from gateway.mailbox_config import MailboxConfig
from gateway.mailbox_state import PollResult, unprintable, words
from gateway.return_path import return_path
from store.points import reached

TRIES = 3  # to fetch a mail on its own, before it is left alone for AVOID seconds
AVOID = 3600.0


class Teller(Protocol):
    """Who is told that it goes on, and what goes wrong."""

    def beat(self) -> None:
        """A step begins or is done; raises when another process reads the mailbox now."""

    def trouble(self, error: Exception, **details: object) -> None:
        """Something failed, and the visit goes on."""

    def refused(self, uid: int, reason: str) -> None:
        """A mail goes to the folder for refused mail."""


class Taker:
    """Remembers from visit to visit what is decided about mails that are still there."""

    def __init__(self, config: MailboxConfig, submit: Callable[[Envelope, bytes], Future[int]], teller: Teller) -> None:
        self.config = config
        self._submit = submit
        self._teller = teller
        self._uid_validity: int | None = None
        self._decided: dict[int, str] = {}  # UID -> folder: a mail whose move failed is not taken in again
        self._kept: dict[int, bytes] = {}  # UID -> digest, of mails that are kept and that the server said it moved
        self._postponed: Counter[int] = Counter()  # could not be stored: their turn comes after the others
        self._failed_fetches: Counter[int] = Counter()
        self._avoid_until: dict[int, float] = {}
        self._came_back: set[int] = set()  # of this visit: the server said that it moved them

    @property
    def avoided(self) -> int:
        """Mails that the server does not hand out."""
        return len(self._avoid_until)

    @property
    def unmovable(self) -> int:
        """Mails that stay there, kept or refused: the server does not move them, or says so and does not do it."""
        return len(self._came_back.union(self._decided))

    @property
    def undone(self) -> bool:
        """True while mails lie there that are decided about, or could not be taken."""
        return bool(self._decided or self._postponed or self._failed_fetches)

    def begin(self, there: Sequence[int], uid_validity: int) -> list[int]:
        """Begin a visit: forget what is not there any more. Returns the mails that are not decided about.

        UIDs mean something only within one UIDVALIDITY (RFC 3501 section 2.3.1.1).
        """
        known = set(there) if self._uid_validity == uid_validity else set()
        self._uid_validity = uid_validity
        now = monotonic()
        self._decided = {uid: folder for uid, folder in self._decided.items() if uid in known}
        self._kept = {uid: digest for uid, digest in self._kept.items() if uid in known}
        self._came_back = {uid for uid in self._kept if uid not in self._decided}
        if self._came_back:
            self._teller.trouble(LookupError("the server said that it moved mails, and they are still there"))
        self._avoid_until = {uid: end for uid, end in self._avoid_until.items() if uid in known and end > now}
        for counter in (self._postponed, self._failed_fetches):
            for uid in set(counter) - known:
                del counter[uid]
        return [uid for uid in there if uid not in self._decided]

    def chunks(self, uids: Sequence[int]) -> Iterator[list[int]]:
        """Batches, oldest first; then what failed before. What could not be fetched comes last, one by one."""
        alone = [uid for uid in uids if self._failed_fetches[uid]]
        easy = [uid for uid in uids if not self._failed_fetches[uid]]
        easy.sort(key=lambda uid: (self._postponed[uid], uid))
        alone.sort(key=lambda uid: (self._failed_fetches[uid], uid))
        for first in range(0, len(easy), self.config.batch):
            yield easy[first : first + self.config.batch]
        yield from ([uid] for uid in alone if uid not in self._avoid_until)

    def take(self, session: ImapSession, chunk: list[int]) -> PollResult:
        """Fetch, keep and move one batch, in portions that memory can hold."""
        try:
            sizes = session.sizes(chunk)
        except IMAPClientError as error:
            return self._not_fetched(chunk, error)
        for uid in [uid for uid, size in sizes.items() if size > self.config.max_size]:
            self._refuse(uid, f"{sizes.pop(uid)} bytes are more than {self.config.max_size}")
        result = PollResult()
        if unsaid := [uid for uid in chunk if uid not in sizes and uid not in self._decided]:
            result += self._withheld(session, unsaid, "the server does not say how big a mail is that it lists")
        result += self.move(session, [uid for uid in chunk if uid in self._decided])
        for portion in portions(sizes, self.config.batch_bytes):
            result += self._take_portion(session, portion)
        return result

    def move_decided(self, session: ImapSession) -> PollResult:
        """Try once more what the server did not move before."""
        return self.move(session, list(self._decided))

    def move(self, session: ImapSession, uids: Sequence[int]) -> PollResult:
        """Carry out what is decided. What the server does not move is remembered, and tried with the next visit."""
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
                    self._teller.trouble(error, folder=folder)  # over quota, or no right: mail must still come in
                    break
                reached("mailbox.moved")
                counts[folder] += len(part)
                for uid in part:
                    del self._decided[uid]
        return PollResult(moved=counts[self.config.processed], refused=counts[self.config.refused])

    def _take_portion(self, session: ImapSession, sizes: Mapping[int, int]) -> PollResult:
        uids = list(sizes)
        self._teller.beat()  # to fetch is the longest step; should another process read by now, nothing is handed over
        try:
            mails = session.fetch(uids, sum(sizes.values()))
        except OverBudget as error:
            self._count_failed(uids)
            if len(uids) > 1:
                raise  # the next visit finds out which one it is
            reason = f"listed with {sizes[uids[0]]} bytes, but {error}"
            self._refuse(uids[0], reason)
            # The connection is lost: the move comes with the next visit.
            raise OverBudget(f"mail {uids[0]} refused: {reason}") from error
        except IMAPClientAbortError:
            self._count_failed(uids)
            raise
        except IMAPClientError as error:
            if len(uids) == 1:
                return self._not_fetched(uids, error)
            # One that is gone, or broken, and the server says NO to all of them.
            return sum((self._take_portion(session, {uid: sizes[uid]}) for uid in uids), PollResult())
        except Exception:
            self._count_failed(uids)
            raise
        reached("mailbox.fetched")
        self._teller.beat()
        result = PollResult(fetched=len(mails))
        if withheld := [uid for uid in uids if not mails.get(uid) and sizes[uid]]:
            result += self._withheld(session, withheld, "the server does not hand out a mail that it lists")
        left = self._hand_over({uid: raw for uid, raw in mails.items() if uid not in withheld and uid in sizes})
        reached("mailbox.kept")
        return result + PollResult(left=left) + self.move(session, [uid for uid in uids if uid in self._decided])

    def _withheld(self, session: ImapSession, uids: Sequence[int], why: str) -> PollResult:
        """Another client may have taken them meanwhile."""
        still = session.still_there(uids)
        there = [uid for uid in uids if uid in still]
        return self._not_fetched(there, LookupError(why)) if there else PollResult()

    def _hand_over(self, mails: Mapping[int, bytes]) -> int:
        """Submit all, wait for all: one group commit. Returns how many stay where they are."""
        futures: dict[int, Future[int]] = {}
        for uid, raw in mails.items():
            if len(raw) > self.config.max_size:
                self._refuse(uid, f"{len(raw)} bytes are more than {self.config.max_size}")
                continue
            if self._kept.get(uid) == _digest(raw):
                self._decided[uid] = self.config.processed  # taken in again and again, it would never end
                continue
            envelope = Envelope(_reverse_path(raw), (), "imap", peer=self.config.name)
            try:
                futures[uid] = self._submit(envelope, raw)
            except Exception as error:
                futures[uid] = Future()
                futures[uid].set_exception(error)
        wait(futures.values(), timeout=self.config.commit_timeout)
        return sum(not self._decide(uid, future, mails[uid]) for uid, future in futures.items())

    def _decide(self, uid: int, future: Future[int], raw: bytes) -> bool:
        """Note where a mail goes now; False when it stays."""
        try:
            future.result(timeout=0)
        except Permanent as error:
            self._refuse(uid, words(error) if str(error) else error.reply)
        except Exception as error:
            # Also a commit that is late: should it come after all, the mail is known when it is seen again.
            self._postponed[uid] += 1
            self._teller.trouble(error, uid=uid)
            return False
        else:
            self._decided[uid] = self.config.processed
            self._kept[uid] = _digest(raw)
            del self._postponed[uid]
        return True

    def _refuse(self, uid: int, reason: str) -> None:
        self._decided[uid] = self.config.refused
        self._teller.refused(uid, reason)

    def _not_fetched(self, uids: Sequence[int], error: Exception) -> PollResult:
        """The server said NO: the others can still be fetched, unless the connection is gone."""
        self._count_failed(uids)
        if isinstance(error, IMAPClientAbortError):
            raise error
        self._teller.trouble(error, uids=list(uids))
        return PollResult(left=len(uids), withheld=len(uids))

    def _count_failed(self, uids: Sequence[int]) -> None:
        for uid in uids:
            self._failed_fetches[uid] += 1
            if self._failed_fetches[uid] >= TRIES:
                self._avoid_until[uid] = monotonic() + AVOID


def portions(sizes: Mapping[int, int], limit: int) -> Iterator[dict[int, int]]:
    """Cut into portions of at most `limit` bytes; a bigger mail is a portion of its own."""
    portion: dict[int, int] = {}
    for uid, size in sizes.items():
        if portion and sum(portion.values()) + size > limit:
            yield portion
            portion = {}
        portion[uid] = size
    if portion:
        yield portion


def _digest(raw: bytes) -> bytes:
    return blake2b(raw, digest_size=16).digest()


def _reverse_path(raw: bytes) -> str:
    """The topmost Return-Path; "" without one, and for one that no server writes."""
    path = return_path(raw) or ""
    return "" if unprintable(path) or len(path) > 320 else path
