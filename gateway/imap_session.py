"""A signed-in connection to a mailbox: list, fetch and move mails by UID, and wait for more."""

import contextlib
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from gateway import imap_sign_in
from gateway.imap_idle import Idle
from gateway.imap_wire import CONTROL_BYTES, BoundedClient
from gateway.mailbox_config import MailboxConfig
from gateway.oauth import TokenSource
from store.points import reached

LISTED = 100_000  # mails looked at in one visit; the rest waits for the next
WIDEST = 1_000_000  # mails in a folder where old ones stay: so far new ones are looked for
WINDOW = 5_000  # mails asked for in one SEARCH: all of a big mailbox in one answer is a line of megabytes


class ImapSession:
    """A context manager, or `open` and `close`; every command it sends has a deadline and a bound."""

    def __init__(
        self,
        config: MailboxConfig,
        context: ssl.SSLContext | None = None,
        tokens: TokenSource | None = None,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        self.config = config
        self.uid_validity = 0
        self.uid_next = 0  # the UID of the next mail that comes in, as of `select`
        self.exists = 0
        self._context = context or ssl.create_default_context()
        self._tokens = tokens
        self._beat = beat  # called before each command: a visit may take long, and others want to know that it goes on
        self._folders: dict[str, str] = {}
        self._told = 0

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # In the middle of an answer there is nobody to say goodbye to.
        self.drop() if error is not None else self.close()

    def open(self) -> None:
        """Connect, sign in and select the folder."""
        self.sign_in()
        try:
            self.select()
        except BaseException:
            self.drop()
            raise

    def sign_in(self) -> None:
        """Connect and sign in."""
        config = self.config
        first = self._context if config.tls == "tls" else None
        self._client = BoundedClient(config.host, config.port, config.timeout, first)
        self._client.normalise_times = False
        try:
            if config.tls == "starttls":
                self._client.starttls(self._context)  # raises where it is not offered: never go on in clear text
            self._step()
            if self._tokens is not None:
                imap_sign_in.by_token(self._client, config.user, self._tokens)
            else:
                imap_sign_in.by_password(self._client, config.user, config.password)
        except BaseException:
            self.drop()
            raise

    def close(self) -> None:
        """Say goodbye."""
        try:
            self._step()
            self._client.logout()
        except Exception:
            # All is done by now: a server that hangs up without BYE has lost nothing.
            self.drop()

    def drop(self) -> None:
        """End the connection without a word."""
        with contextlib.suppress(OSError):
            self._client.shutdown()

    def select(self) -> None:
        """Select the folder, also once more: what it holds and what its UIDs mean may have changed."""
        self._step()
        wanted = self.config.folder
        try:
            answer = self._client.select_folder(self._full_name(wanted) or wanted)
        except IMAPClientError:
            self._folders.pop(wanted, None)
            raise
        self.exists = int(answer[b"EXISTS"])
        self.uid_validity = int(answer.get(b"UIDVALIDITY", 0))
        self.uid_next = int(answer.get(b"UIDNEXT", 0)) or self._after_the_last()
        self._told = self._exists_told

    @property
    def more_arrived(self) -> bool:
        """True when the server told of mail since `select`, beside its other answers: IDLE would not tell again."""
        return self._exists_told > self._told

    def look_again(self) -> None:
        """There is more mail than was listed: the next visit should not wait until the server tells of it."""
        self._told = -1

    @property
    def _exists_told(self) -> int:
        return len(self._client._imap.untagged_responses.get("EXISTS", ()))

    @property
    def can_idle(self) -> bool:
        """True when the server says that it knows IDLE."""
        self._step()
        return bool(self._client.has_capability("IDLE"))

    def idle(self) -> Idle:
        """Begin to wait for mail; IdleRefused when the server does not let us."""
        idle = Idle(self._client, self.config.timeout)
        idle.start()
        return idle

    def uids(self, first_uid: int = 0) -> list[int]:
        """The UIDs of the mails in the folder, whatever their flags; the oldest first. Only those from `first_uid` on.

        UIDs ascend with the places of mails (RFC 3501 section 2.3.1.1), so that with `first_uid` it is looked from the
        end until the first mail that is older.
        """
        found: set[int] = set()
        if not first_uid:
            last = min(self.exists, LISTED)
            for first in range(1, last + 1, WINDOW):
                found.update(self._search(first, min(first + WINDOW - 1, last)))
            return sorted(found)
        for last in range(self.exists, max(0, self.exists - WIDEST), -WINDOW):
            window = self._search(max(1, last - WINDOW + 1), last)
            found.update(uid for uid in window if uid >= first_uid)
            if any(uid < first_uid for uid in window):
                break
        return sorted(found)[:LISTED]

    def uids_since(self, moment: datetime) -> list[int]:
        """The UIDs of the mails that arrived (INTERNALDATE) since then; the oldest first."""
        day = (moment.astimezone(UTC) - timedelta(days=1)).date()  # SEARCH knows days, in a time zone of its own
        found: list[int] = []
        for first in range(1, min(self.exists, WIDEST) + 1, WINDOW):
            window = self._search(first, min(first + WINDOW - 1, self.exists), "SINCE", day)
            for part in (window[place : place + 500] for place in range(0, len(window), 500)):
                found += self._arrived_since(part, moment)
            if len(found) >= LISTED:
                break
        return sorted(found)[:LISTED]

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """RFC822.SIZE of each mail that is still there. Some servers only estimate it, or do not say it."""
        self._step()
        found = self._client.fetch(uids, ["RFC822.SIZE"])
        sizes = {uid: item.get(b"RFC822.SIZE") for uid, item in found.items()}
        return {uid: size for uid, size in sizes.items() if isinstance(size, int)}

    def still_there(self, uids: Sequence[int]) -> set[int]:
        """Those of these mails that the server lists: another client may have taken the others."""
        self._step()
        return set(self._client.search(["UID", ",".join(map(str, uids))])).intersection(uids)

    def fetch(self, uids: Sequence[int], expected: int) -> dict[int, bytes]:
        """The mails, unread flags untouched; OverBudget when they are far bigger than `expected` bytes.

        A mail on its own may be as big as any that is taken: what the server says about sizes may be wrong.
        """
        most = 2 * expected if len(uids) > 1 else max(2 * expected, self.config.max_size)
        self._client.allow(self.config.batch_timeout, most + CONTROL_BYTES)
        found = self._client.fetch(uids, ["BODY.PEEK[]"])
        mails = {uid: item.get(b"BODY[]") for uid, item in found.items()}
        return {uid: raw for uid, raw in mails.items() if isinstance(raw, bytes)}

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails into a folder, which is made when missing, also when it went away meanwhile."""
        try:
            self._move(uids, self._target(folder))
        except IMAPClientAbortError:
            raise
        except IMAPClientError:
            if self._folders.pop(folder, None) is None or self._full_name(folder) is not None:
                raise
            self._move(uids, self._target(folder))

    def folders(self) -> list[tuple[str, int | None]]:
        """Every folder and how many mails are in it; None where that cannot be asked."""
        self._step()
        found = []
        for flags, _, name in self._client.list_folders()[:500]:
            count = None
            if b"\\noselect" not in {flag.lower() for flag in flags}:
                self._step()
                with contextlib.suppress(IMAPClientError):
                    count = int(self._client.folder_status(name, ["MESSAGES"])[b"MESSAGES"])
            found.append((str(name), count))
        return found

    def _search(self, first: int, last: int, *criteria: object) -> list[int]:
        self._step()
        return list(self._client.search([f"{first}:{last}", *criteria]))

    def _arrived_since(self, uids: Sequence[int], moment: datetime) -> list[int]:
        self._step()
        found = self._client.fetch(uids, ["INTERNALDATE"])
        dates = {uid: item.get(b"INTERNALDATE") for uid, item in found.items()}
        return [uid for uid, date in dates.items() if not isinstance(date, datetime) or date >= moment]

    def _after_the_last(self) -> int:
        """For servers that do not say UIDNEXT."""
        last = self._search(self.exists, self.exists) if self.exists else []
        return max(last, default=0) + 1

    def _move(self, uids: Sequence[int], target: str) -> None:
        self._step()
        if self._client.has_capability("MOVE"):
            self._client.move(uids, target)
            return
        self._client.copy(uids, target)
        reached("mailbox.copied")
        self._client.add_flags(uids, [b"\\Deleted"], silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)
        else:
            self._expunge_only(uids)

    def _expunge_only(self, uids: Sequence[int]) -> None:
        """Plain EXPUNGE removes all that is marked: take the mark off mails we have not kept while it runs."""
        others = sorted(set(self._client.search("DELETED")) - set(uids))
        if others:
            self._client.remove_flags(others, [b"\\Deleted"], silent=True)
        self._client.expunge()
        if others:
            self._client.add_flags(others, [b"\\Deleted"], silent=True)

    def _target(self, name: str) -> str:
        found = self._full_name(name)
        if found is None:
            found = self._prefix() + name
            self._client.create_folder(found)
            self._client.subscribe_folder(found)
            self._folders[name] = found
        return found

    def _full_name(self, name: str) -> str | None:
        """The full name of a folder: Courier, Cyrus and many Dovecots keep all folders below "INBOX."."""
        self._step()
        if name.upper() == "INBOX":
            return name
        if name not in self._folders:
            names = [name, self._prefix() + name]
            found = next((full for full in names if self._client.folder_exists(full)), None)
            if found is None:
                return None
            self._folders[name] = found
        return self._folders[name]

    def _prefix(self) -> str:
        """The prefix of the personal namespace (RFC 2342)."""
        if not self._client.has_capability("NAMESPACE"):
            return ""
        personal = self._client.namespace().personal
        return str(personal[0][0]) if personal else ""

    def _step(self) -> None:
        self._beat()
        self._client.allow(2 * self.config.timeout)
