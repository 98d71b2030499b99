"""Every address that the server's OpenAPI document describes, asked with what fits the document and with what does not.

Schemathesis makes the requests from the document alone, and compares every answer with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra `web` is not installed")
pytest.importorskip("schemathesis", reason="the extra `dev` is not installed")

import requests
import schemathesis
from asking import HOST, Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from synthetic_case import make_case

from ifssnet.web.app import create_app
from ifssnet.web.security import access_for
from ifssnet.web.work.jobs import Jobs

EXAMPLES = 80
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    root = tmp_path_factory.mktemp("described")
    make_case(root)
    with pytest.MonkeyPatch.context() as patch:
        # No process of its own for each of hundreds of requests.
        patch.setattr(Jobs, "start", lambda *given, **named: "job")
        yield create_app(root, access_for("127.0.0.1"))


@pytest.fixture(scope="module")
def client(app: Any) -> Iterator[Client]:
    with Client(app) as found:
        yield found


def operations(app: Any) -> list[Any]:
    """All that the document describes but the stream, which never ends."""
    found = [each.ok() for each in schemathesis.openapi.from_dict(app.openapi()).get_all_operations()]
    return [each for each in found if not each.path.endswith("/live")]


def can_be_wrong(operation: Any) -> bool:
    """Whether the document leaves anything out: any text at all is a name."""
    return bool(operation.body) or any(each.definition["schema"].get("type") != "string" for each in operation.path_parameters)


def answer_to(client: Client, case: Any) -> Any:
    sent = case.as_transport_kwargs(base_url=f"http://{HOST}")
    request = requests.Request(
        **{key: sent[key] for key in ("method", "url", "params", "json", "data") if key in sent}
    ).prepare()
    body = request.body.encode() if isinstance(request.body, str) else request.body
    answer = client.ask(request.method, request.path_url, body)
    headers = {name: [value] for name, value in answer.headers.items()}
    return schemathesis.Response(answer.status, headers, answer.body, request, 0.0, verify=False)


def ask_all(app: Any, client: Client, examples: int, *, always_the_same: bool) -> Counter[int]:
    """How often each status came.

    Raises:
        ExceptionGroup: Answers that are faults or that the document does not describe, with their requests.
    """
    load_all_checks()
    checks = CHECKS.get_by_names(CHECKED)
    names = {"name": "leg", "other": "leg", "tray": "0123abcd", "volume": client.get("/api/cases/leg").json["volume"]}
    places = {"axis": "z", "index": 20, "z": 20, "label": 1}
    all_of_them = operations(app)
    assert len(all_of_them) > 20
    fitting = st.one_of([each.as_strategy() for each in all_of_them])
    wrong = st.one_of([each.as_strategy(generation_mode=GenerationMode.NEGATIVE) for each in all_of_them if can_be_wrong(each)])
    answered: Counter[int] = Counter()

    @settings(
        max_examples=examples,
        derandomize=always_the_same,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=fitting | fitting | wrong, there=st.integers(0, 3))
    def ask(case: Any, there: int) -> None:
        if there and case.path_parameters:
            # Of random names none is there, and nothing behind the names would be tried.
            known = names | (places if case.meta.generation.mode is GenerationMode.POSITIVE else {})
            case.path_parameters.update({key: known[key] for key in case.path_parameters if key in known})
        answer = answer_to(client, case)
        answered[answer.status_code] += 1
        case.validate_response(answer, checks=checks)

    ask()
    return answered


def test_a_muscle_without_a_voxel_has_no_surface_and_the_document_says_so(app: Any, client: Client) -> None:
    assert client.get("/api/cases/leg/surfaces/3.stl").status == 204
    assert "204" in app.openapi()["paths"]["/api/cases/{name}/surfaces/{label}.stl"]["get"]["responses"]


def test_no_request_is_a_fault_and_every_answer_is_described(app: Any, client: Client) -> None:
    answered = ask_all(app, client, EXAMPLES, always_the_same=True)
    # Not all of it was refused at the door.
    assert answered[200] > 5, answered
    assert sum(answered[status] for status in (400, 404, 409, 422)) > 10


@pytest.mark.slow
def test_no_request_of_thousands_is_a_fault(app: Any, client: Client) -> None:
    ask_all(app, client, 40 * EXAMPLES, always_the_same=False)


def test_addresses_and_methods_that_there_are_not_are_refused_in_the_form_of_every_refusal(client: Client) -> None:
    for method, path, status in (("GET", "/api/nothing", 404), ("DELETE", "/api/folder", 405)):
        answer = client.ask(method, path, None)
        assert (answer.status, set(answer.json)) == (status, {"error"})
