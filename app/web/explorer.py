"""Serve the built explorer: one page and its hashed files, all from this server, under a strict browser policy.

Promises that the page cannot load, run or send anything elsewhere, cannot be framed, and that a ready-made token leaves
only for a page of this very server in a browser on this very machine. What the page shows is the front end's matter
(`src/`); which tokens there are, the caller's.
"""

import ipaddress
from collections.abc import Callable
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

DIST = Path(__file__).parent / "dist"

# 'unsafe-inline' for styles alone: the editor (Monaco) writes style elements. blob: is not needed anywhere.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Explorer not built</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>
<h1>The explorer is not built yet</h1>
<p>Run <code>app/web/build</code> in the project's folder, then load this page again.</p>
<p>The API itself is running: send a query with <code>POST /graphql</code>.</p></html>
"""

# Tokens of development, by role, made anew at each request.
TokenSource = Callable[[], list[dict[str, str]]]


class HashedFiles(StaticFiles):
    """Files whose names change with their content, so a browser may keep them for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at `path` below the folder, with the page's policy (workers are bound by their own file's)."""
        response = await super().get_response(path, scope)
        response.headers.update(SECURITY_HEADERS)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


async def explorer_page(_request: Request, dist: Path = DIST) -> Response:
    """The page, or 503 with a word on how to build it. It is revalidated on each load, so a new build shows at once."""
    headers = SECURITY_HEADERS | {"Cache-Control": "no-cache"}
    index = dist / "index.html"
    if not index.is_file():
        return HTMLResponse(NOT_BUILT, status_code=503, headers=headers)
    return FileResponse(index, media_type="text/html", headers=headers)


def _asked_by_own_page(request: Request) -> bool:
    """Whether a page of this server asks, on this machine: not another site's, nor one whose DNS name points here."""
    if not _is_of_this_machine(request):
        return False
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return False
    host = request.url.hostname or ""
    if "." not in host and ":" not in host:
        return True  # a bare machine name such as localhost is nobody's public domain
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.endswith(".localhost")
    return True


def _is_of_this_machine(request: Request) -> bool:
    """Whether the caller itself is here; a proxy beside us tells of others, unless it is set up to say nothing."""
    if any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-forwarded-host", "via")):
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


async def _tokens_response(request: Request, tokens: TokenSource) -> Response:
    headers = SECURITY_HEADERS | {"Cache-Control": "no-store"}
    if not _asked_by_own_page(request):
        return JSONResponse({"tokens": []}, status_code=403, headers=headers)
    return JSONResponse({"tokens": tokens()}, headers=headers)


async def _to_explorer(_request: Request) -> Response:
    return RedirectResponse("explorer")  # relative: a proxy may serve all of this below a path


def explorer_routes(dist: Path = DIST, tokens: TokenSource | None = None) -> list[BaseRoute]:
    """Routes of the explorer, to which / leads: page, files, and, only where `tokens` is given, GET /explorer/tokens.

    `tokens` gives one {"role", "label", "token"} a role; leave it out in production, then the address does not exist.
    """
    routes: list[BaseRoute] = [
        Route("/", _to_explorer, methods=["GET"]),
        Route("/explorer", partial(explorer_page, dist=dist), methods=["GET"]),
        Mount("/explorer/assets", HashedFiles(directory=dist / "assets", check_dir=False)),
    ]
    if tokens is not None:
        routes.append(Route("/explorer/tokens", partial(_tokens_response, tokens=tokens), methods=["GET"]))
    return routes
