"""Whether SQLite finds its file damaged, and what it says of it in one line."""

import re
import sqlite3

_CORRUPT, _NO_DATABASE = 11, 26  # SQLITE_CORRUPT, SQLITE_NOTADB: the last byte of the extended code


def damage(error: BaseException) -> str:
    """What it says when an error, or the one that SQLAlchemy wraps, is damage; "" for any other error."""
    origin = getattr(error, "orig", None) or error
    if not isinstance(origin, sqlite3.DatabaseError):
        return ""
    code = getattr(origin, "sqlite_errorcode", 0) & 0xFF
    return in_words(str(origin)) if code in (_CORRUPT, _NO_DATABASE) else ""


def in_words(said: str) -> str:
    """One line of what a check says: without its heading “*** in database main ***”."""
    lines = [line.strip() for line in re.sub(r"\*\*\* in database \w+ \*\*\*", "", said).splitlines() if line.strip()]
    return lines[0] if lines else "no more is known"
