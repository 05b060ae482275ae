"""The features "configuration", over SOAP on the running platform with simulated meters."""

from __future__ import annotations

import pytest
from pytest_bdd import scenarios

scenarios("features/configuration")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see
