"""Our pages by their paths: today one of them, and what is said where there is none.

Sources  console.md §1: each works without JavaScript and in a text browser, nothing is changed by GET, nothing comes
         from elsewhere.
Not here what the page says and does (digest.py), how it is written (pages.py).
"""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.clock import Clock
from gateway.config import Settings
from gateway.deciding.types import Deps
from gateway.errors import TransientError
from gateway.store.store import Store
from gateway.web.bounds import Bounds
from gateway.web.digest import DigestPage
from gateway.web.pages import Writer, style


def application(settings: Settings, store: Store, clock: Clock, deps: Callable[[], Deps]) -> ASGIApp:
    """Everything that is served."""
    writer = Writer(settings.site.base_url, deps)
    digest = DigestPage(store, clock, deps, writer)

    async def refused(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 503
        word = {404: "page_none", 503: "page_later"}.get(status, "page_wrong")
        headers = error.headers if isinstance(error, HTTPException) else None
        return writer.page("said", None, status, headers, said=word)

    async def failed(_request: Request, _error: Exception) -> Response:
        return writer.page("said", None, 500, said="page_later")

    return Bounds(
        Starlette(
            routes=[
                Route("/style.css", style, methods=["GET"]),
                Route("/u/{token}", digest.show, methods=["GET"]),
                Route("/u/{token}", digest.turn, methods=["POST"]),
            ],
            exception_handlers={HTTPException: refused, TransientError: refused, Exception: failed},
        ),
        clock,
    )
