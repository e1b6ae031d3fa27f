"""What the queues stand on: each Redis, and the exporter that reads it."""

from __future__ import annotations

from monitoring.grafana.panel import Dashboard, Kind, Leads, Panel, Query, Row
from monitoring.grafana.promql import ratio, redis, redis_rate

_EACH = "{{redis}}"
_READ = redis_rate("bullmq_exporter_events_total", by="redis, event")


def _of_queues(metric: str) -> str:
    return redis_rate(metric, by="redis, prefix, queue")


def _panel(title: str, about: str, unit: str, *queries: Query) -> Panel:
    return Panel(title, about, unit, queries, leads=Leads.HOME)


_REDIS = Row(
    "Redis",
    (
        _panel("Reachable", "1 if it answered the last time.", "short", Query(redis("bullmq_redis_up"), _EACH)),
        _panel(
            "Memory",
            "What it uses for its data, and what it may use; 0 is no limit.",
            "bytes",
            Query(redis("bullmq_redis_memory_used_bytes"), f"{_EACH} used"),
            Query(redis("bullmq_redis_memory_max_bytes"), f"{_EACH} limit"),
        ),
        _panel(
            "Clients",
            "Connections, and refused ones a second.",
            "short",
            Query(redis("bullmq_redis_connected_clients"), f"{_EACH} connected"),
            Query(redis_rate("bullmq_redis_rejected_connections_total"), f"{_EACH} refused a second"),
        ),
        _panel(
            "Evicted keys",
            "Each may have been a job. Anything but 0 is trouble.",
            "ops",
            Query(redis_rate("bullmq_redis_evicted_keys_total"), _EACH),
        ),
        Panel(
            "What it is",
            "maxmemory_policy has to be noeviction.",
            "short",
            (Query(redis("bullmq_redis_info", by="redis, version, mode, maxmemory_policy")),),
            Kind.TABLE,
            width=16,
            leads=Leads.HOME,
        ),
    ),
)
_READING = Row(
    "Reading",
    (
        _panel(
            "Age of the last reading",
            "How old the numbers of the queues are.",
            "s",
            Query(f"time() - {redis('bullmq_exporter_last_collect_timestamp_seconds')}", _EACH),
        ),
        _panel(
            "Time for a reading",
            "How long the last reading of all queues took, and the last search for queues.",
            "s",
            Query(redis("bullmq_exporter_collect_duration_seconds"), f"{_EACH} reading"),
            Query(redis("bullmq_exporter_discovery_duration_seconds"), f"{_EACH} search"),
        ),
        _panel(
            "Commands",
            "What Tickbird asks of Redis, each second.",
            "ops",
            Query(redis_rate("bullmq_exporter_commands_total"), _EACH),
        ),
    ),
)
_EVENTS = Row(
    "Events",
    (
        _panel(
            "Events read",
            "By what they tell.",
            "ops",
            Query(
                _READ,
                f"{_EACH} {{{{event}}}}",
            ),
        ),
        _panel(
            "Events lost",
            "Gone before they were read, each second; and how often there was a gap.",
            "ops",
            Query(f"sum by (redis) ({_of_queues('bullmq_exporter_events_lost_total')})", f"{_EACH} events"),
            Query(f"sum by (redis) ({_of_queues('bullmq_exporter_events_gaps_total')})", f"{_EACH} gaps"),
        ),
        _panel(
            "Behind",
            "How old the oldest event is that has not been read yet.",
            "s",
            Query(redis("bullmq_exporter_events_lag_seconds"), _EACH),
        ),
        _panel(
            "Jobs tracked",
            "Jobs under way whose beginning is remembered.",
            "short",
            Query(redis("bullmq_exporter_tracked_jobs"), _EACH),
        ),
        _panel(
            "Limits reached",
            "Jobs forgotten because too many were under way, and job names that became __other__, each second.",
            "ops",
            Query(redis_rate("bullmq_exporter_tracked_evicted_total"), f"{_EACH} forgotten"),
            Query(redis_rate("bullmq_exporter_series_limited_total"), f"{_EACH} names"),
        ),
        _panel(
            "Fullest stream",
            "Events that the fullest queue's stream holds.",
            "short",
            Query(redis("bullmq_exporter_stream_length"), _EACH),
        ),
    ),
)
_PROCESS = Row(
    "Process",
    (
        _panel(
            "CPU",
            "Share of one core.",
            "percentunit",
            Query('rate(process_cpu_seconds_total{job=~".*tickbird.*"}[$__rate_interval])', "{{instance}}"),
        ),
        _panel(
            "Memory", "Resident.", "bytes", Query('process_resident_memory_bytes{job=~".*tickbird.*"}', "{{instance}}")
        ),
        _panel(
            "Open files",
            "Of those that the process may open.",
            "percentunit",
            Query(
                ratio('process_open_fds{job=~".*tickbird.*"}', 'process_max_fds{job=~".*tickbird.*"}'), "{{instance}}"
            ),
        ),
    ),
)

UNDERNEATH = Dashboard(
    "tickbird-exporter-and-redis",
    "Tickbird / Exporter and Redis",
    "What the queues stand on.",
    ("redis",),
    (_REDIS, _READING, _EVENTS, _PROCESS),
)
