"""Firmware files by URL: whole and checked, or a typed error; gone on with after a cut; only allowed addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from file_server import FileServer, file_server

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.records import FirmwareImage
from meterstream.protocol_dlms.image_download import ImageDownloads
from meterstream.protocol_dlms.settings import ImageUrlSettings
from meterstream.runtime.errors import ConfigurationError

FILE = bytes(range(251)) * 2000


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[tuple[FileServer, Path]]:
    async with file_server(tmp_path, FILE) as found:
        yield found


@pytest.fixture
def server(served: tuple[FileServer, Path]) -> FileServer:
    return served[0]


@asynccontextmanager
async def downloading(**more: Any) -> AsyncIterator[ImageDownloads]:
    downloads = ImageDownloads(ImageUrlSettings(**more))
    await downloads.start()
    try:
        yield downloads
    finally:
        await downloads.stop()


@pytest.fixture
async def downloads(served: tuple[FileServer, Path]) -> AsyncIterator[ImageDownloads]:
    async with downloading(allow_private=True, ca_file=served[1], silence_s=2) as made:
        yield made


@pytest.fixture
def image(server: FileServer) -> Callable[..., FirmwareImage]:
    def make(**more: Any) -> FirmwareImage:
        named = {"sha256": sha256(FILE).digest(), "size": len(FILE), "url": server.url()}
        return FirmwareImage(firmware_identification="FW-1", **(named | more))

    return make


async def failure(downloads: ImageDownloads, image: FirmwareImage) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        await downloads.read(image)
    return caught.value


async def test_a_file_is_fetched_with_or_without_its_size(downloads: ImageDownloads, image: Any) -> None:
    assert await downloads.read(image()) == FILE
    assert await downloads.read(image(size=0)) == FILE


async def test_a_signature_in_a_url_stays_as_it_is_and_is_told_nobody(
    downloads: ImageDownloads, image: Any, server: FileServer, caplog: Any
) -> None:
    signed = "/fw.bin?X-Amz-Signature=a%2Fb%3D%3d+c&X-Amz-Expires=60"
    seen: list[str] = []

    async def note(request: Any) -> Any:
        seen.append(request.raw_path)
        return await server.answers(403)(request)

    server.plans.append(note)
    found = await failure(downloads, image(url=server.url(signed)))
    assert seen == [signed]
    assert (found.code.name, found.retryable) == ("IMAGE_UNUSABLE", False)
    assert "status 403" in str(found)
    told = f"{found}{found.details}{caplog.text}{image(url=server.url(signed))!r}"
    assert "X-Amz" not in told


async def test_a_transfer_that_is_cut_goes_on_where_it_was(
    downloads: ImageDownloads, image: Any, server: FileServer
) -> None:
    server.plans += [server.cut_after(200_000)]
    assert await downloads.read(image()) == FILE
    assert (len(server.asked), server.asked[0]) == (2, "")
    assert server.asked[1].startswith("bytes=")


async def test_what_is_there_is_kept_for_the_next_attempt(
    downloads: ImageDownloads, image: Any, server: FileServer
) -> None:
    server.plans += [server.cut_after(200_000), server.cut_after(0)]
    found = await failure(downloads, image())
    assert (found.code.name, found.retryable) == ("IMAGE_UNAVAILABLE", True)
    server.plans.clear()
    assert await downloads.read(image()) == FILE
    assert server.asked[-1] in ("", f"bytes={found.details['octets']}-")


async def test_without_a_strong_entity_tag_a_file_is_fetched_from_its_beginning(
    downloads: ImageDownloads, image: Any, server: FileServer
) -> None:
    server.plans += [server.cut_after(200_000, tag='W/"weak"')]
    assert await downloads.read(image()) == FILE
    assert server.asked == ["", ""]


async def test_parts_of_two_files_are_never_one(downloads: ImageDownloads, image: Any, server: FileServer) -> None:
    async def other_rest(request: Any) -> Any:
        start = int(request.headers["Range"].removeprefix("bytes=").rstrip("-"))
        server.octets = bytes(len(FILE))
        answer = await server.serve(request)
        server.octets = FILE
        answer.set_status(206)
        answer.body = bytes(len(FILE) - start)
        answer.headers["Content-Range"] = f"bytes {start}-{len(FILE) - 1}/{len(FILE)}"
        return answer

    server.plans += [server.cut_after(200_000), other_rest]
    found = await failure(downloads, image())
    assert (found.code.name, found.retryable) == ("IMAGE_UNAVAILABLE", True)
    assert await downloads.read(image()) == FILE


async def test_a_part_that_was_not_asked_for_is_refused(
    downloads: ImageDownloads, image: Any, server: FileServer
) -> None:
    server.plans += [server.cut_after(200_000), server.answers(206, Content_Range="bytes 5-9/10")]
    assert (await failure(downloads, image())).code.name == "IMAGE_UNAVAILABLE"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (301, "IMAGE_UNUSABLE"),
        (307, "IMAGE_UNUSABLE"),
        (403, "IMAGE_UNUSABLE"),
        (404, "IMAGE_UNUSABLE"),
        (206, "IMAGE_UNUSABLE"),
        (204, "IMAGE_UNUSABLE"),
        (408, "IMAGE_UNAVAILABLE"),
        (429, "IMAGE_UNAVAILABLE"),
        (500, "IMAGE_UNAVAILABLE"),
        (503, "IMAGE_UNAVAILABLE"),
    ],
)
async def test_what_a_server_says_decides_whether_to_try_again(
    downloads: ImageDownloads, image: Any, server: FileServer, status: int, code: str
) -> None:
    server.plans += [server.answers(status, Location=server.url("/other"))]
    found = await failure(downloads, image())
    assert (found.code.name, found.retryable) == (code, code == "IMAGE_UNAVAILABLE")
    assert str(status) in str(found)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"sha256": sha256(b"other").digest()}, {"size": len(FILE) + 1}],
    ids=["another digest", "larger than it is"],
)
async def test_another_file_than_was_registered_is_not_used(
    downloads: ImageDownloads, image: Any, wrong: dict[str, Any]
) -> None:
    found = await failure(downloads, image(**wrong))
    assert (found.code.name, found.retryable) == ("IMAGE_UNUSABLE", False)
    assert "does not match its digest (SHA-256)" in str(found)


async def test_a_file_is_bounded_by_its_size_and_by_the_setting(
    served: tuple[FileServer, Path], downloads: ImageDownloads, image: Any, server: FileServer
) -> None:
    assert f"more than {len(FILE) - 1} octets" in str(await failure(downloads, image(size=len(FILE) - 1)))
    server.plans += [server.endless]
    assert "more than 502000 octets" in str(await failure(downloads, image()))
    async with downloading(allow_private=True, ca_file=served[1], max_bytes=4096) as small:
        assert "more than 4096 octets" in str(await failure(small, image(size=0)))


async def test_silence_and_slowness_end(served: tuple[FileServer, Path], image: Any, server: FileServer) -> None:
    for more in ({"silence_s": 0.1}, {"timeout_s": 0.1}):
        server.plans += [server.silent, server.silent]
        async with downloading(allow_private=True, ca_file=served[1], **more) as hasty:
            assert (await failure(hasty, image())).code.name == "IMAGE_UNAVAILABLE"
        server.plans.clear()


async def test_a_server_that_nobody_vouches_for_is_not_trusted(image: Any, server: FileServer) -> None:
    async with downloading(allow_private=True) as downloads:
        found = await failure(downloads, image())
    assert found.code.name == "IMAGE_UNAVAILABLE"
    assert "certificate is not trusted" in str(found)
    assert server.asked == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1"])
async def test_private_addresses_are_not_called_unless_allowed(image: Any, server: FileServer, host: str) -> None:
    async with downloading() as careful:
        found = await failure(careful, image(url=server.url(host=host)))
    assert (found.code.name, found.retryable) == ("IMAGE_UNUSABLE", False)
    assert "its URL is not called" in str(found)
    assert server.asked == []


async def test_only_listed_hosts_are_called(served: tuple[FileServer, Path], image: Any, server: FileServer) -> None:
    named = {"ca_file": served[1], "allow_private": True}
    async with downloading(allowed="files.example.org", **named) as elsewhere:
        assert "allow-list" in str(await failure(elsewhere, image()))
    assert server.asked == []
    async with downloading(allowed="files.example.org, localhost", **named) as here:
        assert await here.read(image()) == FILE


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://localhost/fw", "only https"),
        ("ftp://localhost/fw", "only http and https"),
        ("https://user:word@localhost/fw", "no user information"),
        ("https://", "names no host"),
        ("https://localhost:99999/", "no valid URL"),
    ],
)
async def test_a_url_that_may_not_be_called_is_refused(
    downloads: ImageDownloads, image: Any, url: str, rule: str
) -> None:
    found = await failure(downloads, image(url=url))
    assert (found.code.name, found.retryable) == ("IMAGE_UNUSABLE", False)
    assert rule in str(found) or "not valid" in str(found)


async def test_a_host_that_is_not_there_is_worth_another_attempt(downloads: ImageDownloads, image: Any) -> None:
    found = await failure(downloads, image(url="https://no-such-host.invalid/fw"))
    assert (found.code.name, found.retryable) == ("IMAGE_UNAVAILABLE", True)


def test_settings_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="IMAGE_URLS__CA_FILE"):
        ImageDownloads(ImageUrlSettings(ca_file=tmp_path / "missing.pem"))
    with pytest.raises(ValueError, match="network"):
        ImageUrlSettings(allowed="10.0.0.1/8")
