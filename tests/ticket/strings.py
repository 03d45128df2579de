"""The phrases of every language, as they are packaged."""

from pathlib import Path

from ruamel.yaml import YAML

from gateway.config import packaged

STRINGS: dict[str, dict[str, str]] = {
    path.stem: YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    for path in (Path(packaged("templates")) / "_strings").iterdir()
}
