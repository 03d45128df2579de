"""What is in force: rules, templates, keys and addresses, put together as the pipeline wants them.

Not here  what rules mean (rules/), how a mail is processed with them (pipeline.py), when they change (daemon.py).
"""

import base64
import itertools
import re
import secrets
import string
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from ipaddress import ip_address
from pathlib import Path

from gateway.clock import Clock
from gateway.config import Settings, hmac_keys, packaged
from gateway.counts import Counts
from gateway.deciding.types import Deps
from gateway.errors import ConfigError, Problem
from gateway.free_days import free_days
from gateway.intake.addresses import Addresses
from gateway.intake.handed_over import HandedOver, for_us
from gateway.message.address import OwnAddresses, domain_of, normal, sub_address
from gateway.message.classify import OwnMail
from gateway.message.doubts import shown_name
from gateway.message.types import Envelope, Mailbox
from gateway.outgoing.compose import Desk, Watcher
from gateway.outgoing.kinds import OF_PERSONS
from gateway.outgoing.render import Templates, load_templates
from gateway.outgoing.sandbox import Budget as RenderBudget
from gateway.outgoing.signing import signer
from gateway.rules.canned import CANNED
from gateway.rules.desk import Table
from gateway.rules.evaluate import Budget as RuleBudget
from gateway.rules.lint import Surroundings
from gateway.rules.load import load_rules
from gateway.rules.reading import Mails
from gateway.rules.tree import MAX_OCTETS
from gateway.rules.types import RuleSet
from gateway.rules.written import include_patterns, is_included
from gateway.ticket.alias import AliasPatterns
from gateway.ticket.calendar import WorkingTime
from gateway.ticket.guard import NotifyPolicy
from gateway.ticket.query import parse_query, problems
from gateway.ticket.saying import Tongue
from gateway.ticket.sla import Promises
from gateway.ticket.thread import ThreadPolicy
from gateway.ticket.token import VERIFIES_FOR, RingKey, TokenRing

Tables = Callable[[], Mapping[str, Table]]  # by the name of the query; one that could not be read is not there
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_KEY_OCTETS = 32
_KEY_LINE = "a letter of its own, the day from which it signs, the key: b 2026-11-21 (openssl rand -hex 32)"


def token_ring(settings: Settings, clock: Clock, *, create: bool) -> TokenRing:
    """The keys of reply tokens, bounce addresses and loop marks.

    create  make a first key where there is none, on SQLite
    Raises  ConfigError  they are missing, or a line of the file is no key
    """
    path, text = hmac_keys(settings, create=create)
    return TokenRing(ring_keys(text, str(path)), clock.now)


def ring_keys(text: str, path: str) -> list[RingKey]:
    """The keys of a file. A line for each: its letter, the day (UTC) from which it signs, the key.

    A word alone is the key `a`, which signs from ever: what a first start makes.
    Raises  ConfigError  naming every line that is no key, but never what stands in it
    """
    keys: list[RingKey] = []
    problems: list[Problem] = []
    for number, words in enumerate(map(str.split, text.splitlines()), 1):
        if not words or words[0].startswith("#"):
            continue
        key = _ring_key(words)
        if key is None or key.name in {k.name for k in keys}:
            problems.append(Problem(path, number, 0, "C005", "this line is no key", _KEY_LINE))
        elif len(key.key) < _KEY_OCTETS:
            problems.append(Problem(path, number, 0, "C005", "this key is shorter than 32 octets", _KEY_LINE))
        else:
            keys.append(key)
    if not keys and not problems:
        problems.append(Problem(path, 0, 0, "C005", "there is no key in it", _KEY_LINE))
    if problems:
        raise ConfigError(*problems)
    return keys


