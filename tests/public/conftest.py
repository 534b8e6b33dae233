"""The public door alone, with one exhibit to write about."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from tests import factories
from tests.conftest import Clock, make_app
from tests.pages import PageClient
from tests.tipsters import TestDesk, make_desk
from tipline import config


@pytest.fixture
def app(settings: config.Settings) -> Flask:
    """The public part, as production serves it."""
    return make_app(settings, "public")


@pytest.fixture
def desk(app: Flask, clock: Clock) -> TestDesk:
    """An open desk with a published exhibit."""
    return make_desk(clock.now)


@pytest.fixture
def team(app: Flask, now: dt.datetime) -> factories.Team:
    """An open desk with its people."""
    return factories.make_team(now)


@pytest.fixture
def ref(team: factories.Team, now: dt.datetime) -> str:
    """A published exhibit of theirs."""
    return factories.make_exhibit(team, now)


@pytest.fixture
def client(app: Flask) -> PageClient:
    """A browser that looks at every page it gets."""
    return app.test_client()  # type: ignore[return-value]
