"""The same mails where PostgreSQL is the database, which refuses NUL, lone surrogates and long values of an index."""

from collections.abc import Iterator

import pytest

from tests.attacks.batch import Outcome, outcomes, personal
from tests.attacks.hostile_mails import every
from tests.e2e.conftest import FREELY
from tests.peers.desk import Desk
from tests.servers import Postgres

pytestmark = [pytest.mark.attack(35), pytest.mark.peer]
CASES = {name: case for name, case in every().items() if {23, 27, 28, 31, 34, 35} & set(case.rows)}


@pytest.fixture(scope="module")
def sent(postgres: Postgres) -> Iterator[dict[str, Outcome]]:
    """All mails whose words are hostile, at a desk on PostgreSQL."""
    settings = {**FREELY, "MAIL__MAX_MB": "5"}
    with Desk(("smtp", "work", "deliver"), url=postgres.filled_database(), settings=settings) as desk:
        mails = {
            name: (f"pg{number}@attacker.test", personal(case.build(), f"pg{number}"))
            for number, (name, case) in enumerate(CASES.items())
        }
        yield outcomes(desk, mails)
        assert "a mail could not be handled" not in desk.log()
        assert "tried one by one" not in desk.log()


@pytest.mark.parametrize("name", CASES)
def test_the_database_takes_it(sent: dict[str, Outcome], name: str) -> None:
    """The same outcome as on SQLite, and the bytes below our own Received line as they came."""
    case, found = CASES[name], sent[name]
    assert (found.kind, found.dispositions) == (case.kind, 1), found.reason
    assert found.kept.endswith(found.raw)
    assert case.title in (None, found.title)
    if case.files is not None:
        assert tuple(file.name for file in found.files) == case.files