def rotated(keys: Sequence[RingKey], since: datetime, now: datetime) -> str:
    """The text of a file of these keys and a new one that signs from a day on; those that ended are left out.

    Raises  ConfigError  no letter is free, or an older key would sign after the new one
    """
    ordered = sorted(keys, key=lambda k: k.since)
    ended = {old.name for old, new in itertools.pairwise(ordered) if now >= new.since + VERIFIES_FOR}
    kept = [key for key in ordered if key.name not in ended]
    if kept[-1].since >= since:
        hint = f"a day after {kept[-1].since:%Y-%m-%d}"
        raise ConfigError(
            Problem("hmac-key", 0, 0, "C005", f"key “{kept[-1].name}” signs from that day or later", hint)
        )
    letters = string.ascii_lowercase
    begun = letters.index(kept[-1].name) + 1
    free = [letter for letter in letters[begun:] + letters[:begun] if letter not in {k.name for k in kept}]
    if not free:
        raise ConfigError(Problem("hmac-key", 0, 0, "C005", "all letters a-z are in use", "rotate less often"))
    new = RingKey(free[0], secrets.token_hex(_KEY_OCTETS).encode(), since)
    return "".join(f"{k.name} {k.since:%Y-%m-%d} {k.key.decode()}\n" for k in (*kept, new))


def _ring_key(words: Sequence[str]) -> RingKey | None:
    if len(words) == 1:
        return RingKey("a", words[0].encode(), _EVER)
    if len(words) != 3 or not re.fullmatch("[a-z]", words[0]) or not re.fullmatch(r"\d{4}-\d\d-\d\d", words[1]):
        return None
    try:
        return RingKey(words[0], words[2].encode(), datetime.fromisoformat(words[1]).replace(tzinfo=UTC))
    except ValueError:
        return None


