"""config/postfix/ in a real Postfix: as the front door by LMTP, as the relay, and by a pipe."""

import contextlib
import email
import email.policy
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import trustme
from sqlalchemy import select

from store.tables import ReceivedMail
from tests.e2e.world import answer, assert_ledger, mail, outcomes, send, send_raw
from tests.peers.common import give
from tests.peers.desk import DESK, Desk
from tests.recipes.recipe import deliver_script, recipe
from tests.servers import Postfix, wait_for

pytestmark = pytest.mark.peer
ANN = "Ann <ann@customer.test>"
CERTIFICATE = "/etc/letsencrypt/live/mx.example.com/"
REPORT = (
    b"From: MAILER-DAEMON@relay.test\r\nTo: service@desk.test\r\nSubject: Undelivered\r\nMessage-ID: <1@relay.test>\r\n"
    b"Auto-Submitted: auto-replied\r\n\r\nIt did not arrive.\r\n"
)
MANY = {"CAPS__FIRST_RECEIPTS_PER_ADDRESS_HOUR": "10"}


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    """Who signed the certificate of the front door; key and chain lie in the test's folder."""
    ca = trustme.CA()
    issued = ca.issue_cert("localhost")
    issued.private_key_pem.write_to_path(tmp_path / "privkey.pem")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "fullchain.pem")
    return ca


def main_cf(tmp_path: Path, lmtp: int, **more: str) -> str:
    """The lines of the recipe for desk.test."""
    change = {"desk.example.com": "desk.test", "127.0.0.1:2424": f"127.0.0.1:{lmtp}", CERTIFICATE: f"{tmp_path}/"}
    return recipe("postfix/main.cf", {**change, **more})


@contextlib.contextmanager
def front_door(main: str, files: dict[str, str] | None = None, relay_to: int = 0) -> Iterator[Postfix]:
    """A Postfix with the lines of a recipe, and the list of addresses that it names."""
    listed = {"postdesk": f"{DESK}  -\n", **(files or {})}
    with Postfix(relay_to=("127.0.0.1", relay_to) if relay_to else None, recipe=main, files=listed) as server:
        yield server


