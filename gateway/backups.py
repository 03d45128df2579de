"""Backups as a site makes them: which files belong to one beside the database, one each day, how old the last may be.

Sources      operations.md §8 `[backup]`, §11 (the alarm), §12.
Transaction  that one was made is kept with a row in the audit, after it is whole.
Not here     the folder of a backup (store/backup.py), the way back of the database (store/restore.py).
"""

import asyncio
import contextlib
import re
import shutil
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from gateway import policy
from gateway.clock import Clock
from gateway.config import Settings, key_marks
from gateway.errors import ConfigError, TransientError
from gateway.operations.backups import BackupMade, note_backup
from gateway.store import jobs
from gateway.store.audit_anchors import Anchors
from gateway.store.backup import MANIFEST, Manifest, flush, put_file, take_backup, wrong_backup
from gateway.store.store import Store

TOO_OLD = timedelta(hours=48)
ALARM = "backup"  # the word of the alarm
_NAME, _NAMES = "%Y-%m-%dT%H%M%SZ", re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z")
_MOST_DELETED = 2  # of a day: more than one is made
_PASSWORD = re.compile(r"(://[^\s/:@\"']*:)[^\s/@\"']+@")  # of a URL
_CONFIG, _RULES, _TEMPLATES, _KB, _STATE = "config", "rules", "templates", "kb", "state"
log = structlog.get_logger("backup")


def site_files(settings: Settings, clock: Clock) -> dict[str, bytes]:
    """What belongs to a backup beside the database, by its name there; no key, and no password of a URL.

    Raises  ConfigError  one of them cannot be read
    """
    try:
        return _site_files(settings, clock)
    except OSError as e:
        text = f"{e.filename} cannot be read: {e.strerror}"
        raise ConfigError(wrong_backup(text, "as the user of the gateway, or root")) from e


