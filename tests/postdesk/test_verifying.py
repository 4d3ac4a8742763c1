"""Sender verification as the operator meets it: settings, `check`, `explain` and `mail show`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.envelope import Envelope
from postdesk.check import check_all
from postdesk.explaining import Explainer, as_json, as_text, unsaved
from postdesk.settings import SettingsError, load
from postdesk.show_mail import mail_text
from postdesk.wiring import House
from tests.peers.common import free_port
from tests.peers.dns_server import DnsServer

MAIL = b"From: Ann <ann@customer.test>\r\nTo: service@desk.test\r\nSubject: Help\r\n\r\nThe phones are down.\r\n"


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    """A DNS server in which the customer's domain wants nothing refused."""
    with DnsServer() as server:
        server.add("_dmarc.customer.test", "TXT", "v=DMARC1; p=none")
        yield server


def house_with(config: Path, text: str) -> House:
    """The sample desk with these lines in [sender]."""
    with config.open("a") as file:
        file.write(f"\n[sender]\n{text}\n")
    return House(load(config, {}))


def line_of(house: House) -> str:
    """What `check` says of senders."""
    return next(line for line in check_all(house)[0] if " senders: " in line)


def test_settings_reach_the_check(config: Path) -> None:
    """Each of them, in the form that the check works with."""
    house = house_with(
        config,
        'verify = true\nrelays = ["192.0.2.25", "2001:db8::/32"]\narc_sealers = ["Forwarder.Test"]\n'
        'form_relays = ["Forms@customer.test"]\ndns_servers = ["192.0.2.53", "[2001:db8::53]:5353"]\ndns_seconds = 2.5',
    )
    senders = house.senders
    assert (senders.direct, senders.sealers, senders.form_relays, senders.seconds) == (
        True,
        ("forwarder.test",),
        ("forms@customer.test",),
        2.5,
    )
    assert [str(network) for network in senders.relays] == ["192.0.2.25/32", "2001:db8::/32"]
    assert house.rules.verifies_senders


@pytest.mark.parametrize(
    "line, words",
    [
        ('relays = ["192.0.2.1/24"]', "sender.relays"),
        ('relays = ["mx.customer.test"]', "sender.relays"),
        ('dns_servers = ["ns.customer.test"]', "sender.dns_servers"),
        ('dns_servers = ["192.0.2.53:99999"]', "sender.dns_servers"),
        ('dns_servers = ["192.0.2.53:x"]', "sender.dns_servers"),
        ('form_relays = ["forms"]', "sender.form_relays"),
        ("dns_seconds = 0", "sender.dns_seconds"),
    ],
)
def test_what_the_settings_cannot_be(config: Path, line: str, words: str) -> None:
    """Said with the name of the setting."""
    with pytest.raises(SettingsError, match=words):
        house_with(config, line)


def test_check_tells_how_senders_are_verified(config: Path, dns: DnsServer) -> None:
    """Off; by a relay; by ourselves with DNS that answers."""
    assert line_of(House(load(config, {}))) == "note  senders: nobody is verified; see [sender]"
    house = house_with(
        config, f'verify = true\ntrusted_authserv_ids = ["mx.desk.test"]\ndns_servers = ["127.0.0.1:{dns.port}"]'
    )
    assert line_of(house) == ("ok    senders: DKIM, SPF and DMARC of what comes straight, the results of mx.desk.test")


def test_check_says_that_dns_does_not_answer(config: Path) -> None:
    """With the servers that were asked, and what it means."""
    port = free_port()
    house = house_with(config, f'verify = true\ndns_servers = ["127.0.0.1:{port}"]\ndns_seconds = 0.2')
    assert line_of(house) == (
        f"FAULT senders: sender.verify: 127.0.0.1:{port}: no answer. Mail is taken, but nobody is verified"
    )


def test_the_verdict_is_kept_and_shown(config: Path, dns: DnsServer) -> None:
    """`mail show` says what was found when the mail came, `explain` what is found now."""
    house = house_with(config, f'verify = true\ndns_servers = ["127.0.0.1:{dns.port}"]')
    spool = house.spool()
    mail_id = spool.accept(Envelope("ann@customer.test", ("service@desk.test",), "smtp", peer="192.0.2.25"), MAIL)
    spool.close()
    house.intake().drain_once()
    with house.database.reading() as session:
        shown = mail_text(session, mail_id) or ""
    for line in (
        "  Sender:    none. Neither DKIM nor SPF passed for customer.test, whose policy lets that pass.",
        "  Checked:   DMARC: policy none of customer.test",
        "  Checked:   DKIM: not signed",
        "  Checked:   SPF: none for customer.test from 192.0.2.25",
    ):
        assert line in shown.splitlines()
    dns.add("_dmarc.customer.test", "TXT", "v=DMARC1; p=reject")
    later = House(load(config, {}))
    explained = Explainer(later).received(mail_id)
    later.database.close()
    house.database.close()
    assert explained
    assert "  Checked:     DMARC: policy reject of customer.test" in as_text("1", explained).splitlines()
    answer = as_json("1", explained, unsaved(explained.message))
    assert answer["decision"]["sender"]["verdict"] == "fail"
    assert "DKIM: not signed" in answer["decision"]["sender"]["checks"]
