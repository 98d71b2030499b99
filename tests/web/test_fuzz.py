"""Every address that the server's own description names, asked with what the description allows and with what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed: requirements/dev.txt")
pytest.importorskip("fastapi", reason="the extra `web` is not installed")

from asking import HOST, ORIGIN  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402
from synthetic_case import make_case  # noqa: E402

from ifssnet.web.app import create_app  # noqa: E402
from ifssnet.web.security import access_for  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> object:
    root = tmp_path_factory.mktemp("served") / "cases"
    make_case(root)
    app = create_app(Path(root), access_for("127.0.0.1"), limit_bytes=200_000)
    return schemathesis.openapi.from_asgi("/api/openapi.json", app, headers={"host": HOST, "origin": ORIGIN})


schema = schemathesis.pytest.from_fixture("described")


# A stream of events never ends.
@schema.exclude(path_regex="/live$").parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_is_a_fault_of_the_server(case) -> None:
    if case.path_parameters and "name" in case.path_parameters and "cases" in case.path:
        case.path_parameters["name"] = "leg"
    answer = case.call(headers={"host": HOST, "origin": ORIGIN})
    assert answer.status_code < 500, f"{case.method} {case.formatted_path}: {answer.status_code} {answer.text[:300]}"
