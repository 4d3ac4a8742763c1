"""Where bytes are kept, as the settings say it: a folder or S3, and which disks must have room."""

from pathlib import Path

import pytest

from postdesk import blobs
from postdesk.settings import SettingsError, load
from postdesk.settings_model import Settings
from store import s3_client
from store.blobs import FolderBlobs
from store.s3_blobs import S3Blobs

S3 = {"KIND": "s3", "BUCKET": "postdesk", "ENDPOINT": "https://s3.sample.test"}


def settings(tmp_path: Path, **values: str) -> Settings:
    """Those of a desk in this folder."""
    (tmp_path / "postdesk.toml").touch()
    environment = {f"POSTDESK_BLOBS__{name}": value for name, value in values.items()}
    return load(tmp_path / "postdesk.toml", environment).settings


def test_a_folder(tmp_path: Path) -> None:
    """By default; its disk and that of an SQLite file must have room."""
    found = settings(tmp_path)
    assert isinstance(blobs.store(found), FolderBlobs)
    assert (tmp_path / "blobs").is_dir()
    assert blobs.disks(found, tmp_path / "elsewhere" / "desk.db") == (tmp_path / "blobs", tmp_path / "elsewhere")
    assert blobs.disks(found, None) == (tmp_path / "blobs",)
    assert blobs.where(found) == str(tmp_path / "blobs")


def test_s3(tmp_path: Path) -> None:
    """Nothing is asked of it and no folder is made; with PostgreSQL no disk of this machine counts."""
    found = settings(tmp_path, **S3, PREFIX="/desk")
    store = blobs.store(found)
    assert isinstance(store, S3Blobs)
    assert store.key("ab" + "0" * 62) == f"desk/ab/ab{'0' * 62}"
    assert not (tmp_path / "blobs").exists()
    assert blobs.disks(found, tmp_path / "desk.db") == (tmp_path,)
    assert blobs.disks(found, None) == ()
    assert blobs.where(found) == "bucket postdesk below /desk at https://s3.sample.test"


def test_the_secret_comes_from_a_file(tmp_path: Path) -> None:
    """As passwords do; it is in no text of the settings."""
    (tmp_path / "s3.secret").touch(mode=0o600)
    (tmp_path / "s3.secret").write_text("sample secret\n", encoding="utf-8")
    found = settings(tmp_path, **S3, ACCESS_KEY="desk", SECRET_KEY_FILE="s3.secret")
    assert found.blobs.secret_key.get_secret_value() == "sample secret"
    assert "sample secret" not in repr(found)


@pytest.mark.parametrize(
    "values, words",
    [
        ({"KIND": "s3"}, "BUCKET: must name the bucket"),
        ({**S3, "ACCESS_KEY": "desk"}, "set both, or neither"),
        ({**S3, "ENDPOINT": "http://s3.sample.test"}, "http:// is allowed only to this machine"),
        ({**S3, "ENDPOINT": "s3.sample.test"}, "must be an address like https://s3.example.com"),
        ({**S3, "KIND": "cloud"}, "KIND"),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, values: dict[str, str], words: str) -> None:
    """Said at the start, with the key."""
    with pytest.raises(SettingsError, match=words):
        settings(tmp_path, **values)


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library, with the command that installs it; the file of the authority."""
    with pytest.raises(SettingsError, match=r"blobs\.tls_ca: .* cannot be read: FileNotFoundError"):
        blobs.store(settings(tmp_path, **S3, TLS_CA="ca.pem"))
    monkeypatch.setattr(s3_client, "installed", lambda: False)
    with pytest.raises(SettingsError, match=r"pip install 'postdesk\[s3\]'"):
        blobs.store(settings(tmp_path, **S3))
