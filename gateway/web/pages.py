"""How a page is written: a file of this folder with words of the reader's language, in the looks of our mails.

Sources  mails-out.md §6 (the base layout), console.md §6 (one h1, landmarks, 44 px targets).
Not here which pages there are (app.py), the words (templates/_strings).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.deciding.types import Deps

_FILES = Path(__file__).parent / "files"
_STYLE = (_FILES / "style.css").read_bytes()
_STYLE_KEPT_S = 3600


class Writer:
    """Writes pages for whoever reads them."""

    def __init__(self, base_url: str, deps: Callable[[], Deps]) -> None:
        """`base_url` is where a reader is; a proxy may serve us below a path of its own."""
        self._prefix, self._deps = urlsplit(base_url).path, deps
        self._files = Environment(
            loader=FileSystemLoader(_FILES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )

    def page(
        self,
        name: str,
        language: str | None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> Response:
        """A page. `language` None is that of the desk."""
        d = self._deps()
        spoken = language or d.rules.defaults.language
        words = d.desk.templates.words(spoken)
        text = self._files.get_template(f"{name}.html.j2").render(
            lang=spoken, words=words, site=d.desk.site_name, prefix=self._prefix, **values
        )
        return HTMLResponse(text, status, headers)


async def style(_request: Request) -> Response:
    """The looks of all pages."""
    return Response(_STYLE, media_type="text/css", headers={"Cache-Control": f"max-age={_STYLE_KEPT_S}"})
