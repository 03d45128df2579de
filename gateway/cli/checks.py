"""What `doctor` looks at: one registry of checks, each with what it found and what to do about it.

Sources  operations §6. A check that cannot look says so; what nothing here really checks is not in the list.
Not here how findings are shown (doctor.py).
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from gateway import policy
from gateway.backups import TOO_OLD
from gateway.cli.config import meant, secrets_of, unusable
from gateway.cli.context import config_file
from gateway.cli.database import looked_at, reading
from gateway.cli.declare import Invocation
from gateway.cli.failure import CommandError
from gateway.cli.mailboxes import known, probed, went
from gateway.cli.output import counted, span, stamp
from gateway.cli.running import state_of
from gateway.config import Settings
from gateway.errors import ConfigError, GatewayError
from gateway.intake.accept import least_free
from gateway.intake.fetching import unfetched_after
from gateway.intake.imap_login import FORETOLD, leave_ends
from gateway.intake.maildir import stuck_in, unfit, waiting
from gateway.message.address import normal
from gateway.probing import is_lost
from gateway.rules.types import RuleSet
from gateway.store import inbound, jobs, mailboxes, outbox, restraint, webhooks
from gateway.store.engine import damage, server_version, unsafe
from gateway.store.leaves import leave
from gateway.store.lookups import read_tables
from gateway.store.revisions import newest_revision
from gateway.store.version import KNOWN, revision
from gateway.trial import current_file, tried

_LATE = timedelta(minutes=15)  # that mail waits in a mailbox
_SECRET = ("*.db*", "*-key")  # in the state folder: all mail, and what proves tokens and the audit

Verdict = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    group: str
    verdict: Verdict
    said: str
    fix: str = ""  # what to do; empty where all is well


Found = Iterator[tuple[Verdict, str, str]]  # what it is, what was found, what to do
Check = Callable[[Invocation, Settings], Found]


def findings(invocation: Invocation, settings: Settings, only: str | None) -> Iterator[Finding]:
    """What the checks found, in the order of the registry. only: of one group; None is all."""
    for group, check in CHECKS.items():
        if only not in (None, group):
            continue
        try:
            yield from (Finding(group, *found) for found in check(invocation, settings))
        except (CommandError, GatewayError) as e:
            yield Finding(group, "problem", e.text.splitlines()[0], getattr(e, "hint", "") or "")


def _config(invocation: Invocation, settings: Settings) -> Found:
    problems = list(unusable(settings))
    yield from (("problem", p.text, p.hint) for p in problems)
    yield from (("warning", text, "mailwicket config show --origin") for text in meant(settings))
    if not problems:
        file, secrets = config_file(invocation), len(list(secrets_of(settings)))
        yield "ok", f"{file or 'no file, packaged defaults'}, {counted(secrets, 'secret')} read", ""


def _rules(invocation: Invocation, settings: Settings) -> Found:
    state = state_of(settings)
    if state.stale:
        first = state.stale.splitlines()[0]
        yield "problem", f"STALE: the last reload changed nothing: {first}", "mailwicket rules check; mailwicket reload"
    try:
        found, _ = tried(settings, current_file(settings), invocation.clock, tests=True)
    except ConfigError as e:
        errors, path = counted(len(e.problems), "error"), policy.rules_file(settings)
        files = dict.fromkeys(str(path) if p.file == path.name else p.file for p in e.problems)
        yield "problem", f"{errors} in {', '.join(files)}", "mailwicket rules check; mailwicket rules test"
        return
    yield from _queries(found, settings)
    with reading(invocation) as c:
        force = newest_revision(c)
    counts = f"{counted(len(found.rules), 'rule')}, {counted(len(found.scenes), 'test')} green"
    if force is None:
        yield "ok", f"{counts}; not in force before the first start", ""
    elif force.written.sha256 != found.sha256:
        yield "warning", f"{counts}; the file is not what is in force, revision {force.number}", "mailwicket rules diff"
    else:
        yield "ok", f"{counts}, revision {force.number} loaded {stamp(force.loaded_at)}", ""


def _queries(rules: RuleSet, settings: Settings) -> Found:
    """Whether the queries of look-ups can be read, and give what the look-ups ask for."""
    wanted = {lookup.sql for lookup in rules.lookups.values()}
    tables, failed = read_tables(query for query in settings.lookup if query.name in wanted)
    for reason in failed.values():
        yield "problem", f"{reason}: its customers are not looked up", "[[lookup]] of mailwicket.toml"
    for lookup in rules.lookups.values():
        columns = next(iter(tables.get(lookup.sql, {}).values()), {})  # none: it has no rows
        for column in lookup.give.values():
            if columns and column not in columns:
                said = f"query “{lookup.sql}” gives no column “{column}”; columns are: {', '.join(columns)}"
                yield "problem", said, f"lookups.{lookup.id} of the rules"


def _agents(invocation: Invocation, settings: Settings) -> Found:
    """Whether mail reaches those who work by it."""
    rules = policy.read_rules(policy.rules_file(settings), policy.templates_of(settings, invocation.clock))
    with reading(invocation) as c:
        failing = restraint.failing(c, [normal(agent.email) for agent in rules.agents.values()], invocation.now())
    for agent in rules.agents.values():
        if (trouble := failing.get(normal(agent.email))) is not None:
            verdict: Verdict = "problem" if trouble.out_of_reach else "warning"
            what = "gets no more mail and no new tickets, it" if trouble.out_of_reach else "mail"
            times = counted(trouble.count, "time")
            said = f"{agent.id}, {agent.email}: {what} did not arrive {times}, at last: {trouble.said or 'no reason'}"
            yield verdict, said, f"the address in the rules; mailwicket agent back {agent.id}"
    if not failing:
        yield "ok", f"no mail to {counted(len(rules.agents), 'agent')} came back", ""


def _templates(invocation: Invocation, settings: Settings) -> Found:
    templates = policy.templates_of(settings, invocation.clock)
    yield from (("warning", str(problem), "mailwicket templates check") for problem in templates.problems)
    wrong = templates.articles.problems
    yield from (("warning", f"{p.file}:{p.line}: {p.text}", "mailwicket kb check") for p in wrong)
    if not templates.problems:
        yield "ok", f"{counted(len(templates.written), 'template')} can be used", ""


def _store(invocation: Invocation, settings: Settings) -> Found:
    with reading(invocation) as c:
        mails, queue, stopped = inbound.account(c), outbox.counts(c), restraint.stopped(c)
        waiting, oldest = inbound.backlog(c)
        told = webhooks.endpoints(c, ()) if settings.webhook else []
    late = oldest is not None and invocation.now() - oldest > settings.intake.backlog_age
    if late and oldest is not None:
        said = f"{counted(waiting, 'mail')} not processed yet, the oldest for {span(invocation.now() - oldest)}"
        yield "problem", said, "mailwicket status; the log says why"
    for endpoint in told:
        if endpoint.trouble_since is not None:
            state = "is off, it took" if endpoint.off else "took"
            said = f"webhook “{endpoint.name}” {state} nothing since {stamp(endpoint.trouble_since)}"
            yield "problem" if endpoint.off else "warning", said, "mailwicket webhooks list"
    if stopped is not None:
        said = f"nothing is sent since {stamp(stopped[0])}: {stopped[1]}"
        yield "warning", said, "mailwicket queue list --held; mailwicket outbound release"
    if number := mails.get("quarantine", 0):
        yield "warning", f"{counted(number, 'mail')} in quarantine", "mailwicket mail list --quarantine"
    if number := queue.get("uncertain", 0):
        yield (
            "warning",
            f"{counted(number, 'mail')} may have been sent, or not",
            "mailwicket queue list",
        )
    if not late:
        yield "ok", f"{counted(mails['received'], 'mail')} accepted, {waiting} not processed yet", ""


def _database(_: Invocation, settings: Settings) -> Found:
    with looked_at(settings) as engine:
        found, version = revision(engine), server_version(engine)
        wrong = [*unsafe(engine), *damage(engine)]
    yield from (("problem", text, "mailwicket db check") for text in wrong)
    if found != KNOWN:
        yield "problem", f"schema {found or 'none'}, this program has {KNOWN}", "mailwicket db upgrade"
    elif not wrong:
        yield "ok", f"{version}, schema {found} (current), commits are flushed, pages are sound", ""


def _backup(invocation: Invocation, _: Settings) -> Found:
    with reading(invocation) as c:
        made_at = jobs.asked_until(c, jobs.BACKUP)
    advice = "mailwicket backup DIR; backup.dir makes one each day"
    if made_at is None:
        yield "warning", "there is no backup", advice
    elif invocation.now() - made_at > TOO_OLD:
        yield "problem", f"the last backup is {span(invocation.now() - made_at)} old", advice
    else:
        yield "ok", f"the last backup is {span(invocation.now() - made_at)} old", ""


def _imap(invocation: Invocation, settings: Settings) -> Found:
    """What the daemon found out about the mailboxes; nothing is connected here: log-ins are few."""
    if not settings.imap:
        yield "ok", "no mailbox is fetched", ""
        return
    now = invocation.now()
    with reading(invocation) as c:
        boxes = {box.name: box for box in known(c, settings)}
        kept = {box: leave(c, box) for box in boxes}
        left = {box: mailboxes.left_over(c, box, 1000) for box in boxes}
    for account in settings.imap:
        box, place = boxes.get(account.name), f"{account.address} at {account.host}:{account.port}"
        if box is None:
            yield "warning", f"{place} was never tried", "mailwicket serve"
            continue
        late = box.fetched_at is None or now - box.fetched_at > unfetched_after(account)
        if late or box.trouble:
            verdict: Verdict = "problem" if late else "warning"
            yield verdict, f"{place}: {went(box, now)}", f"[[imap]] “{account.name}”; the log says more"
        else:
            yield "ok", f"{place}: {box.said}; {went(box, now)}", ""
        if (ends := leave_ends(account, kept[account.name])) is not None and ends - now < FORETOLD:
            said = f"the leave to fetch {account.name} ends {ends:%Y-%m-%d}"
            yield "problem" if ends <= now else "warning", said, f"mailwicket auth login {account.name}; oauth.ends"
        if is_lost(box, account, now):
            said = f"what is sent to {account.address} does not come back by {account.name}{probed(box, now)}"
            yield "problem", said, "mailwicket queue list; where mail for the address goes"
        if mails := left[account.name]:
            said = f"{counted(len(mails), 'mail')} of {account.name} to look at, the last: {mails[0][1].said}"
            yield "warning", said, f"mailwicket mailbox show {account.name}"


def _disk(_: Invocation, settings: Settings) -> Found:
    usage = shutil.disk_usage(settings.paths.state)
    floor = least_free(settings.intake, usage.total)
    if usage.free < floor:
        said = f"{_gb(usage.free)} free in {settings.paths.state}, below {_gb(floor)}: mail is refused for now"
        yield "problem", said, "make room, or see intake.min_free"
    else:
        yield "ok", f"{_gb(usage.free)} free in {settings.paths.state}", ""


def _maildirs(invocation: Invocation, settings: Settings) -> Found:
    if settings.maildir:
        found, _ = tried(settings, current_file(settings), invocation.clock, tests=False)
        policy.check_maildirs(settings, found)
    for each in settings.maildir:
        said = f"{each.name}: {unfit(each.path)}"
        if unfit(each.path):
            yield "problem", said, "mailwicket.toml [[maildir]]; as the user of the gateway: ls -ld"
            continue
        count, since = waiting(each.path)
        waits = invocation.now() - since if since is not None else timedelta()
        stuck = list(stuck_in(each.path, settings)) if waits > each.poll else []
        yield from (("problem", f"{each.name}: new/{name} {why}", "read it, and take it away") for name, why in stuck)
        if waits > _LATE and not stuck:
            said = f"{each.name}: {counted(count, 'mail')} wait, the oldest for {span(waits)}"
            yield "problem", said, "mailwicket status; the log says why"
        elif not stuck:
            yield "ok", f"{each.name}: {counted(count, 'mail')} in {each.path}/new", ""


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


def _runtime(_: Invocation, settings: Settings) -> Found:
    state = state_of(settings)
    if state.why_not:
        yield "warning", state.why_not, "mailwicket serve"
    else:
        yield "ok", f"the daemon answers, with revision {state.revision} of the rules", ""


def _security(_: Invocation, settings: Settings) -> Found:
    state = Path(settings.paths.state)
    kept = (path for pattern in _SECRET for path in sorted(state.glob(pattern)))
    open_to_others = [path for path in kept if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    yield from (("problem", f"others may read {path}", f"chmod go= {path}") for path in open_to_others)
    if os.geteuid() == 0:
        yield "warning", "this runs as root", "run it as a user of its own"
    if not open_to_others:
        yield "ok", f"nobody else can read the mail and the keys in {state}", ""


CHECKS: Mapping[str, Check] = {
    "config": _config,
    "rules": _rules,
    "agents": _agents,
    "templates": _templates,
    "store": _store,
    "database": _database,
    "backup": _backup,
    "maildir": _maildirs,
    "imap": _imap,
    "disk": _disk,
    "runtime": _runtime,
    "security": _security,
}
