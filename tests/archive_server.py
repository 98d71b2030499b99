"""A small HTTP server on this machine, that misbehaves as told, and small archives in the layout of LEG-3D-US."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from ifssnet.io.cohorts.leg_3d_us import ARCHIVES, Archive
from ifssnet.io.transfer.download import Retry


@dataclass
class Server:
    files: dict[str, bytes]
    etag: str | None = '"v1"'
    modified: str | None = None
    ranges: bool = True
    honours_if_range: bool = True
    tells_length: bool = True
    break_after: list[int] = field(default_factory=list)  # bytes of body per answer, then the connection closes
    statuses: list[int] = field(default_factory=list)  # answers instead of the file, one a request
    requests: list[tuple[str, str | None]] = field(default_factory=list)  # name and Range
    if_ranges: list[str | None] = field(default_factory=list)
    miscounts: int = 0  # bytes by which a partial answer starts early, and says so
    url: str = ""

    def asked_ranges(self) -> list[str | None]:
        return [asked for _, asked in self.requests]


class _Handler(BaseHTTPRequestHandler):
    state: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        name, asked = self.path.lstrip("/"), self.headers.get("Range")
        state = self.state
        state.requests.append((name, asked))
        state.if_ranges.append(self.headers.get("If-Range"))
        if state.statuses:
            return self.send_error(state.statuses.pop(0))
        if name not in state.files:
            return self.send_error(404)
        body, start = state.files[name], 0
        same = not state.honours_if_range or self.headers.get("If-Range") in (None, state.etag, state.modified)
        if asked and state.ranges and same:
            start = int(asked.removeprefix("bytes=").removesuffix("-")) - state.miscounts
            if start >= len(body):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        sent = body[start:]
        if state.break_after:  # taken before the client sees anything, so that its next request meets the next one
            sent = sent[: state.break_after.pop(0)]
        if state.tells_length:
            self.send_header("Content-Length", str(len(body) - start))
        for key, value in (("ETag", state.etag), ("Last-Modified", state.modified)):
            if value is not None:
                self.send_header(key, value)
        self.end_headers()
        self.wfile.write(sent)
        return None


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:  # a client that hangs up is part of the tests
        pass


@contextmanager
def serving(files: Mapping[str, bytes], **behaviour: Any) -> Iterator[Server]:
    state = Server(dict(files), **behaviour)
    handler = type("Handler", (_Handler,), {"state": state})
    with _Quiet(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


def impatient(attempts: int = 3) -> Retry:
    return Retry(attempts=attempts, sleep=lambda seconds: None, timeout_s=5.0)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def mha(array: np.ndarray, spacing_mm: float = 0.277) -> bytes:
    z, y, x = array.shape
    header = (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n"
        "TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 0 0 0\n"
        f"ElementSpacing = {spacing_mm} {spacing_mm} {spacing_mm}\nDimSize = {x} {y} {z}\nElementType = MET_UCHAR\n"
        "ElementDataFile = LOCAL\n"
    )
    return header.encode() + array.astype(np.uint8).tobytes()


SHAPE_ZYX = (6, 5, 4)


def volume(seed: int) -> bytes:
    return mha(np.random.default_rng(seed).integers(0, 255, SHAPE_ZYX))


def labels(values: tuple[int, ...] = (100, 150, 200)) -> bytes:
    array = np.zeros(SHAPE_ZYX)
    for z, value in enumerate(values):
        array[z] = value
    return mha(array)


def zipped(members: Mapping[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items() if isinstance(members, Mapping) else members:
            file.writestr(name, data)
    return memory.getvalue()


def pair(folder: str, number: int) -> dict[str, bytes]:
    return {f"{folder}/x{number}.mha": volume(number), f"{folder}/masksX{number}.mha": labels()}


def three_archives() -> dict[str, bytes]:
    """Each wrapped differently, as nobody here has seen how the published ones are."""
    return {
        "leg_train_data.zip": zipped(
            {**pair("leg_train_data/P01", 1), **pair("leg_train_data/P02", 2), "readme.txt": b"hello"}
        ),
        "leg_validation_data.zip": zipped(pair("validation/P03", 3)),
        "leg_test_data.zip": zipped(pair("P04", 4)),
    }


def archives_of(files: Mapping[str, bytes]) -> tuple[Archive, ...]:
    return tuple(Archive(a.file_name, a.split, sha256(files[a.file_name])) for a in ARCHIVES)