def put_files_back(settings: Settings, folder: Path, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Write the files of a checked backup that are not there; (name, what became of it) of each that is none of the
    database. What is there stays as it is.
    """
    for part in manifest.parts:
        if part.name == manifest.database:
            continue
        source, target = folder / part.name, _place(settings, part.name)
        if target is None:
            yield part.name, "is for you to put where it belongs"
        elif not target.exists():
            yield part.name, _put_back(source, target, 0o600 if part.name.startswith(_STATE) else 0o644)
        elif target.read_bytes() != source.read_bytes():
            yield part.name, f"is not what {target} is, which stays"


def _put_back(source: Path, target: Path, mode: int) -> str:
    beside = target.with_name(f".{target.name}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
        put_file(source.open("rb"), beside, mode)
        beside.rename(target)
        flush(target.parent)
    except OSError as e:  # in /etc, mostly: the database is back all the same
        return f"is for you to put at {target}: {e.strerror}"
    return f"is {target} again"


def missing_keys(settings: Settings, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """(name, what that means) of each key that the gateway had at the backup, and has not here."""
    here = key_marks(settings)
    for name, mark in manifest.keys.items():
        if name not in here:
            yield name, "is not here: bring it before the first start, or mail and audit rows of before prove nothing"
        elif here[name] != mark:
            yield name, "is not what it was at the backup; well, if it was rotated since"


class DailyBackups:
    """One each day where `backup.dir` names a folder; those that are too old go."""

    def __init__(
        self, store: Store, settings: Settings, clock: Clock, alarm: Callable[[str, str, str], Awaitable[None]]
    ) -> None:
        self._store, self._settings, self._clock, self._alarm = store, settings, clock, alarm
        self._began = clock.now()

    async def back_up(self) -> None:
        """A backup of the database, rules, templates and configuration is made, and old ones are deleted."""
        settings, now = self._settings, self._clock.now()
        kept = settings.backup.dir
        if kept is None:
            return
        try:
            manifest = await asyncio.to_thread(_daily, settings, self._clock, kept, now)
        except ConfigError as e:
            raise TransientError(e.text.splitlines()[0]) from e
        except OSError as e:
            raise TransientError(f"{e.filename}: {e.strerror}") from e
        made = BackupMade(str(kept / now.strftime(_NAME)), now, manifest.octets)
        await self._store.write(lambda c: note_backup(c, made, now, actor="system"), durable=True)
        log.info("backup.made", octets=manifest.octets, files=len(manifest.parts))

    async def tell_old_backup(self) -> None:
        """Those who look after the desk hear of it when there was no backup for two days."""
        made_at = await self._store.read(lambda c: jobs.asked_until(c, jobs.BACKUP))
        now = self._clock.now()
        if made_at is None and self._settings.backup.dir is None:
            return
        if now - (made_at or self._began) > TOO_OLD:
            last = f"the last backup is of {made_at:%Y-%m-%d %H:%M}" if made_at is not None else "there is no backup"
            await self._alarm(ALARM, "", last)


def _daily(settings: Settings, clock: Clock, kept: Path, now: datetime) -> Manifest:
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    manifest = take_backup(settings, kept / now.strftime(_NAME), site_files(settings, clock), now)
    for old in _over(kept, now, settings.backup.keep):
        shutil.rmtree(old)
        log.info("backup.deleted", name=old.name)
    return manifest


def _over(kept: Path, now: datetime, keep: timedelta) -> Iterator[Path]:
    """Those of ours that were never finished, and some of those that are too old: not all, whatever the clock says."""
    ours = [path for path in sorted(kept.iterdir()) if _NAMES.fullmatch(path.name) and path.name < now.strftime(_NAME)]
    whole = [path for path in ours if (path / MANIFEST).exists()]
    yield from (path for path in ours if path not in whole)
    yield from [path for path in whole if path.name < (now - keep).strftime(_NAME)][:_MOST_DELETED]


def _site_files(settings: Settings, clock: Clock) -> dict[str, bytes]:
    found = {_config_name(Path(path)): _PASSWORD.sub(r"\1***@", text).encode() for path, text in settings.texts.items()}
    if (rules := settings.paths.rules) is not None:
        found |= {f"{_RULES}/{name}": text.encode() for name, text in _rule_texts(rules, settings, clock).items()}
    for kind, folder in ((_TEMPLATES, settings.paths.templates), (_KB, settings.paths.kb)):
        files = (path for path in sorted(folder.rglob("*")) if path.is_file()) if folder is not None else ()
        found |= {f"{kind}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in files if folder}
    anchors = Anchors(settings).path
    return found | ({f"{_STATE}/{anchors.name}": anchors.read_bytes()} if anchors.exists() else {})


def _rule_texts(rules: Path, settings: Settings, clock: Clock) -> dict[str, str]:
    """The rules and what they name beside them; of wrong ones what can be read, for what counts is in the database."""
    found: dict[str, str] = {}
    with contextlib.suppress(ConfigError):
        file = policy.RuleFile.at(rules)
        found[rules.name] = file.text
        found |= policy.compiled(file, policy.templates_of(settings, clock)).files
    return found


def _config_name(path: Path) -> str:
    """mailwicket.toml, or one of the files beside it."""
    inside = path.parent.name.endswith(".toml.d")
    return f"{_CONFIG}/{path.parent.name}/{path.name}" if inside else f"{_CONFIG}/{path.name}"


def _place(settings: Settings, name: str) -> Path | None:
    """Where a part of a backup belongs on this machine; None where nothing here says it."""
    kind, _, rest = name.partition("/")
    rules, templates, kb = settings.paths.rules, settings.paths.templates, settings.paths.kb
    match kind:
        case "rules":
            return rules.parent / rest if rules is not None else None
        case "templates":
            return templates / rest if templates is not None else None
        case "kb":
            return kb / rest if kb is not None else None
        case "state":
            return settings.paths.state / rest
        case _:
            return None
