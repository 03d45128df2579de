"""Mails as a browser shows them: light, dark and on a phone, side by side in one picture, without a network.

usage   python -m tests.shots.screen FOLDER [SCALE]      (make shots)
Output  a PNG for each mail of MAILS; SCALE 0.5 is what is kept as approved.
"""

import html
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from gateway.outgoing.fixtures import fixture
from tests.outgoing.letters import PACKAGED

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MAILS = (
    # name of the picture, mail, language
    ("auto_ack", "auto_ack", "pl"),
    ("answer", "answer", "de"),
    ("agent_notice", "agent_notice", "en"),
    ("hold", "hold", "en"),
    ("sla_warning", "sla_warning", "hr"),
    ("digest", "digest", "ru"),
)
_WIDTHS = (640, 640, 390)  # light, dark, phone
_GAP = 16
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking",
    "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=socks5://127.0.0.1:1",
    "--disable-extensions",
    "--font-render-hinting=none", "--disable-lcd-text", "--lang=en",
)  # fmt: skip
_SECONDS = 60


def page(mail: str, language: str, height: int) -> str:
    """The three panels. A dark one is asked for by the mail's own style, so that it is looked at on any machine."""
    light = PACKAGED.render(mail, None, language, fixture(mail)).html
    dark = light.replace("(prefers-color-scheme:dark)", "all")
    assert dark != light
    frames = "".join(
        f'<iframe width="{width}" height="{height}" srcdoc="{html.escape(source)}"></iframe>'
        for width, source in zip(_WIDTHS, (light, dark, light), strict=True)
    )
    style = f"body{{margin:0;display:flex;gap:{_GAP}px;background:#888}}iframe{{border:0;flex:none}}"
    return f"<!doctype html><meta charset=utf-8><style>{style}</style>{frames}"


def shot(mail: str, language: str, to: Path, scale: float, height: int = 1100) -> None:
    """Write the picture of a mail."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(page(mail, language, height), "utf-8")
        width = sum(_WIDTHS) + _GAP * (len(_WIDTHS) - 1)
        subprocess.run(
            [str(CHROMIUM), *_FLAGS, f"--user-data-dir={folder}/profile", f"--window-size={width},{height}",
             f"--force-device-scale-factor={scale}", f"--screenshot={to}", source.as_uri()],
            check=True, capture_output=True, timeout=_SECONDS,
        )  # fmt: skip


def blocks(png: bytes, size: int = 8) -> tuple[int, int, list[float]]:
    """Columns, rows and the mean brightness of each block: what is left of a picture when letters are a pixel off."""
    width, height, channels, lines = _pixels(png)
    columns, rows = width // size, height // size
    means = []
    for row in range(rows):
        sums = [0] * columns
        for line in lines[row * size : row * size + size]:
            green = line[1::channels]
            for column in range(columns):
                sums[column] += sum(green[column * size : column * size + size])
        means += [total / size / size for total in sums]
    return columns, rows, means


def _pixels(png: bytes) -> tuple[int, int, int, list[bytes]]:
    """Width, height, channels and the lines of a PNG of 8 bits, RGB or RGBA, not interlaced (PNG §9)."""
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", png[16:29])
    assert (depth, interlaced) == (8, 0)
    channels = {2: 3, 6: 4}[kind]
    packed, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        packed += png[at + 8 : at + 8 + length] if png[at + 4 : at + 8] == b"IDAT" else b""
        at += 12 + length
    raw, stride = zlib.decompress(packed), width * channels
    before, lines = bytearray(stride), []
    for start in range(0, len(raw), stride + 1):
        line = bytearray(raw[start + 1 : start + 1 + stride])
        _unfilter(raw[start], line, before, channels)
        before = line
        lines.append(bytes(line))
    return width, height, channels, lines


def _unfilter(kind: int, line: bytearray, above: bytearray, channels: int) -> None:
    for i in range(len(line)):
        left, corner = (line[i - channels], above[i - channels]) if i >= channels else (0, 0)
        up = above[i]
        match kind:
            case 0:
                return
            case 1:
                add = left
            case 2:
                add = up
            case 3:
                add = (left + up) // 2
            case _:
                guess = left + up - corner
                add = min((left, up, corner), key=lambda each: abs(guess - each))
        line[i] = (line[i] + add) & 255


def main() -> None:
    """Write all of them."""
    if CHROMIUM is None:
        sys.exit("✗ Chromium is not there.      → sudo apt install chromium")
    folder, scale = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    folder.mkdir(parents=True, exist_ok=True)
    for name, mail, language in MAILS:
        shot(mail, language, folder / f"{name}.png", scale)
        sys.stdout.write(f"{folder / name}.png\n")


if __name__ == "__main__":
    main()
