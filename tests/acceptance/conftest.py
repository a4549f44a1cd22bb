"""A house that several files of this room besiege, each of their tests leaving it whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.besieged import TOWN, House, opened
from tests.postgres import Cluster


@pytest.fixture(scope="package", params=["sqlite", pytest.param("postgres", marks=pytest.mark.long)])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One house for all their tests, as it would be."""
    folder = tmp_path_factory.mktemp("besieged")
    if request.param == "sqlite":
        with opened(f"sqlite:///{folder}/palabre.db", folder, TOWN) as house:
            yield house
        return
    cluster = request.getfixturevalue("postgres_cluster")
    assert isinstance(cluster, Cluster)
    name = cluster.create()
    with opened(cluster.url(name), folder, TOWN) as house:
        yield house
    cluster.drop(name)


@pytest.fixture
def unharmed(house: House) -> Iterator[None]:
    """After the test the house has not complained, and those who read go on."""
    yield
    assert house.complaints() == []
    with house.client() as client:
        assert client.get("/palabre/centre-ville").status_code == 200
