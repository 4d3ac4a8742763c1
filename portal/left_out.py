"""Which files of a form were not added, as the page behind it says once: in its address, sealed for the visitor.

Nobody can send a link that lets this desk say other words.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from desk.said import SPACE, kept, listed, say

MOST = 5  # reasons that are told; a browser cuts no address of that length


def query(reasons: Sequence[str], form_token: str, number: str, *, others: bool) -> str:
    """For the address behind the form; "" where nothing was left out. `others` of its files were added."""
    if not reasons:
        return ""
    told = list(reasons[:MOST])
    if more := len(reasons) - MOST:
        told += [say("{n} more", n=more)] if more > 0 else []
    end = say("{reason} – the other files were added.") if others else say("{reason} – your note was added.")
    sentences = [say("{reason}.", reason=reason) for reason in told[:-1]] + [say(end, reason=told[-1])]
    text = base64.urlsafe_b64encode(json.dumps(kept(listed(sentences, SPACE))).encode()).decode()
    return urlencode({"left": text, "seal": _seal(text, form_token, number)})


def read(query: Mapping[str, str], form_token: str, number: str) -> object:
    """What was said, for the filter `said`; None where the address says nothing, or not by us."""
    text = query.get("left", "")
    given = query.get("seal", "").encode("utf-8", "replace")
    if not text or not form_token or not hmac.compare_digest(given, _seal(text, form_token, number).encode()):
        return None
    return json.loads(base64.urlsafe_b64decode(text))


def _seal(text: str, form_token: str, number: str) -> str:
    key = hashlib.sha256(form_token.encode()).digest()
    return hashlib.blake2b(f"{number.upper()}\n{text}".encode("utf-8", "replace"), key=key, digest_size=16).hexdigest()
