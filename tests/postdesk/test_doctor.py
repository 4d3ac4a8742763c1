"""`postdesk doctor`: what is wrong outside, in words, with what to do; each fault by itself, and never for long."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from sqlalchemy import update
from typer.testing import CliRunner

from gateway import dkim_keys
from postdesk import cli
from postdesk.doctor import certificates
from postdesk.doctor.findings import Finding, Notes, Probe
from postdesk.doctor.run import TOPICS, examine, exit_code, run
from postdesk.wiring import House
from store.tables import JobRun, MailboxState, Outbox, Process, ReceivedMail, Tally
from tests.peers.dns_server import DnsServer

Make = Callable[..., House]


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    """A DNS server that knows nothing yet."""
    with DnsServer() as server:
        yield server


@pytest.fixture
def sending(make: Make, dns: DnsServer) -> House:
    """A desk that sends by a relay outside, and asks our DNS server."""
    return make(
        SENDER__DNS_SERVERS=f'["127.0.0.1:{dns.port}"]',
        SENDER__RELAYS='["192.0.2.25/32"]',
        RELAY__MODE="smtp",
        RELAY__HOST="relay.elsewhere.test",
    )


def now() -> datetime:
    """When a test asks: hours may lie between it and the start of the run."""
    return datetime.now(UTC)


def found(house: House, topic: str, level: str = "") -> list[Finding]:
    """The findings of one topic, of one level or all."""
    return [one for one in examine(house, [topic]) if level in ("", one.level)]


def said(findings: list[Finding]) -> str:
    """All their words."""
    return "\n".join(" ".join(one.as_dict().values()) for one in findings)


def good(dns: DnsServer) -> None:
    """Records as they should be."""
    dns.add("desk.test", "MX", "10 mx.desk.test.")
    dns.add("mx.desk.test", "A", "192.0.2.25")
    dns.add("desk.test", "A", "192.0.2.25")
    dns.add("desk.test", "TXT", "v=spf1 a:relay.elsewhere.test -all")
    dns.add("relay.elsewhere.test", "A", "198.51.100.9")
    dns.add("_dmarc.desk.test", "TXT", "v=DMARC1; p=reject")


def sign(house: House, dns: DnsServer, *, record: str = "") -> dkim_keys.SigningKey:
    """A key that signs, with its record or another one in DNS."""
    key = dkim_keys.new("desk.test", "pd1", "ed25519", now()).becomes("active", now())
    house.signing_keys.write(key)
    dns.add(key.place, "TXT", record or key.record)
    return key


def test_records_that_are_right(sending: House, dns: DnsServer) -> None:
    """Nothing to complain of."""
    good(dns)
    sign(sending, dns)
    findings = found(sending, "dns")
    assert {one.level for one in findings} == {"ok"}, said(findings)
    words = said(findings)
    for part in (
        "Mail to desk.test goes to mx.desk.test",
        "SPF record of desk.test names",
        "DNS has its key",
        "reject",
    ):
        assert part in words


def test_records_that_are_missing(sending: House, dns: DnsServer) -> None:
    """Each with the very line to publish."""
    dns.add("desk.test", "A", "192.0.2.25")
    records = {one.record for one in found(sending, "dns") if one.level != "ok"}
    assert 'desk.test. IN TXT "v=spf1 a:relay.elsewhere.test -all"' in records
    assert "desk.test. IN MX 10 desk.test." in records
    assert "postdesk dkim new desk.test" in records
    assert '_dmarc.desk.test. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@desk.test"' in records


@pytest.mark.parametrize(
    "mx, level, words",
    [
        (["0 ."], "error", "takes no mail"),
        (["10 nowhere.desk.test."], "error", "nowhere.desk.test, which takes mail for desk.test, has no address"),
        (["10 other.elsewhere.test."], "warning", "goes to other.elsewhere.test, which is not this machine"),
    ],
)
def test_where_mail_goes(sending: House, dns: DnsServer, mx: list[str], level: str, words: str) -> None:
    """An MX record that leads nowhere, or elsewhere."""
    good(dns)
    dns.add("other.elsewhere.test", "A", "203.0.113.9")
    dns.add("desk.test", "MX", *mx)
    assert words in said(found(sending, "dns", level))


@pytest.mark.parametrize(
    "spf, level, words, record",
    [
        (
            ["v=spf1 ip4:203.0.113.1 -all"],
            "warning",
            "does not let relay.elsewhere.test send",
            'desk.test. IN TXT "v=spf1 a:relay.elsewhere.test ip4:203.0.113.1 -all"',
        ),
        (["v=spf1 -all", "v=spf1 mx -all"], "error", "has 2 SPF records", ""),
        (["v=spf1 ip4:198.51.100.0/24 -all"], "ok", "lets relay.elsewhere.test send (198.51.100.9)", ""),
        (["v=spf1 include:broken.test -all"], "warning", "does not let", ""),
    ],
)
def test_spf(sending: House, dns: DnsServer, spf: list[str], level: str, words: str, record: str) -> None:
    """It is worked out as a receiver would, for the addresses of the relay."""
    good(dns)
    dns.add("desk.test", "TXT", *spf)
    findings = found(sending, "dns", level)
    assert words in said(findings)
    assert not record or record in {one.record for one in findings}


def test_a_known_relay_has_a_record_of_its_own(make: Make, dns: DnsServer) -> None:
    """Microsoft and Google send from many addresses, which one word names."""
    house = make(SENDER__DNS_SERVERS=f'["127.0.0.1:{dns.port}"]', RELAY__MODE="smtp", RELAY__HOST="smtp.office365.com")
    dns.add("desk.test", "A", "192.0.2.25")
    records = {one.record for one in found(house, "dns")}
    assert 'desk.test. IN TXT "v=spf1 include:spf.protection.outlook.com -all"' in records


def test_a_key_that_dns_does_not_have(sending: House, dns: DnsServer) -> None:
    """A broken signature is an error; DMARC that refuses is another, where SPF does not help either."""
    good(dns)
    dns.add("desk.test", "TXT", "v=spf1 -all")
    key = sign(sending, dns, record="v=DKIM1; k=ed25519; p=")
    errors = found(sending, "dns", "error")
    assert key.zone_record() in {one.record for one in errors}
    assert "DMARC of desk.test turns against your own letters" in said(errors)


def test_the_name_of_our_own_address(make: Make, dns: DnsServer) -> None:
    """Asked where we send from here: it must lead back."""
    house = make(
        SENDER__DNS_SERVERS=f'["127.0.0.1:{dns.port}"]', RELAY__MODE="smtp", RELAY__HOST="localhost", RELAY__TLS="none"
    )
    good(dns)
    dns.add("desk.test", "A", "8.8.4.4")
    wanted = "4.4.8.8.in-addr.arpa. IN PTR desk.test."
    assert wanted in {one.record for one in found(house, "dns", "error")}
    dns.add("4.4.8.8.in-addr.arpa", "PTR", "desk.test.")
    fresh = make(
        SENDER__DNS_SERVERS=f'["127.0.0.1:{dns.port}"]', RELAY__MODE="smtp", RELAY__HOST="localhost", RELAY__TLS="none"
    )
    assert "8.8.4.4 has the name desk.test, and that name leads back" in said(found(fresh, "dns", "ok"))


def test_without_dns(sending: House, dns: DnsServer) -> None:
    """It says so, and does not guess."""
    dns.mute = True
    findings = examine(sending, ["dns"], seconds=2.0)
    assert {one.level for one in findings} == {"error"}
    assert "DNS" in said(findings)
    assert not any(one.record for one in findings)


def test_a_name_for_trying_out(make: Make) -> None:
    """No DNS server is asked about a domain that cannot be there."""
    (finding,) = found(make(), "dns")
    assert (finding.level, "a name for trying things out" in finding.what) == ("warning", True)


def certificate(folder: Path, *names: str, ends: timedelta = timedelta(days=90)) -> dict[str, str]:
    """Settings with a certificate of ours, of an authority of its own."""
    authority = trustme.CA()
    issued = authority.issue_cert(*names, not_before=now() - timedelta(days=99), not_after=now() + ends)
    key, chain = folder / "key.pem", folder / "chain.pem"
    issued.private_key_pem.write_to_path(key)
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems) + authority.cert_pem.bytes())
    key.chmod(0o600)
    return {"SMTP__TLS_CERTIFICATE": str(chain), "SMTP__TLS_KEY": str(key)}


@pytest.mark.parametrize(
    "name, ends, level, words",
    [
        ("desk.test", timedelta(days=90), "ok", "fits its key, and lasts"),
        ("*.test", timedelta(days=90), "ok", "fits its key"),
        ("other.test", timedelta(days=90), "warning", "is for other.test, not for desk.test"),
        ("desk.test", timedelta(days=3, hours=1), "warning", "ends in 3 days"),
        ("desk.test", timedelta(days=-1), "error", "Our certificate ended on"),
    ],
)
def test_our_certificate(make: Make, tmp_path: Path, name: str, ends: timedelta, level: str, words: str) -> None:
    """Its name and its end."""
    house = make(**certificate(tmp_path, name, ends=ends))
    findings = [one for one in found(house, "tls", level) if "base_url" not in one.what]
    assert words in said(findings)


def test_a_key_of_another_certificate(make: Make, tmp_path: Path) -> None:
    """And a chain whose links do not hold, and a file that is none."""
    settings = certificate(tmp_path, "desk.test")
    other = trustme.CA()
    other.issue_cert("desk.test").private_key_pem.write_to_path(tmp_path / "key.pem")
    chain = tmp_path / "chain.pem"
    first = chain.read_bytes().partition(b"-----END CERTIFICATE-----\n")
    chain.write_bytes(first[0] + first[1] + other.cert_pem.bytes())
    words = said(found(make(**settings), "tls", "error"))
    assert "is not the key of" in words
    assert "Certificate 2 in smtp.tls_certificate did not sign the one above it" in words
    chain.write_text("no certificate")
    assert "smtp.tls_certificate, smtp.tls_key: ValueError" in said(found(make(**settings), "tls", "error"))


def test_a_star_is_for_one_label() -> None:
    """RFC 9525 section 6.3."""
    star = certificates.Certificate(("*.desk.test",), now(), now())
    assert star.covers("mail.desk.test")
    assert not star.covers("desk.test")
    assert not star.covers("a.mail.desk.test")


def test_secrets(make: Make, config: Path) -> None:
    """Files that others may read, each with the command that ends it; the settings only when they hold a password."""
    config.parent.chmod(0o700)
    assert {one.level for one in found(make(), "secrets")} == {"ok"}
    (config.parent / "secret.key").chmod(0o644)
    config.chmod(0o644)
    with config.open("a") as file:
        file.write('\n[metrics]\ntoken = "sample"\n')
    records = {one.record for one in found(make(), "secrets", "error")}
    assert records == {f"chmod 600 {config.parent}/secret.key", f"chmod 600 {config}"}


def test_a_disk_that_is_nearly_full(make: Make) -> None:
    """Below the reserve mail is refused: an error. Not much above it: a warning."""
    errors = found(make(BLOBS__RESERVE_MB=str(10**9)), "disk", "error")
    assert "less than blobs.reserve_mb" in said(errors)
    assert not found(make(BLOBS__RESERVE_MB="1"), "disk", "error")


def test_how_long_the_disk_lasts(make: Make) -> None:
    """By what the last day brought."""
    house = make()
    with house.database.transaction() as session:
        size = 10**15
        session.add(ReceivedMail(id=1, received_at=now(), source="smtp", recipients=[], size=size, waiting=False))
    assert "there is room for about 0 days" in said(found(house, "disk", "warning"))


def test_backups_beside_what_they_are_of(make: Make, config: Path) -> None:
    """One disk that fails takes both."""
    house = make(BACKUP__FOLDER=str(config.parent / "backups"))
    assert "The backups lie on the same disk as" in said(found(house, "disk", "warning"))


def test_a_damaged_database(make: Make, config: Path) -> None:
    """SQLite's own check finds it."""
    house = make()
    assert "All pages of the database can be read." in said(found(house, "database", "ok"))
    assert "Search: an index of trigrams." in said(found(house, "database", "ok"))
    house.database.close()
    file = config.parent / "desk.db"
    with file.open("r+b") as opened:
        opened.seek(4096 * 5)
        opened.write(os.urandom(4096 * 20))
    assert "damaged" in said(found(make(), "database", "error"))


