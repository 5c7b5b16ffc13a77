"""Logs are one JSON object a line, gathered while a loop runs, and never hold what an exception says."""

import asyncio
import io

import orjson

from app.log import GatheredLines, describe_exception

PLANTED = "alice@contoso.com"


async def test_lines_are_gathered_and_written_in_one_go() -> None:
    """Lines that may wait go out together; a warning takes them along at once."""
    stream = io.StringIO()
    lines = GatheredLines(stream)
    lines.info("one")
    lines.info("two")
    assert stream.getvalue() == ""
    lines.warning("three")
    assert stream.getvalue() == "one\ntwo\nthree\n"


async def test_what_waits_goes_out_soon() -> None:
    """Nothing waits for the next call."""
    stream = io.StringIO()
    GatheredLines(stream).info("one")
    async with asyncio.timeout(5):
        while not stream.getvalue():  # noqa: ASYNC110 - the loop's own timer writes, there is no event
            await asyncio.sleep(0.01)
    assert stream.getvalue() == "one\n"


def test_without_a_loop_lines_go_out_at_once() -> None:
    """Commands end right after their last line."""
    stream = io.StringIO()
    GatheredLines(stream).info("one")
    assert stream.getvalue() == "one\n"


def test_no_line_waits_for_a_loop_that_has_ended() -> None:
    """A loop that ends soon after its last line leaves it to the next loop's timer, or to the next line without one."""
    stream = io.StringIO()
    lines = GatheredLines(stream)

    async def tell(line: str, *, wait: bool) -> None:
        lines.info(line)
        async with asyncio.timeout(5):
            while wait and not stream.getvalue():  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)

    for line, wait in (("one", False), ("two", True), ("three", False)):
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(tell(line, wait=wait))
    assert stream.getvalue() == "one\ntwo\n"
    lines.info("four")
    assert stream.getvalue() == "one\ntwo\nthree\nfour\n"


def test_an_exception_is_told_by_type_and_place() -> None:
    """Its text may quote what was stored."""
    try:
        try:
            raise ValueError(PLANTED)  # noqa: TRY301 - the test is of what is raised
        except ValueError as error:
            raise KeyError(PLANTED) from error
    except KeyError as error:
        told = describe_exception(error)
    assert told["error"] == "KeyError <- ValueError"
    assert PLANTED not in orjson.dumps(told).decode()
