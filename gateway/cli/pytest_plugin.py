"""For pytest: the tests that stand in any `rules.yaml` are collected and played, each as an item of its own.

An entry point (`pytest11`) makes pytest load it wherever the gateway is installed. The site is that of the file named
by the option `mailwicket_config` of pytest.ini, or a plain one where there is none; nothing is stored or sent.
Not here the command that does the same (rules_test.py).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import policy
from gateway.clock import SystemClock
from gateway.config import load_settings
from gateway.errors import ConfigError
from gateway.rules.types import Scene
from gateway.trial import Result, Stage

NAME = "rules.yaml"
_PLAIN = {"site": {"domain": "example.test"}}  # where no configuration says another


def pytest_addoption(parser: pytest.Parser) -> None:
    """The one setting."""
    parser.addini("mailwicket_config", "mailwicket.toml of the site whose rules are tested", default="")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A collector for a rule file; None for any other file."""
    return RuleFile.from_parent(parent, path=file_path) if file_path.name == NAME else None


class RuleFile(pytest.File):
    """One rule file, with what it includes."""

    def collect(self) -> Iterator["RuleTest"]:
        """Its tests. A file that has errors fails as a whole, with all of them."""
        clock = SystemClock()
        named = self.config.getini("mailwicket_config")
        settings = load_settings(self.config.rootpath / named) if named else load_settings(None, _PLAIN)
        templates = policy.templates_of(settings, clock)
        rules = policy.read_rules(self.path, templates)
        stage = Stage(settings, rules, templates, clock, self.path.parent)
        for scene in rules.scenes:
            yield RuleTest.from_parent(self, name=scene.name, scene=scene, stage=stage)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The errors of the file in its own words."""
        return excinfo.value.text if isinstance(excinfo.value, ConfigError) else super().repr_failure(excinfo)


class Unexpected(Exception):  # noqa: N818  (a failed test, with its lines)
    """A test came out otherwise than expected."""


class RuleTest(pytest.Item):
    """One test of a rule file."""

    def __init__(self, *, scene: Scene, stage: Stage, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._scene, self._stage = scene, stage

    def runtest(self) -> None:
        """Play it."""
        result: Result = self._stage.result(self._scene)
        if result.differences:
            raise Unexpected("\n".join(result.differences))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The lines that `rules test` prints."""
        return str(excinfo.value) if isinstance(excinfo.value, Unexpected) else super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """File, line counted from 0, and name."""
        return self.path, self._scene.line - 1, f"rule test: {self.name}"
