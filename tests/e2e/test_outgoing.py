"""Letters through a real Postfix: TLS and sign-in, a relay that is down, a bounce that comes back."""

import email
import email.policy
import re
import smtplib
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import select

from store.tables import Delivery, Disposition, Outbox, Suppression
from tests.e2e.world import assert_ledger, let_time_pass, letter_states, mail, send, text_of
from tests.peers.desk import STAFF, Desk, to_relay
from tests.servers import Dovecot, Postfix, free_port, wait_for

pytestmark = pytest.mark.peer
GONE = "gone@customer.test"
REJECT = f"smtpd_recipient_restrictions = check_recipient_access inline:{{{{{GONE}=550 5.1.1 gone}}}}, permit\n"
# The desk's domain comes back to us by LMTP, but for the member of staff, whose letters end in the Maildir.
STAFF_STAY = f"transport_maps = inline:{{{STAFF}=virtual}}\n"


def through(postfix: Postfix, tls: str = "none", **settings: str) -> dict[str, str]:
    """Settings that hand letters to this Postfix."""
    return {"RELAY__MODE": "smtp", "RELAY__HOST": "localhost", "RELAY__PORT": str(postfix.port), "RELAY__TLS": tls} | {
        f"RELAY__{name}": value for name, value in settings.items()
    }


def arrived(postfix: Postfix, recipient: str, wanted: int = 1) -> list[EmailMessage]:
    """The letters that ended at Postfix for somebody, once there are so many."""

    def found() -> list[EmailMessage]:
        letters = [email.message_from_bytes(raw, policy=email.policy.default) for raw in postfix.mails()]
        return [letter for letter in letters if letter["X-Original-To"] == recipient]

    wait_for(lambda: len(found()) >= wanted, f"{wanted} letters to {recipient}\n{postfix.log()}", 60)
    return found()


@pytest.mark.feature("F207")
def test_letters_go_out_by_starttls_and_sign_in(tmp_path: Path) -> None:
    """Both letters of a new ticket reach Postfix, which takes mail only over TLS from who signed in."""
    with Dovecot() as users, Postfix(tls=True, auth_port=users.auth_port) as postfix:
        assert postfix.authority
        ca = tmp_path / "ca.pem"
        postfix.authority.cert_pem.write_to_path(ca)
        chosen = through(postfix, "starttls", TLS_CA=str(ca), USER="desk", PASSWORD="pw")
        with Desk(("smtp", "work", "deliver"), settings=chosen) as desk:
            send(desk.smtp, mail("Ann <ann@customer.test>", "By the relay"))
            (receipt,) = arrived(postfix, "ann@customer.test")
            (told,) = arrived(postfix, STAFF)
            assert re.match(r"<service\+b-[a-z2-7]+@desk\.test>", receipt["Return-Path"])
            assert "with ESMTPSA" in str(receipt["Received"])  # RFC 3848: S is TLS, A is a client that signed in
            assert receipt["X-Ticket"] == told["X-Ticket"]
            assert receipt["Message-ID"] != told["Message-ID"]
            wait_for(lambda: letter_states(desk) == {"sent": 2}, "both letters marked as sent")


@pytest.mark.attack(82)
def test_no_letter_goes_out_in_clear_text_instead(tmp_path: Path) -> None:
    """A relay whose certificate nobody vouches for gets nothing; the letters wait, and the reason is kept."""
    with Postfix(tls=True) as postfix:
        chosen = through(postfix, "starttls")
        with Desk(("smtp", "work", "deliver"), settings=chosen) as desk:
            send(desk.smtp, mail("Ann <ann@customer.test>", "Not in the clear"))

            def tried() -> list[str]:
                with desk.database.reading() as session:
                    return list(session.scalars(select(Delivery.reply).where(Delivery.result == "deferred")))

            replies = wait_for(lambda: found if len(found := tried()) == 2 else None, "two tries")
            assert replies
            assert all("certificate" in reply.lower() for reply in replies)
            assert letter_states(desk) == {"waiting": 2}
            assert postfix.mails() == []


@pytest.mark.attack(82)
def test_letters_wait_for_a_relay_that_is_down() -> None:
    """With the relay down letters wait; once it is up each goes out once, under the Message-ID it was given first."""
    with Postfix() as postfix:
        postfix.stop()
        with Desk(("smtp", "work", "deliver"), settings=through(postfix)) as desk:
            send(desk.smtp, mail("Ann <ann@customer.test>", "Nobody home"))

            def first_try() -> dict[int, str]:
                with desk.database.reading() as session:
                    tried = set(session.scalars(select(Delivery.outbox_id).where(Delivery.result == "deferred")))
                    rows = session.execute(select(Outbox.id, Outbox.message_id).where(Outbox.id.in_(tried)))
                    return {row.id: row.message_id for row in rows}

            named = wait_for(lambda: found if len(found := first_try()) == 2 else None, "a first try of both")
            assert named
            assert letter_states(desk) == {"waiting": 2}
            postfix.start()
            let_time_pass(desk.database)
            (receipt,), (told,) = arrived(postfix, "ann@customer.test"), arrived(postfix, STAFF)
            assert {receipt["Message-ID"], told["Message-ID"]} == set(named.values())
            wait_for(lambda: letter_states(desk) == {"sent": 2}, "both letters marked as sent")
            assert len(postfix.mails()) == 2
            with desk.database.reading() as session:
                results = session.execute(select(Delivery.outbox_id, Delivery.result).order_by(Delivery.id)).all()
            assert sorted(results) == sorted((i, result) for i in named for result in ("deferred", "sent"))


