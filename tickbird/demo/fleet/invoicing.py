"""`invoicing`, `calculations`, `reports`: the flow of the monthly invoices, three queues deep."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

from bullmq import Job

from tickbird.demo.fleet.cast import CUSTOMERS, address, person
from tickbird.demo.fleet.desk import KEEP_COMPLETED, KEEP_FAILED, Desk, Json, Shift
from tickbird.demo.fleet.failures import Failure, FinalFailure

SHARE = 0.13
FLOWS_AHEAD = 8  # flows that may be under way at once
KEPT = {"removeOnComplete": KEEP_COMPLETED, "removeOnFail": KEEP_FAILED}
RENDER = (
    "Page.printToPdf (/app/dist/reports/render.js:112:13)",
    "async renderInvoice (/app/dist/reports/invoice.js:48:17)",
    "async Worker.processJob (/app/node_modules/bullmq/dist/cjs/classes/worker.js:564:28)",
)


def flows(rng: Random) -> Iterator[dict[str, Any]]:
    """Endless flows: a month's invoicing over the calculations of some customers, each over its PDF and email."""
    for number in count(1):
        month = f"{rng.randint(2024, 2026)}-{rng.randint(1, 12):02}"
        names = rng.sample(CUSTOMERS, rng.randint(2, 4))
        yield {
            "name": "monthly-invoicing",
            "queueName": "invoicing",
            "data": {"month": month, "customers": len(names), "requestedBy": person(rng)},
            "opts": {"jobId": f"invoicing-{month}-{number}", **KEPT},
            "children": [_calculation(name, month, number, rng) for name in names],
        }


def _calculation(customer: str, month: str, number: int, rng: Random) -> dict[str, Any]:
    slug = f"{month}-{CUSTOMERS.index(customer) + 1041}-{number}"
    data: dict[str, Any] = {"customer": customer, "month": month}
    # A customer without a VAT number cannot be invoiced, and takes the month's invoicing down with it.
    pdf = {
        **data,
        "vat": None if rng.random() < 0.03 else f"DE{rng.randint(10**8, 10**9 - 1)}",
        "pages": rng.randint(1, 6),
    }
    mail = {**data, "to": address(rng)}
    return {
        "name": "calculate-billable-hours",
        "queueName": "calculations",
        "data": {**data, "hourlyRate": rng.choice((85, 95, 110, 140)), "timesheets": rng.randint(4, 60)},
        "opts": {"jobId": f"hours-{slug}", "failParentOnFailure": True, **KEPT},
        "children": [
            _leaf("generate-invoice-pdf", pdf, {"jobId": f"pdf-{slug}", "failParentOnFailure": True}),
            _leaf("send-invoice-email", mail, {"jobId": f"mail-{slug}", "ignoreDependencyOnFailure": True}),
        ],
    }


def _leaf(name: str, data: dict[str, Any], opts: dict[str, Any]) -> dict[str, Any]:
    retries = {"attempts": 3, "backoff": {"type": "exponential", "delay": 2000}}
    return {"name": name, "queueName": "reports", "data": data, "opts": {**opts, **retries, **KEPT}}


async def report(job: Job, shift: Shift) -> Json:
    if job.name == "send-invoice-email":
        await shift.sleep(shift.luck.uniform(0.4, 1.5))
        if shift.luck.random() < 0.15:
            raise Failure("Message failed: 421 4.7.0 Too many concurrent SMTP connections from this address")
        return {"accepted": [job.data["to"]]}
    for percent in range(0, 100, 20):
        await job.updateProgress(percent)
        await shift.sleep(shift.luck.uniform(1.0, 2.2))
        if percent == 20 and job.data["vat"] is None:
            raise FinalFailure(f"{job.data['customer']} has no VAT number", *RENDER, kind="ValidationError")
        if percent == 60 and shift.luck.random() < 0.05:
            raise Failure("Protocol error (Page.printToPDF): Target closed", *RENDER, kind="ProtocolError")
    await job.updateProgress(100)
    return {"file": f"invoices/{job.id}.pdf", "pages": job.data["pages"]}


async def calculate(job: Job, shift: Shift) -> Json:
    await job.log(f"summing {job.data['timesheets']} timesheets of {job.data['customer']}")
    await shift.sleep(shift.luck.uniform(0.8, 2.5))
    hours = round(shift.luck.uniform(20, 180), 1)
    await job.log(f"{hours} billable hours")
    return {"hours": hours, "amount": round(hours * job.data["hourlyRate"], 2)}


async def close_month(job: Job, shift: Shift) -> Json:
    await shift.sleep(shift.luck.uniform(1.0, 3.0))
    invoices = await job.getChildrenValues()
    return {"invoices": len(invoices), "total": round(sum(value["amount"] for value in invoices.values()), 2)}


# Children first: the order in which a flow is worked off.
DESKS = (
    Desk(queue="reports", work=report, worker="reports-1", arriving=SHARE * 0.6, seconds=4.5),
    Desk(queue="calculations", work=calculate, worker="calculator-1", arriving=SHARE * 0.3, seconds=1.7),
    Desk(queue="invoicing", work=close_month, worker="invoicing-1", arriving=SHARE * 0.1, seconds=2, concurrency=1),
)
JOBS_PER_FLOW = 10
