"""Reads stack traces: Python, JavaScript (V8, Firefox, Safari), .NET and Java, with causes, groups and async frames.

Promises the exceptions of a trace, each with its frames from the throw outwards, told by module and function, not by
line. What makes two of them the same fault is left to `grouping.py`. Pure; lines are looked at once and cut at
512 characters, and no repeated part of a pattern matches one text in two ways, so that hostile text costs no more
than other text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

LINES_MAX = 1_000
HEAD_LINES = 9
LINE_CHARACTERS_MAX = 512
EXCEPTIONS_MAX = 100


class Frame(NamedTuple):
    """One call: where the code stands, its name there, and whether it is the app's own."""

    module: str
    function: str
    own: bool


@dataclass(slots=True)
class Thrown:
    """One exception of a trace, with the lines of its frames from the throw outwards as they stand."""

    type: str
    raw_lines: list[str] = field(default_factory=list)
    in_group: bool = False  # one of several that were thrown at once: their order says nothing

    @property
    def lines(self) -> Iterator[str]:
        """What the lines tell, to be read one by one by `read_frame`; few of many are, so it is not made before."""
        return map(_told, self.raw_lines)


_AROUND = " \t|+{[,"
_PLAIN_FRAMES = ("    at ", "   at ", "\tat ", "        at ")  # as V8, .NET and Java write them
_PYTHON_MARKERS = ("Traceback (most recent call last)", "Exception Group Traceback")
_TYPE = re.compile(
    r"(?:(?:-+> |\(Inner Exception #\d+\) |(?:cause|errors)\]?: ?|Caused by: |Suppressed: "
    r"|Uncaught (?:\(in promise\) )?"
    r"|Unhandled exception\. |Exception in thread \"[^\"]*\" |\[)*)"
    r"(?P<type>[A-Za-z_$][\w$]*(?:[.+][\w$]+)*)(?:`\d+)?(?: \[[A-Z_0-9]+\])?(?=:|\]?$|\]? \{$)"
)
_GECKO = re.compile(r"[^@\s]*@[^\s@]+:\d+(?::\d+)?$")
_ERROR_NAME = re.compile(
    r"(?:Error|Exception|Warning|Fault|Failure|Exit|Interrupt|Group|Timeout|Throwable)$|^[A-Za-z]\w*(?:\.\w+)*\.[A-Z]\w+$"
)


def read_trace(text: str) -> list[Thrown]:
    """Return the exceptions of a trace, outermost first; an empty list if this is no trace that is known."""
    lines = text.split("\n", LINES_MAX)[:LINES_MAX]
    return _read_python(lines) if 'File "' in text else _read_other(lines)


def _told(line: str) -> str:
    return line[:LINE_CHARACTERS_MAX].strip(_AROUND)


# All of it can be matched in one way only, and what is matched is not given back: it is looked at once.
_PLAIN = re.compile(r"[^\n]*+(?:\n(?: {3,4}| {8}|\t)at [^\n]*+)++\n?")


def read_plain(text: str) -> Thrown | None:
    """Return the one exception of a trace that has no other, with its first frames; None if this is no such trace."""
    if 'File "' in text or not _PLAIN.fullmatch(text):
        return None
    first, *frames = text.split("\n", HEAD_LINES)[:HEAD_LINES]
    thrown = _read_other([first]) or [Thrown("")]
    if thrown[0].raw_lines:  # it begins with a frame
        return None
    thrown[0].raw_lines += frames
    return thrown[0]


def _read_python(lines: list[str]) -> list[Thrown]:
    """Python tells frames before the exception, the innermost frame last, and the cause before its effect."""
    thrown: list[Thrown] = []
    frames: list[str] = []
    in_group, indent = False, 0
    for line in lines:
        told = _told(line)
        if told.startswith('File "'):
            frames.append(line)
        elif told.startswith(_PYTHON_MARKERS):
            indent = line.index(told)
        elif told.startswith(("-----", "-+---")):
            in_group = True
        elif frames and line.find(told) == indent and (found := _TYPE.match(told)):
            thrown.append(Thrown(found["type"], frames[::-1], in_group))
            frames = []
    if frames:  # a trace that was cut, or without its last line
        thrown.append(Thrown("", frames[::-1], in_group))
    return thrown[::-1][:EXCEPTIONS_MAX]


