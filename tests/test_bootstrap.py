"""The sentences of the bootstrap: what is wrong and the command that mends it."""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).parent.parent / "tools" / "bootstrap.py"


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("version", [(3, 9, 2), (3, 10, 14)])
def test_an_old_python_is_told_which_one_is_needed(bootstrap: ModuleType, version: tuple[int, int, int]) -> None:
    with pytest.raises(bootstrap.Trouble) as told:
        bootstrap.check_python(version)
    shown = ".".join(map(str, version))
    assert str(told.value) == (
        f"✗ python3 is {shown}; this project needs 3.11 or newer.      → PYTHON=python3.12 make demo"
    )


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 1)])
def test_a_new_python_is_taken(bootstrap: ModuleType, version: tuple[int, int, int]) -> None:
    bootstrap.check_python(version)


@pytest.mark.parametrize(
    ("said", "offline", "what", "fix"),
    [
        # pip's words, OFFLINE, what is told, the fix
        ("NewConnectionError('<pip…>')\nERROR: No matching distribution found for click>=8.5", False,
         "could not reach the package index (15 s).", "PIP_INDEX_URL"),
        ("ReadTimeout\nERROR: Could not find a version", False, "could not reach", "OFFLINE=1"),
        ("ERROR: No matching distribution found for click>=8.5", False, "no click>=8.5 for this Python", "PYTHON="),
        ("ERROR: No matching distribution found for click>=8.5", True, "./wheels lacks click>=8.5.", "pip download"),
        ("ERROR: No space left on device\nmore", False, "No space left on device", "cat .venv/install.log"),
        ("", False, "pip failed.", "cat .venv/install.log"),
    ],
)  # fmt: skip
def test_what_pip_says_becomes_one_line(bootstrap: ModuleType, said: str, offline: bool, what: str, fix: str) -> None:
    told = str(bootstrap.explained(said, offline))
    before, _, after = told.partition("→")
    assert what in before
    assert fix in after
    assert "\n" not in told


def test_it_reads_on_an_old_interpreter() -> None:
    """Syntax that Python 3.6 does not know would end in a traceback instead of the sentence."""
    ast.parse(PATH.read_text("utf-8"), feature_version=(3, 7))
