"""Signing in to a mailbox: by password, or by a token (XOAUTH2); and what a refusal means, in words."""

import base64

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from gateway.imap_wire import BoundedClient
from gateway.oauth import TokenSource, sasl_answer
from gateway.oauth_words import about_refused, one_line


class SignInRefused(Exception):
    """The server does not let us in."""


def by_password(client: BoundedClient, user: str, password: str) -> None:
    """LOGIN cannot carry every user name, and nothing outside of ASCII: AUTHENTICATE PLAIN where it is offered."""
    if client.has_capability("AUTH=PLAIN"):
        client.plain_login(user, password)
    else:
        client.login(user, password)


def by_token(client: BoundedClient, user: str, tokens: TokenSource) -> None:
    """XOAUTH2; a refused token is forgotten, so that the next try has a fresh one. SignInRefused, OAuthFailed."""
    token = tokens.token()
    if not client.has_capability("AUTH=XOAUTH2"):
        raise SignInRefused("the server takes no tokens (XOAUTH2) on this connection; look at host, port and tls")
    answer = sasl_answer(user, token)
    told = (token, base64.b64encode(answer.encode()).decode())
    challenges: list[bytes] = []

    def respond(challenge: bytes) -> bytes:
        # The first one is empty. A second one is the reason of the refusal, and an empty answer lets it come.
        challenges.append(bytes(challenge))
        return answer.encode() if len(challenges) == 1 else b""

    try:
        # imapclient's oauth2_login answers the reason with the token once more, and drops what it says.
        client._imap.authenticate("XOAUTH2", respond)
    except IMAPClientAbortError as error:
        tokens.forget()
        raise IMAPClientAbortError(one_line(str(error), told)) from None
    except IMAPClientError as error:
        tokens.forget()
        raise SignInRefused(one_line(_refused(one_line(str(error), told), challenges), told)) from None


def _refused(answer: str, challenges: list[bytes]) -> str:
    why = about_refused(challenges[1]) if len(challenges) > 1 else ""
    why = why or (
        "it took the token and does not open this mailbox: "
        "look at user, and whether the application may read it (see docs/mailbox.md)"
    )
    return f"the server refuses the sign-in: {why}; it says “{answer[:200]}”"