def _read_other(lines: list[str]) -> list[Thrown]:
    """The others tell the exception before its frames, the innermost frame first, and the effect before its cause."""
    thrown: list[Thrown] = []
    in_group = False
    for line in lines:
        if thrown and line.startswith(_PLAIN_FRAMES):  # most lines are, and few of them are read: they cost no more
            thrown[-1].raw_lines.append(line)
            continue
        told = _told(line)
        if told.startswith("at ") or ("@" in told and _GECKO.fullmatch(told)):
            if not thrown:
                thrown.append(Thrown(""))
            thrown[-1].raw_lines.append(line)
        elif (found := _TYPE.match(told)) and is_error_name(found["type"]):
            in_group = in_group or bool(thrown and thrown[0].type.endswith(("AggregateError", "AggregateException")))
            thrown.append(Thrown(found["type"], in_group=in_group))
    return thrown[:EXCEPTIONS_MAX]


def read_frame(line: str) -> Frame | None:
    """Return the frame that a line of a `Thrown` tells."""
    if line.startswith('File "'):
        file, _, name = line[6:].partition('", line ')
        return python_frame(file, name.partition(", in ")[2])
    key = call_of(line)
    if key in _FRAMES:
        return _FRAMES[key]
    if line.startswith("at "):
        frame = call_frame(line[3:])
    elif "@" not in line:  # an `at` that nothing follows
        return None
    else:
        name, _, place = line.partition("@")
        frame = javascript_frame(name, _PLACE_END.sub("", place))
    if len(_FRAMES) >= FRAMES_KEPT:
        _FRAMES.clear()
    _FRAMES[key] = frame
    return frame


def call_of(line: str) -> str:
    """Return what lines with the same call at another place of a file share."""
    return line.rstrip("0123456789:)")


FRAMES_KEPT = 4_096
_FRAMES: dict[str, Frame | None] = {}


_PLACE_END = re.compile(r"(?::\d+){1,2}$")
_NET_PLACE = re.compile(r" in [^\n]*:line \d+$")


@lru_cache(maxsize=1_024)
def is_error_name(name: str) -> bool:
    """Return whether a line's first word is the name of an exception and not of a log line."""
    return _ERROR_NAME.search(name) is not None


_PYTHON_LIBRARY = re.compile(r"[\\/](?:site-packages|dist-packages|lib[\\/]python\d[\d.]*|Lib)[\\/]|^<frozen|^<string>")


def python_frame(file: str, name: str) -> Frame:
    """Return a frame of a Python trace."""
    return Frame(module_of(file), name, not _PYTHON_LIBRARY.search(file))


_JAVASCRIPT_PLACE = re.compile(
    r"^(?:(?P<name>.*?) \()?(?P<file>(?:[A-Za-z][\w+.-]*:|/|\[|\.|[A-Za-z]:\\|<)?[^()]*?):\d+(?::\d+)?\)?$"
)
_JAVASCRIPT_LIBRARY = re.compile(
    r"node_modules[\\/]|^node:|^internal/|webpack/(?:bootstrap|runtime)|^native|^<anonymous>"
)
_JAVA_CALL = re.compile(
    r"^(?:[\w.-]*/)*(?P<name>[\w$.<>]+)"
    r"\((?:[\w$.-]+\.(?:java|kt|scala|groovy)(?::\d+)?|Native Method|Unknown Source|<generated>)\)"
)


def call_frame(call: str) -> Frame | None:
    """Return the frame of a line `at ...`, which V8, Java and .NET all write."""
    call = call.rstrip(" {,").removeprefix("async ")
    if _NET_PLACE.search(call):
        return dotted_frame(call)
    java = _JAVA_CALL.match(call)
    if java:
        return dotted_frame(java["name"])
    place = _JAVASCRIPT_PLACE.match(call)
    if place and place["file"]:
        return javascript_frame(place["name"] or "", place["file"])
    if call.endswith(("(<anonymous>)", "(native)")) or "(index " in call:
        return Frame("", call.partition(" (")[0], own=False)
    return dotted_frame(call) if "(" in call else None


