"""The section of the settings that says where big mails and attachments lie: a folder, or a store that speaks S3."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from gateway.loopback import is_loopback
from postdesk.settings_kinds import Section


def _endpoint(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise ValueError("must be an address like https://s3.example.com")
    return value.rstrip("/")


class Blobs(Section):
    """[blobs]"""

    kind: Literal["folder", "s3"]
    folder: Path
    reserve_mb: Annotated[int, Field(ge=0)]
    reserve_percent: Annotated[int, Field(ge=0, le=50)]
    endpoint: Annotated[str, AfterValidator(_endpoint)]
    bucket: Annotated[str, Field(max_length=255)]
    prefix: Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9._/-]*$")]
    region: Annotated[str, Field(min_length=1, max_length=60)]
    access_key: str
    secret_key: SecretStr
    secret_key_file: str
    tls_ca: str
    path_style: bool

    def at(self, home: Path) -> "Blobs":
        """The same with paths made absolute."""
        tls_ca = str(home / self.tls_ca) if self.tls_ca else ""
        return self.model_copy(update={"folder": home / self.folder, "tls_ca": tls_ca})

    def faults(self) -> list[str]:
        """What does not go together."""
        if self.kind != "s3":
            return []
        found = []
        if not self.bucket:
            found.append('blobs.bucket: must name the bucket when blobs.kind is "s3"')
        if bool(self.access_key) != bool(self.secret_key.get_secret_value()):
            found.append("blobs.access_key, blobs.secret_key: set both, or neither")
        parts = urlsplit(self.endpoint)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            found.append("blobs.endpoint: http:// is allowed only to this machine; use https://")
        return found
