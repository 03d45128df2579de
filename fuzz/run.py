"""`make fuzz`: the targets one after the other, each for its minutes, at low priority; what breaks one stays as a file.

usage    python -m fuzz.run [--minutes 10] [TARGET...]
Output   a line a target: how many inputs were tried, and the file and the sentence of what broke
Exit     1 when something broke, 2 when the engine is not installed
The corpus that a run has found stays in var/fuzz/TARGET/corpus, and the next run begins with it.
"""

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from fuzz.seeds import seeds
from fuzz.targets import READING, TARGETS

_PLACE = Path("var/fuzz")
_MAX_OCTETS = 10_000
_RESIDENT_MIB = 1024  # of the whole interpreter; the growth for one input is judged in oracles.py
_HANGS_S = 120  # of the clock, with a second look at what seemed slow, last in line on a busy machine
_EXECUTED = re.compile(r"^(?:Done |#)(\d+)", re.MULTILINE)
_BROKEN = re.compile(r"^(?:[\w.]+: .*)(?=\nTraceback)|^==\d+== ?ERROR: .*", re.MULTILINE)
_LEFT = re.compile(r"Test unit written to (\S+)")


def main() -> int:
    """Exit code."""
    arguments = _arguments()
    if importlib.util.find_spec("atheris") is None:
        sys.stderr.write(
            '✗ atheris is not installed.      → .venv/bin/python -m pip install -e ".[fuzz]" (Linux, x86-64)\n'
        )
        return 2
    return max([_fuzzed(name, arguments.minutes) for name in arguments.targets or READING])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("targets", nargs="*", metavar="TARGET", choices=[[], *TARGETS], help=", ".join(TARGETS))
    parser.add_argument("--minutes", type=float, default=10.0, help="of each target (10)")
    return parser.parse_args()


def _fuzzed(name: str, minutes: float) -> int:
    """1 when the target broke."""
    place = _PLACE / name
    begun = place / "seeds"
    for folder in (place / "corpus", begun):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (begun / str(number)).write_bytes(seed)
    dictionary = place / "words"
    dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in TARGETS[name].words))
    command = [
        sys.executable, "-m", "fuzz.engine", name, f"-max_total_time={minutes * 60:.0f}", f"-max_len={_MAX_OCTETS}",
        f"-rss_limit_mb={_RESIDENT_MIB}", f"-timeout={_HANGS_S}", f"-dict={dictionary}", f"-artifact_prefix={place}/",
        "-print_final_stats=1", str(place / "corpus"), str(begun),
    ]  # fmt: skip
    began = time.monotonic()
    with (place / "log").open("w") as log:
        code = subprocess.run(command, stdout=log, stderr=log, preexec_fn=lambda: os.nice(19)).returncode
    said = (place / "log").read_text(errors="replace")
    executed = _EXECUTED.findall(said)
    print(
        f"{name:<10} {max(map(int, executed), default=0):>9} inputs in {(time.monotonic() - began) / 60:.1f} min",
        _end(code, said),
        flush=True,
    )
    return 1 if code else 0


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{octet:02x}" for octet in word)


def _end(code: int, said: str) -> str:
    if not code:
        return "  nothing broke"
    broken, left = _BROKEN.search(said), _LEFT.search(said)
    return f"  ✗ {broken[0] if broken else f'exit {code}'}  {left[1] if left else ''}"


if __name__ == "__main__":
    sys.exit(main())
