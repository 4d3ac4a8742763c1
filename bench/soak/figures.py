"""How long things took in a soak run: median, 95th and 99th percentile and the longest, as lines for people."""

import statistics
from collections.abc import Iterator, Sequence
from datetime import UTC

from sqlalchemy import select

from bench.soak.book import Book
from store.tables import Disposition, ReceivedMail
from tests.peers.desk import Desk


def percentile(values: Sequence[float], part: int) -> float:
    """The value below which so many of a hundred lie."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[part - 1]


def line(what: str, seconds: Sequence[float]) -> str:
    """One row of the table."""
    if not seconds:
        return f"{what:<44} none"
    shown = [statistics.median(seconds), percentile(seconds, 95), percentile(seconds, 99), max(seconds)]
    return f"{what:<44} {len(seconds):>8,}" + "".join(f" {value * 1000:>9,.0f}" for value in shown)


def lines(desk: Desk, book: Book) -> Iterator[str]:
    """All of them."""
    yield f"{'milliseconds':<44} {'count':>8} {'median':>9} {'p95':>9} {'p99':>9} {'longest':>9}"
    for size, seconds in sorted(book.accept.items(), reverse=True):
        yield line(f"accept, {size}: from MAIL to the 250", seconds)
    yield line("from the 250 to the disposition", list(_decided(desk, book)))
    receipts = [max(0.0, sent.receipt_at - sent.at) for sent in book.sent.values() if sent.receipt_at]
    yield line("from the 250 to the receipt at the relay", receipts)
    for what, seconds in sorted(book.pages.items()):
        yield line(what, seconds)


def _decided(desk: Desk, book: Book) -> Iterator[float]:
    with desk.database.reading() as session:
        rows = session.execute(select(ReceivedMail.id, Disposition.at).join(
            Disposition, Disposition.received_id == ReceivedMail.id)).all()  # fmt: skip
    for received_id, at in rows:
        if sent := book.sent.get(received_id):
            moment = at if at.tzinfo else at.replace(tzinfo=UTC)
            yield max(0.0, moment.timestamp() - sent.at)
