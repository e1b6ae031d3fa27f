"""As much of the schemas of the custom kinds as the chart uses: Kubernetes' own do not know them.

Strict on purpose: a key that is not listed here is a typing error until somebody has looked it up.
"""

from __future__ import annotations

from typing import Any

_TEXT = {"type": "string"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}


def _map(*required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1}


def _kind(version: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = _map("name", name=_TEXT, labels=_TEXTS, annotations=_TEXTS)
    fixed = {"apiVersion": {"const": version}, "kind": _TEXT}
    return _map("apiVersion", "kind", "metadata", "spec", **fixed, metadata=metadata, spec=spec)


_DURATION = {"type": "string", "pattern": r"^(\d+(ms|s|m|h|d|w|y))+$"}
_ENDPOINT = _map(
    "port",
    port=_TEXT,
    path=_TEXT,
    interval=_DURATION,
    scrapeTimeout=_DURATION,
    relabelings=_list(_map("targetLabel", action=_TEXT, targetLabel=_TEXT, replacement=_TEXT)),
    authorization=_map("credentials", credentials=_map("name", "key", name=_TEXT, key=_TEXT)),
)
_RULE = {
    "anyOf": [
        _map("record", "expr", record=_TEXT, expr=_TEXT),
        _map(
            "alert",
            "expr",
            "labels",
            "annotations",
            alert=_TEXT,
            expr=_TEXT,
            labels=_TEXTS,
            annotations=_TEXTS,
            **{"for": _DURATION},
        ),
    ]
}
_ROUTE_RULE = _map(
    matches=_list(_map(path=_map("type", "value", type={"const": "PathPrefix"}, value=_TEXT))),
    backendRefs=_list(_map("name", "port", name=_TEXT, port={"type": "integer"})),
)
SCHEMAS = {
    "ServiceMonitor": _kind(
        "monitoring.coreos.com/v1",
        _map("selector", "endpoints", jobLabel=_TEXT, selector=_map(matchLabels=_TEXTS), endpoints=_list(_ENDPOINT)),
    ),
    "PrometheusRule": _kind(
        "monitoring.coreos.com/v1", _map("groups", groups=_list(_map("name", "rules", name=_TEXT, rules=_list(_RULE))))
    ),
    "HTTPRoute": _kind(
        "gateway.networking.k8s.io/v1",
        _map(
            "parentRefs",
            "rules",
            parentRefs=_list(_map("name", name=_TEXT, namespace=_TEXT, sectionName=_TEXT)),
            hostnames=_list(_TEXT),
            rules=_list(_ROUTE_RULE),
        ),
    ),
}
