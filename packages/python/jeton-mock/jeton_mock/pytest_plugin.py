"""Fixtures: ``pytest_plugins = ["jeton_mock.pytest_plugin"]`` in a ``conftest.py``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import Issuer, Mock, start_mock


@pytest.fixture(scope="session")
def jeton_mock() -> Iterator[Mock]:
    """One mock for all tests."""
    with start_mock() as mock:
        yield mock


@pytest.fixture
def issuer(jeton_mock: Mock) -> Iterator[Issuer]:
    """An issuer that only this test has."""
    with jeton_mock.issuer() as issuer:
        yield issuer