def test_a_database_that_is_not_there(make: Make, config: Path) -> None:
    """One finding, not ten."""
    house = make()
    (config.parent / "desk.db").unlink()
    (finding,) = [one for one in examine(house, ["database", "queue", "timers", "processes"]) if one.level == "error"]
    assert finding.record == "postdesk init"


def test_the_queue(make: Make) -> None:
    """What waits for long, what is held, what is not accounted for."""
    house = make()
    old = now() - timedelta(hours=2)
    with house.database.transaction() as session:
        session.add(ReceivedMail(id=1, received_at=old, source="smtp", recipients=[], size=1))
        session.execute(update(Tally).where(Tally.name == "accepted").values(value=5))
        session.execute(update(Tally).where(Tally.name == "held").values(value=2))
        letter = {"kind": "received", "recipient": "x@customer.test", "created_at": old}
        session.add(Outbox(id=2, next_at=old, attempts=2, **letter))
        session.add(Outbox(id=3, next_at=old, state="expired", done_at=now(), **letter))
        session.add(MailboxState(name="service", seen_at=now(), failures=4, unfetchable=1))
    words = said(found(house, "queue"))
    for part in (
        "2 accepted mails are not accounted for",
        "1 mail waits to be handled, the oldest for 2 hours",
        "2 mails are held",
        "1 letter waits, the oldest has been due for 2 hours",
        "1 letter was refused or given up",
        "Mailbox “service” could not be read 4 times",
        "does not hand out 1 mail.",
    ):
        assert part in words
    assert "customer.test" not in words


