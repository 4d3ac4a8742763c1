"""The figures of the desk in the form of Prometheus: read from the database every few seconds, however many ask."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from desk import metrics
from desk.metrics import Figures
from store.database import Database
from store.sizes import Sizes

log = structlog.get_logger(__name__)

BACKUP = "backup"  # the timer whose last run is the age of the last backup


class Metrics:
    """Collects, and writes what was collected. One reading serves all who ask within `seconds`."""

    def __init__(
        self,
        database: Database,
        sizes: Callable[[], Sizes],
        build: Mapping[str, str],
        *,
        reserve: Callable[[], int] = lambda: 0,
        seconds: float = 5.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database, self._sizes, self._build, self._reserve = database, sizes, dict(build), reserve
        self._seconds, self._clock = seconds, clock
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._found: list[Metric] = []
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def page(self, accept: str) -> tuple[bytes, str]:
        """The text, in the format that is asked for (OpenMetrics, or 0.0.4), and its content type."""
        try:
            write, kind = choose_encoder(accept)
        except (TypeError, ValueError):  # a version that is none
            write, kind = generate_latest, CONTENT_TYPE_PLAIN_0_0_4
        return write(self._registry), kind

    def describe(self) -> Iterable[Metric]:
        """Nothing is read when this is registered."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """As the library asks."""
        with self._lock:
            if time.monotonic() - self._read_at >= self._seconds:
                self._found = list(self._read())
                self._read_at = time.monotonic()
            return self._found

    def _read(self) -> Iterator[Metric]:
        yield InfoMetricFamily("postdesk_build", "Which Postdesk answers.", value=self._build)
        now = self._clock()
        try:
            with self._database.reading() as session:
                figures = metrics.read(session, now)
            sizes, reserve = self._sizes(), self._reserve()
        except SQLAlchemyError as error:
            log.error("the database does not answer", exc_info=error)
            yield _gauge("database_up", "1 while the database answers.", 0)
            return
        yield _gauge("database_up", "1 while the database answers.", 1)
        yield from _mail(figures, now)
        yield from _letters(figures, now)
        yield from _desk(figures)
        yield from _mailboxes(figures)
        yield from _canary(figures, now)
        yield from _room(sizes, reserve)


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"postdesk_{name}", help_text, value=value)


def _gauges(name: str, help_text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"postdesk_{name}", help_text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _counters(name: str, help_text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"postdesk_{name}", help_text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _mail(figures: Figures, now: datetime) -> Iterator[Metric]:
    status = figures.status
    yield CounterMetricFamily("postdesk_mail_accepted", "Mails that were taken over.", value=status.accepted)
    yield _counters("mail_handled", "Mails by what became of them.", "outcome", figures.handled)
    yield _gauge("mail_waiting", "Mails that wait to be handled.", status.waiting)
    age = _age(status.oldest_waiting, now)
    yield _gauge("mail_oldest_waiting_seconds", "How long the oldest of them has been waiting; 0 for none.", age)
    yield _gauge("mail_held", "Mails that wait until a person decides.", status.held)
    yield _gauge("mail_ledger_difference", "Accepted mails that nothing accounts for: always 0.", status.difference)
    if status.last_handled:
        at = status.last_handled.timestamp()
        yield _gauge("mail_last_handled_timestamp_seconds", "When the last mail was handled.", at)


def _letters(figures: Figures, now: datetime) -> Iterator[Metric]:
    status = figures.status
    yield _gauge("letters_waiting", "Letters that wait to be sent.", status.letters_waiting)
    yield _gauge("letters_deferred", "Those of them that were tried before.", figures.letters_deferred)
    overdue = _age(status.letters_due, now)
    yield _gauge("letters_overdue_seconds", "How long the most overdue letter could have gone already.", overdue)
    yield _gauge("letters_given_up", "Letters given up or refused in the last day.", figures.letters_given_up)
    text = "Attempts to hand a letter over, and reports about one, by result."
    yield _counters("letter_attempts", text, "result", figures.attempts)


def _desk(figures: Figures) -> Iterator[Metric]:
    yield _gauge("staff_active", "People who work at the desk.", figures.status.staff)
    text = "Those of them who get no letters, because their addresses are muted."
    yield _gauge("staff_muted", text, figures.status.staff_muted)
    yield _gauges("tickets_open", "Tickets that are not done, by status.", "status", figures.tickets)
    yield _gauges("processes", "Processes that were seen in the last two minutes.", "role", figures.processes)
    yield _gauges("process_versions", "The same processes by their version.", "version", figures.versions)
    ran = {name: at.timestamp() for name, at in figures.timers.items()}
    yield _gauges("timer_last_run_timestamp_seconds", "When each timer ran last.", "timer", ran)
    if BACKUP in ran:
        text = "When the last backup was complete."
        yield _gauge("backup_last_success_timestamp_seconds", text, ran[BACKUP])


def _mailboxes(figures: Figures) -> Iterator[Metric]:
    boxes = figures.mailboxes

    def each(name: str, help_text: str, values: Mapping[str, float]) -> Metric:
        return _gauges(f"mailbox_{name}", help_text, "mailbox", values)

    yield each("up", "1 while the mailbox can be read.", {box.name: float(box.works) for box in boxes})
    successes = {box.name: box.last_success.timestamp() for box in boxes if box.last_success}
    yield each("last_success_timestamp_seconds", "When it was last read to its end.", successes)
    yield each("failures", "Visits in a row that did not come to their end.", {box.name: box.failures for box in boxes})
    yield each("waiting", "Mails that a visit has still before it.", {box.name: box.waiting for box in boxes})
    yield each("unfetchable", "Mails that its server does not hand out.", {box.name: box.unfetchable for box in boxes})
    stuck = {box.name: box.unmovable for box in boxes}
    yield each("unmovable", "Mails, kept or refused, that its server does not move.", stuck)
    refused = {box.name: box.refused for box in boxes}
    yield each("refused", "Mails that went to its folder for refused mail, ever.", refused)
    ends = {box.name: box.token_ends_at.timestamp() for box in boxes if box.token_ends_at}
    yield each("sign_in_end_timestamp_seconds", "When the right to sign in ends, as far as it is known.", ends)


def _canary(figures: Figures, now: datetime) -> Iterator[Metric]:
    canary = figures.status.canary
    if canary is None:
        return
    yield _gauge(
        "canary_last_sent_timestamp_seconds", "When the desk last wrote to itself.", canary.sent_at.timestamp()
    )
    if canary.seconds is not None:
        yield _gauge("canary_seconds", "How long the last mail that came back was on its way.", canary.seconds)
    missing = _age(canary.missing_since, now)
    yield _gauge("canary_missing_seconds", "How long one has been missing; 0 for none.", missing)


def _room(sizes: Sizes, reserve: int) -> Iterator[Metric]:
    if sizes.database is not None:
        yield _gauge("database_size_bytes", "How large the database is.", sizes.database)
    if sizes.log is not None:
        yield _gauge("database_log_bytes", "How large the write-ahead log of SQLite is.", sizes.log)
    free = {name: float(disk.free) for name, disk in sizes.disks.items()}
    yield _gauges("disk_free_bytes", "What is free on the disk of a folder.", "folder", free)
    size = {name: float(disk.size) for name, disk in sizes.disks.items()}
    yield _gauges("disk_size_bytes", "How large that disk is.", "folder", size)
    yield _gauge("disk_reserve_bytes", "Mail is refused for now when less than this is free.", reserve)
