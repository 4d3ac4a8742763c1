"""Signing in at a relay (RFC 4954): PLAIN, LOGIN or CRAM-MD5 with a password, XOAUTH2 with a token."""

import base64
import smtplib

from gateway.headers import clean
from gateway.oauth import sasl_answer
from gateway.oauth_words import about_refused
from gateway.smtp_client import SmtpConnection

_MAX_WORDS = 500
_SHORT = 4  # a shorter secret is a part of many words, and no server repeats it alone


class NotSignedIn(Exception):
    """The relay does not let us in; the text says why, and holds nothing secret.

    `refused` is true where it looked at the password or the token and said no.
    """

    def __init__(self, words: str, *, refused: bool = False) -> None:
        super().__init__(words)
        self.refused = refused


def with_password(connection: SmtpConnection, user: str, password: str) -> None:
    """Sign in by the simplest way that both sides know. NotSignedIn says why not; faults of the connection go on."""
    offered = _offered(connection)
    whole = _base64("\0".join(("", user, password)))
    secrets = (whole, _base64(password), password)
    if "PLAIN" in offered:
        code, words = connection.docmd("AUTH", "PLAIN " + whole)
    elif "LOGIN" in offered:
        code, words = connection.docmd("AUTH", "LOGIN " + _base64(user))
        if code == 334:
            code, words = connection.docmd(_base64(password))
    elif "CRAM-MD5" in offered:
        code, words = _cram_md5(connection, user, password)
    else:
        raise NotSignedIn(f"the relay offers no way to sign in that we know, but a user name is set{_listed(offered)}")
    _check(code, words, "", secrets)


def with_token(connection: SmtpConnection, user: str, token: str) -> None:
    """Sign in by XOAUTH2, as Microsoft 365 and Google want it."""
    offered = _offered(connection)
    if "XOAUTH2" not in offered:
        raise NotSignedIn(f"the relay does not offer XOAUTH2{_listed(offered)}")
    answer = _base64(sasl_answer(user, token))
    code, words = connection.docmd("AUTH", "XOAUTH2 " + answer)
    reason = ""
    if code == 334:  # why not, in JSON and base64; an empty line brings the refusal itself
        reason = about_refused(words)
        code, words = connection.docmd("")
        code = 535 if 200 <= code < 400 else code  # whatever it says now, it refused the token
    _check(code, words, reason, (answer, token))


def _cram_md5(connection: SmtpConnection, user: str, password: str) -> tuple[int, bytes]:
    connection.user, connection.password = user, password
    try:
        return connection.auth("CRAM-MD5", connection.auth_cram_md5)
    except smtplib.SMTPAuthenticationError as error:
        words = error.smtp_error
        return error.smtp_code, words if isinstance(words, bytes) else str(words).encode()
    except ValueError:  # no base64, or a password outside ASCII; what it says may hold the password
        raise NotSignedIn("the relay and this program do not understand each other in CRAM-MD5") from None
    finally:
        connection.user = connection.password = ""


def _offered(connection: SmtpConnection) -> list[str]:
    return connection.esmtp_features.get("auth", "").upper().split()


def _listed(offered: list[str]) -> str:
    return f"; it offers {clean(', '.join(offered), 200)}" if offered else ""


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _check(code: int, words: bytes, reason: str, secrets: tuple[str, ...]) -> None:
    if code in (235, 503):  # 503: it has let us in already
        return
    said = f"{code} {words.decode('utf-8', 'replace')}".replace("\n", " ")
    for secret in secrets:  # there are servers that repeat what they were told
        if len(secret) >= _SHORT:
            said = said.replace(secret, "…")
    said = clean(f"{said} ({reason})" if reason else said, _MAX_WORDS)
    raise NotSignedIn(f"the relay did not let us sign in: {said}", refused=code in (334, 535))
