"""Fixtures that every room may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doubles.postgres import empty_database, postgres_binaries, temporary_postgres


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this test run; skips where the machine has none."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: these tests run where `initdb` and `postgres` are")
    with temporary_postgres(binaries) as url:
        yield url


@pytest.fixture
def postgres_database(postgres_url: str) -> str:
    """URL of an empty database of its own."""
    return empty_database(postgres_url)
