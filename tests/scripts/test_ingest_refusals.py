"""scripts/ingest when something is wrong: the line, the token, the server. No token and no value is ever printed."""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from auth.principal import Role
from tests.harness.ingest import Ingesting
from tests.harness.live import free_port

SECRET = "alice.hawking@contoso.com"  # a value that may not show
ID = "5E872200-F546-4CCD-8F23-AF5F507AA2DD"
GOOD = json.dumps({"id": "good", "request_approved": {"request_id": ID}})

BAD_LINES = {
    "no JSON": f'{{"id": "{SECRET}", "request_approved": ',
    "no object": f'["{SECRET}"]',
    "key twice": f'{{"census": {{}}, "census": {{"AppName": "{SECRET}"}}}}',
    "unknown key": json.dumps({"id": "x", SECRET: {"request_id": SECRET}}),
    "nothing in it": json.dumps({"id": SECRET}),
    "no object inside": json.dumps({"request_approved": SECRET}),
    "field too many": json.dumps({"request_approved": {"request_id": ID, "email": SECRET}}),
    "field missing": json.dumps({"team_created": {"team_name": SECRET}}),
    "time is no text": json.dumps({"time": 5, "request_approved": {"request_id": ID}}),
    "bad id": json.dumps({"request_approved": {"request_id": SECRET}}),
    "bad time": json.dumps({"time": SECRET, "request_approved": {"request_id": ID}}),
    "bad count": json.dumps(
        {
            "request_created": {
                **dict.fromkeys(("request_id", "template_id"), ID),
                **dict.fromkeys(("team_name", "template_name"), "x"),
                "request_additionalMembers": SECRET,
                "request_additionalOwners": "3",
            }
        }
    ),
    "identity in census": json.dumps(
        {
            "census": {
                **dict.fromkeys(("AppName", "DeviceModel", "OSName"), SECRET),
                "OSVersion": "1",
                "UserLanguage": "EN-US",
                "UserID": ID,
                "Session ID": ID,
            }
        }
    ),
    "deep": '{"error": {"kind": ' + "[" * 50_000 + "]" * 50_000 + "}}",
    "too long": json.dumps({"error": {"kind": "OTHER", "message": "x" * 400_000}}),
    "half a character": '{"error": {"kind": "OTHER", "message": "\\ud800"}}',
    "wrong type": json.dumps({"identified": {"msUpn": {"of": SECRET}}}),
}


def test_bad_lines_are_named_and_the_others_taken(ingesting: Ingesting, company_id: str) -> None:
    """Each bad line is told with its number and reason, the good ones between them arrive, no value is printed."""
    token = ingesting.token(Role.USER, str(uuid.uuid4()), company_id)
    good = [GOOD.replace("good", f"good-{place}") for place in range(len(BAD_LINES))]
    lines = [line for pair in zip(BAD_LINES.values(), good, strict=True) for line in pair]
    done = ingesting.run(ingesting.write("bad.ndjson", *lines), token)
    first, *reasons = done.stdout.splitlines()
    assert (done.returncode, first) == (1, f"accepted {len(good)}, duplicates 0, rejected {len(BAD_LINES)}")
    numbers = [int(reason.split()[1].rstrip(":")) for reason in reasons]
    assert numbers == [2 * place + 1 for place in range(len(BAD_LINES))]
    assert all(len(reason) > len("line 1: MALFORMED: expected ") for reason in reasons)
    assert "line 25 census.AppName: BAD_USER_INPUT" in done.stdout
    assert "line 23 request_created.request_additionalMembers: BAD_USER_INPUT" in done.stdout
    said = done.stdout + done.stderr + (ingesting.folder / "bad.ndjson.ingest-state").read_text()
    assert SECRET not in said
    assert token not in said


def test_invalid_token_ends_with_77_and_is_not_printed(ingesting: Ingesting) -> None:
    """A token that the server refuses ends the command before anything is marked as sent."""
    done = ingesting.run(ingesting.write("a.ndjson", GOOD), "not-a.good.token")
    assert done.returncode == 77
    assert "the token is not valid" in done.stderr
    assert "not-a.good.token" not in done.stdout + done.stderr


def test_role_that_may_not_is_told_what_it_needs(ingesting: Ingesting) -> None:
    """A support token may not record events: each line is refused, once, with what it needs."""
    done = ingesting.run(ingesting.write("a.ndjson", GOOD, GOOD), ingesting.token(Role.SUPPORT))
    assert done.returncode == 1
    assert done.stdout.count("FORBIDDEN") == 2
    assert "user, company_admin, ingest" in done.stdout


def test_server_away_ends_with_3(ingesting: Ingesting) -> None:
    """Where nobody listens the command waits as long as it is told and says that it can go on later."""
    file = ingesting.write("a.ndjson", GOOD)
    done = ingesting.run(file, "t", "--url", f"http://127.0.0.1:{free_port()}", "--patience", "1")
    assert done.returncode == 3
    assert "run the same command again" in done.stderr


@pytest.mark.parametrize("options", [["--batch", "0"], ["--url", "ftp://x"], ["--token", "two words"]])
def test_wrong_arguments_end_with_2(ingesting: Ingesting, options: list[str]) -> None:
    """What cannot be meant is refused before anything is sent."""
    assert ingesting.run(ingesting.write("a.ndjson", GOOD), "t", *options).returncode == 2
    assert ingesting.run(ingesting.folder / "missing.ndjson", "t").returncode == 2


class BusyServer(ThreadingHTTPServer):
    """A server that is busy, then away, then takes what it gets."""

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), BusyHandler)
        self.statuses = [429, 503, 200]
        self.bodies: list[bytes] = []


class BusyHandler(BaseHTTPRequestHandler):
    """Answers by the server's list."""

    server: BusyServer

    def do_POST(self) -> None:
        """Keep what was sent and answer with the next status."""
        self.server.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        status = self.server.statuses[len(self.server.bodies) - 1]
        body = json.dumps({"data": {"result": {"accepted": 1, "duplicates": 0, "rejected": []}}}).encode()
        self.send_response(status)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def busy_server() -> Iterator[BusyServer]:
    """Run one for the length of the block."""
    with BusyServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_busy_and_away_servers_are_asked_again(ingesting: Ingesting, tmp_path: Path) -> None:
    """A rate limit and a server that is away are waited out; the same records go out each time."""
    file = ingesting.write("a.ndjson", GOOD)
    with busy_server() as server:
        url = f"http://127.0.0.1:{server.server_port}"
        done = ingesting.run(file, None, "--url", url, "--state", str(tmp_path / "journal"))
    assert (done.returncode, done.stdout) == (0, "accepted 1, duplicates 0, rejected 0\n")
    assert len(server.bodies) == 3
    assert len(set(server.bodies)) == 1
