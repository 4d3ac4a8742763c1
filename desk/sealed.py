"""Secrets that the desk must read again: encrypted with a key for each purpose, and bound to what they belong to."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from desk.keys import Keys

_NONCE = 12  # bytes, random (NIST SP 800-38D section 8.2.2)


def seal(secret: bytes, keys: Keys, purpose: str, bound: bytes) -> bytes:
    """The secret under the newest key (AES-256-GCM): the number of the key, the nonce, and what only `bound` opens."""
    key, nonce = keys.derive(purpose), secrets.token_bytes(_NONCE)
    if key is None:
        raise ValueError("there is no key to seal with")
    return bytes((keys.newest,)) + nonce + AESGCM(key).encrypt(nonce, secret, bound)


def is_of_older_key(sealed: bytes, keys: Keys) -> bool:
    """True when it should be sealed anew, so that the older key can be taken out of the file one day."""
    return sealed[:1] != bytes((keys.newest,))


def unseal(sealed: bytes, keys: Keys, purpose: str, bound: bytes) -> bytes | None:
    """The secret; None when it is not ours, altered, of something else, or sealed with a key that is gone."""
    if len(sealed) <= 1 + _NONCE:
        return None
    key = keys.derive(purpose, sealed[0])
    if key is None:
        return None
    try:
        return AESGCM(key).decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], bound)
    except InvalidTag:
        return None
