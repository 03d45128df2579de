"""The wheel alone is the product: built, installed without the source, and the whole demo runs from it."""

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.demo import cast

ROOT = Path(__file__).parent.parent
pytestmark = [pytest.mark.push, pytest.mark.timeout(600)]


def run(command: Sequence[str | Path], folder: Path, home: Path) -> str:
    kept = {name: text for name, text in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTP", "http", "NO_"))}
    clean = kept | {"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT], folder, folder)
    (built,) = folder.glob("mailwicket-*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`mailwicket`, in a virtual environment that has never seen the source."""
    place = tmp_path_factory.mktemp("venv")
    venv.create(place, with_pip=True)
    pip = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel]
    run(pip, place, place)
    return place / "bin" / "mailwicket"


def test_it_carries_all_data_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"gateway/_data/rules.yaml", "gateway/py.typed"} <= names
    templates = {p.relative_to(ROOT).as_posix() for p in (ROOT / "templates").rglob("*") if p.is_file()}
    assert {f"gateway/_data/{name}" for name in templates} <= names
    assert {f"gateway/demo/mails/{path.name}" for path in cast.MAILS.glob("*.eml")} <= names
    assert not [name for name in names if name.split("/")[0] not in ("gateway",) and ".dist-info/" not in name]


def test_the_demo_runs_from_it_in_an_empty_folder_with_an_empty_home(program: Path, tmp_path: Path) -> None:
    folder, home = tmp_path / "folder", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    assert run([program, "version"], folder, home).startswith("mailwicket ")
    said = run([program, "demo", "--once"], folder, home)
    assert "Account" in said
    assert "✗" not in said
    assert not list(home.iterdir())
    assert [path.name for path in folder.iterdir()] == ["var"]
