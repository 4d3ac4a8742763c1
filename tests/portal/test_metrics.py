"""/metrics: what Prometheus reads, who may, and that it costs a few queries however much the desk holds."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text, update

from desk import metrics as figures
from portal.metrics import Metrics
from portal.watching import Access, is_address
from store import counters
from store.sizes import Disk, Sizes
from store.tables import (
    Base,
    Canary,
    Disposition,
    JobRun,
    MailboxState,
    Outbox,
    Process,
    ReceivedMail,
    Tally,
)
from tests.portal.client import Browser
from tests.portal.world import START, World

ROOT = Path(__file__).resolve().parents[2]
BUILD = {"version": "1.2.3", "schema": "0004", "database": "sqlite"}
LOCAL = "127.0.0.1"


def watched(world: World, *, seconds: float = 0.0) -> Metrics:
    """The figures of the sample desk, on a machine with one disk."""
    sizes = Sizes(4096, 128, {"blobs": Disk(10, 100)})
    return Metrics(world.database, lambda: sizes, BUILD, reserve=lambda: 7, seconds=seconds, clock=world.clock)


def browser(world: World, peer: str = LOCAL, **changes: Any) -> Browser:
    """Somebody who asks."""
    return Browser(world.config(metrics=watched(world), **changes), peer=peer)


def samples(page: str) -> dict[str, float]:
    """Every sample by its name with its labels, as the library of Prometheus reads them."""
    found = {}
    for family in text_string_to_metric_families(page):
        assert family.documentation.endswith("."), family.name
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def fill(world: World) -> None:
    """A mail that waits, one that was taken up again, letters, a mailbox, processes, timers, a canary."""
    new, at = world.database.ids.next, START
    mail: dict[str, Any] = {"source": "smtp", "recipients": [], "size": 1}
    letter: dict[str, Any] = {"kind": "received", "recipient": "x@customer.test", "created_at": at}
    with world.database.transaction() as session:
        session.add(ReceivedMail(id=1_000, received_at=at - timedelta(seconds=90), **mail))
        session.add(ReceivedMail(id=1_001, received_at=at, waiting=False, **mail))
        session.flush()
        session.add(Disposition(received_id=1_001, at=at, kind="opened", rule="new", reason="x"))
        for name, value in (("accepted", 4), ("opened", 2), ("held", 1)):
            session.execute(update(Tally).where(Tally.name == name).values(value=value))
        counters.add(session, {counters.undone("held"): 2, counters.delivery("sent"): 5})
        counters.add(session, {counters.delivery("sent"): 1})
        session.add(Outbox(id=new(), next_at=at - timedelta(seconds=60), attempts=2, **letter))
        session.add(Outbox(id=new(), next_at=at + timedelta(seconds=60), **letter))
        session.add(Outbox(id=new(), next_at=at, state="refused", done_at=at - timedelta(hours=1), **letter))
        session.add(MailboxState(name="service", seen_at=at, last_success=at, failures=3, waiting=12, token_ends_at=at))
        process: dict[str, Any] = {"version": "1.2.3", "schema": "0004", "started_at": at}
        session.add(Process(name="a:1", roles=["work"], seen_at=at, **process))
        session.add(Process(name="a:2", roles=["work", "deliver"], seen_at=at, **process))
        session.add(Process(name="a:3", roles=["work"], seen_at=at - timedelta(hours=1), **process))
        session.add(JobRun(name="backup", done_for="x", at=at))
        session.add(Canary(id=new(), address="d@x.test", sent_at=at - timedelta(seconds=9), handled_at=at))


def test_the_figures(world: World) -> None:
    """Every kind of figure with its value, under a name that stays."""
    fill(world)
    found = samples(browser(world).get("/metrics").text)
    expected = {
        "postdesk_build_info{database=sqlite,schema=0004,version=1.2.3}": 1,
        "postdesk_database_up": 1,
        "postdesk_mail_accepted_total": 4,
        "postdesk_mail_handled_total{outcome=opened}": 2,
        "postdesk_mail_handled_total{outcome=held}": 3,
        "postdesk_mail_waiting": 1,
        "postdesk_mail_oldest_waiting_seconds": 90,
        "postdesk_mail_held": 1,
        "postdesk_mail_ledger_difference": 0,
        "postdesk_mail_last_handled_timestamp_seconds": START.timestamp(),
        "postdesk_letters_waiting": 2,
        "postdesk_letters_deferred": 1,
        "postdesk_letters_overdue_seconds": 60,
        "postdesk_letters_given_up": 1,
        "postdesk_letter_attempts_total{result=sent}": 6,
        "postdesk_letter_attempts_total{result=deferred}": 0,
        "postdesk_tickets_open{status=In Progress}": 1,
        "postdesk_processes{role=work}": 2,
        "postdesk_processes{role=deliver}": 1,
        "postdesk_process_versions{version=1.2.3}": 2,
        "postdesk_timer_last_run_timestamp_seconds{timer=backup}": START.timestamp(),
        "postdesk_backup_last_success_timestamp_seconds": START.timestamp(),
        "postdesk_mailbox_up{mailbox=service}": 0,
        "postdesk_mailbox_failures{mailbox=service}": 3,
        "postdesk_mailbox_waiting{mailbox=service}": 12,
        "postdesk_mailbox_sign_in_end_timestamp_seconds{mailbox=service}": START.timestamp(),
        "postdesk_canary_seconds": 9,
        "postdesk_canary_missing_seconds": 0,
        "postdesk_database_size_bytes": 4096,
        "postdesk_database_log_bytes": 128,
        "postdesk_disk_free_bytes{folder=blobs}": 10,
        "postdesk_disk_size_bytes{folder=blobs}": 100,
        "postdesk_disk_reserve_bytes": 7,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert not any("status=Resolved" in name for name in found)


def test_nobody_is_in_the_figures(world: World) -> None:
    """No address, name, subject or number of a ticket."""
    fill(world)
    page = browser(world).get("/metrics").text
    for word in ("@", "Jane", "Sample", "Phones", "T2019", "customer.test"):
        assert word not in page


@pytest.mark.parametrize(
    "accept, kind, ending",
    [
        ("", "text/plain; version=0.0.4; charset=utf-8", "\n"),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8", "\n"),
        ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text; version=1.0.0", "# EOF\n"),
        ("application/openmetrics-text;version=one", "", ""),
        ("text/plain;version=.", "", ""),
    ],
)
def test_the_format_is_that_which_is_asked_for(world: World, accept: str, kind: str, ending: str) -> None:
    """0.0.4, or OpenMetrics with its end mark; a version that is none does no harm."""
    answer = browser(world).get("/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.text.endswith(ending)
    if ending == "# EOF\n":
        assert {family.name for family in open_families(answer.text)} >= {"postdesk_mail_accepted"}


@pytest.mark.parametrize(
    "peer, headers, found",
    [
        ("127.0.0.1", {}, 200),
        ("192.0.2.1", {}, 404),
        ("::ffff:127.0.0.1", {}, 200),
        ("192.0.2.1", {"Authorization": "Bearer sample-token"}, 200),
        ("192.0.2.1", {"Authorization": "Bearer other"}, 404),
        ("192.0.2.1", {"Authorization": "Bearer "}, 404),
        ("192.0.2.1", {"Authorization": "Basic sample-token"}, 404),
        ("192.0.2.1", {"Authorization": "Bearer sämple"}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "198.51.100.1"}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("127.0.0.1", {"Forwarded": "for=198.51.100.1"}, 404),
        ("192.0.2.9", {"X-Forwarded-For": "127.0.0.1"}, 200),
        ("192.0.2.9", {"X-Forwarded-For": "198.51.100.1"}, 404),
        ("127.0.0.1", {"Host": "rebound.test"}, 400),
        ("127.0.0.1", {"Host": "127.0.0.1:8080"}, 200),
    ],
)
def test_who_may_see_them(world: World, peer: str, headers: dict[str, str], found: int) -> None:
    """Machines of the networks, and who knows the token; a proxy that is not trusted gets nothing for its clients."""
    access = Access(token="sample-token")
    asking = browser(world, peer, metrics_access=access, trusted_proxies=("192.0.2.9",))
    encoded = {name: value.encode("utf-8") for name, value in headers.items()}
    answer = asking.get("/metrics", headers=encoded)
    assert answer.status_code == found
    assert ("postdesk_mail_waiting" in answer.text) == (found == 200)


def test_without_a_token_none_opens(world: World) -> None:
    """An empty token is no token."""
    asking = browser(world, "192.0.2.1", metrics_access=Access())
    for value in ("Bearer ", "Bearer", ""):
        assert asking.get("/metrics", headers={"Authorization": value}).status_code == 404


def test_switched_off(world: World) -> None:
    """There is no such page."""
    assert Browser(world.config(), peer=LOCAL).get("/metrics").status_code == 404


def test_a_database_that_is_away_is_a_figure(world: World) -> None:
    """An alert tells it from a Postdesk that does not answer."""
    asking = browser(world)
    Base.metadata.drop_all(world.database.engine)
    answer = asking.get("/metrics")
    assert answer.status_code == 200
    found = samples(answer.text)
    assert found["postdesk_database_up"] == 0
    assert "postdesk_mail_waiting" not in found


@pytest.fixture
def statements(world: World) -> Iterator[list[tuple[str, Any]]]:
    """What the database is asked."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(world.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(world.database.engine, "before_cursor_execute", note)


