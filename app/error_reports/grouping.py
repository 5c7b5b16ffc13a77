"""Which reports tell of the same fault: a fingerprint of kind, exception types, nearest frames and code.

Works on scrubbed texts only, so that no personal data can be in a fingerprint; it is a hash, from which no text comes
back. Line numbers, versions, build hashes and the order of exceptions thrown at once do not count. Pure.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from app.error_reports.traces import Frame, Thrown, call_of, read_frame, read_plain, read_trace

OWN_FRAMES = 3  # nearest to the throw: enough to tell faults apart, few enough that a new caller makes no new group
KEPT_TRACES = 4_096
EXCEPTIONS_COUNTED = 5

_CODE = re.compile(r"[\w.:/-]{1,64}")
# Whatever differs between two tellings of the same fault.
_VARYING = re.compile(
    r"\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`|\[[a-z-]+\]|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|0x[0-9a-fA-F]+"
    r"|(?:[A-Za-z]:)?[\\/][^\s:'\"()]+|[0-9][0-9a-fA-F]{7,}|[-+]?[0-9][0-9.,:_]*"
)


def fingerprint_of(fields: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """Return the 32 hex digits that reports of the same fault share."""
    told = "".join(f"{part}\x00" for part in _parts(fields, payload))
    return hashlib.blake2b(told.encode(errors="replace"), digest_size=16).hexdigest()


def _parts(fields: Mapping[str, Any], payload: Mapping[str, Any]) -> Iterator[str]:
    yield fields["kind"]
    yield fields.get("code") or ""
    exception = payload.get("exception")
    if exception:
        told = tuple(_fault(exception))
        yield from told
        if len(told) > 1:
            return
        message = exception.get("message") or payload.get("message")
    elif performance := payload.get("performance"):
        yield template_of(performance.get("operation") or "")
        return
    else:
        message = payload.get("message")
    if message and not fields.get("code"):
        yield template_of(message)


def template_of(text: str) -> str:
    """Return the first line of a message without what varies: numbers, names in quotes, paths, ids."""
    return _VARYING.sub("*", text.partition("\n")[0][:512])


def code_of(code: str | None) -> str | None:
    """Return a code that is one and no sentence, such as `AADSTS50058`."""
    return code if code and _CODE.fullmatch(code) else None


def _fault(exception: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the exceptions of a trace with their nearest frames; one part alone means that there was no frame."""
    trace = exception.get("stackTrace") or ""
    kind = _short(exception.get("type") or "")
    if not trace:
        return (kind,)
    plain = read_plain(trace)
    if plain is not None:
        shape = "\x00".join([kind, plain.type, *map(call_of, plain.raw_lines)])
        fault = _remembered(shape, lambda: _tell_plain(kind, plain))
        if fault:
            return fault
    message = exception.get("message") or ""
    return _remembered(f"{kind}\x00{trace}", lambda: tuple(_describe(kind, message, read_trace(trace))))


def _tell_plain(kind: str, thrown: Thrown) -> tuple[str, ...]:
    """Return the fault if the first frames tell it whatever follows; nothing if they do not."""
    frames = nearest_frames(thrown.lines)
    enough = len(frames) == OWN_FRAMES and frames[0].own and any(frame.function for frame in frames)
    return tuple(_describe(kind, "", [thrown])) if enough else ()


# What traces told that were seen last, by a hash of what tells it: in a storm of errors most are the same, or the same
# but for the places in files.
_FAULTS: OrderedDict[bytes, tuple[str, ...]] = OrderedDict()


def _remembered(told_by: str, tell: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    key = hashlib.blake2b(told_by.encode(errors="replace"), digest_size=16).digest()
    known = _FAULTS.get(key)
    if known is not None:
        _FAULTS.move_to_end(key)
        return known
    fault = _FAULTS[key] = tell()
    if len(_FAULTS) > KEPT_TRACES:
        _FAULTS.popitem(last=False)
    return fault


def _describe(kind: str, message: str, thrown: list[Thrown]) -> Iterator[str]:
    outermost = next((each for each in thrown if not each.in_group), None)
    yield kind or (_short(outermost.type) if outermost else "")
    together: set[str] = set()
    alone: list[str] = []
    for each in thrown:
        frames = nearest_frames(each.lines)
        if not frames:
            continue
        told = " < ".join(
            ["" if each is outermost else _short(each.type), *(f"{frame.module}:{frame.function}" for frame in frames)]
        )
        if not any(frame.function for frame in frames):
            told = f"{told} | {template_of(message)}"  # minified or nameless: the message must help
        together.add(told) if each.in_group else alone.append(told)
    yield from alone[:EXCEPTIONS_COUNTED]
    yield from sorted(together)[:EXCEPTIONS_COUNTED]


def nearest_frames(lines: Iterable[str]) -> list[Frame]:
    """Return the frames that tell a fault: the app's own nearest to the throw, or the library's if there are none."""
    own: list[Frame] = []
    library: list[Frame] = []
    for line, _ in groupby(lines):
        frame = read_frame(line)
        if frame is None or frame in own:  # recursion counts once, however deep
            continue
        (own if frame.own else library).append(frame)
        if len(own) == OWN_FRAMES:
            break
    return (own or library)[:OWN_FRAMES]


def _short(name: str) -> str:
    return name.rsplit(".", 1)[-1].rsplit(":", 1)[-1]
