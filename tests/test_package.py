"""The wheel is what operators get: built, installed into a fresh environment, and used from another folder."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "postdesk",
    "gateway",
    "desk",
    "store",
    "portal",
    "templates",
    "config",
)


def run(*command: str | Path, folder: Path) -> str:
    """Run a program in a folder and return what it printed; on failure the test shows both streams."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("POSTDESK_", "PYTHON"))}
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the files that belong in it."""
    source = tmp_path_factory.mktemp("source")
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    # With the builder at hand nothing is fetched; otherwise `build` installs it into an environment of its own.
    isolation = ["--no-isolation"] if importlib.util.find_spec("hatchling") else []
    run(sys.executable, "-m", "build", "--wheel", *isolation, "--outdir", "dist", folder=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


def locked() -> list[str]:
    """The packages of requirements.lock: what `pip install` gives an operator."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)


def lend(site: Path) -> None:
    """Make the locked packages of this environment, and only those, importable in another one, without a network."""
    for name in locked():
        try:
            files = importlib.metadata.distribution(name).files or []
        except importlib.metadata.PackageNotFoundError:
            continue  # locked for another platform or Python; `pip check` finds what is really missing
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            source = Path(str(importlib.metadata.distribution(name).locate_file(top)))
            if not (site / top).exists():  # a namespace that two packages share comes with the first
                (site / top).symlink_to(source)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `postdesk` of a fresh environment that holds the wheel and the locked packages."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    (site,) = home.glob("lib/python*/site-packages")
    run(python, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet", wheel, folder=home)
    lend(site)
    run(python, "-m", "pip", "check", folder=home)
    return home / "bin" / "postdesk"


def test_wheel_holds_templates_config_and_licence(wheel: Path) -> None:
    """Everything that the program reads at run time is inside the wheel, and nothing else of the checkout."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    bundled = {name.removeprefix("postdesk/_bundled/") for name in names if name.startswith("postdesk/_bundled/")}
    for folder in ("config", "templates"):
        kept = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert {path for path in kept if "__pycache__" not in path} == {
            path for path in bundled if path.startswith(f"{folder}/")
        }
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert {name.split("/")[0].partition("-")[0] for name in names} == {
        "postdesk",
        "gateway",
        "desk",
        "store",
        "portal",
    }


def test_wheel_sets_up_and_checks_a_desk(installed: Path, tmp_path: Path) -> None:
    """Installed and called from another folder, it sets up a sample desk and finds it in order."""
    config = tmp_path / "desk" / "postdesk.toml"
    run(installed, "--config", config, "init", "--sample", folder=tmp_path)
    assert config.is_file()
    run(installed, "--config", config, "check", folder=tmp_path)
    assert list(tmp_path.iterdir()) == [config.parent], "something was written outside of the desk's folder"


def test_wheel_uses_its_own_files(installed: Path, tmp_path: Path) -> None:
    """The installed program reads the templates and settings inside the wheel, not those of a checkout."""
    python = installed.with_name("python")
    found = run(python, "-c", "from postdesk import bundled; print(bundled.folder('templates'))", folder=tmp_path)
    assert found.strip().endswith("postdesk/_bundled/templates")
