"""The service says no, is away, or hangs: a code, its reason in its own words made harmless, and nothing exported."""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.action.standin import (
    Heard,
    Reply,
    Scene,
    audience_of,
    exchanges,
    grant,
    problem,
    token_for,
    tokens,
)


def test_a_refusal_shows_the_claims_and_a_policy(keyless: Scene) -> None:
    keyless.service = lambda _: problem(
        403, "KAN-POLICY-001", "no trust policy lets this in: ref", "ask the owner"
    )
    refused = keyless.mint()
    assert (refused.exit, refused.codes) == (1, ["KAN-OIDC-008"])
    assert "refuses the exchange: HTTP 403 KAN-POLICY-001, it says" in refused.stdout
    assert "no trust policy lets this in: ref" in refused.stdout
    assert "ask the owner" in refused.stdout
    # the key that was made for nothing was hidden all the same, before the service was asked
    assert re.search(r"^::add-mask::[0-9a-f]{64}$", refused.stdout, re.MULTILINE)
    assert "kanoniv-auth: claim repository_id: 123456" in refused.lines
    assert "| `repository_owner_id` | 7654321 |" in refused.summary
    assert '```yaml\nissuer: "https://token.actions.githubusercontent.com"' in refused.summary
    assert 'scopes: ["build", "deploy.staging"]\nmax_ttl: "15m"\n```' in refused.summary
    keyless.nothing_left(refused)


@pytest.mark.parametrize(("more", "told"), [(b"", True), (b", 5", False), (b", {}", True)])
def test_which_conditions_failed(keyless: Scene, more: bytes, told: bool) -> None:
    row = b'{"policy": "staging", "claim": "ref", "why": "another value"}'
    keyless.service = lambda _: Reply(403, b'{"failed": [' + row + more + b"]}")
    refused = keyless.mint()
    assert refused.codes == ["KAN-OIDC-008"]
    line = 'kanoniv-auth: policy "staging", claim "ref": another value'
    assert (line in refused.lines) == told


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
def test_what_is_final_is_not_tried_again(keyless: Scene, status: int) -> None:
    keyless.service = lambda _: Reply(status, b"{}")
    refused = keyless.mint(max_attempts="5")
    assert (refused.exit, refused.codes) == (1, ["KAN-OIDC-008"])
    assert len(exchanges(keyless.server.heard)) == 1
    keyless.nothing_left(refused)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_what_may_pass_is_tried_again(keyless: Scene, status: int) -> None:
    keyless.service = lambda _: Reply(status, headers={"Retry-After": "0"})
    refused = keyless.mint(max_attempts="3")
    assert (refused.exit, refused.codes) == (2, ["KAN-OIDC-007"])
    assert f"HTTP {status}" in "".join(line for line in refused.lines if "::error" in line)
    assert len(exchanges(keyless.server.heard)) == len(tokens(keyless.server.heard)) == 3
    keyless.nothing_left(refused)


def test_a_wait_beyond_the_deadline_is_not_waited_for(keyless: Scene) -> None:
    keyless.service = lambda _: Reply(503, headers={"Retry-After": "99999"})
    started = time.monotonic()
    refused = keyless.mint(max_attempts="5", timeout_seconds="30")
    assert refused.codes == ["KAN-OIDC-007"]
    assert time.monotonic() - started < 15


def test_nobody_is_there(keyless: Scene) -> None:
    refused = keyless.mint(endpoint="http://127.0.0.1:1", max_attempts="2")
    assert (refused.exit, refused.codes) == (2, ["KAN-OIDC-007"])
    assert "http://127.0.0.1:1 gave no answer that can be used" in "".join(refused.lines)
    assert len(tokens(keyless.server.heard)) == 2
    keyless.nothing_left(refused)


@pytest.mark.parametrize("how", ["silent", "drips"])
def test_it_hangs(keyless: Scene, how: str) -> None:
    """The deadline is one for all attempts, and comes before the alarm of the step."""
    keyless.service = lambda _: (
        Reply(seconds=30) if how == "silent" else Reply(body=b" " * 1000, drip=0.05)
    )
    started = time.monotonic()
    refused = keyless.mint(timeout_seconds="5", max_attempts="10")
    assert time.monotonic() - started < 12
    assert (refused.exit, refused.codes) == (2, ["KAN-OIDC-007"])
    assert "no whole answer within" in "".join(refused.lines) or "no answer within" in "".join(
        refused.lines
    )
    keyless.nothing_left(refused)


EVIL = [
    "x\n::set-output name=token::stolen",
    "x\r::add-mask::deploy",
    "##[error]x",
    "\x1b[2J\x1b]0;title\x07",
    "<img src=https://evil.example/x> @octocat [a](https://evil.example)",
    "```\n# heading\n|a|b|",
    "\u202egnp.exe",
]


@pytest.mark.parametrize("text", EVIL)
def test_a_strangers_words_are_words(keyless: Scene, text: str) -> None:
    keyless.service = lambda _: problem(403, text, text, text)
    refused = keyless.mint()
    assert refused.codes == ["KAN-OIDC-008"]
    for line in refused.stdout.splitlines():
        assert line.startswith(("kanoniv-auth: ", "::add-mask::", "::error title=KAN-OIDC-008::"))
    for harmful in ("::set-output name", "\x1b", "##[", "\u202e"):
        assert harmful not in refused.summary
        assert not [x for x in refused.lines if x.startswith(harmful)]
    assert "\x1b" not in refused.stdout
    rows = [line for line in refused.summary.splitlines() if line.startswith("| [KAN-OIDC-008]")]
    assert len(rows) == 1
    for markup in ("<img", "](https://evil", "@octocat", "```\n#"):
        assert markup not in refused.summary


def test_a_strangers_words_are_few(keyless: Scene) -> None:
    keyless.service = lambda _: problem(403, "KAN-X-001", "word " * 5000, "word " * 5000)
    refused = keyless.mint()
    assert max(map(len, refused.lines)) < 2000
    assert len(refused.summary) < 8000


def test_the_token_said_back_is_not_shown(keyless: Scene) -> None:
    """Not whole, and not the part of it that a cut would leave, which no mask would hide."""

    def echo(heard: Heard) -> Reply:
        token = heard.json["oidc_token"]
        return problem(403, "KAN-POLICY-001", f"refused {token}", token[len(token) // 2 :])

    keyless.service = echo
    refused = keyless.mint(max_attempts="1")
    token = exchanges(keyless.server.heard)[0].json["oidc_token"]
    said = "\n".join(refused.lines) + refused.summary
    for at in range(0, len(token) - 40, 7):
        assert token[at : at + 40] not in said
    keyless.nothing_left(refused)


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run", "issue_comment"])
def test_no_policy_is_suggested_for_strangers_events(keyless: Scene, event: str) -> None:
    keyless.endpoint = lambda heard: Reply(
        body=json.dumps({"value": token_for(audience_of(heard), event_name=event)}).encode()
    )
    keyless.service = lambda _: Reply(403)
    summary = keyless.mint().summary
    assert "```yaml" not in summary
    assert "No trust policy is suggested" in summary
    assert f"| `event_name` | {event.replace('_', '&#95;')} |" in summary


def test_it_was_granted_in_the_end(keyless: Scene) -> None:
    """The same scene with an honest service: the refusals above are the service's doing."""
    keyless.service = grant
    assert keyless.mint().exit == 0
