"""Traces with the reader's own frames first."""

from __future__ import annotations

from dashboard import static_files
from dashboard.rendering import Rendering
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


def test_frames_of_others_are_never_called_own_even_where_there_are_no_own_ones() -> None:
    taken = stack("Error: x\n    at a (node:internal/a)\n    at b (/x/node_modules/b.js)")
    assert taken.own == ()
    assert taken.foreign == ("at a (node:internal/a)", "at b (/x/node_modules/b.js)")


def test_frames_are_folded_only_behind_own_ones() -> None:
    ui = Rendering(static_files.load("/base")).ui
    foreign = "\n    at a (node:internal/a)"
    alone, behind = (str(ui.stack(stack(f"Error: x{own}{foreign}"), "it")) for own in ("", "\n    at b (/app/b.js)"))
    assert '<details class="folded" open>' in alone
    assert "none of your own code" in alone
    assert "t-own" not in alone
    assert '<details class="folded">' in behind
    assert "t-own" in behind


def test_a_trace_of_python_begins_with_where_it_ended() -> None:
    trace = (
        'Traceback (most recent call last):\n  File "/x/site-packages/bullmq/worker.py", line 3, in run\n    job()\n'
        '  File "a.py", line 1, in f\n    g()\n  File "b.py", line 2, in g\n    raise x\nValueError: no'
    )
    taken = stack(trace)
    assert taken.message == "ValueError: no"
    assert taken.own == ('File "b.py", line 2, in g', 'File "a.py", line 1, in f')
    assert len(taken.foreign) == 1


def test_a_trace_in_another_shape_is_shown_as_it_is() -> None:
    assert (stack("boom\nat once").message, stack("boom\nat once").own) == ("boom\nat once", ())
    assert stack(" Traceback (most recent call last)").own == ()


def test_an_empty_trace_is_no_trouble() -> None:
    assert stack("").message == ""
