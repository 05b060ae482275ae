"""Settings come from the environment and from files; wrong ones are named, one line each."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from meterstream.runtime.settings import (
    KafkaSettings,
    PostgresSettings,
    ServiceSettings,
    SettingsError,
    help_text,
    load_settings,
    read_settings,
)


class Example(ServiceSettings):
    postgres: PostgresSettings


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERSTREAM_KAFKA__BOOTSTRAP_SERVERS", "kafka:9092")
    monkeypatch.setenv("METERSTREAM_POSTGRES__DSN", "postgresql://user:hidden@host/db")


def test_reads_groups_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERSTREAM_KAFKA__DEVICE_PARTITIONS", "6")
    settings = read_settings(Example)
    assert settings.kafka.device_partitions == 6
    assert settings.kafka.topic_prefix == "meterstream"


def test_a_secret_may_lie_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "dsn"
    path.write_text("postgresql://from/file\n")
    monkeypatch.delenv("METERSTREAM_POSTGRES__DSN")
    monkeypatch.setenv("METERSTREAM_POSTGRES__DSN_FILE", str(path))
    assert read_settings(Example).postgres.dsn.get_secret_value() == "postgresql://from/file"


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("METERSTREAM_POSTGRES__DSN_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="METERSTREAM_POSTGRES__DSN_FILE: No such file"):
        read_settings(Example)


def test_secrets_do_not_show() -> None:
    assert "hidden" not in repr(read_settings(Example))


def test_every_wrong_variable_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERSTREAM_KAFKA__LINGER_MS", "-1")
    monkeypatch.setenv("METERSTREAM_LOG__LEVEL", "LOUD")
    with pytest.raises(SettingsError) as caught:
        read_settings(Example)
    assert [line.split(":")[0] for line in caught.value.lines] == [
        "METERSTREAM_KAFKA__LINGER_MS",
        "METERSTREAM_LOG__LEVEL",
    ]


def test_a_misspelt_variable_of_a_group_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METERSTREAM_KAFKA__BOOTSTRAP_SERVER", "x")
    with pytest.raises(SettingsError, match="BOOTSTRAP_SERVER"):
        read_settings(Example)


def test_help_lists_every_variable_and_ends_the_process(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load_settings(Example, ["--help"], "example")
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert text == help_text(Example, "example")
    for name in ("METERSTREAM_KAFKA__BOOTSTRAP_SERVERS", "METERSTREAM_POSTGRES__DSN", "METERSTREAM_DRAIN_S"):
        assert name in text


def test_wrong_settings_end_the_process_with_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("METERSTREAM_KAFKA__BOOTSTRAP_SERVERS")
    with pytest.raises(SystemExit) as caught:
        load_settings(Example, [], "example")
    assert caught.value.code == 2
    assert "METERSTREAM_KAFKA" in capsys.readouterr().err


class TestOwnReadings:
    def of(self, text: str) -> dict[str, str]:
        settings = KafkaSettings(bootstrap_servers="k:9092", readings_topics=text)
        return {organisation: topic.name for organisation, topic in settings.own_readings().items()}

    def test_topics_by_organisation(self) -> None:
        assert self.of("") == {}
        assert self.of("GridOne=one, Grid Two=grid-2") == {"GridOne": "readings.one", "Grid Two": "readings.grid-2"}

    @pytest.mark.parametrize("text", ["GridOne", "GridOne=", "=one", "GridOne=One", "GridOne=dead-letter", "A=a b"])
    def test_what_is_no_pair_is_told(self, text: str) -> None:
        with pytest.raises(ValidationError, match="is not <organisation>=<slug>"):
            self.of(text)

    def test_a_topic_belongs_to_one_organisation(self) -> None:
        with pytest.raises(ValidationError, match="two organisations have the same slug"):
            self.of("A=a,B=a")
