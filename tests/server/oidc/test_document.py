"""/openapi.json of a service with the exchange: generated requests find no 5xx, and nothing that it does not say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import jsonschema  # type: ignore[import-untyped]
import openapi_spec_validator
import pytest

from tests.server.oidc.workflow import (
    EXCHANGE,
    KEY,
    OLD,
    PUBLIC,
    ask,
    audience,
    old_audience,
    policy,
)
from tests.server.test_openapi import hold
from tests.support.issuer import IssuerProcess
from tests.support.service import Process, process


@pytest.fixture(scope="module")
def here(
    tmp_path_factory: pytest.TempPathFactory, issuer_process: IssuerProcess
) -> Iterator[Process]:
    issuer_process.reset()
    folder: Path = tmp_path_factory.mktemp("document")
    (folder / "policies").mkdir()
    text = policy(issuer_process.url)
    (folder / "policies" / "deploy.yaml").write_text(text, encoding="utf-8")
    argv = ("--policy-dir", str(folder / "policies"), "--public-url", PUBLIC, "--oidc-issuers",
            issuer_process.url, "--allow-old-root-key-route", "--open-rate", "0", "--rate", "0")  # fmt: skip
    with process(folder, *argv) as found:
        yield found
        assert [line for line in found.events() if line["event"] in {"defect", "library"}] == []


@pytest.mark.parametrize("path", [EXCHANGE, OLD])
def test_generated_requests_find_no_5xx(here: Process, path: str) -> None:
    said = httpx.get(f"{here.url}/openapi.json").json()
    openapi_spec_validator.validate(said)
    assert hold(here, said, "POST", path) >= 16


def test_every_kind_of_answer_is_as_it_is_written_down(
    here: Process, issuer: IssuerProcess
) -> None:
    document = httpx.get(f"{here.url}/openapi.json").json()
    good, elsewhere = issuer.token(audience()), issuer.token(audience(), ref="refs/heads/x")
    asked = [
        (EXCHANGE, ask(good), 200),
        (EXCHANGE, ask(good), 403),
        (EXCHANGE, ask(elsewhere), 403),
        (EXCHANGE, ask(issuer.token("elsewhere")), 401),
        (EXCHANGE, ask("a.b.c"), 400),
        (EXCHANGE, ask(issuer.token(audience()), tenant="nobody"), 404),
        (EXCHANGE, {**ask(good), "ttl": "never"}, 422),
        (EXCHANGE, {**ask(good), "public_key": KEY.did}, 422),
        (OLD, {"oidc_token": issuer.token(old_audience())}, 200),
        (OLD, {"oidc_token": good}, 401),
    ]
    for path, body, status in asked:
        answer = here.post(path, body)
        assert answer.status_code == status, answer.text
        content = document["paths"][path]["post"]["responses"][str(status)]["content"]
        schema = content[answer.headers["content-type"]]["schema"]
        components = {"components": document["components"]}
        jsonschema.validate(answer.json(), {**schema, **components})
