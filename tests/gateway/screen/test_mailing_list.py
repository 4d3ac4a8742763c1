"""Mail through mailing lists."""

import pytest

from tests.gateway.screen.samples import mail


@pytest.mark.parametrize(
    "fields",
    [
        "Precedence: list\r\n",
        "List-Id: users <users.example.com>\r\n",
        "List-Post: <mailto:users@example.com>\r\n",
        "X-Mailing-List: users\r\n",
        "Mailing-List: contact users-help@example.com; run by ezmlm\r\n",
    ],
)
@pytest.mark.parametrize("subject", ["Hello", "Vacation plans", "Delivery failed again"])
def test_list(fields: str, subject: str) -> None:
    """A person's mail through a list is a list's mail, whatever its subject begins with."""
    assert mail(fields, subject, "Who knows about bob@x.test?").machine == "list"


@pytest.mark.parametrize("fields", ["", "Archived-At: <https://x.test/1>\r\n", "Precedence: normal\r\n"])
def test_person(fields: str) -> None:
    """No list's field, no list."""
    assert mail(fields, "The list of users").automatic is None
