"""The dependency rule, read from the code with `ast`: who imports whom, who is pure, who may touch what."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import gateway

ROOT = Path(gateway.__file__).parent
# from left to right: a part imports only from parts to its left; parts of one rank do not know each other
RANKS = (
    ("errors", "clock", "counts"),
    ("message",),
    ("rules",),
    ("ticket",),
    ("config",),
    ("store",),
    ("intake", "outgoing", "parsing", "verifying"),
    ("deciding", "free_days"),  # docs/decisions/0002
    ("pipeline", "timers", "retaining", "lookups", "distribution", "probing", "checking"),
    ("arrived", "events", "status_asked", "oversize", "satisfaction"),  # docs/decisions/0002
    ("digests",),  # docs/decisions/0002
    ("returned", "reminders", "weekly", "attention", "idle", "rungs", "unlocking", "unreached", "waking", "schedules"),
    ("policy", "operations", "rehearsal", "scene_mail", "webhooks"),  # docs/decisions/0002
    ("agents", "staged"),  # docs/decisions/0002
    ("work", "due", "trial", "backtest", "backups"),  # docs/decisions/0002
    ("importing",),  # docs/decisions/0002
    ("control", "health"),
    ("web",),
    ("daemon",),
    ("demo",),
    ("cli",),
)
RANK = {part: rank for rank, parts in enumerate(RANKS) for part in parts}
PURE = ("message", "rules", "ticket")
IMPURE = {
    "asyncio", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil", "signal", "socket",
    "sqlalchemy", "sqlite3", "structlog", "subprocess", "tempfile", "threading", "time", "gateway.clock",
}  # fmt: skip
IMPURE_CALLS = {"now", "utcnow", "today", "open", "read_text", "read_bytes", "write_text", "write_bytes", "print"}
SMTP_CLIENTS = {
    "outgoing/smtp.py": "the one way out",
    "demo/customers.py": "plays the customers: writes to our own listener on loopback",
    "intake/deliver.py": "LMTP to our own daemon over a unix socket, for an MTA's pipe",
}
ENVIRONMENT = {"environ", "environb", "getenv", "putenv"}


def modules() -> list[Path]:
    return sorted(p for p in ROOT.rglob("*.py") if "_data" not in p.parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(path)))


def name_of(path: Path) -> str:
    parts = ("gateway", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def names() -> frozenset[str]:
    return frozenset(map(name_of, modules()))


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


@cache
def imports(path: Path) -> tuple[tuple[int, str], ...]:
    """(line, full module name) of every import; `from gateway.store import outbox` is gateway.store.outbox."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            for alias in node.names:
                deeper = f"{module}.{alias.name}"
                yield node.lineno, deeper if deeper in names() else module


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT.parent)}:{line}"


def test_a_part_imports_only_from_parts_to_its_left():
    wrong = []
    for path in modules():
        own = part_of(name_of(path))
        for line, module in imports(path):
            if not module.startswith("gateway."):
                continue
            other = part_of(module)
            if other != own and RANK[other] >= RANK[own]:
                wrong.append(f"{place(path, line)}: {own} imports {module}")
    assert not wrong


def test_every_part_has_its_rank():
    parts = {part_of(name_of(path)) for path in modules()} - {""}
    assert parts <= set(RANK)


def test_no_relative_import_and_none_inside_a_function():
    wrong = []
    for path in modules():
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and node.level:
                wrong.append(f"{place(path, node.lineno)}: relative")
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                inner = (n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom))
                wrong += [f"{place(path, n.lineno)}: inside a function" for n in inner]
    assert not wrong


def test_no_import_cycle():
    graph = {name_of(p): {m for _, m in imports(p) if m.startswith("gateway.")} for p in modules()}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join((*way, module))
        if module not in done:
            for other in sorted(graph.get(module, ())):
                visit(other, (*way, module))
            done.add(module)

    for module in graph:
        visit(module, ())


NOT_NEEDED = (
    # what starts often, what it would wait for in vain
    ("gateway.cli.main", ("pydantic", "sqlalchemy", "jinja2", "structlog", "gateway.config")),
    ("gateway.cli.explain", ("sqlalchemy", "jinja2", "structlog", "gateway.rules", "gateway.message.parse")),
    ("gateway.cli.mail_explained", ("sqlalchemy", "structlog", "gateway.store", "gateway.message.parse")),
    ("gateway.cli.rules_check", ("sqlalchemy", "structlog", "gateway.store", "gateway.message.parse")),
    ("gateway.parsing.child", ("asyncio", "pydantic", "sqlalchemy", "jinja2", "structlog", "gateway.config")),
)


@pytest.mark.parametrize(("module", "others"), NOT_NEEDED)
def test_what_starts_often_imports_nothing_that_it_does_not_need(module: str, others: tuple[str, ...]):
    graph = {name_of(p): {m for _, m in imports(p)} for p in modules()}
    seen, waiting = set[str](), [module]
    while waiting:
        here = waiting.pop()
        if here not in seen:
            seen.add(here)
            waiting += graph.get(here) or graph.get(here.rpartition(".")[0], ())
    assert [m for m in sorted(seen) if m.startswith(tuple(f"{o}." for o in others)) or m in others] == []


