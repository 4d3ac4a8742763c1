"""An approver decides in a real browser, as a person does."""

import pytest

from store.tables import Ticket
from tests.portal.chrome import page_of, sign_in
from tests.portal.gallery_world import RULES, furnish
from tests.portal.serving import serve
from tests.portal.world import PASSWORD, World
from tests.servers import chromium

pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]


def test_a_change_is_approved(world: World) -> None:
    """From the number at Home to the ticket, with a reason; nothing waits after it. Scripts are off."""
    furnish(world)
    with (
        serve(world, rules=RULES) as address,
        chromium() as browser,
        page_of(browser, java_script_enabled=False) as page,
    ):
        sign_in(page, address, "jane@customer.test", PASSWORD)
        page.get_by_role("link", name="Waiting for your approval").click()
        page.get_by_role("link", name="One more SIP trunk").click()
        page.get_by_label("Reason (optional)").fill("The old one is full.")
        page.get_by_role("button", name="Approve", exact=True).click()
        assert page.get_by_text("The old one is full.").first.is_visible()
        assert page.get_by_role("button", name="Approve", exact=True).count() == 0
    with world.database.reading() as session:
        ticket = session.get_one(Ticket, world.ids["change"])
        assert (ticket.approval, ticket.status) == ("Approved", "In Progress")