def test_many_who_ask_cost_one_reading(world: World, statements: list[tuple[str, Any]]) -> None:
    """Within the seconds of [metrics] all get the same figures."""
    asking = Browser(world.config(metrics=watched(world, seconds=3600)), peer=LOCAL)
    assert asking.get("/metrics").status_code == 200
    once = len(statements)
    for _ in range(5):
        assert asking.get("/metrics").status_code == 200
    assert 0 < once == len(statements) < 25


def test_no_query_reads_what_only_grows(world: World, statements: list[tuple[str, Any]]) -> None:
    """Every query on a large table goes by an index."""
    fill(world)
    statements.clear()
    with world.database.reading() as session:
        figures.read(session, START)
        asked = list(statements)
        plans = []
        for statement, parameters in asked:
            rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            plans += [str(row[-1]) for row in rows]
    assert plans
    grown = ("ticket", "outbox", "received_mail", "disposition", "delivery")
    for plan in plans:
        assert not any(plan == f"SCAN {table}" for table in grown), plan


def test_an_address_is_no_name() -> None:
    """What a browser can be made to take for ours is a name, never an address."""
    assert all(map(is_address, ("192.0.2.1", "192.0.2.1:80", "[::1]:80", "[::1]", "::1")))
    assert not any(map(is_address, ("", "x", "x:80", "192.0.2.1.evil.test", "192.0.2.1@evil", "192.0.2.1:x")))


