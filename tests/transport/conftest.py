"""The places that the suite runs on, each with a real server on loopback."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import stamina
from blob_feed import install
from sending import Killable
from served_places import RemotePlace, ServedFolder, ServedHttps, ServedPlace, ServedS3, ServedSftp
from service_models import read_once

from rosterkit import Workspace, registry
from rosterkit.testing.package import write_package

read_once()


@pytest.fixture(autouse=True)
def no_waiting_between_attempts() -> Iterator[None]:
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def moto_port() -> Iterator[int]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture(scope="session")
def aws(moto_port: int) -> Iterator[Any]:
    """A client that reaches moto without faults."""
    address, secret = f"http://127.0.0.1:{moto_port}", "x"
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key=secret, region_name="us-east-1")
    client = session.client("s3", endpoint_url=address)
    yield client
    client.close()


@pytest.fixture
def folder(tmp_path: Path) -> ServedFolder:
    return ServedFolder(tmp_path)


@pytest.fixture
def sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedSftp]:
    served = ServedSftp(tmp_path, monkeypatch)
    yield served
    served.server.close()


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moto_port: int, aws: Any) -> Iterator[ServedS3]:
    served = ServedS3(tmp_path, monkeypatch, moto_port, aws)
    yield served
    served.close()


@pytest.fixture
def https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedHttps]:
    served = ServedHttps(tmp_path, monkeypatch)
    yield served
    served.server.close()


@pytest.fixture(params=["folder", "sftp", "s3", "https"])
def served(request: pytest.FixtureRequest) -> ServedPlace:
    got = request.getfixturevalue(request.param)
    assert isinstance(got, ServedPlace)
    return got


@pytest.fixture(params=["sftp", "s3", "https"])
def remote(request: pytest.FixtureRequest) -> RemotePlace:
    got = request.getfixturevalue(request.param)
    assert isinstance(got, RemotePlace)
    return got


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one revision."""
    folder = tmp_path_factory.mktemp("loaded")
    workspace = Workspace.init(folder / "ws")
    orgs = [{"sourcedId": "D", "name": "Birchwood", "type": "district"}]
    plan = workspace.plan(write_package(folder / "orgs.zip", {"orgs": orgs}))
    workspace.approve(plan.id, reason="as expected", actor="kim")
    workspace.apply(plan.id, actor="kim")
    return folder / "ws"


@pytest.fixture(scope="session")
def killable() -> Iterator[Killable]:
    process = Killable()
    yield process
    process.close()


@pytest.fixture
def folder_of_sender(tmp_path: Path, loaded: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(registry, "feed", registry.feed)  # put back after the test
    install()
    shutil.copytree(loaded, tmp_path / "ws")
    return tmp_path / "ws"
