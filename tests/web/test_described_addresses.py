"""Every address that the server's OpenAPI document describes, asked with what fits the document and with what does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("fastapi", reason="the extra `web` is not installed")

from asking import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic_case import make_case

from ifssnet.web.app import create_app
from ifssnet.web.security import access_for
from ifssnet.web.work.jobs import Jobs

ANY = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12)
PLACES = st.sampled_from(["leg", "z", "y", "x", "0", "7", "-1", "99", "..", "%2e%2e", "session.jsonl", "0123abcd"])
KNOWN = {"name": "leg", "tray": "0123abcd", "kind": "seg.nrrd", "case": "leg", "other": "leg"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    root = tmp_path_factory.mktemp("described")
    make_case(root)
    with pytest.MonkeyPatch.context() as patch:
        # No process of its own for each of hundreds of requests.
        patch.setattr(Jobs, "start", lambda *given, **named: "job")
        with Client(create_app(root, access_for("127.0.0.1"))) as found:
            yield found


def described(tmp: Path) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Method, path and description of every operation, and the schemas that they refer to."""
    document = create_app(tmp, access_for("127.0.0.1")).openapi()
    schemas = document["components"]["schemas"]
    return [(method, path, each, schemas) for path, own in document["paths"].items() for method, each in own.items()]


def fitting(schema: dict[str, Any], schemas: dict[str, Any], name: str = "") -> st.SearchStrategy[Any]:
    """Values that a schema allows, now and then one that it does not."""
    if "$ref" in schema:
        return fitting(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return st.one_of([fitting(each, schemas, name) for each in schema[key]])
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", ())
            own = {key: mostly(fitting(each, schemas, key)) for key, each in schema.get("properties", {}).items()}
            required = {key: own[key] for key in wanted}
            return st.fixed_dictionaries(required, optional={key: each for key, each in own.items() if key not in required})
        case "array":
            return st.lists(fitting(schema["items"], schemas), max_size=3)
        case "integer":
            return st.integers(0, 45) | st.sampled_from([2**31 - 1, 1])
        case "number":
            return st.floats(0, 100)
        case "boolean":
            return st.booleans()
        case "string":
            return st.just(KNOWN.get(name, "x")) | st.text(min_size=1, max_size=12)
        case _:
            return ANY


def mostly(strategy: st.SearchStrategy[Any], else_: st.SearchStrategy[Any] = ANY) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda chance: strategy if chance else else_)


def requests(operation: tuple[str, str, dict[str, Any], dict[str, Any]]) -> st.SearchStrategy[tuple[str, str, bytes | None]]:
    method, path, each, schemas = operation
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    places = st.tuples(
        *(mostly(st.just(KNOWN[name]), PLACES | st.text(max_size=8)) if name in KNOWN else PLACES for name in names)
    )
    content = each.get("requestBody", {}).get("content", {}).get("application/json")
    body = st.none() if content is None else mostly(fitting(content["schema"], schemas))

    def built(found: tuple[tuple[str, ...], Any]) -> tuple[str, str, bytes | None]:
        filled = path
        for name, value in zip(names, found[0], strict=True):
            filled = filled.replace("{" + name + "}", quote(value, safe="%"))
        return method.upper(), filled, None if content is None else json.dumps(found[1]).encode()

    return st.tuples(places, body).map(built)


def test_no_request_that_the_document_allows_or_nearly_allows_is_a_fault(client: Client, tmp_path: Path) -> None:
    operations = [each for each in described(tmp_path) if not each[1].endswith("/live")]
    assert len(operations) > 20
    answered: dict[int, int] = {}

    @settings(max_examples=120, database=None, suppress_health_check=list(HealthCheck))
    @given(request=st.one_of([requests(each) for each in operations]))
    def ask(request: tuple[str, str, bytes | None]) -> None:
        method, path, body = request
        status = client.ask(method, path, body).status
        assert status < 500, request
        answered[status] = answered.get(status, 0) + 1

    ask()
    # Not all of it was refused at the door.
    assert answered[200] > 10
    assert sum(answered.get(status, 0) for status in (400, 404, 409, 422)) > 10
