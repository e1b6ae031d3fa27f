"""Our dashboards in Grafana's own words."""

from __future__ import annotations

import json
from collections.abc import Callable
from string import ascii_uppercase
from typing import Any, TypeAlias

from grafana_foundation_sdk.builders import common, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as grafana
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import StackingMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLink,
    DashboardLinkType,
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from monitoring.grafana.panel import Dashboard, Kind, Leads, Panel
from monitoring.grafana.variables import SOURCE, variables

HEIGHT = {Kind.NUMBER: 4, Kind.TABLE: 9}
_PARTS = ("redis", "prefix", "queue")

AnyPanel: TypeAlias = timeseries.Panel | stat.Panel | heatmap.Panel | table.Panel


def drawn(dashboard: Dashboard) -> str:
    """The dashboard as the JSON that Grafana imports."""
    made = (
        grafana.Dashboard(dashboard.title)
        .uid(dashboard.uid)
        .description(dashboard.about)
        .tags(["tickbird"])
        .timezone("browser")
        .refresh("30s")
        .time("now-6h", "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(grafana.DashboardLink("Tickbird").type(DashboardLinkType.DASHBOARDS).tags(["tickbird"]).keep_time(True))
        .annotation(_alerts(dashboard))
    )
    for variable in variables(dashboard.variables):
        made = made.with_variable(variable)
    for row in dashboard.rows:
        made = made.with_row(grafana.Row(row.title))
        for panel in row.panels:
            made = made.with_panel(_panel(panel))
    return json.dumps(_numbered(json.loads(json.dumps(made.build(), cls=JSONEncoder))), indent=2) + "\n"


def _numbered(dashboard: dict[str, Any]) -> dict[str, Any]:
    """With a number for each panel: Grafana's links to one need it, and would else make one up at each import."""
    for number, panel in enumerate(dashboard["panels"], 1):
        panel["id"] = number
    return dashboard


def _alerts(dashboard: Dashboard) -> grafana.AnnotationQuery:
    chosen = ",".join(f'{label}=~"${label}"' for label in dashboard.variables if label != "name")
    return (
        grafana.AnnotationQuery()
        .name("Alerts")
        .datasource(SOURCE)
        .enable(True)
        .icon_color("red")
        .expr(f'ALERTS{{alertname=~"BullMQ.+",alertstate="firing",{chosen}}}')
    )


def _panel(panel: Panel) -> AnyPanel:
    made = _KINDS[panel.kind](panel)
    made = made.title(panel.title).description(panel.about).unit(panel.unit).datasource(SOURCE)
    made = made.span(panel.width).height(HEIGHT.get(panel.kind, 8))
    for letter, query in zip(ascii_uppercase, panel.queries, strict=False):
        target = prometheus.Dataquery().expr(query.expr).ref_id(letter).datasource(SOURCE)
        made = made.with_target(_asked(target, panel.kind, query.legend))
    return made


def _asked(target: prometheus.Dataquery, kind: Kind, legend: str) -> prometheus.Dataquery:
    if kind is Kind.TABLE:
        return target.instant().format(PromQueryFormat.TABLE)
    if kind is Kind.HEATMAP:
        return target.range().format(PromQueryFormat.HEATMAP).legend_format("{{le}}")
    return target.range().legend_format(legend or "__auto")


def _lines(panel: Panel) -> timeseries.Panel:
    made = timeseries.Panel().fill_opacity(10).line_width(1.5).data_links(_links(panel, "__field.labels"))
    if panel.kind is Kind.STACK:
        made = made.fill_opacity(40).stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    return made


def _number(panel: Panel) -> stat.Panel:
    made = stat.Panel().reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    steps = [Threshold(value=None, color="green")]
    if panel.red is not None:
        steps.append(Threshold(value=panel.red, color="red"))
    made = made.thresholds(grafana.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    return made.data_links(_links(panel, "__field.labels"))


def _heatmap(panel: Panel) -> heatmap.Panel:
    return heatmap.Panel().calculate(False).y_axis(heatmap.YAxisConfig().unit(panel.unit))


def _table(panel: Panel) -> table.Panel:
    """One line for each set of labels: Grafana joins what the queries gave, and calls their values after them."""
    alone = len(panel.queries) == 1
    columns = {
        "Value" if alone else f"Value #{letter}": query
        for letter, query in zip(ascii_uppercase, panel.queries, strict=False)
    }
    hidden = {"Time": True, **{column: True for column, query in columns.items() if not query.legend}}
    names = {column: query.legend for column, query in columns.items() if query.legend}
    made = (
        table.Panel()
        .with_transformation(DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(
            DataTransformerConfig(id_val="organize", options={"excludeByName": hidden, "renameByName": names})
        )
        .override_by_name(_PARTS[0], _linked(panel, _PARTS[0]))
        .override_by_name(_PARTS[-1], _linked(panel, _PARTS[-1]))
    )
    for query in (query for query in panel.queries if query.unit):
        made = made.override_by_name(query.legend, [DynamicConfigValue(id_val="unit", value=query.unit)])
    return made


def _linked(panel: Panel, column: str) -> list[DynamicConfigValue]:
    """The link of a column: a queue's name leads to the queue, a Redis' to the overview."""
    if (column == "queue") is not (panel.leads is Leads.QUEUE):
        return []
    built = [link.build() for link in _links(panel, "__data.fields")]
    return [DynamicConfigValue(id_val="links", value=[{"title": link.title, "url": link.url} for link in built])]


def _links(panel: Panel, field: str) -> list[Builder[DashboardLink]]:
    """The page of ours that a series leads to; `field` is where Grafana keeps the series' labels."""
    if panel.leads is Leads.NOWHERE:
        return []
    if panel.leads is Leads.HOME:
        return [grafana.DashboardLink("Open Tickbird").url("${tickbird}")]
    parts = "/".join(f"${{{field}.{part}:percentencode}}" for part in _PARTS)
    return [grafana.DashboardLink("Open the queue in Tickbird").url(f"${{tickbird}}/queues/{parts}")]


_KINDS: dict[Kind, Callable[[Panel], AnyPanel]] = {
    Kind.LINES: _lines,
    Kind.STACK: _lines,
    Kind.NUMBER: _number,
    Kind.HEATMAP: _heatmap,
    Kind.TABLE: _table,
}