_JAVASCRIPT_ALIAS = re.compile(
    r" \[as [^\]]*\]|^(?:async|new) |^(?:Object|Module|exports|global|window|_?this)\.|/<|\*?$"
)


_NAMELESS = re.compile(r"<anonymous>|anonymous|\?|(?:[A-Za-z$_]{1,2}\d?)(?:\.[A-Za-z$_]{1,2}\d?)*")


def javascript_frame(name: str, file: str) -> Frame:
    """Return a frame of a JavaScript trace; names that a build made (`t`, `n.e`) change with it and are left out."""
    once = _JAVASCRIPT_ALIAS.sub("", name)
    cleaned = name if once == name else _JAVASCRIPT_ALIAS.sub("", once)
    cleaned = cleaned.strip()
    module, own = _javascript_file(file)
    return Frame(module, "" if _NAMELESS.fullmatch(cleaned) else cleaned, own)


@lru_cache(maxsize=FRAMES_KEPT)
def _javascript_file(file: str) -> tuple[str, bool]:
    """Return the module of a file and whether it is the app's own; new faults stand in files that are known."""
    return module_of(file), not _JAVASCRIPT_LIBRARY.search(file)


_DOTTED_LIBRARY = re.compile(
    r"^(?:System|Microsoft|MS|Newtonsoft|Serilog|Npgsql|MongoDB|Polly|MediatR|Castle|Dapper|Azure|Grpc|Xunit|NUnit"
    r"|java|javax|jakarta|jdk|sun|com\.sun|org\.(?:springframework|apache|hibernate|eclipse|junit|jboss|slf4j|gradle)"
    r"|io\.(?:netty|reactivex|micrometer|grpc)|reactor|kotlin|kotlinx|scala|akka|android|androidx|dalvik"
    r"|com\.(?:google|zaxxer|mongodb|fasterxml))\."
)
# .NET's names for async methods, lambdas and local functions, Java's for lambdas and proxies: without their numbers.
_DOTTED_NOISE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<(\w+)>d__\d+(?:`\d+)?\.MoveNext$"), r"\1"),
    (re.compile(r"<>c(?:__DisplayClass[\d_]+)?(?:`\d+)?\.(?:<>c\.)?<(\w+)>b__[\d_]+"), r"\1.lambda"),
    (re.compile(r"<<?(\w+)>g__(\w+)\|[\d_]+>?(?:d\.MoveNext)?"), r"\1.\2"),
    (re.compile(r"<(\w+)>b__[\d_]+"), r"\1.lambda"),
    (re.compile(r"lambda\$(\w*)\$\d+"), r"\1.lambda"),
    (re.compile(r"\$\$(?:Lambda|FastClass|Enhancer|SpringCGLIB|EnhancerBy)[\w$]*(?:/\w+)?"), ""),
    (re.compile(r"\$(?:Proxy)?\d+"), "$"),
    (re.compile(r"`\d+|\[\[?[^\]]*\]\]?"), ""),
)


def dotted_frame(call: str) -> Frame:
    """Return a frame of a .NET or Java trace: `Namespace.Type.Method(...)`."""
    name = call.partition("(")[0].strip()
    for pattern, instead in _DOTTED_NOISE:
        name = pattern.sub(instead, name)
    module, _, function = name.rpartition(".")
    return Frame(module, function, own=_DOTTED_LIBRARY.match(name) is None)


_VARYING = re.compile(
    r"(?<![A-Za-z])v?\d[\d.]*(?:[-+.](?:alpha|beta|rc|dev)[\w.]*)?|[-._~](?=\w*\d)[0-9A-Za-z_]{6,}|(?<=\w)\d+\b"
)
_ENDING = re.compile(r"\.(?:min\.|bundle\.|chunk\.|esm\.)*(?:[cm]?[jt]sx?|pyc?|vue|svelte|html?)$")


def module_of(file: str) -> str:
    """Return the last two steps of a path, without versions, hashes of builds and numbers, so that releases agree."""
    path = file.replace("\\", "/").partition("?")[0].rstrip("/")
    steps = [step for step in path.split("/") if step not in {"", ".", ".."}][-2:]
    cleaned = (_VARYING.sub("", _ENDING.sub("", step)).strip("-._@") for step in steps)
    return "/".join(step for step in cleaned if step)
