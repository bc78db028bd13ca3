"""/openapi.json says what the routes do: valid, complete, and held against the service by generated requests."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openapi_spec_validator
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings as hypothesis_settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks as conformance

from kanoniv_server.routes.openapi import document
from kanoniv_server.routes.table import rows
from tests.support.service import Process, process

DOCUMENT = document(rows())
TABLE = sorted((one.method, one.path) for one in rows() if one.path != "/openapi.json")


def test_it_is_a_valid_document_and_has_every_route() -> None:
    openapi_spec_validator.validate(DOCUMENT)
    found = sorted(
        (method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item
    )
    assert found == sorted((one.method, one.path) for one in rows())
    names = [item["operationId"] for path in DOCUMENT["paths"].values() for item in path.values()]
    assert len(set(names)) == len(names)


def test_no_two_rows_are_one_route() -> None:
    found = [(one.method, one.path) for one in rows()]
    assert len(set(found)) == len(found)


def test_every_body_that_is_sent_has_a_schema() -> None:
    without = [
        f"{method} {path} {status}"
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        for status, response in operation["responses"].items()
        if not response.get("content") and status != "304"
    ]
    assert without == []


def test_what_needs_a_key_says_so() -> None:
    for one in rows():
        operation = DOCUMENT["paths"][one.path][one.method.lower()]
        wanted: list[dict[str, list[str]]] = [{"apiKey": []}]
        wanted += [{}] if one.or_proof else [{"password": []}] if one.browser else []
        assert (operation["security"] == wanted) is (one.right is not None)
        assert ("403" in operation["responses"]) or one.right is None
    # whoever shows no key is let in to one route, whose handler wants a proof then
    assert [one.path for one in rows() if one.or_proof] == ["/v1/revocations"]


# ---------------------------------------------------------------------------------- generated requests


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder: Path = tmp_path_factory.mktemp("generated")
    with process(folder, "--rate", "0", "--open-rate", "0") as found:
        yield found
        assert "Traceback" not in found.err()
        defects = [line for line in found.events() if line["event"] in {"defect", "library"}]
        assert defects == []


def documented(here: Process) -> dict[str, Any]:
    found = httpx.get(f"{here.url}/openapi.json").json()
    assert found == json.loads(json.dumps(DOCUMENT))
    return dict(found)


BOTH: tuple[Any, ...] = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
CHECKS = [
    schemathesis.checks.not_a_server_error,
    conformance.content_type_conformance,
    conformance.response_headers_conformance,
    conformance.response_schema_conformance,
    conformance.status_code_conformance,
]


def hold(here: Process, said: dict[str, Any], method: str, path: str) -> int:
    """Send what the document allows, and what it does not, with a key and without; how many were sent."""
    logging.getLogger("schemathesis").setLevel(logging.ERROR)
    operation, sent = schemathesis.openapi.from_dict(said)[path][method], 0
    key = {"Authorization": f"Bearer {here.key}"}

    quick = hypothesis_settings(
        max_examples=8,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    takes = operation.body or operation.query
    for mode in BOTH if takes else BOTH[:1]:

        @quick
        @given(operation.as_strategy(generation_mode=mode))
        def held(case: Any) -> None:
            nonlocal sent
            for headers in (key, {}):
                case.call_and_validate(
                    base_url=here.url, headers=headers, checks=CHECKS, timeout=20
                )
                sent += 1

        held()
    return sent


@pytest.mark.parametrize(("method", "path"), TABLE)
def test_no_request_finds_a_5xx_or_a_status_that_is_not_written_down(
    here: Process, method: str, path: str
) -> None:
    said = documented(here)
    sent = hold(here, said, method, path)
    assert sent >= (16 if "requestBody" in said["paths"][path][method.lower()] else 2)


@pytest.mark.parametrize("status", ["200", "422"])
def test_what_is_not_written_down_would_be_found(here: Process, status: str) -> None:
    said = copy.deepcopy(documented(here))
    del said["paths"]["/v1/delegations"]["get"]["responses"][status]
    with pytest.raises(BaseException, match="Undocumented status code"):
        hold(here, said, "GET", "/v1/delegations")
