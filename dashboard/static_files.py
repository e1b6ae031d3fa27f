"""Style, scripts and icons, read once at start; their URLs carry a checksum of all, so browsers keep them for ever."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

ROOT = Path(__file__).resolve().parent.parent / "static"
# One request instead of fifteen: the cascade layers are declared in the first, so the rest may come in any order.
STYLES = ("tokens", "reset", "base", "layout", "table")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
FOR_EVER = "public, max-age=31536000, immutable"
# During a rolling update a page of the other version may ask for its own files: it gets ours, but must not keep them.
NOT_AT_ALL = "no-store"


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """The files by their path below static/, and the checksum that stands in their URLs."""

    base: str
    files: dict[str, bytes]
    checksum: str

    def url(self, path: str) -> str:
        """Where a browser finds this file; KeyError for one that is not there, so no page can ask for it."""
        if path not in self.files:
            raise KeyError(f"static/{path} does not exist")
        return f"{self.base}/static/{self.checksum}/{path}"

    def route(self) -> Route:
        return Route(self.base + "/static/{checksum}/{path:path}", self._serve, methods=["GET"])

    async def _serve(self, request: Request) -> Response:
        path = request.path_params["path"]
        content = self.files.get(path)
        if content is None:
            return PlainTextResponse("There is no such file.", status_code=404)
        kept = FOR_EVER if request.path_params["checksum"] == self.checksum else NOT_AT_ALL
        return Response(content, media_type=_TYPES[Path(path).suffix], headers={"Cache-Control": kept})


def load(base: str, root: Path = ROOT) -> StaticFiles:
    """Read everything below `root` that a browser may have; `app.css` is all of our style in one."""
    files = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.suffix in _TYPES and path.suffix != ".css"
    }
    files["app.css"] = _style(root / "css")
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(name.encode() + b"\0" + content)
    return StaticFiles(base, files, digest.hexdigest()[:12])


def _style(folder: Path) -> bytes:
    ordered = [folder / f"{name}.css" for name in STYLES]
    components = sorted((folder / "components").glob("*.css"))
    return b"\n".join(path.read_bytes() for path in (*ordered, *components, folder / "utilities.css"))
