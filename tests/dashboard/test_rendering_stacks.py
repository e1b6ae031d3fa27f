"""Traces with the reader's own frames first."""

from __future__ import annotations

from dashboard.stacks import stack

TRACE = """Error: ECONNRESET
  while sending
    at TLSSocket.onConnectEnd (node:_tls_wrap:1732:19)
    at sendMail (/app/src/mail.ts:88:13)
    at async Worker.processJob (/app/node_modules/bullmq/dist/worker.js:512:28)
    at async deliver (/app/src/email.ts:41:5)
    at new Promise (<anonymous>)"""


def test_own_frames_come_first_and_the_rest_is_folded() -> None:
    taken = stack(TRACE)
    assert taken.message == "Error: ECONNRESET\n  while sending"
    assert taken.own == ("at sendMail (/app/src/mail.ts:88:13)", "at async deliver (/app/src/email.ts:41:5)")
    assert len(taken.foreign) == 3
    assert taken.text == TRACE


def test_a_trace_without_own_frames_shows_them_all() -> None:
    taken = stack("Error: x\n    at a (node:internal/a)\n    at b (/x/node_modules/b.js)")
    assert len(taken.own) == 2
    assert taken.foreign == ()


def test_a_trace_of_another_language_is_shown_as_it_is() -> None:
    trace = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: no'
    taken = stack(trace)
    assert (taken.message, taken.own, taken.foreign) == (trace, (), ())


def test_an_empty_trace_is_no_trouble() -> None:
    assert stack("").message == ""
