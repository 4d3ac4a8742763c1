"""Builds from the settings where bytes are kept, and says which local disks must have room for mail to be taken."""

from pathlib import Path
from typing import TYPE_CHECKING

from postdesk.settings import SettingsError
from store.blobs import BlobStore, FolderBlobs
from store.room import ReserveFile, Room

if TYPE_CHECKING:
    from postdesk.settings_model import Settings

MIB = 1024 * 1024
_LIBRARY = """blobs.kind: "s3" needs a library that is not installed; run: pip install 'postdesk[s3]'"""


def store(settings: "Settings", *, create: bool = True) -> BlobStore:
    """The blob store; a folder is made only with `create`. SettingsError when it cannot be used as it is set."""
    if settings.blobs.kind == "folder":
        return FolderBlobs(settings.blobs.folder, create=create)
    from store.s3_blobs import S3Blobs
    from store.s3_client import MissingLibrary, S3Config

    blobs = settings.blobs
    config = S3Config(
        bucket=blobs.bucket,
        endpoint=blobs.endpoint,
        prefix=f"{blobs.prefix.strip('/')}/".removeprefix("/"),
        region=blobs.region,
        access_key=blobs.access_key,
        secret_key=blobs.secret_key.get_secret_value(),
        tls_ca=_certificates(blobs.tls_ca),
        path_style=blobs.path_style,
    )
    try:
        return S3Blobs(config)
    except MissingLibrary as error:
        raise SettingsError([_LIBRARY]) from error


def disks(settings: "Settings", database: Path | None) -> tuple[Path, ...]:
    """Folders on whose disks received mail lies: that of the blobs, that of the SQLite file; none where neither is."""
    folders = [settings.blobs.folder] if settings.blobs.kind == "folder" else []
    return tuple([*folders, database.parent] if database else folders)


def room(settings: "Settings", database: Path | None) -> Room:
    """What must be free on them; beside an SQLite file lies one that is given up when nothing is free any more."""
    size = settings.database.reserve_file_mb * MIB
    file = ReserveFile(Path(f"{database}-reserve"), size) if database and size else None
    return Room(disks(settings, database), settings.blobs.reserve_mb * MIB, settings.blobs.reserve_percent, file)


def where(settings: "Settings") -> str:
    """The store in words."""
    blobs = settings.blobs
    if blobs.kind == "folder":
        return str(blobs.folder)
    return f"bucket {blobs.bucket}{' below ' + blobs.prefix if blobs.prefix else ''} at {blobs.endpoint or 'Amazon'}"


def _certificates(file: str) -> str:
    try:
        return Path(file).read_text(encoding="ascii") if file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"blobs.tls_ca: {file} cannot be read: {type(error).__name__}"]) from error