@pytest.mark.parametrize("part", PURE)
def test_the_core_is_pure(part: str):
    wrong = []
    for path in sorted((ROOT / part).rglob("*.py")):
        for line, module in imports(path):
            if module in IMPURE or module.split(".")[0] in IMPURE:
                wrong.append(f"{place(path, line)}: imports {module}")
        for node in nodes(path):
            if isinstance(node, ast.Call) and called(node) in IMPURE_CALLS:
                wrong.append(f"{place(path, node.lineno)}: calls {called(node)}()")
    assert not wrong


def called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def test_only_the_store_has_sql():
    """Elsewhere a Connection may be passed on and its failure caught; statements, tables, drivers may not."""
    wrong = []
    for path in modules():
        if part_of(name_of(path)) == "store":
            continue
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and node.module == "sqlalchemy":
                names = [alias.name for alias in node.names if alias.name != "Connection"]
                wrong += [f"{place(path, node.lineno)}: {name}" for name in names]
        for line, module in imports(path):
            if module.startswith(
                ("sqlalchemy.dialects", "sqlalchemy.orm", "sqlite3", "psycopg", "alembic", "gateway.store.schema")
            ):
                wrong.append(f"{place(path, line)}: {module}")
    assert not wrong


def test_only_the_settings_read_the_environment():
    wrong = []
    for path in modules():
        if name_of(path) == "gateway.config":
            continue
        for node in nodes(path):
            if isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT and isinstance(node.value, ast.Name):
                wrong.append(place(path, node.lineno))
            if isinstance(node, ast.ImportFrom) and node.module == "os":
                wrong += [place(path, node.lineno) for alias in node.names if alias.name in ENVIRONMENT]
    assert not wrong


def test_only_named_modules_speak_smtp_to_somebody():
    speakers = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        for _, module in imports(path)
        if module.split(".")[0] in ("aiosmtplib", "smtplib")
        or (module == "socket" and "LMTP" in path.read_text("utf-8"))
    }
    assert speakers - {"intake/sockets.py"} == set(SMTP_CLIENTS)  # sockets.py listens


def test_only_the_door_stores_new_mail():
    """`Store.accept` is the promise; only intake/accept.py may be followed by a 250."""
    callers = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        for node in nodes(path)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("self._store.accept", "store.accept")
    }
    assert callers == {"intake/accept.py"}


@pytest.mark.parametrize("path", ["__init__.py", "intake/__init__.py"])
def test_what_deliver_imports_on_its_way_is_empty(path: str):
    """`python -I -m gateway.intake.deliver` starts without any dependency."""
    assert (ROOT / path).read_text("utf-8").strip() == ""


def test_deliver_needs_the_standard_library_alone():
    modules_of_deliver = {module.split(".")[0] for _, module in imports(ROOT / "intake" / "deliver.py")}
    foreign = {"gateway", "aiosmtplib", "structlog", "pydantic", "sqlalchemy", "click"}
    assert not modules_of_deliver & foreign


def test_a_broad_except_says_why():
    """It raises again, or a reason stands beside it, or the function says that it is the outermost frame."""
    wrong = []
    for path in modules():
        lines = path.read_text("utf-8").splitlines()
        for function in nodes(path):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                outermost = "utermost frame" in (ast.get_docstring(function) or "")
                wrong += [
                    place(path, handler.lineno)
                    for handler in ast.walk(function)
                    if isinstance(handler, ast.ExceptHandler) and is_broad(handler) and not outermost
                    if not raises_again(handler) and not has_reason(lines, handler.lineno)
                ]
    assert not wrong


def is_broad(handler: ast.ExceptHandler) -> bool:
    names = [ast.unparse(n) for n in ([handler.type] if handler.type else [])]
    return not names or bool(re.search(r"\b(Exception|BaseException)\b", names[0]))


def raises_again(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in handler.body)


def has_reason(lines: list[str], line: int) -> bool:
    comment = lines[line - 1].partition("#")[2]
    return bool(re.sub(r"noqa: [A-Z0-9, ]+", "", comment).strip(" -#"))


def test_every_type_between_stages_is_frozen():
    """`types.py` holds what travels; nothing in it can change after it was made."""
    wrong = []
    for path in ROOT.rglob("types.py"):
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and not any(
                ast.unparse(b) in ("Protocol", "TypedDict") for b in node.bases
            ):
                made = [ast.unparse(d) for d in node.decorator_list]
                struct = any(ast.unparse(b) == "Struct" for b in node.bases) and any(
                    k.arg == "frozen" and ast.unparse(k.value) == "True" for k in node.keywords
                )
                if "dataclass(frozen=True, slots=True)" not in made and not struct:
                    wrong.append(f"{place(path, node.lineno)}: {node.name}")
    assert not wrong


def test_no_vague_module_names():
    vague = {"utils", "util", "helpers", "helper", "manager", "handler", "base", "common", "misc"}
    assert not [p for p in modules() if p.stem in vague]
