"""What makes two failures the same: the job's name, the kind of error, its message without what changes from job to
job, and the place in the application's own code. Versioned, so that what was resolved under one rule stays so.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from core.failures.frames import innermost_last, is_foreign, is_frame
from core.redaction.kin import keyless

VERSION = "v1"
# What of a message and of a stack is looked at.
LONGEST_MESSAGE = 300
LONGEST_STACK = 4000
# A line as long as this may be the beginning of a longer one: no less of a message is read than so many bytes.
_MAY_BE_CUT = 790
_CHANGING = re.compile(
    # Each begins where a word does: asked first, that halves the time.
    r"(?<!\w)(?:"
    r"(?P<kept>\b(?:status code|status|code|HTTP|errno|SQLSTATE)[ :=]{1,3}\d{1,5}\b)"
    r"|(?P<time>\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?)"
    r"|(?P<uuid>\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b)"
    r"|(?P<email>\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b)"
    r"|(?P<address>\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d{1,5})?\b)"
    r"|(?P<hex>\b(?:0x)?(?=[a-fA-F]{0,64}\d)(?=\d{0,64}[a-fA-F])[0-9a-fA-F]{8,64}\b)"
    r"|(?P<token>\b(?=[A-Za-z_-]{0,80}\d)(?=[\d_-]{0,80}[A-Za-z])[A-Za-z0-9_-]{20,80}\b)"
    r"|(?P<number>(?<![\w])[-+]?\d[\d,._]{0,40}(?=[^\w]|(?:ms|s|m|h|B|KB|MB|GB|%)\b|$))"
    r")"
)
_MAY_CHANGE = re.compile(r"[\d@]")
_SPACE = re.compile(r"\s+")
_IN_STACK = re.compile(r"^(?:Uncaught )?([A-Za-z_$][\w$.]{0,80})(?: \[[\w ]{1,40}\])?: ")
# A message alone may begin with any word and a colon: only one that speaks of errors, or is a code, names a kind.
_IN_MESSAGE = re.compile(r"^([A-Za-z_$][\w$.]{0,80}(?:Error|Exception)|E[A-Z]{4,20})\b")
_NODE_FRAME = re.compile(
    r"^[ \t]{1,8}at (?:async )?(?:(?P<where>[^(]{1,200}) \()?(?P<file>[^()]{1,300}?)(?::\d{1,7}){0,2}\)?$"
)
_PYTHON_FRAME = re.compile(r'^[ \t]{1,8}File "(?P<file>[^"]{1,300})", line \d{1,7}, in (?P<where>.{1,200})$')
# What a stack begins with where it names no kind: V8's general word, and Python's for no exception at all.
_NO_KIND = ("Error", "NoneType")
_FIRST_FRAME = re.compile(r'\n[ \t]{1,8}(?:at |File ")')
# What was taken apart lately: thousands of failures say the same, or fail at the same place.
REMEMBERED = 8192


@dataclass(frozen=True)
class Fingerprint:
    """The four things, each empty where it is not known. `key` stands for them all."""

    name: str
    error: str
    message: str
    frame: str

    @cached_property
    def key(self) -> str:
        whole = "\0".join((self.name, self.error, self.message, self.frame)).encode("utf-8", "surrogatepass")
        return f"{VERSION}-{hashlib.sha1(whole, usedforsecurity=False).hexdigest()[:12]}"


def fingerprint(name: str, reason: str, stack: str = "") -> Fingerprint:
    """Of a failure: the job's name, `failedReason`, and the stack of its last attempt as far as that is known."""
    stack = stack[:LONGEST_STACK]
    return Fingerprint(name, error_class(reason, stack), steady(reason), own_frame(stack))


def steady(message: str) -> str:
    """The first line without what differs between jobs: `Order <number> of <email> not found`."""
    return _steady(message[: 4 * LONGEST_MESSAGE].lstrip().split("\n", 1)[0])


@lru_cache(REMEMBERED)
def _steady(line: str) -> str:
    # Which child it was differs from job to job, and whether it is there for who reads this from reader to reader.
    line = _without_jobs(line)
    if not _MAY_CHANGE.search(line):
        return _SPACE.sub(" ", line)[:LONGEST_MESSAGE].strip()
    return _SPACE.sub(" ", _CHANGING.sub(_placeholder, line))[:LONGEST_MESSAGE].strip()


def _without_jobs(line: str) -> str:
    if ":" not in line:
        return line
    raw = line.encode("utf-8", "surrogatepass")
    return keyless(raw, lambda _: b"<job>", is_cut=len(raw) >= _MAY_BE_CUT).decode("utf-8", "surrogatepass")


def error_class(reason: str, stack: str) -> str:
    """`TypeError` of `TypeError: x is not a function`; empty where nothing names one, or only `Error`."""
    found = _IN_STACK.match(stack[:200])
    if found and found[1] not in _NO_KIND:
        return found[1]
    said = _IN_MESSAGE.match(reason[:200])
    return said[1] if said else ""


def own_frame(stack: str) -> str:
    """The first frame in the application's own code, without line numbers, which every deploy moves."""
    # Behind the message, which differs from job to job, the frames of many failures are the same.
    first = _FIRST_FRAME.search(stack)
    if first is None:
        return _own_frame(stack, backwards=False) if is_frame(stack) else ""
    return _own_frame(stack[first.start() + 1 :], backwards=innermost_last(stack))


@lru_cache(REMEMBERED)
def _own_frame(frames: str, *, backwards: bool) -> str:
    lines = frames.split("\n")
    if backwards:
        lines.reverse()
    own = (line for line in lines if is_frame(line) and not is_foreign(line))
    return next(filter(None, map(_frame, own)), "")


def _frame(line: str) -> str:
    found = (_NODE_FRAME if "at " in line[:12] else _PYTHON_FRAME).match(line)
    if found is None:
        return ""
    place = "/".join(found["file"].removeprefix("file://").replace("\\", "/").split("/")[-2:])
    return f"{found['where']} ({place})" if found["where"] else place


def _placeholder(found: re.Match[str]) -> str:
    return found[0] if found.lastgroup == "kept" else f"<{found.lastgroup}>"