def test_counters_add_up(world: World) -> None:
    """A first count begins a counter, later ones add to it; nothing is counted for nothing."""
    with world.database.transaction() as session:
        counters.add(session, {"b": 1, "a": 2, "none": 0})
        counters.add(session, {"a": 3})
        counters.add(session, {})
        found = {row.name: row.value for row in session.execute(text("SELECT name, value FROM counter"))}
    assert found == {"a": 5, "b": 1}


def names_of(world: World) -> set[str]:
    """Every figure that there can be, as Prometheus names it."""
    fill(world)
    page = browser(world).get("/metrics").text
    counted = {f"{family.name}_total" for family in text_string_to_metric_families(page) if family.type == "counter"}
    others = {family.name for family in text_string_to_metric_families(page) if family.type != "counter"}
    return counted | others


def test_every_figure_is_documented_and_nothing_else(world: World) -> None:
    """docs/monitoring.md says what each of them means."""
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    table = page.partition("<!-- metrics -->")[2].partition("<!-- /metrics -->")[0]
    assert set(re.findall(r"^\| `(postdesk_\w+)` \|", table, re.MULTILINE)) == names_of(world)


def test_the_alerts_ask_for_figures_that_exist(world: World) -> None:
    """config/prometheus/alerts.yml names no figure that was renamed, and each alert says something."""
    text = (ROOT / "config" / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"postdesk_\w+", re.sub(r"^\s*#.*", "", text, flags=re.MULTILINE)))
    assert len(asked) > 10
    assert asked <= names_of(world)
    assert text.count("- alert:") == text.count("summary:") == text.count("severity:")
