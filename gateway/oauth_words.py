"""What the refusals of OAuth2 token servers and of XOAUTH2 mean, and what to do about them, in words."""

import base64
import binascii
import json
import re

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_AADSTS = re.compile(r"\bAADSTS(\d{4,9})\b")
_TRACE = re.compile(r"\s*\b(?:Trace ID|Correlation ID|Timestamp):")
LONGEST = 240

_CONSENT = "Consent again, and put the new refresh token into refresh_token_file."
# RFC 6749 section 5.2.
_CODES = {
    "invalid_client": "The provider does not take the client secret: it is wrong, or it has ended. "
    "Make a new one, and put it into client_secret_file.",
    "invalid_grant": f"The refresh token is no longer good: it has ended or was taken back. {_CONSENT}",
    "unauthorized_client": "The provider does not let this application ask for tokens in this way. "
    "Look at client_id and at the permissions of the application.",
    "unsupported_grant_type": "The token server does not know this way of asking. Look at token_url and provider.",
    "invalid_scope": "The provider does not know the scope, or does not give it to this application. Look at scope.",
    "invalid_request": "The token server does not understand the question. Look at tenant, client_id and token_url.",
    "access_denied": "The provider denies access: an administrator has to allow the application.",
    "interaction_required": f"The provider wants a person to sign in. {_CONSENT}",
    "consent_required": "Nobody has consented to what the application asks for. An administrator has to consent.",
    "temporarily_unavailable": "The token server is not available now. It is asked again.",
    "server_error": "The token server has a fault. It is asked again.",
    "slow_down": "The token server is asked too often. It is asked again later.",
}
# https://learn.microsoft.com/entra/identity-platform/reference-error-codes
_MICROSOFT = {
    "7000215": "Microsoft does not take the client secret. Put its value, not its ID, into client_secret_file.",
    "7000222": "The client secret has ended. Make a new one in the app registration, "
    "put its value into client_secret_file, and set secret_ends.",
    "7000218": "Microsoft wants a client secret. Put it into client_secret_file.",
    "7000112": "The application is switched off in Microsoft Entra. Switch it on under Enterprise applications.",
    "700016": "Microsoft does not know this client_id in this tenant. Look at client_id and tenant.",
    "90002": "Microsoft does not know this tenant. Look at tenant.",
    "900023": "The tenant is neither a domain nor an ID. Look at tenant.",
    "65001": "Nobody has consented to what the application asks for. "
    "An administrator has to grant consent in the app registration, under API permissions.",
    "70011": "Microsoft does not know the scope. With client credentials it is "
    "https://outlook.office365.com/.default; look at scope.",
    "1002012": "With client credentials the scope must end with /.default. Look at scope.",
    "70008": f"The refresh token has ended. {_CONSENT}",
    "70043": f"The refresh token has ended by a rule of your organisation. {_CONSENT}",
    "700082": f"The refresh token has ended, because it was not used for long. {_CONSENT}",
    "700084": f"The refresh token was for one day only. {_CONSENT} Ask as another kind of application.",
    "50173": f"The password of the account was changed, which ends the refresh token. {_CONSENT}",
    "50057": "The account is switched off. Switch it on, or use another.",
    "50034": "Microsoft does not know the account in this tenant. Look at user and tenant.",
    "50076": f"Microsoft wants a second factor from the account. {_CONSENT}",
    "50079": f"Microsoft wants the account to set up a second factor. Do that, then: {_CONSENT}",
    "53003": "A rule of conditional access of your organisation refuses this sign-in. "
    "An administrator has to let the application through.",
    "530003": "A rule of conditional access wants a managed device. "
    "An administrator has to let the application through.",
}
_PASSES = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_MICROSOFT_PASSES = frozenset({"90033", "90024", "50196", "90012", "50058"})


def one_line(text: str, secrets: tuple[str, ...] = ()) -> str:
    """One line for people: servers put anything into their answers, also what they were told."""
    words = text
    for secret in secrets:
        if secret:
            words = words.replace(secret, "…")
    return UNPRINTABLE.sub(" ", words).strip()


def clean(text: object, secrets: tuple[str, ...] = ()) -> str:
    """The same, and short; never empty."""
    return one_line(str(text), secrets)[:LONGEST] or type(text).__name__


def about_error(error: str, description: str, secrets: tuple[str, ...] = ()) -> tuple[str, str, bool]:
    """What a token server's refusal means, its code, and whether it may pass by itself."""
    name = clean(error, secrets) if error else "no reason"
    said = clean(_TRACE.split(description, maxsplit=1)[0], secrets) if description else ""
    found = _AADSTS.search(description)
    behind = f" ({name}: {said})" if said else f" ({name})"
    if found and found[1] in _MICROSOFT_PASSES:
        return "Microsoft's token server is not available now. It is asked again." + behind, name, True
    words = (_MICROSOFT.get(found[1]) if found else None) or _CODES.get(error)
    if words is None:
        words = "The token server refuses. Look at the OAuth2 settings of the mailbox or relay."
    return words + behind, name, error in _PASSES


def about_refused(challenge: bytes) -> str:
    """What a mail server said when it refused a token of XOAUTH2: JSON, mostly; "" when it said nothing."""
    found = _decoded(challenge)
    status, scope = clean(found.get("status", "")), clean(found.get("scope", ""))
    if not any(key in found for key in ("status", "scope", "schemes")):
        return ""
    if status == "401" or status == "invalid_token":
        return f"the token is not good, or not for this server (status {status})"
    if status == "400" or status == "invalid_request":
        wanted = f", which must be {scope}" if found.get("scope") else ""
        return f"the token is not for this mailbox: look at user and at scope{wanted} (status {status})"
    return f"status {status}" if found.get("status") else f"it wants the scope {scope}"


def _decoded(challenge: bytes) -> dict[str, object]:
    """The challenge may come as JSON or in base64, with the padding left out."""
    for text in (challenge, _unbased(challenge)):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    return {}


def _unbased(text: bytes) -> bytes:
    try:
        return base64.b64decode(text[:65536] + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