def test_timers(make: Make) -> None:
    """None runs; one does not; all do."""
    from postdesk.timers import TIMERS

    house = make()
    assert "No timer has run lately" in said(found(house, "timers", "error"))
    with house.database.transaction() as session:
        session.add_all(JobRun(name=name, done_for="", at=now()) for name in TIMERS)
    assert "All timers ran" in said(found(house, "timers", "ok"))
    with house.database.transaction() as session:
        session.execute(update(JobRun).where(JobRun.name == "digest").values(at=now() - timedelta(hours=1)))
    assert "not run lately: digest" in said(found(house, "timers", "warning"))


def test_processes(make: Make) -> None:
    """None runs; a role is missing; one died; two versions."""
    house = make()
    assert "No process of this desk runs" in said(found(house, "processes", "error"))
    now = datetime.now(UTC)
    began = now - timedelta(hours=1)
    with house.database.transaction() as session:
        one = {"schema": "0004", "started_at": began}
        session.add(Process(name="a.x:1.1", roles=["work"], version="1", seen_at=now, **one))
        session.add(Process(name="b.x:2.1", roles=["schedule"], version="2", seen_at=now, **one))
        session.add(Process(name="c.x:3.1", roles=["deliver"], version="1", seen_at=began, **one))
    words = said(found(house, "processes"))
    assert "No process with the role deliver lives. No letter leaves." in words
    assert "(deliver) has not been seen for 6" in words
    assert "several versions run: 1, 2" in words


