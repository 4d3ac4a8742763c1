"""A real Postfix in front of Postdesk, handing over by LMTP."""

import smtplib

import pytest

from tests.e2e.world import answer, assert_ledger, mail, outcomes, send, text_of
from tests.peers.desk import DESK, STAFF, Desk
from tests.servers import Postfix, wait_for

pytestmark = pytest.mark.peer


@pytest.mark.feature("F68")
@pytest.mark.feature("F69")
def test_mail_through_postfix_becomes_a_ticket_and_a_note() -> None:
    """Mail for the desk address and for the reply-token address goes through Postfix and LMTP to one ticket."""
    with Desk(("lmtp", "work", "deliver")) as desk, Postfix(lmtp_to=("127.0.0.1", desk.lmtp)) as postfix:
        send(postfix.port, mail("Ann <ann@customer.test>", "Printer jams"))
        (receipt,) = desk.letters("ann@customer.test", wanted=1)
        send(postfix.port, answer("Ann <ann@customer.test>", receipt, "It jams again.\n"))
        told = desk.letters(STAFF, wanted=2)[-1]
        assert "It jams again." in text_of(told)
        number = str(receipt["X-Ticket"])
        assert outcomes(desk) == [("opened", number), ("noted", number)]
        assert desk.dispositions()[1].rule == "E1-note"
        assert_ledger(desk)


def test_each_recipient_gets_a_reply_of_its_own() -> None:
    """Of two recipients Postfix bounces the unknown one only; the mail becomes one ticket."""
    with Desk(("lmtp", "work")) as desk, Postfix(lmtp_to=("127.0.0.1", desk.lmtp)) as postfix:
        with smtplib.SMTP("127.0.0.1", postfix.port, timeout=10) as client:
            message = mail("Ann <ann@customer.test>", "Two recipients")
            client.sendmail(
                "ann@customer.test", [DESK, "nobody@desk.test", "service+incident@desk.test"], bytes(message)
            )
        (bounce,) = postfix.mails(1)
        assert b"X-Original-To: ann@customer.test" in bounce
        assert b"Final-Recipient: rfc822; nobody@desk.test" in bounce
        assert b"Status: 5.1.1" in bounce
        assert b"rfc822; service@desk.test" not in bounce
        desk.wait_handled(1)
        (kind, number), *others = outcomes(desk)
        # Postfix may hand over one mail for both addresses or one for each: it stays one ticket.
        assert kind == "opened"
        assert number
        assert {kind for kind, _ in others} <= {"ignored"}
        wait_for(lambda: "Mail queue is empty" in postfix.queue(), "an empty queue")


def test_postfix_keeps_mail_while_postdesk_is_away() -> None:
    """While Postdesk is stopped Postfix queues; once it is back each mail is delivered, once."""
    with Desk(("lmtp", "work", "deliver")) as desk, Postfix(lmtp_to=("127.0.0.1", desk.lmtp)) as postfix:
        assert desk.stop() == 0
        send(postfix.port, *(mail(f"p{n}@customer.test", f"While you were away {n}") for n in range(5)))
        wait_for(lambda: postfix.queue().count("Connection refused") >= 1, "a deferred mail")
        assert desk.accepted() == 0
        desk.start()

        def delivered() -> bool:
            postfix.flush()
            return "Mail queue is empty" in postfix.queue()

        wait_for(delivered, f"an empty queue\n{postfix.log()}", 40)
        desk.wait_handled(5)
        assert sorted(outcomes(desk)) == [("opened", number) for number in sorted({n for _, n in outcomes(desk)})]
        assert len({number for _, number in outcomes(desk)}) == 5
        assert_ledger(desk)
