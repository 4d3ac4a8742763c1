"""What the page about mail is told by who reads mail: content, way, and the decision that a mail would get."""

from sqlalchemy import select

from postdesk.portal import portal_config
from postdesk.portal_mail import Reader
from postdesk.wiring import House
from store.tables import Disposition, ReceivedMail
from tests.postdesk.test_explaining import first


def test_a_mail_is_read_and_decided_anew_and_nothing_is_changed(house: House) -> None:
    """By the rules, or on the ticket that a person wants; what stopped the reader is not read again."""
    number = first(house)
    reader = portal_config(house).mail
    assert isinstance(reader, Reader)
    with house.database.reading() as session:
        mail = session.scalars(select(ReceivedMail.id)).one()
    assert any(line.startswith("How it travelled") for line in reader.look(mail))
    foreseen = reader.foresee(mail, number)
    assert foreseen is not None
    assert (foreseen.kind, foreseen.ticket) == ("noted", number)
    assert foreseen.lines[0].startswith("Sender: ")
    assert reader.foresee(0, "") is None
    with house.database.transaction() as session:
        row = session.get_one(Disposition, mail)
        assert row.kind == "opened"
        row.kind, row.rule = "held", "reader-failed"
    assert reader.foresee(mail, "ticket") is None
    assert len(reader.look(mail)) == 1
