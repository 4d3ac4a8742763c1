"""A running desk is given a key: from then on its letters are signed, and stay whole through a real Postfix."""

import itertools

import dkim
import pytest

from tests.e2e.conftest import FREELY
from tests.e2e.test_outgoing import through
from tests.e2e.world import mail, send
from tests.peers.desk import Desk
from tests.peers.dns_server import DnsServer
from tests.servers import Postfix, wait_for

pytestmark = pytest.mark.peer


def test_letters_are_signed_and_arrive_whole() -> None:
    """RSA and Ed25519, by the commands that an operator types, without a restart."""
    with DnsServer() as zone, Postfix() as postfix:
        extra = f'\n[sender]\ndns_servers = ["127.0.0.1:{zone.port}"]\n'
        with Desk(("smtp", "work", "deliver"), settings=through(postfix) | FREELY, extra=extra) as desk:
            send(desk.smtp, mail("Ann <ann@customer.test>", "Before there was a key"))
            assert all(b"DKIM-Signature" not in letter for letter in postfix.mails(2))
            for kind in ("rsa", "ed25519"):
                said = desk.run("dkim", "new", "desk.test", "--type", kind, "--selector", kind)
                zone.add(f"{kind}._domainkey.desk.test", "TXT", said.partition("Value: ")[2].split("\n")[0].strip())
                desk.run("dkim", "use", kind)
            zone.ttl = 0

            numbers = itertools.count()

            def signed() -> list[bytes]:
                """Letters with both signatures; each look sends one more mail, until the process has seen the keys.

                It looks for them every five seconds: so many mails of one sender would be held.
                """
                send(desk.smtp, mail(f"Ben <ben{next(numbers)}@customer.test>", "With a key: größer 網絡"))
                return [letter for letter in postfix.mails() if letter.count(b"\nDKIM-Signature:") == 2]

            letters = wait_for(signed, "a signed letter", 60)
            for letter in letters:
                wire = letter.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                for place in (0, 1):
                    assert dkim.DKIM(wire).verify(place, dnsfunc=lambda name, timeout=5: text(zone, name))


def text(zone: DnsServer, name: bytes) -> bytes:
    """The record as DNS has it."""
    return zone.records[name.decode().removesuffix("."), "TXT"][0].replace('" "', "").strip('"').encode()
