"""What a script's refusal means, in a sentence that says what is so, and another that says what to do instead."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import Conflict, NotFound, TickbirdError
from core.mutations.act import Answer
from core.text import printable

_INSTEAD = {
    "delayed": "Promote it to run it now.",
    "active": "Wait until it has finished.",
    "waiting-children": "It runs by itself once its children have finished.",
}
_OF_THE_ABANDONED = ("fail", "requeue")
_WANTED = {
    "promote": "delayed",
    "change_delay": "delayed",
    "change_priority": "still to run",
    "move": "at rest",
    **dict.fromkeys(_OF_THE_ABANDONED, "active"),
}
_HARM = {
    "remove": "removing it would lose its result",
    "fail": "failing it would lose its result",
    "edit_data": "it has read the job's data already",
}


def refusal(verb: str, job: str, answer: Answer) -> TickbirdError:
    """The error for this answer; `job` is how a sentence calls the job: "Job 771 of email"."""
    error = _SENTENCES[answer.code](verb, job, answer)
    error.reason = answer.code
    return error


def counted(number: int, one: str, many: str) -> str:
    """1 child, 2 children."""
    return f"{number:,} {one if number == 1 else many}"


def _missing(_verb: str, job: str, _answer: Answer) -> TickbirdError:
    return NotFound(f"{job} is not in Redis any more.")


def _ghost(verb: str, job: str, answer: Answer) -> TickbirdError:
    to = "run" if verb in ("retry", "promote") else "change"
    return Conflict(
        f"{job} is a mere id in {answer.word(0)}: Redis has lost the job itself, so there is nothing to {to}.",
        "Remove the id; and look at the server's eviction policy, which must be noeviction.",
    )


def _foreign(_verb: str, job: str, _answer: Answer) -> TickbirdError:
    return Conflict(
        f"{job} is no job: its key holds something else.", "Look at that key before anything is done to it."
    )


def _nowhere(_verb: str, job: str, _answer: Answer) -> TickbirdError:
    return Conflict(
        f"{job} is in no state of the queue, though Redis holds a hash of that name.",
        "It may belong to a scheduler, or be left over from a removal; nothing was done.",
    )


def _elsewhere(verb: str, job: str, answer: Answer) -> TickbirdError:
    wanted = _WANTED.get(verb, "failed or completed")
    state = answer.word(0)
    if verb == "edit_data":
        return Conflict(f"{job} is active now: its worker has read its data already.", _INSTEAD["active"])
    if verb == "move" and state in ("completed", "failed"):
        said = f"{job} has {state} meanwhile: moved, it would run once more."
        return Conflict(said, "Look at it again, and move it as it is now if it is to.")
    if not state:
        return Conflict(f"{job} is not {wanted} any more.", "Somebody was faster; look at it again.")
    instead = "" if verb == "promote" and state == "delayed" else _INSTEAD.get(state, "")
    return Conflict(f"{job} is {state} now, not {wanted}.", instead)


def _locked(verb: str, job: str, _answer: Answer) -> TickbirdError:
    harm = _HARM.get(verb, "it would run twice")
    return Conflict(
        f"A worker holds {job[0].lower()}{job[1:]}: {harm}.",
        "Wait until it has finished, or until its lock has run out after the worker's death.",
    )


def _fresh(verb: str, job: str, _answer: Answer) -> TickbirdError:
    if verb in _OF_THE_ABANDONED:
        said = f"{job} was taken anew while we looked whether its worker is gone."
        return Conflict(said, "It seems to run: wait until it has finished.")
    return Conflict(
        f"{job} is active without a lock: a worker may just have taken it.",
        "Once a worker has noticed that it stalled, within about half a minute, it can be removed.",
    )


def _scheduler(_verb: str, job: str, answer: Answer) -> TickbirdError:
    return Conflict(
        f"{job} is the next iteration of the scheduler {printable(answer.word(0))}, which would silently end with it.",
        "Remove the scheduler instead, or promote the job to have it run now.",
    )


def _related(_verb: str, job: str, answer: Answer) -> TickbirdError:
    if answer.word(0) == "child":
        return Conflict(
            f"{job} has a parent, which knows it by its queue and id.", "Let its application move the flow."
        )
    return Conflict(
        f"{job} is the parent of others, which know it by its queue and id.", "Let its application move the flow."
    )


def _claimed(_verb: str, job: str, answer: Answer) -> TickbirdError:
    return Conflict(
        f"{job} holds the deduplication id {printable(answer.word(0))}, which would hold off others no longer.",
        "Release that id first, if others may be added.",
    )


def _children(verb: str, job: str, answer: Answer) -> TickbirdError:
    failed, unfinished = answer.number(0), answer.number(1)
    if verb == "remove":
        return Conflict(
            f"{job} has {counted(unfinished, 'unfinished child', 'unfinished children')}, which would be orphaned.",
            "Let its application remove the whole flow; here, once the last child is removed, the parent runs.",
        )
    if failed:
        return Conflict(
            f"{job} was failed by {counted(failed, 'child', 'children')}, and would fail again at once.",
            "Retry the children first, and the parent when they have completed.",
        )
    return Conflict(
        f"{job} has {counted(unfinished, 'unfinished child', 'unfinished children')}, and cannot complete before them.",
        "Retry or promote the children first, and the parent when they have completed.",
    )


def _parent(verb: str, job: str, _answer: Answer) -> TickbirdError:
    if verb == "fail":
        return Conflict(
            f"{job} has a parent in another slot of the cluster, which would have to learn of its failure in the same "
            "step.",
            "Requeue it instead, and let its worker fail it.",
        )
    return Conflict(f"{job} was given another parent at this very moment.", "Try again.")


def _changed(verb: str, job: str, _answer: Answer) -> TickbirdError:
    if verb == "move":
        return Conflict(f"{job} was changed at this very moment.", "Look at it again, and move it then.")
    return Conflict(
        f"The data of {job[0].lower()}{job[1:]} changed meanwhile, so yours would have overwritten it.",
        "Look at it again, and make your change in what it is now.",
    )


def _followed(_verb: str, job: str, answer: Answer) -> TickbirdError:
    return Conflict(
        f"A follow-up is kept behind {job[0].lower()}{job[1:]}, under the deduplication id "
        f"{printable(answer.word(0))}, which only its worker adds when it ends.",
        "Requeue it instead, and let its worker end it.",
    )


_SENTENCES: dict[str, Callable[[str, str, Answer], TickbirdError]] = {
    "missing": _missing,
    "ghost": _ghost,
    "foreign": _foreign,
    "nowhere": _nowhere,
    "elsewhere": _elsewhere,
    "locked": _locked,
    "fresh": _fresh,
    "scheduler": _scheduler,
    "children": _children,
    "parent": _parent,
    "changed": _changed,
    "related": _related,
    "claimed": _claimed,
    "followed": _followed,
}
