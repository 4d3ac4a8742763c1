"""The desk's secret keys: one master key with an id, one derived key for each purpose."""

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Keys:
    """Master keys by id, newest first. New signatures use the newest, old ones still verify."""

    entries: tuple[tuple[int, bytes], ...] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "Keys":
        """Read lines "id:base64"; ValueError says what is wrong, without the key."""
        entries = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, _, encoded = line.partition(":")
            try:
                key = base64.b64decode(encoded.strip(), validate=True)
                entries.append((int(name), key))
            except (ValueError, binascii.Error) as error:
                raise ValueError(f'line {number} is not "id:key"') from error
            if not 0 <= entries[-1][0] <= 255 or len(key) < 32:
                raise ValueError(f"line {number}: the id must be 0 to 255 and the key 32 bytes")
        if not entries:
            raise ValueError("there is no key in it")
        return cls(tuple(entries))

    @staticmethod
    def new_line(key_id: int) -> str:
        """A fresh key as a line for the key file."""
        return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}"

    @property
    def newest(self) -> int:
        """The id of the key that signs."""
        return self.entries[0][0]

    def derive(self, purpose: str, key_id: int | None = None) -> bytes | None:
        """The 32-byte key of a purpose; None when that master key is gone."""
        wanted = self.newest if key_id is None else key_id
        for known, master in self.entries:
            if known == wanted:
                return _derive(master, purpose)
        return None


@lru_cache(maxsize=64)  # every letter asks three times
def _derive(master: bytes, purpose: str) -> bytes:
    return hashlib.blake2b(key=master, person=purpose.encode()[:16], digest_size=32).digest()