def test_a_bounce_comes_back_to_its_letter() -> None:
    """Postfix bounces a letter to nobody: the report finds the very delivery by VERP, and the address is muted."""
    desk = Desk(("smtp", "lmtp", "work", "deliver"), settings={"CAPS__FIRST_RECEIPTS_PER_ADDRESS_HOUR": "10"})
    with (
        Postfix(extra=REJECT) as end,
        Postfix(lmtp_to=("127.0.0.1", desk.lmtp), relay_to=("127.0.0.1", end.port), extra=STAFF_STAY) as relay,
    ):
        desk.environment |= {f"POSTDESK_{name}": value for name, value in through(relay).items()}
        with desk:
            send(desk.smtp, mail(f"Gone <{GONE}>", "I will not be here"))
            desk.wait_handled(2)
            opened, report = desk.dispositions()
            assert (opened.kind, report.kind, report.rule) == ("opened", "folded", "report")
            assert report.ticket_id == opened.ticket_id
            assert "gets no more letters" in str([found["Subject"] for found in arrived(relay, STAFF, 2)])
            _check_bounced(desk, report)
            assert_ledger(desk)
            # Whoever writes lives: the next mail of the same address lifts the mute, and its receipt bounces anew.
            send(desk.smtp, mail(f"Gone <{GONE}>", "Still not here"))
            assert "Still not here" in str([found["Subject"] for found in arrived(relay, STAFF, 4)])
            wait_for(lambda: letter_states(desk) == {"sent": 4, "refused": 2}, "the letters' states")
            with desk.database.reading() as session:
                rows = session.scalars(select(Suppression).order_by(Suppression.id)).all()
            assert [bool(row.lifted_at) for row in rows] == [True, False]
            assert end.mails() == []


def _check_bounced(desk: Desk, report: Disposition) -> None:
    with desk.database.reading() as session:
        row = session.scalars(select(Outbox).where(Outbox.recipient == GONE)).one()
        muted = session.scalars(select(Suppression)).one()

    def tries() -> dict[str, str]:
        with desk.database.reading() as session:
            found = session.scalars(select(Delivery).where(Delivery.outbox_id == row.id))
            return {one.result: one.reply for one in found}

    assert row.state == "refused"
    # The report may be back before the relay's word for the letter is noted.
    said = wait_for(lambda: found if "sent" in (found := tries()) else {}, "the relay's word")
    assert said.keys() == {"sent", "bounced"}
    assert f"{GONE} 5." in said["bounced"]
    assert (muted.address, muted.lifted_at) == (GONE, None)
    assert "folded on T" in desk.run("mail", "show", str(report.received_id))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_refused_letter_is_told_to_staff(request: pytest.FixtureRequest, kind: str) -> None:
    """A relay that says 550 5.1.1 at once: the address is muted, and staff get a letter that says so."""
    url = "" if kind == "sqlite" else request.getfixturevalue("postgres").filled_database()
    with (
        Postfix(extra=REJECT) as postfix,
        Desk(("smtp", "work", "deliver"), url=url, settings=through(postfix)) as desk,
    ):
        send(desk.smtp, mail(f"Gone <{GONE}>", "Refused at once"))
        trouble = next(found for found in arrived(postfix, STAFF, 2) if "did not arrive" in str(found["Subject"]))
        assert GONE in text_of(trouble)
        assert "550 5.1.1" in text_of(trouble)
        with desk.database.reading() as session:
            assert session.scalars(select(Suppression.address)).all() == [GONE]
        wait_for(lambda: letter_states(desk) == {"sent": 2, "refused": 1}, "the letters' states")


REPORT = """\
From: mailer-daemon@relay.test
To: {to}
Subject: Undelivered
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Not delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test

Final-Recipient: rfc822; {gone}
Action: failed
Status: 5.1.1

--b--
"""


class QuickBouncer:
    """A relay whose bounce is back and handled before it has even said 250."""

    def __init__(self) -> None:
        self.desk: Desk | None = None

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd once it has the whole mail."""
        if self.desk is not None and envelope.rcpt_tos == [GONE]:
            to = envelope.mail_from or ""
            with smtplib.SMTP("127.0.0.1", self.desk.smtp, timeout=10) as client:
                client.sendmail("", to, REPORT.format(to=to, gone=GONE))
            self.desk.wait_handled(2)
        return "250 2.0.0 Taken"


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_bounce_that_is_quicker_than_our_commit_counts(request: pytest.FixtureRequest, kind: str) -> None:
    """The report is handled before the delivery is recorded: the letter ends as refused all the same."""
    url = "" if kind == "sqlite" else request.getfixturevalue("postgres").filled_database()
    relay, port = QuickBouncer(), free_port()
    controller = Controller(relay, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with Desk(("smtp", "work", "deliver"), url=url, settings=to_relay(port)) as desk:
            relay.desk = desk
            send(desk.smtp, mail(f"Gone <{GONE}>", "A quick bounce"))
            wait_for(lambda: letter_states(desk) == {"sent": 2, "refused": 1}, "the letters' states")
            with desk.database.reading() as session:
                assert sorted(session.scalars(select(Delivery.result))) == ["bounced", "sent", "sent", "sent"]
                row = session.scalars(select(Outbox).where(Outbox.recipient == GONE)).one()
            assert (row.state, row.rendered, row.lease_until) == ("refused", None, None)
    finally:
        controller.stop()
