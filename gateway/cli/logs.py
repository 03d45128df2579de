"""The log of a process: one line for each event on stderr, key=value or JSON, whoever wrote it.

Sources  acceptance J-02: control and bidi characters are escaped, fields are cut at 512; operations §9.
Not here what is logged: each part says so where it happens; never content of mails.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from gateway.cli.output import printable
from gateway.config import Log

_TRACEBACK_CHARACTERS = 16_384
_FIRST = ("timestamp", "level", "logger", "event")


def configure_logs(log: Log, stream: TextIO = sys.stderr) -> None:
    """From now on, everything that is logged goes to this stream; that of libraries from `warning` on."""
    level = logging.getLevelNamesMapping()[log.level.upper()]
    renderer: Any = structlog.processors.JSONRenderer(sort_keys=False, ensure_ascii=False)
    if log.format == "kv":
        renderer = structlog.processors.LogfmtRenderer(key_order=_FIRST, drop_missing=True, bool_as_flag=False)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, escape, renderer],
    )
    out = logging.StreamHandler(stream)
    out.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(level)
    for library in ("sqlalchemy", "alembic", "apscheduler", "aiosmtpd", "mail.log", "asyncio"):
        logging.getLogger(library).setLevel(max(level, logging.WARNING))


def escape(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every text in one line and cut; numbers, booleans and None as they are."""
    for name, value in event.items():
        if not isinstance(value, int | float | None):
            event[name] = printable(str(value), _TRACEBACK_CHARACTERS if name == "exception" else 512)
    return event
