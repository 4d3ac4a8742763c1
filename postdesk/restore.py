"""`postdesk restore`: a desk from a backup, into an empty place; and what differs from the desk that was."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from desk import audit
from desk.people import PeopleError
from postdesk import backup_erased, restore_after, restore_clock, restore_place, restore_running
from postdesk.backup_erased import Erased
from postdesk.backup_manifest import BackupError, Manifest
from postdesk.settings import Loaded, SettingsError, load
from postdesk.verify import Finding, Source, verify
from postdesk.wiring import House
from store.migrations import current, state, upgrade


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be restored where, and how."""

    folder: Path
    into: Path
    config: Path | None = None  # settings for a backup that holds none
    replace: bool = False
    send_waiting: bool = False
    erased: Path | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it."""

    manifest: Manifest
    loaded: Loaded
    after: restore_after.After
    clock: dict[str, int]  # letters that came due since the backup, by kind
    put: int  # blobs that were not there
    aside: Path | None  # where what was there is now
    elsewhere: dict[str, str]
    erased_again: tuple[int, int]  # erasures since the backup, and people erased again by them
    list_of: datetime | None  # when the list of erasures was written, if there was one
    faults: tuple[Finding, ...]


class Unfinished(Exception):
    """Everything is put back, and what has to follow before anybody works with it failed; in words."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def check(wish: Wish, tick: Callable[[int, int], None] = lambda *_: None) -> Manifest:
    """The manifest of a backup that is whole; BackupError otherwise. Changes nothing."""
    manifest = Manifest.read(wish.folder)
    restore_place.check_digests(wish.folder, manifest, tick)
    if wish.erased is not None and not wish.erased.exists():
        raise BackupError(f"There is no {wish.erased}.", 66)
    if (listed := _list_of(wish)).exists():
        backup_erased.read(listed)
    return manifest


def _list_of(wish: Wish) -> Path:
    return wish.erased or wish.folder.parent / backup_erased.FILE


def not_running(wish: Wish, manifest: Manifest, now: datetime) -> None:
    """BackupError when a desk works in that place."""
    file = _settings_file(wish, manifest)
    if not file.exists():
        return
    try:
        house = House(load(file))
    except SettingsError:
        return  # it cannot run either
    try:
        _not_at_work(house, now)
    finally:
        house.database.close()


def _not_at_work(house: House, now: datetime) -> None:
    if house.missing_database or restore_place.is_empty(house.database):
        return
    if at_work := restore_running.at_work(house.database, now):
        raise BackupError(
            f"A desk is at work on {house.database.file or house.database.url.database} ({', '.join(at_work[:3])}). "
            "Stop it first. One that was stopped just now counts for up to six minutes where it ran on another "
            "machine. To put this desk beside it, name another database: POSTDESK_DATABASE__URL=…", 75,
        )  # fmt: skip


def _settings_file(wish: Wish, manifest: Manifest) -> Path:
    if not manifest.settings:
        if wish.config is None:
            raise BackupError(
                "The backup was made without secrets and holds no settings. Put your settings file and secret.key "
                "where they belong, and name it: postdesk --config FILE restore …", 64,
            )  # fmt: skip
        return wish.config.absolute()
    place = manifest.files[manifest.settings].place
    return wish.into / (place if not Path(place).is_absolute() else manifest.settings)


def run(
    wish: Wish, manifest: Manifest, say: Callable[[str], None], tick: Callable[[int, int], None] = lambda *_: None
) -> Restored:
    """Restore. BackupError when it cannot be, and then everything is as it was before, bytes in the store aside.

    Unfinished when a step fails that comes after the database was put back.
    """
    now = datetime.now(UTC)
    aside = wish.into / f"replaced-{now:%Y%m%dT%H%M%SZ}" if wish.replace else None
    place = restore_place.Place(wish.into, aside)
    house: House | None = None
    try:
        place.begin(_settings_file(wish, manifest).parent)
        place.files(wish.folder, manifest)
        house = _house(wish, manifest)
        _not_at_work(house, now)  # its settings may name the database of another place
        restore_place.ready_for(house, manifest, place)
        say("Putting mails and attachments back …")
        put = restore_place.blobs(house.blobs, wish.folder, manifest, tick)
        say("Putting the database back …")
        restore_place.database(house, wish.folder, place)
    except BaseException:
        if house is not None:
            house.database.close()
        place.undo()
        raise
    try:
        done = _follow(wish, manifest, house, place, put, say)
        place.done(_settings_file(wish, manifest).parent)
        return done
    except (BackupError, SettingsError, PeopleError, SQLAlchemyError, OSError, RuntimeError) as error:
        raise Unfinished(str(error), error.code if isinstance(error, BackupError) else 1) from error
    finally:
        house.database.close()