def rules_file(settings: Settings) -> Path:
    """Where the rules stand: `paths.rules`, else the packaged example."""
    return settings.paths.rules or packaged("rules.yaml")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A rule file as it stands in its folder, or as it would."""

    name: str
    text: str
    folder: Path
    files: Mapping[str, str] | None = None  # what it includes, in place of what the folder has; None: what that has

    @classmethod
    def at(cls, path: Path) -> "RuleFile":
        """The file as it stands there now.

        Raises  ConfigError  it cannot be read, or is not UTF-8
        """
        return cls(path.name, text_of(path), path.parent)


def surroundings(settings: Settings, today: date | None = None) -> Surroundings:
    """What findings may know of the site."""
    return Surroundings(today, queries=settings.queries, endpoints=settings.endpoints)


def read_rules(path: Path, templates: Templates, revision: int = 0) -> RuleSet:
    """The rules of a file, and of the files that it includes; what needs to know the site is not looked at.

    Raises  ConfigError  with every problem: file, line, column, nearest known word
    """
    return compiled(RuleFile.at(path), templates, revision)


def compiled(
    file: RuleFile,
    templates: Templates,
    revision: int = 0,
    *,
    languages: tuple[str, ...] = (),
    around: Surroundings = Surroundings(),  # noqa: B008  (frozen)
) -> RuleSet:
    """The rules of a text that need not stand there yet, and of the files that it includes.

    languages, around  of the site, for the findings that need them
    Raises  ConfigError  with every problem: file, line, column, nearest known word
    """
    patterns = include_patterns(file.text) if file.files is not None else ()

    def beside(pattern: str) -> Mapping[str, str]:
        if file.files is not None and pattern in patterns:
            return {name: text for name, text in file.files.items() if is_included(name, (pattern,))}
        return _beside(file.folder, pattern)

    rules = load_rules(
        file.text,
        file.name,
        revision,
        _mails(templates, languages),
        beside=beside,
        holidays=free_days,
        surroundings=around,
    )
    if wrong := tuple(_searches_nothing(rules, templates.english)):
        raise ConfigError(*wrong)
    return rules


def _searches_nothing(rules: RuleSet, tongue: Tongue) -> Iterator[Problem]:
    """What is wrong with the searches of `each`."""
    for rule in rules.rules:
        for problem in problems(parse_query(rule.each, _EVER, statuses=tuple(rules.statuses)), tongue):
            hint = problem.hint or "as for “ticket list”"
            yield Problem(rule.source, rule.line, rule.column, "R030", f"each: {problem.text}", hint)


def _mails(templates: Templates, languages: tuple[str, ...]) -> Mails:
    """The mails that rules may send, and the canned replies."""
    replies = templates.canned.replies
    written = {name: tags for name, tags in templates.written.items() if name not in (*OF_PERSONS, CANNED)}
    return Mails(
        {**written, **{f"{CANNED}/{name}": reply.languages for name, reply in replies.items()}}, languages, replies
    )


def text_of(path: Path) -> str:
    """The text of a rule file.

    Raises  ConfigError  it cannot be read, or is not UTF-8
    """
    try:
        return path.read_text("utf-8")
    except OSError as e:
        hint = "write the rules there, or name another file: paths.rules in mailwicket.toml, or --rules FILE"
        raise ConfigError(Problem(str(path), 0, 0, "R030", f"cannot be read: {e.strerror}", hint)) from e
    except UnicodeDecodeError as e:
        raise ConfigError(Problem(str(path), 0, 0, "R030", "is not UTF-8", "save it as UTF-8")) from e


def _beside(folder: Path, pattern: str) -> dict[str, str]:
    """The texts of the files of a folder that a relative glob names.

    Raises  ValueError  there are none, or one cannot be read
    """
    found = {}
    for path in folder.glob(pattern):
        name = path.relative_to(folder).as_posix()
        try:
            if path.stat().st_size > MAX_OCTETS:
                raise ValueError(f"{name} is larger than 1 MiB")
            found[name] = path.read_text("utf-8")
        except OSError as e:
            raise ValueError(f"{name} cannot be read: {e.strerror}") from e
        except UnicodeDecodeError as e:
            raise ValueError(f"{name} is not UTF-8") from e
    if not found:
        raise ValueError(f"there is no file “{pattern[:60]}” beside this one")
    return found


def templates_of(settings: Settings, clock: Clock, without: Collection[str] = ()) -> Templates:
    """All templates, compiled.

    without  files of the site that are left out
    Raises   ConfigError  a folder or file of ours cannot be read
    """
    limits = settings.limits
    return load_templates(
        settings.paths.templates,
        "en",
        lambda: RenderBudget(clock.monotonic, limits.template_s, limits.template_output),
        without,
        settings.paths.kb,
    )


def own_addresses(settings: Settings, rules: RuleSet) -> frozenset[str]:
    """Every address of ours, in normal form, without its sub-addresses (message/address.py: OwnAddresses)."""
    teams = (address for team in rules.teams.values() for address in (*team.addresses, *team.aliases))
    return frozenset(normal(a) for a in (*teams, *settings.site.own_addresses, settings.site.bounce_address))


def addresses(settings: Settings, rules: RuleSet) -> Addresses:
    """Where mail for us may go."""
    ours = own_addresses(settings, rules)
    domains = frozenset(map(domain_of, ours)) | {settings.site.domain.lower()}
    return Addresses(OwnAddresses(ours, settings.site.delimiter), domains)


def check_maildirs(settings: Settings, rules: RuleSet) -> None:
    """Raises ConfigError where a Maildir is that of a team which the rules do not know."""
    for maildir in settings.maildir:
        if maildir.team is not None and maildir.team not in rules.teams:
            what = f"maildir “{maildir.name}”: there is no team “{maildir.team}”"
            hint = f"teams of the rules are: {', '.join(rules.teams)}"
            raise ConfigError(Problem("mailwicket.toml", 0, 0, "C005", what, hint))


def recipients(found: HandedOver, settings: Settings, rules: RuleSet, team: str | None) -> tuple[str, ...]:
    """The forward-paths of a mail that a mailbox or a file held: addresses of ours that it names, else the team's.

    team  whose mail it is, whatever addresses of others it names; None is for no single one
    """
    whose = rules.team(team)
    ours = own_addresses(settings, rules)
    if team is not None:
        ours = frozenset(map(normal, (*whose.addresses, *whose.aliases, settings.site.bounce_address)))
    return for_us(found, ours, settings.site.delimiter, normal(whose.addresses[0]))


def behind_boundary(settings: Settings, envelope: Envelope) -> bool:
    """Whether a mail was handed over by our own MTA or mailbox, and not by whoever could reach our port.

    What stands at the top of other mail was written by a stranger, whatever it calls itself (RFC 8601 §5).
    """
    if envelope.via not in ("smtp", "lmtp", "pipe") or envelope.peer == "unix":
        return True
    listener = settings.smtp if envelope.via == "smtp" else settings.lmtp
    if listener is settings.smtp and settings.smtp.public:
        return False
    try:
        peer = ip_address(envelope.peer)
    except ValueError:
        return False
    return any(peer in network for network in listener.trusted_networks)


def deps_of(settings: Settings, clock: Clock, tables: Tables) -> Deps:
    """Everything as the files have it now, for a command that finds no daemon.

    tables  of the queries of look-ups
    Raises  ConfigError  with every problem of the rules; the keys are missing
    """
    templates = templates_of(settings, clock)
    rules = read_rules(rules_file(settings), templates)
    templates = templates.preferring(rules.defaults.language)
    return deps(settings, rules, token_ring(settings, clock, create=False), templates, clock, tables=tables)


def _watchers(rules: RuleSet) -> tuple[Watcher, ...]:
    """Admins and leads."""
    leads = {team.lead for team in rules.teams.values()}
    who = (agent for agent in rules.agents.values() if agent.role in ("admin", "lead") or agent.id in leads)
    return tuple(
        Watcher(
            Mailbox(agent.name, agent.email),
            rules.language_of(agent),
            agent.timezone,
            rules.defaults.team,
        )
        for agent in who
    )


def _zones(rules: RuleSet) -> dict[str, str]:
    """Where the clock of each team hangs."""
    named = {team.id: team.calendar or rules.defaults.calendar or "" for team in rules.teams.values()}
    return {team: rules.calendars[id].timezone for team, id in named.items() if id in rules.calendars}


def promises_of(rules: RuleSet) -> Promises:
    """Policies and calendars of the rules, ready to reckon with."""
    calendars = {id: WorkingTime(each, free_days(each, rules.files)) for id, each in rules.calendars.items()}
    return Promises(rules, calendars)


def deps(
    settings: Settings,
    rules: RuleSet,
    ring: TokenRing,
    templates: Templates,
    clock: Clock,
    *,
    tables: Tables = dict,
    counts: Counts | None = None,
) -> Deps:
    """Everything that one mail is processed with.

    tables  of the queries of look-ups.  counts  those of the process; None begins new ones
    """
    site, ours = settings.site, OwnAddresses(own_addresses(settings, rules), settings.site.delimiter)
    agents = frozenset(normal(a) for agent in rules.agents.values() for a in (agent.email, *agent.also))
    promises = promises_of(rules)
    verdicts_exist = bool(settings.auth.trusted_authserv_ids) or settings.auth.verify == "self"
    desk = Desk(
        site_name=site.name,
        domain=site.domain,
        bounce_base=site.bounce_address,
        delimiter=site.delimiter,
        plus_addressing=site.plus_addressing,
        teams={team.id: Mailbox(site.name, team.addresses[0]) for team in rules.teams.values()},
        ring=ring,
        templates=templates,
        nonce=lambda: base64.b32encode(secrets.token_bytes(5)).decode().lower(),
        now=clock.now,
        footer=tuple(site.footer.splitlines()),
        zones=_zones(rules),
        watchers=_watchers(rules),
        give_up=settings.outbound.give_up,
        sign=signer(settings),
        pages_url=settings.pages_url,
        agents=frozenset(address for address in agents if address not in ours),
        own_addresses=ours,
        subject_tag=rules.defaults.subject_tag,
        subject_prefix=rules.defaults.subject_prefix,
    )
    return Deps(
        rules=rules,
        desk=desk,
        own=OwnMail(ours, ring.is_loop_mark),
        threading=ThreadPolicy(
            ring,
            site.delimiter,
            rules.defaults.subject_prefix,
            rules,
            AliasPatterns(site.subject_aliases),
        ),
        notifying=NotifyPolicy(
            rules,
            ours,
            settings.acknowledge.unauthenticated,
            verdicts_exist,
            promises,
            agents,
            templates.canned.suggestions,
            templates.articles.suggestions(rules.defaults.language),
            {each: templates.articles.offers(each) for each in site.languages if settings.acknowledge.articles},
        ),
        languages=site.languages,
        trusted_authserv_ids=settings.auth.trusted_authserv_ids,
        behind_boundary=lambda envelope: behind_boundary(settings, envelope),
        agents=(
            agents,
            frozenset(shown_name(agent.name) for agent in rules.agents.values()),
        ),
        bounce_address=sub_address(site.bounce_address, site.delimiter)[0],
        promises=promises,
        new_budget=lambda: RuleBudget(time.thread_time, settings.limits.rules_ms / 1000),
        now=clock.now,
        max_octets=int(settings.intake.max_size),
        tables=tables,
        proof=settings.agents.proof,
        risk_holds=settings.agents.risk_holds,
        subscribed={endpoint.name: endpoint.events for endpoint in settings.webhook if endpoint.events},
        away_on_ooo=settings.agents.away_on_ooo,
        counts=counts if counts is not None else Counts(),
    )
