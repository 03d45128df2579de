"""Rules before they are in force: read, checked, compiled, and the tests in them played; nothing is changed.

Sources  rules.md §1, “Reload”: any error keeps what is loaded.
Not here what a scene is (rules/scenes.py) and how it is played (staged.py); who puts rules in force (daemon.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from gateway import policy
from gateway.clock import Clock
from gateway.config import Settings
from gateway.errors import ConfigError, Problem
from gateway.message.parse import parse
from gateway.outgoing.rehearse import rehearsed
from gateway.outgoing.render import Templates
from gateway.outgoing.templates import read_templates
from gateway.parsing.pool import parse_limits
from gateway.policy import RuleFile
from gateway.rules.selftest import Observed, compare
from gateway.rules.types import RuleSet, Scene
from gateway.scene_mail import scene_mail
from gateway.staged import happen, play
from gateway.store.revisions import Revision
from gateway.ticket.token import TokenRing

log = structlog.get_logger("templates")
_STAGE_KEY = bytes(32)  # tokens of scenes prove nothing to anybody


@dataclass(frozen=True, slots=True)
class Result:
    """A test that was played."""

    scene: Scene
    observed: Observed
    differences: tuple[str, ...]  # lines; none when it passed
    took_ms: float


@dataclass(frozen=True, slots=True)
class Stage:
    """Where tests are played: the site's addresses, no tickets, no budgets used."""

    settings: Settings
    rules: RuleSet
    templates: Templates
    clock: Clock
    folder: Path  # of the rules

    def result(self, scene: Scene) -> Result:
        """The test, played.

        Raises  ConfigError  its mail is in a file that cannot be read
        """
        begun = self.clock.monotonic()
        deps = policy.deps(self.settings, self.rules, TokenRing.of(_STAGE_KEY), self.templates, self.clock)
        if scene.event is not None and not scene.has_mail:
            observed = happen(scene, scene.event, deps)
        else:
            raw = self._mail(scene)
            message = parse(raw, parse_limits(self.settings), languages=self.settings.site.languages)
            observed = play(scene, raw, message, deps).observed
        took_ms = 1000 * (self.clock.monotonic() - begun)
        return Result(scene, observed, compare(scene, observed), took_ms)

    def failures(self) -> Iterator[Problem]:
        """The tests that do not come out as they expect."""
        for scene in self.rules.scenes:
            try:
                differences = self.result(scene).differences
            except ConfigError as e:
                yield from e.problems
                continue
            if differences:
                told = "\n    ".join(differences)
                yield Problem(scene.source, scene.line, 0, "test", f"“{scene.name}” fails", told)

    def _mail(self, scene: Scene) -> bytes:
        if not scene.file:
            return scene_mail(scene, self.rules.teams[self.rules.defaults.team].addresses[0])
        try:
            return (self.folder / scene.file).read_bytes()
        except OSError as e:
            what = f"the mail of test “{scene.name}” cannot be read: {e.strerror}"
            raise ConfigError(Problem(scene.source, scene.line, 0, "test", what)) from e


def current_file(settings: Settings) -> RuleFile:
    """The rule file of these settings, as it stands now.

    Raises  ConfigError  it cannot be read
    """
    return RuleFile.at(policy.rules_file(settings))


def revision_file(settings: Settings, found: Revision) -> RuleFile:
    """A revision that was in force, as if it stood in the rule file of these settings."""
    path = policy.rules_file(settings)
    return RuleFile(path.name, found.written.text, path.parent, found.written.files)


def tried(settings: Settings, file: RuleFile, clock: Clock, *, tests: bool) -> tuple[RuleSet, Templates]:
    """The rules of the file and the templates, compiled, and found good.

    tests   also play the tests in the file, and refuse templates that fail and articles that are wrong; else these are
            left out, and the packaged templates of the same mails go out
    Raises  ConfigError  with every problem, or with every test that fails
    """
    templates = _templates(settings, clock, refuse=tests)
    rules = policy.compiled(file, templates, around=policy.surroundings(settings))
    templates = templates.preferring(rules.defaults.language)
    failures = tuple(Stage(settings, rules, templates, clock, file.folder).failures()) if tests else ()
    if failures:
        raise ConfigError(*failures)
    return rules, templates


def _templates(settings: Settings, clock: Clock, *, refuse: bool) -> Templates:
    """The templates, those of the site tried in a child before; and the articles."""
    folder, limits = settings.paths.templates, settings.limits
    wrong = rehearsed(read_templates(folder), limits.template_s, int(limits.template_output)) if folder else {}
    if folder and wrong and refuse:
        raise ConfigError(*(Problem(str(folder / path), 0, 0, "C010", text) for path, text in wrong.items()))
    for path, text in wrong.items():
        log.error("template.left_out", file=path, reason=text)
    templates = policy.templates_of(settings, clock, without=wrong)
    if templates.articles.problems and refuse:
        raise ConfigError(*templates.articles.problems)
    return templates