def test_a_probe_that_hangs_does_not_keep_the_others() -> None:
    """Its topic says so, and the doctor ends."""
    never = threading.Event()

    def hang() -> list[Finding]:
        never.wait(60)
        return []

    def fail() -> list[Finding]:
        raise RuntimeError("broken")

    notes = Notes("c")
    notes.ok("fine")
    findings = run(
        [Probe("a", "a probe", hang), Probe("b", "another", fail), Probe("c", "c", lambda: notes.found)], 0.1
    )
    never.set()
    assert [(one.topic, one.level) for one in findings] == [("a", "error"), ("b", "error"), ("c", "ok")]
    assert "no answer within 0.1 seconds" in findings[0].what
    assert "RuntimeError" in findings[1].what


def test_the_exit_code_is_that_of_the_worst() -> None:
    """0, 1, 2."""
    fine, odd, bad = (Finding("x", level, "") for level in ("ok", "warning", "error"))  # type: ignore[arg-type]
    assert [exit_code(each) for each in ([], [fine], [fine, odd], [odd, bad, fine])] == [0, 0, 1, 2]


def test_the_command(config: Path) -> None:
    """In words, as JSON, for some topics, and for one that is none."""
    config.parent.chmod(0o700)
    cli.load_commands()
    runner, base = CliRunner(), ["--config", str(config), "doctor"]
    told = runner.invoke(cli.app, [*base, "--only", "secrets"])
    assert (told.exit_code, told.stdout.splitlines()[0]) == (0, "secrets")
    assert told.stdout.endswith("\nAll is well.\n")
    told = runner.invoke(cli.app, [*base, "--only", "secrets,processes", "--json"])
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.exit_code == 2
    assert [(row["topic"], row["level"]) for row in rows] == [("secrets", "ok"), ("processes", "error")]
    told = runner.invoke(cli.app, [*base, "--only", "moon"])
    assert (told.exit_code, "dns, tls, relay" in told.stderr) == (64, True)


def test_every_topic_ends_without_a_network(make: Make) -> None:
    """Addresses that nobody answers at: it says so, whatever they are."""
    house = make(
        SENDER__DNS_SERVERS='["127.0.0.1:9"]',
        RELAY__MODE="smtp",
        RELAY__HOST="127.0.0.1",
        RELAY__PORT="9",
        RELAY__TLS="none",
        DESK__BASE_URL="https://127.0.0.1:9",
        MAILBOX="[{name = 'service', host = '127.0.0.1', port = 9, user = 'x', password = 'x', tls = 'none'}]",
    )
    findings = examine(house, seconds=2.0)
    assert {one.topic for one in findings} == set(TOPICS)
    worst = {topic: max(exit_code([one]) for one in findings if one.topic == topic) for topic in TOPICS}
    assert {topic for topic in ("dns", "tls", "relay", "mailbox") if worst[topic] == 2} == {
        "dns",
        "tls",
        "relay",
        "mailbox",
    }


@pytest.mark.parametrize(
    "seconds, words",
    [
        (-5, "5 seconds"),
        (179, "179 seconds"),
        (180, "3 minutes"),
        (7100, "118 minutes"),
        (7199, "2 hours"),
        (172800, "2 days"),
    ],
)
def test_how_long(seconds: int, words: str) -> None:
    """The same words in each topic, whether before or behind."""
    from postdesk.doctor.findings import span

    assert span(timedelta(seconds=seconds)) == words
