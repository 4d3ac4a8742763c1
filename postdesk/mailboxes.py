"""Builds what reads the mailboxes, from the settings."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from gateway.mailbox_config import MailboxConfig
from postdesk.oauth import right_ends, token_source
from postdesk.settings_in import Mailbox
from postdesk.settings_model import Settings

if TYPE_CHECKING:
    from gateway.mailbox import MailboxPoller
    from gateway.spool import Spool
    from gateway.stopping import Stop
    from postdesk.wiring import House

MIB = 1024 * 1024


def config(box: Mailbox, settings: Settings) -> MailboxConfig:
    """One mailbox, as its reader wants it."""
    return MailboxConfig(
        name=box.name,
        host=box.host,
        port=box.port,
        user=box.user,
        password=box.password.get_secret_value(),
        tls=box.tls,
        folder=box.folder,
        processed=box.processed,
        refused=box.refused,
        start=box.start,
        batch=box.batch,
        poll_seconds=box.poll_seconds,
        idle_seconds=box.idle_minutes * 60,
        max_size=int(settings.mail.max_mb * MIB),
    )


def silent_after(settings: Settings) -> dict[str, timedelta]:
    """After what time without a visit each mailbox counts as silent."""
    return {box.name: timedelta(minutes=box.silent_minutes) for box in settings.mailbox}


def poller(house: "House", box: Mailbox, spool: "Spool") -> "MailboxPoller":
    """What reads one mailbox."""
    from gateway.mailbox import MailboxPoller
    from gateway.mailbox_book import DatabaseBook

    tokens = token_source(box)
    return MailboxPoller(
        config(box, house.settings),
        spool.submit,
        tokens=tokens,
        book=DatabaseBook(house.database, box.name),
        right_ends=partial(right_ends, box, tokens),
    )


def start(house: "House", spool: "Spool", stop: "Stop") -> list[threading.Thread]:
    """A thread for each mailbox; one that fails disturbs no other."""
    threads = []
    for box in house.settings.mailbox:
        run: Callable[[Stop], None] = poller(house, box, spool).run
        threads.append(threading.Thread(target=run, args=(stop,), name=f"imap-{box.name}", daemon=True))
        threads[-1].start()
    return threads
