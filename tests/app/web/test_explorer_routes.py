"""The explorer's routes on a small folder of files: headers, tokens, and nothing outside of the folder."""

from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from app.web.explorer import explorer_routes

TOKENS = [{"role": "support", "label": "Support agent", "token": "a.b.c"}]


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A build of one page and one file, with a secret beside it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "assets" / "main-1a2b3c.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


def client_of(dist: Path, *, tokens: bool = True, base_url: str = "http://localhost:8000") -> AsyncClient:
    """A client of nothing but the explorer."""
    app = Starlette(routes=explorer_routes(dist, (lambda: TOKENS) if tokens else None))
    return AsyncClient(transport=ASGITransport(app), base_url=base_url)


async def test_page_is_strict_and_revalidated(dist: Path) -> None:
    """No foreign host, no eval, no frame; a new build shows on the next load."""
    page = await client_of(dist).get("/explorer")
    policy = page.headers["content-security-policy"]
    assert page.status_code == 200
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not [word for word in ("unsafe-eval", "http:", "https:", "*", "blob:") if word in policy]
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["referrer-policy"] == "no-referrer"


async def test_the_address_alone_leads_to_the_page(dist: Path) -> None:
    """Whoever follows what `scripts/serve` prints, cut short, arrives."""
    page = await client_of(dist).get("/", follow_redirects=True)
    assert (page.status_code, page.url.path) == (200, "/explorer")


async def test_hashed_files_are_kept_for_good(dist: Path) -> None:
    """A file whose name holds its hash never changes, so the browser need not ask again."""
    file = await client_of(dist).get("/explorer/assets/main-1a2b3c.js")
    assert "immutable" in file.headers["cache-control"]
    assert file.headers["x-content-type-options"] == "nosniff"
    assert "javascript" in file.headers["content-type"]


@pytest.mark.parametrize(
    "path", ["../index.html", "../../secret.txt", "%2e%2e/%2e%2e/secret.txt", "..%2f..%2fsecret.txt"]
)
async def test_no_path_leaves_the_folder(dist: Path, path: str) -> None:
    """Dots, plain or encoded, reach nothing above the built files."""
    assert (await client_of(dist).get(f"/explorer/assets/{path}")).status_code == 404


async def test_link_out_of_the_folder_is_not_followed(dist: Path) -> None:
    """A symbolic link in the build opens no file outside of it."""
    (dist / "assets" / "out.txt").symlink_to(dist.parent / "secret.txt")
    assert (await client_of(dist).get("/explorer/assets/out.txt")).status_code == 404


async def test_tokens_are_given_and_never_cached(dist: Path) -> None:
    """Development hands out its ready tokens to its own page."""
    answer = await client_of(dist).get("/explorer/tokens", headers={"sec-fetch-site": "same-origin"})
    assert answer.json() == {"tokens": TOKENS}
    assert answer.headers["cache-control"] == "no-store"


async def test_tokens_do_not_exist_in_production(dist: Path) -> None:
    """Without a source of tokens the address is unknown."""
    assert (await client_of(dist, tokens=False).get("/explorer/tokens")).status_code == 404


@pytest.mark.parametrize(
    ("base_url", "site"),
    [
        ("http://localhost:8000", "cross-site"),
        ("http://evil.example", "same-origin"),
        ("http://a.evil.example", "none"),
    ],
)
async def test_tokens_are_kept_from_other_sites(dist: Path, base_url: str, site: str) -> None:
    """Neither another site's page nor a public name that points at this machine gets one."""
    answer = await client_of(dist, base_url=base_url).get("/explorer/tokens", headers={"sec-fetch-site": site})
    assert answer.status_code == 403
    assert answer.json() == {"tokens": []}


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://box:8000", "http://api.localhost"]
)
async def test_tokens_are_given_under_each_local_name(dist: Path, base_url: str) -> None:
    """Addresses and bare machine names are nobody's public domain."""
    assert (await client_of(dist, base_url=base_url).get("/explorer/tokens")).status_code == 200


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 403),
        ("2001:db8::7", {}, 403),
        ("127.0.0.1", {"x-forwarded-for": "192.0.2.7"}, 403),
        ("127.0.0.1", {"forwarded": "for=192.0.2.7"}, 403),
        ("127.0.0.1", {"via": "1.1 proxy"}, 403),
    ],
)
async def test_tokens_stay_on_this_machine(dist: Path, peer: str, headers: dict[str, str], status: int) -> None:
    """A server that listens to the network by mistake gives no token of all roles to it, nor does a proxy beside it."""
    app = Starlette(routes=explorer_routes(dist, lambda: TOKENS))
    transport = ASGITransport(app, client=(peer, 4711))
    async with AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers) as client:
        answer = await client.get("/explorer/tokens")
    assert (answer.status_code, bool(answer.json()["tokens"])) == (status, status == 200)


async def test_missing_build_says_what_to_run(tmp_path: Path) -> None:
    """A page that helps, not a stack trace; the API beside it is untouched."""
    page = await client_of(tmp_path / "nothing").get("/explorer")
    assert page.status_code == 503
    assert "app/web/build" in page.text
