"""Mail that came through a mailing list (RFC 2919, RFC 2369)."""

from gateway.screen.view import View

_FIELDS = (
    "list-id",
    "list-post",
    "x-mailman-version",
    "x-listserver",
    "x-mlserver",  # fml
    "mailing-list",  # ezmlm
    "x-mailing-list",
    "x-list-id",
    "x-listname",
)


def applies(mail: View) -> bool:
    """A list's header field, or `Precedence: list`."""
    return mail.headers.token("precedence") == "list" or any(name in mail.headers for name in _FIELDS)
