"""What each value set rendered the last time somebody looked. `python -m tests.helm.snapshots` writes it anew."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.helm.charts import VALUES, Helm, Manifest, binary

FOLDER = Path(__file__).parent / "snapshots"


def snapshot(manifests: list[Manifest]) -> str:
    """The manifests in an order of their own. Rules and dashboards, which have their own tests, by name only."""
    ordered = sorted(manifests, key=lambda manifest: (manifest["kind"], manifest["metadata"]["name"]))
    return yaml.safe_dump_all((_without_bulk(manifest) for manifest in ordered), sort_keys=True, allow_unicode=True)


def _without_bulk(manifest: Manifest) -> Manifest:
    if manifest["kind"] == "PrometheusRule":
        groups = [
            {**group, "rules": [rule.get("alert", rule.get("record")) for rule in group["rules"]]}
            for group in manifest["spec"]["groups"]
        ]
        return {**manifest, "spec": {"groups": groups}}
    if manifest["metadata"]["name"].endswith("-dashboards"):
        return {**manifest, "data": dict.fromkeys(manifest["data"], "…")}
    return manifest


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for values in VALUES:
        (FOLDER / values.name).write_text(snapshot(Helm(binary(4)).render(values)), "utf-8")


if __name__ == "__main__":
    main()
