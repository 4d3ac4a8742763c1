"""What others on this machine could read: keys, passwords, the data itself."""

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from postdesk.backup_files import has_secrets
from postdesk.doctor.findings import Finding, Notes, Probe

if TYPE_CHECKING:
    from postdesk.wiring import House


def probes(house: "House", _seconds: float) -> list[Probe]:
    """One."""
    return [Probe("secrets", "the files of this desk", lambda: _look(house))]


def _look(house: "House") -> Iterable[Finding]:
    notes = Notes("secrets")
    seen = 0
    for path, what in _files(house):
        try:
            mode = path.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            do = "Let the user that Postdesk runs as read it."
            notes.error(f"{path} ({what}) cannot be looked at: {error.strerror}.", "It may not be usable.", do)
            continue
        seen += 1
        if stat.S_IMODE(mode.st_mode) & 0o077:
            wanted = "700" if stat.S_ISDIR(mode.st_mode) else "600"
            means = "Every user of this machine may read it."
            notes.error(f"{path} ({what}) can be read by others.", means, "Run:", f"chmod {wanted} {path}")
    if not notes.found:
        notes.ok(f"{seen} files and folders with keys, passwords and mail are for their owner only.")
    return notes.found


def _files(house: "House") -> Iterator[tuple[Path, str]]:
    settings, home = house.settings, house.loaded.home
    yield settings.secrets.key_file, "signing keys"
    if settings.smtp.tls_key:
        yield home / settings.smtp.tls_key, "key of the certificate"
    yield settings.dkim.folder, "DKIM keys"
    if settings.dkim.folder.is_dir():
        yield from ((path, "DKIM key") for path in sorted(settings.dkim.folder.iterdir()) if path.is_file())
    if (file := house.database.file) is not None:
        yield file.parent, "the folder of the database"
        yield from ((path, "database") for path in house.database.files)
    if settings.blobs.kind == "folder":
        yield settings.blobs.folder, "mails and attachments"
    if settings.relay.mode == "maildir":
        yield settings.relay.folder, "letters"
    # Whether it holds a secret itself; those in files of their own are read with more care.
    if house.loaded.file is not None and has_secrets(house.loaded.file):
        yield house.loaded.file, "settings with a password in them"
