"""Values that make no sense are refused before anything is installed, with a sentence that says what to do."""

from __future__ import annotations

import pytest

from tests.helm.charts import Helm, named

SENTENCES = [
    (("auth.secret.name=",), "Nobody could log in: set auth.secret.name"),
    (("dashboard.replicas=2",), "More than one replica of the dashboard needs"),
    (("dashboard.autoscaling.enabled=true",), "More than one replica of the dashboard needs"),
    (
        ("dashboard.autoscaling.enabled=true", "stateUrlFrom.name=state", "dashboard.autoscaling.minReplicas=9"),
        "minReplicas is greater than maxReplicas",
    ),
    (("exporter.shards=2",), "exporter.shards needs mode=apart"),
    (("dashboard.enabled=false",), "dashboard.enabled=false needs mode=apart"),
    (
        ("mode=apart", "dashboard.enabled=false", "ingress.enabled=true", "ingress.hosts={a.example}"),
        "An Ingress or HTTPRoute leads to the dashboard",
    ),
    (("ingress.enabled=true",), "ingress.enabled needs at least one name in ingress.hosts"),
    (("httpRoute.enabled=true",), "httpRoute.enabled needs a Gateway in httpRoute.parentRefs"),
    (("serviceMonitor.enabled=true",), "Prometheus could not scrape"),
    (("serviceMonitor.enabled=true", "metrics.access=open", "hosts={a.example}"), "Prometheus could not scrape"),
    (("redis[0].name=shop", "redis[0].url=redis://u:secret@h:6379"), 'The url of redis "shop" holds a user'),
    (("redis[0].name=shop",), 'redis "shop" has no address'),
    (("redis[0].name=a", "redis[0].url=redis://a", "redis[0].urlFrom.name=a"), "has both url and urlFrom"),
    (
        ("redis[0].name=a", "redis[0].url=redis://a", "redis[1].name=a", "redis[1].url=redis://b"),
        'Two entries of redis are called "a"',
    ),
]
MISTYPED = [
    ("dashbord.replicas=2", "dashbord"),
    ("mode=both", "mode"),
    ("dashboard.replicas=0", "replicas"),
    ("basePath=/", "basePath"),
    ("service.port=http", "port"),
    ("redis=", "redis"),
    ("serviceMonitor.interval=often", "interval"),
    ("prometheusRule.dashboardUrl=queues.example.com", "dashboardUrl"),
    ("image.digest=latest", "digest"),
    ("probes.readiness=/", "readiness"),
]


@pytest.mark.parametrize(("sets", "sentence"), SENTENCES, ids=[sentence for _, sentence in SENTENCES])
def test_values_that_contradict_each_other_are_refused(helm: Helm, sets: tuple[str, ...], sentence: str) -> None:
    said = helm.refusal(named("smallest"), *sets)
    assert sentence in said
    assert "secret@" not in said


@pytest.mark.parametrize(("value", "named_in_answer"), MISTYPED)
def test_a_value_that_is_mistyped_is_named(helm: Helm, value: str, named_in_answer: str) -> None:
    said = helm.refusal(named("smallest"), value)
    assert named_in_answer in said
    assert "schema" in said
