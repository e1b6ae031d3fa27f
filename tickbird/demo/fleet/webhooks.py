"""`webhook-retry`: ten attempts against endpoints that refuse, time out, throttle and break."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from random import Random

from bullmq import Job, Queue

from tickbird.demo.fleet.cast import customer, token
from tickbird.demo.fleet.desk import KEEP_COMPLETED, KEEP_FAILED, Desk, Draft, Json, Shift, Source
from tickbird.demo.fleet.failures import Failure
from tickbird.demo.fleet.past import still_retrying

ATTEMPTS = 10
EVENTS = ("order.created", "order.paid", "order.shipped", "invoice.finalized", "customer.updated", "refund.created")
SOCKET = (
    "TLSSocket.onConnectEnd (node:_tls_wrap:1732:19)",
    "TLSSocket.emit (node:events:531:35)",
    "endReadableNT (node:internal/streams/readable:1698:12)",
    "process.processTicksAndRejections (node:internal/process/task_queues:90:21)",
    "async deliver (/app/dist/webhooks/deliver.js:58:20)",
    "async Worker.processJob (/app/node_modules/bullmq/dist/cjs/classes/worker.js:564:28)",
)
CLIENT = (
    "settle (/app/node_modules/axios/lib/core/settle.js:19:12)",
    "IncomingMessage.handleStreamEnd (/app/node_modules/axios/lib/adapters/http.js:618:11)",
    "IncomingMessage.emit (node:events:531:35)",
    "endReadableNT (node:internal/streams/readable:1698:12)",
    "Axios.request (/app/node_modules/axios/lib/core/Axios.js:45:41)",
    "async deliver (/app/dist/webhooks/deliver.js:58:20)",
    "async Worker.processJob (/app/node_modules/bullmq/dist/cjs/classes/worker.js:564:28)",
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A customer's endpoint: how often it is called, and how often it answers as it should."""

    url: str
    calls: int
    reliability: float


ENDPOINTS = (
    Endpoint("https://hooks.nordwind.example/tickets", 40, 0.97),
    Endpoint("https://api.brightbooks.example/v2/events", 30, 0.9),
    Endpoint("https://erp.deltadental.example/webhook", 16, 0.6),
    Endpoint("https://shop.fjord.example/notify", 10, 0.4),
    Endpoint("https://legacy.acme.example/incoming", 4, 0.0),
)


def deliveries(rng: Random) -> Iterator[Draft]:
    while True:
        endpoint = rng.choices(ENDPOINTS, [endpoint.calls for endpoint in ENDPOINTS])[0]
        event = rng.choice(EVENTS)
        data = {"url": endpoint.url, "event": event, "deliveryId": f"whd_{token(rng)}"}
        payload = {"id": f"evt_{token(rng, 16)}", "customer": customer(rng), "amount": rng.randint(100, 90_000)}
        yield Draft("deliver-webhook", {**data, "payload": payload}, dict(OPTS))


OPTS = {
    "attempts": ATTEMPTS,
    "backoff": {"type": "exponential", "delay": 1000},
    "removeOnComplete": KEEP_COMPLETED,
    "removeOnFail": KEEP_FAILED,
}


async def deliver(job: Job, shift: Shift) -> Json:
    luck = shift.luck
    await shift.sleep(luck.uniform(0.08, 0.9))
    url = job.data["url"]
    reliability = next((known.reliability for known in ENDPOINTS if known.url == url), 0.5)
    if luck.random() >= reliability:
        raise _trouble(url, luck)
    return {"status": luck.choice((200, 200, 202, 204)), "ms": luck.randint(40, 900)}


def _trouble(url: str, luck: Random) -> Failure:
    host = url.split("/")[2]
    return luck.choice(
        (
            Failure(f"read ECONNRESET {host}:443", *SOCKET),
            Failure(f"connect ETIMEDOUT 203.0.113.{luck.randint(2, 250)}:443", *SOCKET),
            Failure("Request failed with status code 502", *CLIENT, kind="AxiosError"),
            Failure("Request failed with status code 429", *CLIENT, kind="AxiosError"),
            Failure("timeout of 10000ms exceeded", *CLIENT, kind="AxiosError"),
        )
    )


async def on_their_last_attempts(queue: Queue, rng: Random) -> None:
    """Jobs of before the demo that wait for their eighth to tenth attempt: exhaustion does not take minutes."""
    gone = ENDPOINTS[-1].url
    for draft in islice(deliveries(rng), 6):
        delivery = replace(draft, data={**draft.data, "url": gone})
        due = round(time.time() * 1000) + rng.randint(4, 50) * 1000
        await still_retrying(queue, delivery, made=rng.randint(7, 9), error=_trouble(gone, rng), due=due)


DESK = Desk(
    queue="webhook-retry",
    sources=(Source(drafts=deliveries, share=0.12, backlog=400),),
    work=deliver,
    worker="webhooks-1",
    concurrency=4,
    seconds=0.8,
    past=110,
    opening=on_their_last_attempts,
    buries=True,
)
