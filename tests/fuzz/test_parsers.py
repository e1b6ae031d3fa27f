"""Whatever bytes come from outside, what reads them answers or refuses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.redis_url import check_url
from tests.fuzz.broken import POISON
from tests.fuzz.targets import TARGETS

# Pieces that mean something to one parser or another, put together in any order.
PIECES = (
    *b'{ } [ ] " : , \\ \n = - ( ) * ~ ~0 ~1 %FF %ED%A0%80 1 -1 1e308 9999999999999999999999 NaN null true'.split(b" "),
    *(b"\n", b"\r\n", b" ", b"\x00", b"\xff", b"\xed\xa0\x80", b"\\ud800", b'"\\udc80"', b"\\u0000", POISON),
    *b"name= data= opts= progress= stacktrace= timestamp= password token user.card items.0.pin hunter2".split(),
    *b"data.a:1 OR state: age:>1h added:2026-01-01..now reason: attempts:1..5 id:*".split(),
    *b"0 3 * * 1-5 */5 L MON#2 @daily Europe/Berlin +05:30".split(),
    *b"id=3 addr=x name=bull:bWFpbA==:w:one flags=b db=0 cmd=bzpopmin used_memory:1 slave0:ip=1,lag=x".split(),
    *(b"    at send (/app/a.js:1:2)\n", b'  File "/a.py", line 3, in f\n', b"Traceback (most recent call last):\n"),
    *(b'{"jobId":"1","val":', b'"\\ud83d"', b'{"progress":{"a":"\\ud83d"}}'),
    *b"redis:// rediss:// unix:// redis+sentinel:// u:p@ [::1] :6379 /0 ?db=x , localhost".split(),
    *b"WyJmYWlsZWQiLCJuZXdlc3QiLFsiMSJdLFtdLCIxIiwwLCIiXQ WzEuMCwiZGVmYXVsdCIsImEiXQ eJwDAAAAAAE=".split(),
)
BYTES = st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(PIECES) | st.binary(max_size=3)).map(b"".join))


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(data=BYTES)
def test_no_bytes_break_what_reads_them(name: str, data: bytes) -> None:
    TARGETS[name](data)


def test_half_a_character_of_a_result_of_bull_is_shown_as_unknown() -> None:
    TARGETS["told"](b'{"jobId":"\\ud83d","val":"\\ud83d"}')


@pytest.mark.parametrize(
    "url", ["redis+sentinel://a,b/master/0?\udcff=1", "redis://h\udc80:1/0", "redis://:\ud800@h/0"]
)
def test_a_url_of_bytes_that_are_no_text_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="no text"):
        check_url(url, "The URL")


@pytest.mark.parametrize(
    "url", ["redis+sentinel://[x/master", "redis+sentinel://[::zz]/master", "redis+sentinel://]/m", "redis+sentinel"]
)
def test_a_sentinel_url_of_broken_brackets_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        check_url(url, "The URL")
