"""Make .venv with what `make demo` (run) or `make test` (dev) needs; every failure is one line with the fix.

    python3 tools/bootstrap.py run|dev

Standard library alone, in words that Python 3.6 still reads, so that an old interpreter gets the sentence and no
traceback. Called by make, and only when pyproject.toml is newer than the mark of the last success.
Environment  PIP_INDEX_URL and pip's other variables as always; OFFLINE=1 takes packages from ./wheels alone.
Not here     what the packages are (pyproject.toml).
"""

import importlib.util
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOG = VENV / "install.log"
WHEELS = ROOT / "wheels"
OLDEST = (3, 11)
PIP_WAIT_S = 15
_WHAT = {"run": ".", "dev": ".[dev]"}
_UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|Connection broken|SSLError|Temporary failure in name"
)
_MISSING = re.compile(
    r"No matching distribution found for (\S+)|Could not find a version that satisfies the requirement (\S+)"
)
_ONCE = r'pip download -d wheels ".[dev]" hatchling editables'


class Trouble(Exception):  # noqa: N818 - it is a sentence for the person at the keyboard
    """What is wrong, and the command that mends it."""

    def __init__(self, what, fix):
        super().__init__(f"✗ {what}      → {fix}")


def main(what):
    """Exit code; the mark `.venv/run` or `.venv/dev` is written last."""
    began = time.monotonic()
    try:
        check_python(sys.version_info[:3])
        make_venv()
        sys.stdout.write(f"  installing into .venv ({_WHAT[what]}; log: .venv/install.log) …\n")
        sys.stdout.flush()
        install(what)
    except Trouble as e:
        sys.stderr.write(f"{e}\n")
        return 1
    for mark in ("run", "dev") if what == "dev" else ("run",):
        (VENV / mark).touch()
    sys.stdout.write(f"  ready after {time.monotonic() - began:.0f} s\n")
    return 0


def check_python(version):
    """Raises Trouble when the interpreter is too old."""
    if version[:2] < OLDEST:
        found, wanted = ".".join(map(str, version)), ".".join(map(str, OLDEST))
        raise Trouble(f"python3 is {found}; this project needs {wanted} or newer.", "PYTHON=python3.12 make demo")


def make_venv():
    """A virtual environment of this interpreter; one that is there and works is kept."""
    python = VENV / "bin" / "python"
    VENV.mkdir(parents=True, exist_ok=True)
    if python.exists() and run([str(python), "-m", "pip", "--version"])[0] == 0:
        return
    if importlib.util.find_spec("ensurepip") is None:
        raise Trouble("the venv module is missing (Debian splits it out).", "sudo apt install python3-venv")
    if run([sys.executable, "-m", "venv", "--clear", str(VENV)])[0] != 0:
        raise Trouble("python3 -m venv failed.", "cat .venv/install.log")


def install(what):
    """pip, into the virtual environment; its words go to the log. Bytecode is made at the first import instead."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--no-compile", "--disable-pip-version-check"]
    offline = os.environ.get("OFFLINE", "") not in ("", "0")
    if offline:
        if not WHEELS.is_dir():
            raise Trouble("OFFLINE=1, and there is no folder ./wheels.", "where there is a network: " + _ONCE)
        command += ["--no-index", "--find-links", str(WHEELS)]
    else:
        command += ["--timeout", str(PIP_WAIT_S), "--retries", "1"]
    code, said = run([*command, "--editable", _WHAT[what]])
    if code != 0:
        raise explained(said, offline)


def explained(said, offline):
    """What pip's words mean, as Trouble."""
    missing = _MISSING.search(said)
    if offline and missing is not None:
        return Trouble(f"./wheels lacks {missing.group(1) or missing.group(2)}.", "where there is a network: " + _ONCE)
    if _UNREACHABLE.search(said):
        return Trouble(
            f"pip could not reach the package index ({PIP_WAIT_S} s).",
            "set PIP_INDEX_URL, or: make demo OFFLINE=1 with wheels in ./wheels",
        )
    if missing is not None:
        name = missing.group(1) or missing.group(2)
        return Trouble(f"the package index has no {name} for this Python.", "PYTHON=python3.12 make demo")
    last = [line for line in said.splitlines() if line.startswith("ERROR")] or ["pip failed."]
    return Trouble(last[0], "cat .venv/install.log")


def run(command):
    """Exit code and words; everything said is added to the log, at its end: `venv --clear` takes the log away."""
    done = subprocess.run(
        command, cwd=str(ROOT), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    with LOG.open("ab") as log:
        log.write("$ {}\n".format(" ".join(command)).encode("utf-8") + done.stdout)
    return done.returncode, done.stdout.decode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if sys.argv[1:] and sys.argv[1] in _WHAT else "run"))
