"""What reading leaves behind, such as when a session was used last: should it not be written, the page is shown."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from store.database import Busy, Database

log = structlog.get_logger(__name__)


@contextmanager
def noting(database: Database) -> Iterator[Session]:
    """A transaction for that. On a disk that is full, or while others write, whoever only reads goes on."""
    try:
        with database.transaction(durable=False) as session:
            yield session
    except (OperationalError, InterfaceError, Busy) as error:
        log.warning("what reading leaves behind was not noted", exc_info=error)
