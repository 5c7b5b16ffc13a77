"""What makes a group: .NET and Java traces, minified code, codes and messages without a trace."""

import pytest

from app.error_reports import grouping
from app.error_reports.grouping import KEPT_TRACES, fingerprint_of, template_of
from app.error_reports.traces import read_frame, read_trace

NET = """System.InvalidOperationException: Cannot process request {request}
 ---> System.NullReferenceException: Object reference not set to an instance of an object.
   at SalesTim.Provisioning.TeamService.<CreateAsync>d__{number}.MoveNext() in C:\\src\\TeamService.cs:line {line}
--- End of stack trace from previous location ---
   at System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw()
   --- End of inner exception stack trace ---
   at SalesTim.Program.<>c__DisplayClass{number}_0.<Main>b__0() in D:\\a\\Program.cs:line {line}
"""
JAVA = """Exception in thread "main" java.lang.IllegalStateException: book {request}
        at com.example.Author.getBookIds(Author.java:{line})
        at java.base/java.util.ArrayList.forEach(ArrayList.java:1541)
        at com.example.Bootstrap.lambda$main${number}(Bootstrap.java:{line})
Caused by: java.lang.NullPointerException: x
        at com.example.Book.getId(Book.java:{line})
        ... 1 more
"""
FIREFOX = """load@https://app.example.com/static/main.{build}.js:{line}:15
async*start@https://app.example.com/static/main.{build}.js:{line}:1
"""
MINIFIED = """TypeError: Cannot read properties of undefined (reading '{field}')
    at {name} (https://app.example.com/static/main.{build}.js:1:{line})
    at {name}.{name} (https://app.example.com/static/main.{build}.js:1:9{line})
"""
FIRST = {"request": 12, "number": 4, "line": 88, "build": "5f3a9c12", "name": "t", "field": "owner"}
SECOND = {"request": 977, "number": 15, "line": 120, "build": "0b7e44d1", "name": "n", "field": "owner"}


def group(kind: str = "EXCEPTION", code: str | None = None, **payload: object) -> str:
    """Return the fingerprint of a report."""
    return fingerprint_of({"kind": kind, **({"code": code} if code else {})}, payload)


def traced(trace: str, values: dict[str, object], message: str = "") -> str:
    """Return the fingerprint of a trace with these values in it."""
    for name, value in values.items():
        trace = trace.replace("{" + name + "}", str(value))
    return group(exception={"type": "", "message": message or trace.partition("\n")[0], "stackTrace": trace})


@pytest.mark.parametrize("trace", [NET, JAVA, FIREFOX, MINIFIED])
def test_releases_and_data_do_not_split_a_group(trace: str) -> None:
    """Other lines, numbers of the compiler, hashes of the build and minified names: one fault."""
    assert traced(trace, FIRST) == traced(trace, SECOND)


@pytest.mark.parametrize(
    ("trace", "old", "new"),
    [(NET, "CreateAsync", "RemoveAsync"), (JAVA, "getId", "getName"), (FIREFOX, "load@", "save@"),
     (JAVA, "Caused by: java.lang.NullPointerException", "Caused by: java.lang.ClassCastException")],
)  # fmt: skip
def test_another_function_or_cause_is_another_group(trace: str, old: str, new: str) -> None:
    """A different place or a different cause: another fault."""
    assert traced(trace, FIRST) != traced(trace.replace(old, new), FIRST)


def test_minified_frames_are_helped_by_the_message() -> None:
    """Where names say nothing, different messages are different faults."""
    other = MINIFIED.replace("Cannot read properties of undefined", "x is not a function")
    assert traced(MINIFIED, FIRST) != traced(other, FIRST)


def test_own_code_counts_before_library_code() -> None:
    """Frames of packages and run-times are used only where there is nothing else."""
    frames = [read_frame(line) for line in read_trace(NET.replace("{line}", "1"))[1].lines]
    assert [frame.own for frame in frames if frame] == [True, False, True]


def test_a_code_groups_whatever_the_message_says() -> None:
    """Sign-in failures group by their code."""
    first, second, other = (
        group("SIGN_IN", code, message=message)
        for code, message in (("AADSTS50058", "a"), ("AADSTS50058", "b"), ("AADSTS700016", "a"))
    )
    assert first == second != other


def test_messages_without_what_varies_group() -> None:
    """Numbers, quoted names, paths and ids are no difference; words are."""
    assert template_of("team 'Red' has 12 of 20 seats") == template_of("team 'Blue 7' has 3 of 5 seats")
    assert template_of("cannot open /var/data/a.db") == template_of("cannot open C:\\data\\b.db")
    assert template_of("cannot open file") != template_of("cannot close file")


def test_a_trace_that_keeps_coming_is_read_once() -> None:
    """In a storm of errors it stays remembered, however many others come between."""
    told: list[str] = []

    def tell() -> tuple[str, ...]:
        told.append("told")
        return ("fault",)

    for storm in range(3):
        assert grouping._remembered("the same", tell) == ("fault",)
        for number in range(KEPT_TRACES - 1):
            grouping._remembered(f"other {storm} {number}", lambda: ("other",))
    assert told == ["told"]
