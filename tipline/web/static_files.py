"""The static files: read and packed once when a process starts, under addresses that change with their bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Flask, Response, abort, request

from tipline.web import guard
from tipline.web.headers import FOREVER
from tipline.web.representations import Representation, answer, make

KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".txt": "text/plain",
}
OTHER = "application/octet-stream"


@dataclass(frozen=True)
class StaticFiles:
    """All files of a folder in memory.

    ``version`` is one digest over all of them: it stands in every address, so that scripts which import one another by
    relative addresses stay of one release.
    """

    version: str
    files: dict[str, Representation]

    def address(self, name: str) -> str:
        """The address of a file. Raises KeyError for a file that was not there at start."""
        if name not in self.files:
            raise KeyError(name)
        return f"{request.script_root}/static/{self.version}/{name}"

    def serve(self, path: str) -> Response:
        """The file at this address, to keep for ever. 404 for what is not there.

        Under another version or none the file as it is now, to be asked for each time: a page of the release before
        still finds its style.
        """
        version, _, name = path.partition("/")
        known = self.files.get(name) or self.files.get(path)
        if known is None:
            abort(404)
        return answer(known, FOREVER if version == self.version else "no-cache")


def register(app: Flask) -> None:
    """Serve the package's static files and give ``asset(name)`` to the templates."""
    files = read(Path(app.root_path) / "static")
    app.jinja_env.globals["asset"] = files.address

    @app.get("/static/<path:path>", endpoint="static")
    @guard.anyone
    def static(path: str) -> Response:
        """A static file."""
        return files.serve(path)


@cache
def read(folder: Path) -> StaticFiles:
    """Everything in the folder, read and packed."""
    digest, files = hashlib.sha256(), {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            files[name] = make(path.read_bytes(), KINDS.get(path.suffix, OTHER))
            digest.update(f"{name}\0{files[name].digest}\0".encode())
    return StaticFiles(digest.hexdigest()[:12], files)
