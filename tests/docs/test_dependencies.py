"""docs/dependencies.md and pyproject.toml name the same packages, with the licences of what is installed."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None
    return found[0].lower()


def declared() -> set[str]:
    extras = PROJECT["project"]["optional-dependencies"].values()
    wanted = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["build-system"]["requires"],
        *(r for e in extras for r in e),
    ]
    return {name_of(requirement) for requirement in wanted} - {"mailwicket"}


def rows() -> dict[str, list[str]]:
    lines = (ROOT / "docs" / "dependencies.md").read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {row[0]: row[1:] for row in cells if row[0] != "package"}


def test_the_page_and_the_project_name_the_same_packages() -> None:
    assert set(rows()) == declared()


def test_every_row_says_why_what_licence_and_what_instead() -> None:
    assert not [name for name, cells in rows().items() if len(cells) != 3 or not all(cells)]


@pytest.mark.parametrize("name", sorted(declared() - {"atheris", "hatchling", "imapclient"}))
# atheris and hatchling are not installed by us, imapclient names no licence in its metadata
def test_the_licence_is_the_installed_one(name: str) -> None:
    try:
        data = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"pip install {name}")
    said = " ".join([str(data.get("License-Expression") or data.get("License") or ""), *data.get_all("Classifier", [])])
    family = re.split(r"[- ]", rows()[name][1])[0]
    spelled = {
        "BSD": "BSD|3-Clause",
        "Apache": "Apache",
        "MIT": "MIT",
        "MPL": "MPL|Mozilla",
        "LGPL": "LGPL",
        "ISC": "ISC",
        "Python": "Python Software",
    }[family]
    assert re.search(spelled, said), said
