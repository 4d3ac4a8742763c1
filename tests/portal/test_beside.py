"""What reading leaves behind may fail with the disk or the database, and with nothing else."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from portal import beside
from store.database import Database
from tests.gateway.failing import refusing

NOTE = "INSERT INTO tally (name, value) VALUES ('beside', 1)"


def test_whoever_only_reads_goes_on(database: Database) -> None:
    """A disk that is full stops the note and not the reader, and the log says so; a fault of the note itself is one."""
    with refusing(database, NOTE) as refused, capture_logs() as lines, beside.noting(database) as session:
        session.execute(text(NOTE))
    assert refused
    assert [line["event"] for line in lines] == ["what reading leaves behind was not noted"]
    with beside.noting(database) as session:
        session.execute(text(NOTE))
    with pytest.raises(IntegrityError), beside.noting(database) as session:
        session.execute(text(NOTE))
