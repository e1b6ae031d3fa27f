"""Both majors of Helm; where they cannot be had, the tests of the chart skip and say so."""

from __future__ import annotations

import platform

import pytest

from tests.helm.charts import MAJORS, Helm, binary


@pytest.fixture(params=MAJORS, ids=lambda major: f"helm{major}")
def helm(request: pytest.FixtureRequest) -> Helm:
    return _found(request.param)


@pytest.fixture
def newest_helm() -> Helm:
    """For what Helm 3 does not do without a cluster."""
    return _found(MAJORS[-1])


def _found(major: int) -> Helm:
    path = binary(major)
    if not path.exists() and (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("Helm comes as a package for Linux on x86-64 only")
    assert path.exists(), "Helm is missing: bin/helm-binaries brings it"
    return Helm(path)
