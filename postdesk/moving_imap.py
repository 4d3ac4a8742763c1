"""Old mail from a folder of a mailbox over IMAP: read-only, so that nothing is moved, marked or deleted there."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from gateway.imap_session import ImapSession
from gateway.mailbox_config import MailboxConfig
from gateway.oauth import TokenSource
from postdesk.moving_source import Found, LeftOut

_BATCH = 50  # mails fetched at once
_BATCH_BYTES = 16 * 1024 * 1024


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
    """Every mail of the folder, its bytes laid into a file of the workspace; raises when the server ends it early."""
    chosen = replace(config, folder=folder, processed="", refused="", batch=_BATCH)
    file = workspace / "imap"
    with ReadOnlySession(chosen, tokens=tokens) as session, file.open("wb") as out:
        uids = session.all_uids()
        for start in range(0, len(uids), _BATCH):
            part = uids[start : start + _BATCH]
            sizes, times = session.sizes(part), session.times(part)
            for portion in _portions(part, sizes):
                mails = session.fetch(portion, sum(sizes.get(uid, 0) for uid in portion))
                for uid in portion:
                    place = f"{config.name}/{folder}/{uid}"
                    raw = mails.get(uid)
                    if raw is None:
                        yield LeftOut(place, "gone from the mailbox meanwhile")
                        continue
                    offset = out.tell()
                    out.write(raw)
                    out.flush()
                    peer = f"{config.name}/{folder}"
                    yield Found(place, str(file), offset, len(raw), at=times.get(uid), peer=peer)


def _portions(uids: list[int], sizes: dict[int, int]) -> Iterator[list[int]]:
    portion: list[int] = []
    size = 0
    for uid in uids:
        if portion and size + sizes.get(uid, 0) > _BATCH_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(uid)
        size += sizes.get(uid, 0)
    if portion:
        yield portion
