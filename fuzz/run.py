"""Fuzzes one target until it is stopped: `python -m fuzz.run TARGET [options of libFuzzer] [folders of inputs]`."""

import hashlib
import importlib
import sys
import tempfile
import traceback
from pathlib import Path

import atheris

from fuzz import bounds, mutator
from fuzz.targets import NAMES

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "fuzz"
CORPUS = ROOT / "fuzz" / "corpus"
SECONDS = 30  # of one input, before libFuzzer ends the run; processor time is bounded more tightly, in bounds.py


class Findings:
    """Each kind of fault is told once, by the place in the code that it comes from, and the run goes on."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._known: set[str] = set()

    def add(self, data: bytes, fault: Exception) -> None:
        """Keep the input and say what is wrong with it."""
        place = traceback.extract_tb(fault.__traceback__)[-1]
        kind = f"{type(fault).__name__} {Path(place.filename).name}:{place.lineno}"
        if kind in self._known:
            return
        self._known.add(kind)
        BUILD.mkdir(parents=True, exist_ok=True)
        file = BUILD / f"finding-{self._name}-{hashlib.sha256(data).hexdigest()[:12]}"
        file.write_bytes(data)
        print(f"\nFINDING {kind}: {str(fault)[:500]}\n  {file}", flush=True)


def main(name: str, arguments: list[str]) -> None:
    """Fuzz from our own seeds, what was learnt before, and the folders that the arguments name."""
    with atheris.instrument_imports(include=["gateway", "desk"]):
        target = importlib.import_module(f"fuzz.targets.{NAMES.get(name, name)}")
    findings = Findings(name)

    def one(data: bytes) -> None:
        for given in bounds.inputs(data):
            try:
                bounds.run(target.check, given)
            except Exception as fault:
                findings.add(given, fault)

    def changed(data: bytes, most: int, seed: int) -> bytes:
        return mutator.changed(data, most, seed, atheris.Mutate)

    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder, "words")
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.WORDS if word), encoding="ascii")
        learnt = BUILD / name
        learnt.mkdir(parents=True, exist_ok=True)
        options = [f"-dict={words}", f"-timeout={SECONDS}", "-max_len=32768", "-rss_limit_mb=2000"]
        more = {"custom_mutator": changed} if target.MAILS else {}
        atheris.Setup([sys.argv[0], *options, str(learnt), str(CORPUS / name), *arguments], one, **more)
        atheris.Fuzz()


def _escaped(word: str) -> str:
    """As libFuzzer's dictionaries have it: bytes beyond ASCII, quotation marks and backslashes in hexadecimal."""
    odd = b'"\\'
    return "".join(chr(b) if 32 <= b < 127 and b not in odd else f"\\x{b:02X}" for b in word.encode())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
