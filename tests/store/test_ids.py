"""Ids: unique over threads and processes, and in order within one transaction."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from store.database import Database
from store.ids import BLOCK, Ids
from store.tables import IdBlock


def test_eight_threads(database: Database) -> None:
    """30,000 ids, over several blocks: no two the same."""
    with ThreadPoolExecutor(8) as threads:
        found = [
            i
            for part in threads.map(lambda _: [database.ids.next() for _ in range(BLOCK * 3 // 100)], range(100))
            for i in part
        ]
    assert len(set(found)) == len(found) == BLOCK * 3


def test_two_processes_take_different_blocks(database: Database) -> None:
    """As two Ids on one database do."""
    one, two = Ids(database._begin), Ids(database._begin)
    first, second = {one.next() for _ in range(BLOCK + 5)}, {two.next() for _ in range(BLOCK + 5)}
    assert not first & second


def take(url: str, put: "multiprocessing.SimpleQueue[list[int]]") -> None:
    """What another process does."""
    database = Database(url)
    put.put([database.ids.next() for _ in range(1000)])
    database.close()


def test_real_processes(database: Database) -> None:
    """Three at once."""
    context = multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    url = database.url.render_as_string(hide_password=False)
    processes = [context.Process(target=take, args=(url, answers)) for _ in range(3)]
    for process in processes:
        process.start()
    found = [i for _ in processes for i in answers.get()]
    for process in processes:
        process.join(60)
    assert len(set(found)) == 3000


def test_a_transaction_has_its_ids_before_it_begins(database: Database) -> None:
    """No block is fetched in the middle of one; the ids within it are in order."""
    with database.transaction() as session:
        before = session.scalars(select(IdBlock.next)).one()
        found = [database.ids.next() for _ in range(BLOCK // 2)]
        assert session.scalars(select(IdBlock.next)).one() == before
    assert found == sorted(found)
    assert found[-1] - found[0] == BLOCK // 2 - 1
