"""Bulk mail and programs' notifications, and what only looks like them."""

import pytest

from tests.gateway.screen.samples import mail


@pytest.mark.parametrize(
    "fields",
    [
        "Precedence: bulk\r\n",
        "Precedence: Junk\r\n",
        "X-Precedence: bulk\r\n",
        "List-Unsubscribe: <https://x.test/u>\r\n",
        "Feedback-ID: 1:2:newsletter:sender\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Auto-Submitted: auto-generated (booking confirmation)\r\n",
    ],
)
def test_bulk(fields: str) -> None:
    """Newsletters by their marks; a booking system's or an issue tracker's notification by Auto-Submitted."""
    assert mail(fields, "[JIRA] (IT-1) Mail delivery failed", "See bob@x.test").machine == "bulk"


@pytest.mark.parametrize(
    "fields",
    ["", "Auto-Submitted: no\r\n", "Precedence: normal\r\n", "Feedback-ID: 1.eu-west-1.abc=:AmazonSES\r\n"],
)
def test_person(fields: str) -> None:
    """Amazon SES marks every mail that it carries, people's as well."""
    assert mail(fields).automatic is None


def test_a_newsletter_about_delivery() -> None:
    """A newsletter stays one, whatever it promises to deliver."""
    body = "Our parcels could not be delivered faster! 550 shops, info@shop.test"
    assert mail("List-Unsubscribe: <https://x.test/u>\r\n", "Delivery notification: sale", body).automatic == "bulk"
