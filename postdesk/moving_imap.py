"""Old mail from a folder of a mailbox over IMAP: read-only, so that nothing is moved, marked or deleted there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from gateway.imap_session import ImapSession
from gateway.imap_wire import OverBudget
from gateway.mailbox_config import MailboxConfig
from gateway.mailbox_take import portions
from gateway.oauth import TokenSource
from postdesk.moving_source import Found, LeftOut

_BATCH = 50  # mails fetched at once
_BATCH_BYTES = 16 * 1024 * 1024
_LARGE = "larger than mail.max_mb"


class ReadOnlySession(ImapSession):
    """The folder is opened by EXAMINE (RFC 3501 section 6.3.2): whatever we did, the server would change nothing."""

    def select(self) -> None:
        """Open the folder for reading."""
        self._step()
        name = self._full_name(self.config.folder)
        if name is None:
            raise FileNotFoundError(f"the mailbox {self.config.name} has no folder {self.config.folder}")
        answer = self._client.select_folder(name, readonly=True)
        self.exists = int(answer[b"EXISTS"])
        self.uid_validity = int(answer.get(b"UIDVALIDITY", 0))

    def again(self) -> None:
        """A new connection, after one that was left in the middle of an answer."""
        before = self.uid_validity
        self.drop()
        self.open()
        if self.uid_validity != before:
            raise OSError(f"the folder {self.config.folder} was made anew meanwhile")

    def all_uids(self) -> list[int]:
        """All of them, however many; the oldest first."""
        found: set[int] = set()
        for first in range(1, self.exists + 1, 5_000):
            found.update(self._search(first, min(first + 4_999, self.exists)))
        return sorted(found)

    def times(self, uids: list[int]) -> dict[int, float]:
        """When each mail came into the mailbox (INTERNALDATE)."""
        self._step()
        found = self._client.fetch(uids, ["INTERNALDATE"])
        dates = {uid: item.get(b"INTERNALDATE") for uid, item in found.items()}
        return {uid: at.timestamp() for uid, at in dates.items() if isinstance(at, datetime)}


def find(config: MailboxConfig, tokens: TokenSource | None, folder: str, workspace: Path) -> Iterator[Found | LeftOut]:
    """Every mail of the folder, its bytes laid into a file of the workspace; raises when the server ends it early.

    What is larger than a mail may be is not fetched, whatever the server says of its size.
    """
    chosen = replace(config, folder=folder, processed="", refused="", batch=_BATCH)
    file, peer = workspace / "imap", f"{config.name}/{folder}"
    with ReadOnlySession(chosen, tokens=tokens) as session, file.open("wb") as out:
        uids = session.all_uids()
        for start in range(0, len(uids), _BATCH):
            part = uids[start : start + _BATCH]
            times = session.times(part)
            for uid, raw in _fetched(session, part, session.sizes(part)):
                place = f"{peer}/{uid}"
                if isinstance(raw, LeftOut):
                    yield replace(raw, place=place)
                    continue
                offset = out.tell()
                out.write(raw)
                out.flush()
                yield Found(place, str(file), offset, len(raw), at=times.get(uid), peer=peer)


def _fetched(session: ReadOnlySession, uids: list[int], sizes: dict[int, int]) -> Iterator[tuple[int, bytes | LeftOut]]:
    """The mails, in order; of each that has no bytes, why."""
    limit = session.config.max_size
    for portion in portions({uid: min(sizes.get(uid, 0), limit) for uid in uids}, _BATCH_BYTES):
        small = [uid for uid in portion if sizes.get(uid, 0) <= limit]
        mails = _at_once(session, small, sum(sizes.get(uid, 0) for uid in small))
        for uid in portion:
            if uid not in small:
                yield uid, LeftOut("", f"{_LARGE}: {sizes[uid]} bytes", mail=True)
            else:
                raw = mails.get(uid) if mails is not None else _alone(session, uid)
                yield uid, raw if raw is not None else LeftOut("", "gone from the mailbox meanwhile")


def _at_once(session: ReadOnlySession, uids: list[int], expected: int) -> dict[int, bytes] | None:
    """None when the server sends far more than it said: one of them, or a few, are not what they seem."""
    try:
        return session.fetch(uids, expected) if uids else {}
    except OverBudget:
        session.again()
        return None


def _alone(session: ReadOnlySession, uid: int) -> bytes | LeftOut | None:
    """One mail, which may be as large as any may; so one of which the size was wrong comes through."""
    try:
        return session.fetch([uid], session.config.max_size // 2 + 1).get(uid)
    except OverBudget as error:
        session.again()
        return LeftOut("", f"{_LARGE}: {error}", mail=True)
