from __future__ import annotations

import re
from pathlib import Path

import pytest

from meterstream.notification.service import build, read_private_key
from meterstream.notification.settings import DeliverySettings, Settings
from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.outbound.addresses import RefusedTarget
from meterstream.runtime.settings import SettingsError, read_settings


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    key = tmp_path / "private.hex"
    key.write_text("11" * 32)
    monkeypatch.setenv("METERSTREAM_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("METERSTREAM_POSTGRES__DSN", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("METERSTREAM_KEYS__PRIVATE_KEY_FILE", str(key))
    return monkeypatch


def test_defaults_are_those_of_the_contract_and_safe(environment) -> None:
    delivery = read_settings(Settings).delivery
    assert (delivery.sender_organisation, delivery.sender_application) == ("OSGP", "SMART_METERS")
    assert (delivery.first_delay_s, delivery.multiplier) == (120, 2)
    assert not delivery.allow_private_targets


def test_the_demo_may_open_private_targets(environment) -> None:
    environment.setenv("METERSTREAM_DELIVERY__ALLOW_PRIVATE_TARGETS", "true")
    environment.setenv("METERSTREAM_DELIVERY__RESPONSE_URL_ALLOWED", "a.example.org, 10.2.0.0/16,")
    delivery = read_settings(Settings).delivery
    assert delivery.allow_private_targets
    rules = delivery.target_rules()
    rules.check_url("http://10.2.3.4/")
    with pytest.raises(RefusedTarget, match="allow-list"):
        rules.check_url("http://10.3.0.1/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RESPONSE_URL_ALLOWED", "http://a"),
        ("RESPONSE_URL_ALLOWED", "a.example.org, 10.0.0.1/8"),
        ("TIMEOUT_S", "0"),
        ("KEEP_S", "60"),
        ("JITTER", "1"),
        ("MAX_IN_FLIGHT", "0"),
    ],
)
def test_a_wrong_value_is_named(environment, name: str, value: str) -> None:
    environment.setenv(f"METERSTREAM_DELIVERY__{name}", value)
    with pytest.raises(SettingsError, match=f"METERSTREAM_DELIVERY__{name}: "):
        read_settings(Settings)


async def test_components_start_with_what_the_others_need(environment) -> None:
    names = [component.name for component in build(read_settings(Settings), Metrics("notification"))]
    assert names.index("database") < names.index("deliveries") < names.index("notification")
    assert names.index("loading") < names.index("deliveries")
    assert names.index("http") < names.index("deliveries")


@pytest.mark.parametrize(
    ("content", "problem"), [("zz" * 32, "no hexadecimal digits"), ("11" * 16, "16 octets"), ("é", "no hexadecimal")]
)
def test_a_key_file_that_cannot_be_used_is_named_and_never_quoted(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "key.hex"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=problem) as refused:
        read_private_key(path)
    assert content not in str(refused.value)


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(str(tmp_path / "none"))):
        read_private_key(tmp_path / "none")


def test_settings_have_units_in_their_names() -> None:
    seconds = [name for name, info in DeliverySettings.model_fields.items() if info.annotation is float]
    assert all(name.endswith("_s") or name in ("multiplier", "jitter", "circuit_multiplier") for name in seconds)
