"""The text itself: what two independent parsers and promtool make of it is what the snapshot holds."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.registry import Collector

from core.model import Queue, State
from core.snapshot import Reading
from exporter.catalogue import FAMILIES, QUEUE
from exporter.exposition import Scope
from exporter.family import Single, Spread
from exporter.labels import label_text
from exporter.text import Format
from exporter.views import Views
from tests.exporter.fixed import (
    EXPECTING,
    NO_JOBS,
    NOW,
    full_queue,
    observed,
    queue,
    reading,
    scraped,
    snapshot,
    text_of,
    unhurried,
)
from tests.exporter.test_labels import NAMES

QUEUES = st.builds(
    lambda name, prefix, counts, ids: queue(name, prefix=prefix, counts=counts, ids=ids),
    NAMES,
    st.sampled_from(["bull", "{tag}", "a:b", "\x00", "\ufffd[0000]"]),
    st.dictionaries(st.sampled_from([*NO_JOBS, State.PAUSED]), st.integers(0, 1 << 53)),
    st.none() | st.integers(0, 1 << 53),
)
READINGS = st.lists(QUEUES, max_size=8, unique_by=lambda queue: queue.id).map(lambda queues: reading(*queues))


class Independent(Collector):
    """The queue metrics as prometheus-client would write them: a second writer to compare ours with."""

    def __init__(self, shown: Reading) -> None:
        views = Views()
        self.views = views.queues(views.instances(snapshot(shown), NOW))

    def collect(self) -> Iterator[Metric]:
        for family in QUEUE:
            metric = Metric(family.name, family.about, "gauge")
            for view in self.views:
                id = view.queue.id
                labels = {"redis": id.instance, "prefix": label_text(id.prefix), "queue": label_text(id.name)}
                assert not isinstance(family, Spread)
                if not isinstance(family, Single):
                    found = [(_labels(written), value) for written, value in family.read(view)]
                else:
                    found = [({}, value)] if (value := family.read(view)) is not None else []
                for more, value in found:
                    metric.add_sample(family.name, labels | more, value)
            yield metric


def _labels(written: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', written))


@given(READINGS)
@unhurried
def test_every_series_comes_exactly_once_with_its_value(shown: Reading) -> None:
    registry = CollectorRegistry()
    registry.register(Independent(shown))

    ours = {key: value for key, value in scraped(text_of(shown)).items() if key[0] in {f.name for f in QUEUE}}

    assert ours == scraped(generate_latest(registry).decode())
    assert len({dict(labels)["queue"] + "/" + dict(labels)["prefix"] for _, labels in ours}) == len(shown.queues)


@given(READINGS)
@unhurried
def test_openmetrics_says_the_same_as_the_classic_text(shown: Reading) -> None:
    seen = observed(*shown.queues)
    text = text_of(shown, form=Format.OPENMETRICS, observed=seen)
    families = openmetrics_families(text)  # type: ignore[no-untyped-call] # prometheus-client's own
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.startswith("process_")
    }

    classic = {
        key: value for key, value in scraped(text_of(shown, observed=seen)).items() if not key[0].startswith("process_")
    }

    assert found == classic


@pytest.mark.parametrize("form", Format)
def test_each_family_has_one_heading_and_its_series_lie_together(form: Format) -> None:
    queues = [full_queue(f"queue-{n}") for n in range(5)]
    lines = text_of(reading(*queues), form=form, observed=observed(*queues)).splitlines()

    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    blocks = [re.split("[{ ]", line)[0] for line in lines if not line.startswith("#")]
    blocks = [re.sub("_(bucket|sum|count)$", "", block) if block != "bullmq_job_count" else block for block in blocks]
    changes = [name for previous, name in zip(["", *blocks], blocks, strict=False) if name != previous]

    assert len(names) == len(set(names))
    assert len(changes) == len(set(changes)) == len(names)


def test_openmetrics_names_types_and_units_as_its_standard_wants() -> None:
    text = text_of(reading(full_queue()), form=Format.OPENMETRICS)

    assert "# TYPE bullmq_job_completed counter\n" in text
    assert "\nbullmq_job_completed_total{" in text
    assert "# TYPE bullmq_queue info\n" in text
    assert "\nbullmq_queue_info{" in text
    assert "# UNIT bullmq_queue_oldest_waiting_age_seconds seconds\n" in text
    assert "# UNIT bullmq_redis_memory_used_bytes bytes\n" in text
    assert text.endswith("# EOF\n")


def test_a_full_queue_has_every_metric_of_the_table() -> None:
    mail = full_queue()
    text = text_of(reading(mail), observed=observed(mail), settings=EXPECTING)
    assert {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")} >= {f.name for f in FAMILIES}


def test_a_metric_without_any_series_is_not_announced() -> None:
    assert "bullmq_queue_concurrency_limit" not in text_of(reading(queue()))


def test_a_queue_that_is_gone_takes_all_its_series_along() -> None:
    views = Views()
    both, one = snapshot(reading(queue("mail"), queue("video"))), snapshot(reading(queue("mail")))
    views.queues(views.instances(both, NOW))

    assert [view.queue.id.name for view in views.queues(views.instances(one, NOW))] == ["mail"]


def test_promtool_has_nothing_to_say_but_for_bullmqs_own_name() -> None:
    promtool = shutil.which("promtool")
    assert promtool, "promtool is not installed: bin/system-packages brings it"
    mail, hostile = full_queue(), full_queue('"hostile"\n\\\x00')
    shown = reading(mail, hostile, queue("empty"))
    text = text_of(shown, observed=observed(mail, hostile), settings=EXPECTING)

    check = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False
    )

    remarks = [line for line in (check.stdout + check.stderr).splitlines() if line]
    assert [line.split()[0] for line in remarks] == ["bullmq_job_count"], remarks


def test_whole_numbers_are_written_whole() -> None:
    mail: Queue = queue(counts={State.WAITING: 1 << 53})
    assert f'state="waiting"}} {1 << 53}\n' in text_of(reading(mail))


def test_no_job_id_worker_or_host_is_a_label() -> None:
    mail = full_queue()
    texts = [
        text_of(reading(mail), observed=observed(mail), settings=EXPECTING, scope=scope, form=Format.CLASSIC)
        for scope in Scope
    ]
    found = {label for text in texts for _, labels in scraped(text) for label, _ in labels}

    of_queues = {"redis", "prefix", "queue", "state", "outcome", "result", "reason", "slo", "event", "name", "le"}
    of_infos = {"library", "dialect", "version", "max_events", "source", "mode", "maxmemory_policy"}
    of_schedulers = {"scheduler", "pattern", "every", "tz"}
    assert found == of_queues | of_infos | of_schedulers