def _house(wish: Wish, manifest: Manifest) -> House:
    try:
        house = House(load(_settings_file(wish, manifest), os.environ))
        _keys_are_there(wish, manifest, house.settings.secrets.key_file)
        _ = house.keys
    except SettingsError as error:
        raise BackupError("The settings cannot be used:\n  " + "\n  ".join(error.faults), 78) from error
    if manifest.schema > state.newest():
        house.database.close()
        raise BackupError(
            f"The backup was made by Postdesk {manifest.version}, which is newer. Install that one first.", 78
        )
    return house


def _keys_are_there(wish: Wish, manifest: Manifest, file: Path) -> None:
    """BackupError that says where the signing keys are, when they are not where the settings look for them."""
    if file.exists():
        return
    inside = [name for name, one in manifest.files.items() if one.place == str(file)] or [
        name for name, one in manifest.files.items() if Path(one.place).name == file.name
    ]
    where = (
        f"In the backup they are {wish.folder / inside[0]}: copy that file there" if inside
        else "The backup holds none: put those of the old desk there"
    )  # fmt: skip
    raise BackupError(
        f"The settings look for the signing keys at {file}, and nothing is there. {where}, readable for the user of "
        "the desk only, and restore again. Do not make new ones: replies to its letters need these.", 78,
    )  # fmt: skip


def _follow(
    wish: Wish, manifest: Manifest, house: House, place: restore_place.Place, put: int, say: Callable[[str], None]
) -> Restored:
    """What has to be done before anybody works with it."""
    found, newest = current(house.database)
    if found != newest:
        say(f"Bringing the schema from {found} to {newest} …")
        upgrade(house.database)
    now = datetime.now(UTC)
    form = house.numbers.form
    with house.database.transaction() as session:
        after = restore_after.adjust(session, now, house.zone, form, send_waiting=wish.send_waiting)
    house.database.close()
    house = House(house.loaded)  # the ids that the other one had at hand are from before the leap
    try:
        return _ready(wish, manifest, house, place, put, after, say)
    finally:
        house.database.close()


def _ready(
    wish: Wish, manifest: Manifest, house: House, place: restore_place.Place, put: int, after: restore_after.After,
    say: Callable[[str], None],
) -> Restored:  # fmt: skip
    """Erasures since, and a look whether all is well."""
    audit.alone(house.database, "desk.restored", made=manifest.made_at.isoformat())
    listed = _list_of(wish)
    erased = backup_erased.since(backup_erased.read(listed), manifest.made_at) if listed.exists() else []
    list_of = backup_erased.written_at(listed) if listed.exists() else None
    again = _erase_again(house, erased, say)
    clock = restore_clock.catch_up(house, datetime.now(UTC), send_waiting=wish.send_waiting)
    say("Verifying …")
    source = Source(
        house.database.reading,
        house.database.is_sqlite,
        house.blobs if manifest.blobs else None,
        frozenset(manifest.lost),
    )
    faults = tuple(one for one in verify(source, datetime.now(UTC), quick=True) if one.faults)
    aside = place.aside if place.moved else None
    return Restored(
        manifest, house.loaded, after, clock, put, aside, place.elsewhere, (len(erased), again), list_of, faults
    )


def _erase_again(house: House, erased: list[Erased], say: Callable[[str], None]) -> int:
    """Whoever was erased since the backup is in it still, and whose erasure had begun then is in it half."""
    from postdesk import erasing_again

    if erased:
        say("Erasing again whoever was erased since …")
    return erasing_again.run(house, erased)
