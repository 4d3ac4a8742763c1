"""The files of config/ as operators copy them: tests use those very files, with nothing but names and ports changed."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from tests.peers.common import missing, worker

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
PROGRAM = """\
#!{python}
import sys
sys.dont_write_bytecode = True
sys.path[:0] = [{root!r}, {site!r}]
from postdesk.cli import main
main()
"""


def recipe(name: str, change: Mapping[str, str] | None = None) -> str:
    """The text of config/<name>. Each key of `change` must stand in it, and becomes its value."""
    text = (CONFIG / name).read_text(encoding="utf-8")
    for old, new in (change or {}).items():
        assert old in text, f"config/{name} does not say {old!r} any more"
        text = text.replace(old, new)
    return text


def deliver_script(folder: Path, config: Path) -> Path:
    """config/forward/postdesk-deliver set up in a folder, as an operator would: the program and the settings named."""
    program = folder / "postdesk"
    site = sysconfig.get_path("purelib")
    program.write_text(PROGRAM.format(python=python_of_worker(), root=str(ROOT), site=site), encoding="utf-8")
    program.chmod(0o755)
    change = {"=/opt/postdesk/bin/postdesk\n": f"={program}\n", "=/var/lib/postdesk/postdesk.toml\n": f"={config}\n"}
    script = folder / "postdesk-deliver"
    script.write_text(recipe("forward/postdesk-deliver", change), encoding="utf-8")
    script.chmod(0o755)
    return script


def python_of_worker() -> str:
    """A Python like ours that `worker` may run: ours may lie below /root."""
    who = worker()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for name in (sys.executable, f"python{version}", "/usr/bin/python3"):
        found = shutil.which(name)
        tell = [found or name, "-c", "import sys; print(sys.version_info[:2])"]
        try:
            done = subprocess.run(tell, capture_output=True, text=True, check=False, user=who.pw_uid, cwd="/")
        except OSError:
            continue
        if done.stdout.strip() == str(sys.version_info[:2]):
            return str(found)
    return missing(f"{who.pw_name} can run no Python {version}: install one outside of /root")


def run(*command: str | Path, folder: Path, code: int = 0, seconds: float = 100, **more: str) -> str:
    """Run a program; all that it said, when its exit code is right. `more` are variables of its environment."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("POSTDESK_", "PYTHON"))}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**clean, **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, f"{command} ended with {done.returncode}\n{said}"
    return said
