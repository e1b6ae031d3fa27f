"""`email`: five attempts with exponential backoff, and password resets before newsletters."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from bullmq import Job

from tickbird.demo.fleet.cast import address, customer, person, token
from tickbird.demo.fleet.desk import KEEP_COMPLETED, KEEP_FAILED, Desk, Draft, Json, Shift, Source
from tickbird.demo.fleet.failures import Failure, FinalFailure

# BullMQ takes the smallest number first.
PRIORITIES = {"password-reset": 1, "order-confirmation": 3, "welcome": 5, "newsletter": 10}
SUBJECTS = {
    "password-reset": "Reset your password",
    "order-confirmation": "Your order is confirmed",
    "welcome": "Welcome aboard",
    "newsletter": "What is new this month",
}
SMTP = (
    "SMTPConnection._formatError (/app/node_modules/nodemailer/lib/smtp-connection/index.js:790:19)",
    "SMTPConnection._actionRCPT (/app/node_modules/nodemailer/lib/smtp-connection/index.js:1654:28)",
    "SMTPConnection._processResponse (/app/node_modules/nodemailer/lib/smtp-connection/index.js:947:20)",
    "SMTPConnection._onData (/app/node_modules/nodemailer/lib/smtp-connection/index.js:749:14)",
    "TLSSocket.emit (node:events:519:28)",
    "addChunk (node:internal/streams/readable:559:12)",
    "TLSWrap.onStreamRead (node:internal/stream_base_commons:191:23)",
)
TROUBLE = (
    "Can't send mail - all recipients were rejected: 451 4.3.0 Temporary system problem, try again later",
    "Message failed: 421 4.7.0 Too many concurrent SMTP connections from this address",
    "Greeting never received",
    "Connection timeout",
)


def letters(rng: Random) -> Iterator[Draft]:
    """What people wait for: it goes out one by one, as they act."""
    while True:
        yield _draft(rng.choices(("password-reset", "order-confirmation", "welcome"), (3, 5, 2))[0], rng)


def newsletters(rng: Random) -> Iterator[Draft]:
    """What nobody waits for: it comes by the dozen."""
    while True:
        yield _draft("newsletter", rng)


def _draft(name: str, rng: Random) -> Draft:
    # One recipient in sixty has a mailbox that is full for good, so that some jobs run out of attempts.
    to = "full.mailbox@inbox.example" if rng.random() < 1 / 60 else address(rng)
    data: dict[str, Any] = {"to": to, "subject": SUBJECTS[name], "template": name, "locale": rng.choice(("en", "de"))}
    data["variables"] = {"name": person(rng), "company": customer(rng)["name"], "token": token(rng)}
    return Draft(
        name,
        data,
        {
            "priority": PRIORITIES[name],
            "attempts": 5,
            "backoff": {"type": "exponential", "delay": 1000},
            "removeOnComplete": KEEP_COMPLETED,
            "removeOnFail": KEEP_FAILED,
        },
    )


async def send(job: Job, shift: Shift) -> Json:
    luck = shift.luck
    await shift.sleep(luck.uniform(0.3, 1.0))
    recipient = job.data["to"]
    if recipient.startswith("full.mailbox"):
        raise Failure("Can't send mail - all recipients were rejected: 452 4.2.2 Mailbox full", *SMTP)
    if luck.random() < 0.004:
        raise FinalFailure(f"550 5.1.1 <{recipient}>: Recipient address rejected: User unknown", *SMTP)
    if luck.random() < 0.06:
        raise Failure(luck.choice(TROUBLE), *SMTP)
    return {"messageId": f"<{token(luck, 20)}@mailer.example>", "accepted": [recipient], "response": "250 2.0.0 OK"}


DESK = Desk(
    queue="email",
    sources=(
        Source(drafts=letters, share=0.26, backlog=600),
        Source(drafts=newsletters, share=0.13, batch=40, backlog=300),
    ),
    work=send,
    worker="mailer-1",
    concurrency=2,
    seconds=0.65,
    past=160,
    buries=True,
)
