"""`mailwicket rules check`: every error and warning of the rule files at once, for people and for programs.

Sources  rules.md §7; SARIF 2.1.0; workflow commands of GitHub Actions.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from gateway import policy
from gateway.cli.context import settings_of
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation
from gateway.cli.failure import FINDINGS
from gateway.cli.late import late
from gateway.cli.output import block, counted, print_json, print_lines, stamp
from gateway.config import Settings
from gateway.errors import ConfigError, Problem
from gateway.outgoing.render import Templates
from gateway.rules.codes import CODES
from gateway.rules.types import Later, Notify, Reply, RuleSet

_WARNINGS = 3  # exit code with --strict
_FORMATS = ("text", "json", "github", "sarif")


@click.command(
    "check", cls=Command, examples=("mailwicket rules check --strict", "mailwicket rules check new.yaml --format sarif")
)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--strict", is_flag=True, help="Warnings end with 3.")
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="text", help="How to tell it; --json is short for json."
)
@json_option
@pass_invocation
def check(invocation: Invocation, file: Path | None, *, strict: bool, form: str, as_json: bool) -> None:
    """Check a rule file: every error and warning at once, with its place. Nothing is loaded.

    FILE is the configured one when it is not given. Errors end with 1. docs/lints.md explains each code.
    """
    settings = settings_of(invocation)
    path = file or policy.rules_file(settings)
    form = "json" if as_json else form
    templates = policy.templates_of(settings, invocation.clock)
    try:
        around = policy.surroundings(settings, invocation.now().date())
        file_there = policy.RuleFile.at(path)
        found = policy.compiled(file_there, templates, languages=settings.site.languages, around=around)
    except ConfigError as e:
        told_problems(invocation, path, e, form)
    match form:
        case "json":
            print_json("rules-check/1", {"file": str(path), "problems": [], **_summary(found)})
        case "text":
            print_lines(_lines(found, settings, templates))
        case _:
            print_lines(_for_programs(found.warnings, form))
    if strict and found.warnings:
        raise click.exceptions.Exit(_WARNINGS)


def told_problems(invocation: Invocation, path: Path, error: ConfigError, form: str) -> NoReturn:
    """Show the problems and end with 1."""
    if form == "json":
        problems = [
            {"file": p.file, "line": p.line, "column": p.column, "code": p.code, "text": p.text, "hint": p.hint}
            for p in error.problems
        ]
        print_json("rules-check/1", {"file": str(path), "problems": problems})
    elif form == "text":
        print_lines(block(str(problem)) for problem in error.problems)
        force = late("gateway.cli.rules_apply:in_force")(invocation)  # the database is asked only where it has a word
        kept = f"revision {force.number} (loaded {stamp(force.loaded_at)})" if force else "its rules"
        print_lines([f"{counted(len(error.problems), 'error')}. Nothing was loaded; the gateway keeps {kept}."])
    else:
        print_lines(_for_programs(error.problems, form))
    raise click.exceptions.Exit(FINDINGS)


def _summary(found: RuleSet) -> dict[str, Any]:
    return {
        "sha256": found.sha256,
        "counts": {name: number for name, number, _ in _counts(found)},
        "warnings": [
            {"file": w.file, "line": w.line, "column": w.column, "code": w.code, "text": w.text, "hint": w.hint}
            for w in found.warnings
        ],
    }


def _counts(found: RuleSet) -> Iterator[tuple[str, int, str]]:
    """Name in JSON, number, and in words."""
    kinds = (
        ("rule", "rules", found.rules), ("team", "teams", found.teams), ("agent", "agents", found.agents),
        ("calendar", "calendars", found.calendars), ("SLA policy", "SLA policies", found.sla),
        ("list", "lists", found.lists), ("field", "fields", found.fields), ("test", "tests", found.scenes),
    )  # fmt: skip
    for one, many, values in kinds:
        yield one.lower().replace(" ", "_"), len(values), f"{len(values)} {one if len(values) == 1 else many}"


def _lines(found: RuleSet, settings: Settings, templates: Templates) -> Iterator[str]:
    counts = [words for _, number, words in _counts(found) if number]
    yield f"  ✓ {' · '.join([*counts, *_complete(found, settings, templates)])}"
    for w in found.warnings:
        if w.code != "R022":
            place = f"{w.line}:{w.column}" if w.line else ""
            yield block(f"  ! {w.code}  {place:<8}  {w.text}")
    if untested := [w.text.rpartition(": ")[2] for w in found.warnings if w.code == "R022"]:
        yield f"  ! R022            rules without test: {', '.join(untested)}"
    yield f"  0 errors, {counted(len(found.warnings), 'warning')}"


def _complete(found: RuleSet, settings: Settings, templates: Templates) -> Iterator[str]:
    """The languages of the site in which every mail that a rule sends is written."""
    actions = (a.action if isinstance(a, Later) else a for rule in found.rules for a in rule.do)
    used = {a.template for a in actions if isinstance(a, Reply | Notify)}
    complete = [tag for tag in settings.site.languages if all(tag in templates.written.get(name, ()) for name in used)]
    if used and complete:
        yield f"templates complete in {' '.join(complete)}"


def _for_programs(problems: Sequence[Problem], form: str) -> Iterator[str]:
    if form == "sarif":
        yield json.dumps(_sarif(problems), indent=2)
        return
    for p in problems:
        place = f"file={_property(p.file)},line={max(1, p.line)},col={max(1, p.column)}"
        text = f"{p.text} ({p.hint})" if p.hint else p.text
        yield f"::{p.severity} {place},title={p.code}::{_data(text)}"


def _data(text: str) -> str:
    return block(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(problems: Sequence[Problem]) -> dict[str, Any]:
    rules = [
        {"id": code, "shortDescription": {"text": what.title}, "fullDescription": {"text": what.why},
         "defaultConfiguration": {"level": what.severity}}
        for code, what in CODES.items()
    ]  # fmt: skip
    results = [
        {
            "ruleId": p.code,
            "level": p.severity,
            "message": {"text": f"{p.text} ({p.hint})" if p.hint else p.text},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": p.file},
                        "region": {"startLine": max(1, p.line), "startColumn": max(1, p.column)},
                    }
                }
            ],
        }
        for p in problems
    ]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "mailwicket rules check", "rules": rules}}, "results": results}],
    }
