"""The public door alone, with one exhibit to write about."""

from __future__ import annotations

import pytest
from flask import Flask

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
def client(app: Flask) -> PageClient:
    """A browser that looks at every page it gets."""
    return app.test_client()  # type: ignore[return-value]