def test_a_conversation_with_postfix_as_front_door_and_relay(tmp_path: Path, authority: trustme.CA) -> None:
    """The receipt leaves through the same Postfix, and the answer to it, over TLS, comes back to the same ticket."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    desk = Desk(("lmtp", "work", "deliver"))
    with Postfix() as world, front_door(main_cf(tmp_path, desk.lmtp), relay_to=world.port) as postfix:
        desk.environment |= relay(postfix)
        with desk:
            with smtplib.SMTP("localhost", postfix.port, timeout=30) as client:
                client.starttls(context=context)
                client.send_message(mail(ANN, "Printer jams"))
            receipt = arrived(world, "ann@customer.test")
            assert "+r-" in str(receipt["Reply-To"])
            send(postfix.port, answer(ANN, receipt, "It jams again.\n"))
            desk.wait_handled(2)
            number = str(receipt["X-Ticket"])
            assert outcomes(desk) == [("opened", number), ("noted", number)]
            assert_ledger(desk)


def test_a_bounce_comes_back_to_the_letter(tmp_path: Path, authority: trustme.CA) -> None:
    """A letter to somebody who is gone is bounced by Postfix to its return path, through LMTP, and told to staff."""
    refuse = "smtpd_recipient_restrictions = check_recipient_access inline:{gone@customer.test=REJECT}, permit"
    desk = Desk(("lmtp", "work", "deliver"), settings=MANY)
    with Postfix(extra=refuse) as world, front_door(main_cf(tmp_path, desk.lmtp), relay_to=world.port) as postfix:
        desk.environment |= relay(postfix)
        with desk:
            send(postfix.port, mail("Gone <gone@customer.test>", "I will not be here"))
            desk.wait_handled(2)
            opened, report = desk.dispositions()
            assert (opened.kind, report.kind, report.rule) == ("opened", "folded", "report")
            assert report.ticket_id == opened.ticket_id


def test_unknown_and_too_large_are_refused_at_the_door(tmp_path: Path, authority: trustme.CA) -> None:
    """550 by the list of addresses, 552 by the size: Postfix need not write a bounce, and Postdesk is not asked."""
    with front_door(main_cf(tmp_path, 1)) as postfix, smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == "26000000"
        assert "starttls" in client.esmtp_features
        assert client.docmd("MAIL FROM:<ann@customer.test> SIZE=27000000")[0] == 552
        client.rset()  # Postfix remembers the size until then
        client.mail("ann@customer.test")
        assert client.rcpt("nobody@desk.test")[0] == 550
        assert client.rcpt("service+r-aaaa@desk.test")[0] == 250
        # Without the list of the dash form this is an address that nobody has.
        assert client.rcpt("service-r-aaaa@desk.test")[0] == 550


def test_replies_in_the_dash_form(tmp_path: Path, authority: trustme.CA) -> None:
    """With dash.regexp beside the list the addresses of letters are taken, and no other with a dash."""
    listed = "hash:$config_directory/postdesk"
    maps = {listed: f"{listed}, regexp:$config_directory/dash.regexp"}
    files = {"dash.regexp": recipe("postfix/dash.regexp", {r"desk\.example\.com": r"desk\.test"})}
    with Desk(("lmtp", "work", "deliver"), settings={"MAIL__SUB_ADDRESS": "dash"}) as desk:
        main = main_cf(tmp_path, desk.lmtp, **maps)
        with front_door(main, files) as postfix:
            send(postfix.port, mail(ANN, "Printer jams"))
            (receipt,) = desk.letters("ann@customer.test", wanted=1)
            assert "service-r-" in str(receipt["Reply-To"])
            send(postfix.port, answer(ANN, receipt, "It jams again.\n"))
            desk.wait_handled(2)
            assert [kind for kind, _ in outcomes(desk)] == ["opened", "noted"]
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                send(postfix.port, mail(ANN, "A colleague's", to="service-team@desk.test"))


def test_postfix_asks_postdesk_for_addresses(tmp_path: Path, authority: trustme.CA) -> None:
    """verification.cf: unknown ones are refused by what Postdesk says; while it is away mail is taken and kept."""
    plain = "virtual_mailbox_maps = hash:$config_directory/postdesk\n"
    with Desk(("lmtp", "work")) as desk:
        main = main_cf(tmp_path, desk.lmtp, **{plain: ""}) + recipe("postfix/verification.cf")
        with front_door(main) as postfix:
            with smtplib.SMTP("127.0.0.1", postfix.port, timeout=30) as client:
                client.ehlo()
                client.mail("ann@customer.test")
                code, words = client.rcpt("nobody@desk.test")
                assert code == 550
                assert b"No such address here" in words
                assert client.rcpt("service+incident@desk.test")[0] == 250
            desk.stop()
            send(postfix.port, mail(ANN, "While you were away", to="service+query@desk.test"))
            wait_for(lambda: "Connection refused" in postfix.queue(), "a deferred mail")
            desk.start()
            flushed(postfix)
            desk.wait_handled(1)
            assert [kind for kind, _ in outcomes(desk)] == ["opened"]


def test_postfix_hands_over_by_a_pipe(tmp_path: Path, authority: trustme.CA) -> None:
    """Each recipient is answered by an exit code: taken, bounced for nobody, kept while the program is not there."""
    with Desk(("work",)) as desk:
        desk.stop()  # a command needs no running Postdesk to take mail
        give(desk.folder)
        script = deliver_script(desk.folder, desk.folder / "postdesk.toml")
        away = (desk.folder / "postdesk").rename(desk.folder / "away")
        lmtp = "virtual_transport = lmtp:inet:127.0.0.1:2424\n"
        main = recipe("postfix/main.cf", {"desk.example.com": "desk.test", lmtp: "", CERTIFICATE: f"{tmp_path}/"})
        master = recipe(
            "postfix/pipe.master.cf", {"/usr/local/bin/postdesk-deliver": str(script), "user=postdesk": "user=nobody"}
        )
        listed = {"postdesk": "service@desk.test -\ngone@desk.test -\n"}
        with Postfix(recipe=main + recipe("postfix/pipe.main.cf"), files=listed, master=master) as postfix:
            both = mail(ANN, "By a pipe", to="service+incident@desk.test, gone@desk.test")
            send(postfix.port, both)
            # A report of a delivery has no sender, and must not get one on the way.
            send_raw(postfix.port, REPORT, "", "service@desk.test")
            wait_for(lambda: postfix.log().count("status=deferred") >= 3, f"deferred mails\n{postfix.log()}")
            away.rename(desk.folder / "postdesk")
            flushed(postfix)
            (bounce,) = postfix.mails(1)
            assert b"Final-Recipient: rfc822; gone@desk.test" in bounce
            assert b"Status: 5.1.1" in bounce
        desk.start()
        desk.wait_handled(2)
        with desk.database.reading() as session:
            paths = session.scalars(select(ReceivedMail.reverse_path)).all()
        assert sorted(paths) == ["", "ann@customer.test"]


def arrived(world: Postfix, recipient: str) -> EmailMessage:
    """The first letter that left for somebody."""

    def found() -> list[EmailMessage]:
        letters = [email.message_from_bytes(raw, policy=email.policy.default) for raw in world.mails()]
        return [letter for letter in letters if letter["X-Original-To"] == recipient]

    return wait_for(found, f"a letter to {recipient}\n{world.log()}", 30)[0]


def relay(postfix: Postfix) -> dict[str, str]:
    """Postdesk's settings for its letters, as the foot of main.cf says."""
    chosen = {"MODE": "smtp", "HOST": "127.0.0.1", "PORT": str(postfix.port), "TLS": "none"}
    return {f"POSTDESK_RELAY__{name}": value for name, value in chosen.items()}


def flushed(postfix: Postfix) -> None:
    """Until nothing waits any more."""

    def empty() -> bool:
        postfix.flush()
        return "Mail queue is empty" in postfix.queue()

    wait_for(empty, f"an empty queue\n{postfix.log()}", 60)
