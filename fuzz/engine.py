"""One target under atheris, in a process of its own: libFuzzer ends it when its time is over or something breaks.

usage    python -m fuzz.engine TARGET [libFuzzer's options] CORPUS...
Needs    atheris, and only this module does; run.py says how to get it.
"""

import importlib
import sys

import atheris

# what is instrumented must be imported under this; standard library and others' code are left as they are
with atheris.instrument_imports(include=["gateway"]):
    _targets = importlib.import_module("fuzz.targets")
    _oracles = importlib.import_module("fuzz.oracles")


def main(name: str, *options: str) -> None:
    """Does not come back: libFuzzer ends the process."""
    reading = _targets.TARGETS[name].reading
    atheris.Setup([sys.argv[0], *options], lambda data: _oracles.within_budget(name, reading, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
