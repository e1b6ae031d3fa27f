"""What a reader chooses at the top of a dashboard: where the numbers come from, which queues, where Tickbird is."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
WORDS = {"redis": "Redis", "prefix": "Prefix", "queue": "Queue", "name": "Job"}
# Which metric knows the values of each label, chosen by those before it.
_KNOWN_BY = {
    "redis": "label_values(bullmq_redis_up, redis)",
    "prefix": 'label_values(bullmq_queue_paused{redis=~"$redis"}, prefix)',
    "queue": 'label_values(bullmq_queue_paused{redis=~"$redis",prefix=~"$prefix"}, queue)',
    "name": 'label_values(bullmq_jobs_added_total{redis=~"$redis",prefix=~"$prefix",queue=~"$queue",name!=""}, name)',
}
TICKBIRD = "http://localhost:3000/admin/queues"


def variables(labels: tuple[str, ...]) -> list[Builder[VariableModel]]:
    """The data source, a choice for each label, and the address that links lead to."""
    address = (
        grafana.TextBoxVariable("tickbird")
        .label("Tickbird")
        .description("Where Tickbird's pages are; links lead there.")
        .default_value(TICKBIRD)
        .current(VariableOption(text=TICKBIRD, value=TICKBIRD))
    )
    source = grafana.DatasourceVariable("datasource").label("Data source").type("prometheus")
    return [source, *(_choice(label) for label in labels), address]


def _choice(label: str) -> Builder[VariableModel]:
    return (
        grafana.QueryVariable(label)
        .label(WORDS[label])
        .datasource(SOURCE)
        .query(_KNOWN_BY[label])
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        # ".+": a label that is absent has no series to show.
        .all_value(".+")
        .current(VariableOption(text="All", value="$__all"))
    )
