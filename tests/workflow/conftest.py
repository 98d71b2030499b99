"""What tests of work on many legs share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

REASON = "moto and s3fs are not installed: pip install -r requirements/cluster.txt"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty bucket in a store on loopback."""
    pytest.importorskip("s3fs", reason=REASON)
    moto: Any = pytest.importorskip("moto.server", reason=REASON)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem().mkdir("legs")
    yield "s3://legs"
    server.stop()
    s3fs.S3FileSystem.clear_instance_cache()
