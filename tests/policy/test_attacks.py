"""Each way in that trust policies elsewhere have left open, tried on ours: docs/explanation/threat-model.md."""

from __future__ import annotations

from typing import Any

import pytest

from kanoniv_auth.core.errors import PolicyInvalid
from kanoniv_auth.core.trust_policy import decide
from tests.policy.claims import ISSUER, SHA, SHARED, failed, fields, on, policy, token

VALUE = "another value"
ABSENT = "absent"


def test_the_honest_run_is_allowed() -> None:
    found = decide([policy()], token(), ["deploy.staging"], 600)
    assert (found.policy, found.scopes, found.ttl) == ("deploy", ("deploy.staging",), 600)
    assert all(row.holds for row in found.rows)


def refused_form(**changes: Any) -> str:
    with pytest.raises(PolicyInvalid) as caught:
        policy(**changes)
    return str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "*",
        "7*",
        "789*",
        "",
        "0789",
        "+789",
        "\uff17\uff18\uff19",
        "789 ",
        "789\n",
        789,
        None,
        ["789"],
    ],
)
@pytest.mark.parametrize("key", ["repository_owner_id", "repository_id"])
def test_no_wildcard_for_an_owner(key: str, value: object) -> None:
    assert refused_form(**{key: value})


@pytest.mark.parametrize("key", ["repository_owner_id", "repository_id"])
def test_names_instead_of_numbers_are_not_enough(key: str) -> None:
    """An organisation's name can be registered by somebody else when it is given up."""
    conditions = {"repository": {"glob": "octo-org/*"}, "repository_owner": {"exact": "octo-org"}}
    assert f"`{key}` is missing" in refused_form(**{key: None, "conditions": conditions})


def test_a_policy_that_names_only_issuer_and_audience() -> None:
    changes = {"repository_id": None, "repository_owner_id": None, "conditions": None}
    assert "missing" in refused_form(**changes, audience="https://auth.example")


def test_a_repository_registered_again_under_the_old_name() -> None:
    trusted = on(repository="octo-org/shop", ref="refs/heads/main")
    assert failed(trusted, token()) == []
    theirs = token(repository_id="999", repository_owner_id="888")
    assert failed(trusted, theirs) == [("repository_id", VALUE), ("repository_owner_id", VALUE)]
    assert failed(trusted, token(repository_id="1234567")) == [("repository_id", VALUE)]
    assert failed(trusted, token(repository_owner_id="78")) == [("repository_owner_id", VALUE)]


EVENTS = ["pull_request_target", "workflow_run", "issue_comment", "issues", "discussion_comment", "fork", "watch",
          "pull_request_review", "dynamic"]  # fmt: skip


@pytest.mark.parametrize("event", EVENTS)
def test_events_that_strangers_start(event: str) -> None:
    run = token(event_name=event)
    assert failed(policy(), run) == [("event_name", VALUE)]
    assert failed(policy(events=["push"]), run) == [("event_name", VALUE)]
    assert failed(policy(events=[event]), run) == []
    # named alone, it is alone
    assert failed(policy(events=[event]), token()) == [("event_name", VALUE)]


@pytest.mark.parametrize("event", ["Push", "push ", "PULL_REQUEST_TARGET", "", "push,workflow_run"])
def test_an_event_written_otherwise(event: str) -> None:
    assert failed(policy(), token(event_name=event)) == [("event_name", VALUE)]


@pytest.mark.parametrize(
    "claim",
    [
        "iss",
        "repository_id",
        "repository_owner_id",
        "event_name",
        "ref",
        "environment",
        "ref_protected",
    ],
)
def test_a_claim_that_is_absent(claim: str) -> None:
    trusted = on(ref="refs/heads/main", environment={"glob": "*"}, ref_protected="true")
    assert failed(trusted, token()) == []
    assert failed(trusted, token(**{claim: None})) == [(claim, ABSENT)]


def test_an_audience_that_is_absent() -> None:
    assert failed(policy(audience="https://auth.example"), token(aud=None)) == [("aud", ABSENT)]


def test_no_claims_at_all() -> None:
    wrong = failed(on(ref={"glob": "*"}, environment={"glob": "*"}), {})
    assert {why for _, why in wrong} == {ABSENT}
    assert len(wrong) == 6


@pytest.mark.parametrize(
    "branch",
    [
        "*",
        "refs/heads/*",
        "refs/heads/mai?",
        "refs/heads/[m]ain",
        "refs/heads/.*",
        "refs/heads/main|x",
        "refs/*/main",
    ],
)
def test_a_branch_named_like_a_pattern(branch: str) -> None:
    assert failed(on(ref="refs/heads/main"), token(ref=branch)) == [("ref", VALUE)]
    assert failed(on(ref={"glob": "refs/heads/release-*"}), token(ref=branch)) == [("ref", VALUE)]


@pytest.mark.parametrize(
    "ref",
    [
        "refs/heads/main/evil", "refs/heads/mainx", "xrefs/heads/main", "refs/heads/feature/main",
        "refs/tags/main", "heads/main", "main", "refs/heads/main:x", "refs/heads/", "refs//heads/main",
        "refs/heads/Main", "REFS/HEADS/MAIN", "refs/heads/ma\u0131n", "refs/heads/ma\u0456n", " refs/heads/main",
        "refs/heads/main ", "refs/heads/main%00", "refs/heads/%6dain", "refs/heads/../heads/main", "",
    ],
)  # fmt: skip
def test_a_ref_that_is_nearly_the_one(ref: str) -> None:
    assert failed(on(ref="refs/heads/main"), token(ref=ref)) == [("ref", VALUE)]


@pytest.mark.parametrize(
    "mark", ["\n", "\r\n", "\0", "\t", "\x7f", "\u2028", "\u202e", "\u200b", "\ufeff", "\ud800"]
)
@pytest.mark.parametrize("where", ["{}refs/heads/main", "refs/heads/main{}", "refs/heads/v1{}x"])
def test_characters_that_cannot_be_seen(where: str, mark: str) -> None:
    run = token(ref=where.format(mark))
    for trusted in (
        on(ref="refs/heads/main"),
        on(ref={"glob": "refs/heads/*"}),
        on(ref={"glob": "refs/heads/v*"}),
    ):
        ((claim, why),) = failed(trusted, run)
        assert (claim, why) == ("ref", "characters that cannot be seen")


@pytest.mark.parametrize("ref", ["refs/heads/release/1/evil", "refs/heads/release/x:y", "refs/heads/release-1/x",
                                 "refs/heads/release/", "refs/pull/7/merge"])  # fmt: skip
def test_a_star_stays_between_its_borders(ref: str) -> None:
    trusted = on(ref={"glob": "refs/heads/release/v*"})
    assert failed(trusted, token(ref="refs/heads/release/v1")) == []
    assert failed(trusted, token(ref=ref)) == [("ref", VALUE)]


def test_environments() -> None:
    trusted = on(environment="production")
    assert failed(trusted, token(environment=None)) == [("environment", ABSENT)]
    # a claim that names one elsewhere is none
    assert failed(trusted, token(environment=None, sub="repo:o/r:environment:production"))
    for name in ("", "Production", "production ", "staging", "production/x"):
        assert failed(trusted, token(environment=name)) == [("environment", VALUE)]


@pytest.mark.parametrize("value", ["false", "True", "TRUE", "1", "", True, 1])
def test_ref_protected_is_a_text(value: object) -> None:
    ((claim, _),) = failed(on(ref_protected="true"), token(ref_protected=value))
    assert claim == "ref_protected"


@pytest.mark.parametrize("value", [True, False])
def test_a_policy_cannot_ask_for_a_boolean(value: object) -> None:
    assert "text" in refused_form(conditions={"ref_protected": {"exact": value}})


@pytest.mark.parametrize(
    "ref", ["refs/heads/main", "main", SHA[:-1], SHA.upper(), f"{SHA}0", "refs/tags/v1", ""]
)
def test_a_reusable_workflow_by_branch_where_a_commit_is_wanted(ref: str) -> None:
    trusted = on(job_workflow_ref=f"{SHARED}@{SHA}")
    assert failed(trusted, token()) == []
    assert failed(trusted, token(job_workflow_ref=f"{SHARED}@{ref}")) == [
        ("job_workflow_ref", VALUE)
    ]


def test_a_callee_does_not_stand_for_its_caller() -> None:
    """Anybody may call a shared workflow; and a repository may have a workflow of that name itself."""
    trusted = on(
        job_workflow_ref=f"{SHARED}@{SHA}",
        workflow_ref="octo-org/shop/.github/workflows/deploy.yml@refs/heads/main",
    )
    assert failed(trusted, token()) == []
    other = "octo-org/shop/.github/workflows/other.yml@refs/heads/main"
    assert failed(trusted, token(workflow_ref=other)) == [("workflow_ref", VALUE)]
    own = f"octo-org/shop/.github/workflows/deploy.yml@{SHA}"
    assert failed(trusted, token(job_workflow_ref=own)) == [("job_workflow_ref", VALUE)]


def test_a_star_for_the_commit_takes_no_branch() -> None:
    trusted = on(job_workflow_ref={"glob": f"{SHARED}@*"})
    assert failed(trusted, token()) == []
    assert failed(trusted, token(job_workflow_ref=f"{SHARED}@refs/heads/x"))
    assert failed(trusted, token(job_workflow_ref=f"evil/{SHARED}@{SHA}"))


@pytest.mark.parametrize(
    "owner", ["Octo-Org", "octo-org ", "octo-orgs", "octo_org", "\u043ecto-org"]
)
def test_tricks_with_case_and_letters(owner: str) -> None:
    trusted = on(repository=f"{owner}/shop")
    assert failed(trusted, token()) == [("repository", VALUE)]
    assert failed(on(repository_owner="octo-org"), token(repository_owner=owner))


@pytest.mark.parametrize("size", [4097, 1_000_000])
@pytest.mark.parametrize("wanted", [{"glob": "*a*a*a*a*a*a*b"}, {"exact": "a"}])
def test_a_huge_claim(size: int, wanted: dict[str, str]) -> None:
    assert failed(on(environment=wanted), token(environment="a" * size)) == [
        ("environment", "too long")
    ]


def test_a_huge_claim_is_not_shown_whole() -> None:
    with pytest.raises(Exception, match=r"environment is a+…") as caught:
        decide([on(environment="x")], token(environment="a" * 1_000_000), ["deploy.staging"], 60)
    assert len(str(caught.value)) < 400


def test_the_dearest_pattern_is_cheap() -> None:
    """No matter what is asked, the work is at most pattern times text: 1024 × 4096."""
    pattern = ("*a" * 511)[:1022] + "b"
    assert failed(
        on(environment={"glob": pattern.replace("**", "*")}), token(environment="a" * 4096)
    )


@pytest.mark.parametrize(
    "value", [123456, 123456.0, True, ["123456"], {"exact": "123456"}, b"123456", 0]
)
@pytest.mark.parametrize("claim", ["repository_id", "iss", "event_name", "ref"])
def test_a_claim_of_another_type(claim: str, value: object) -> None:
    assert failed(policy(), token(**{claim: value})) == [(claim, "not text")]


def test_an_audience_that_is_a_list() -> None:
    trusted = policy(audience="https://auth.example")
    assert failed(trusted, token(aud=["https://auth.example", "https://evil"])) == [
        ("aud", "not text")
    ]


ISSUERS = [
    f"{ISSUER}/octo-corp", f"{ISSUER}/", f"{ISSUER}.evil.example", f"{ISSUER}:443", f"http{ISSUER[5:]}", ISSUER.upper(),
    "https://token.actions.octo.ghe.com", f"{ISSUER}#", f"{ISSUER}?x", "", f"{ISSUER}/%2e",
]  # fmt: skip


@pytest.mark.parametrize("issuer", ISSUERS)
def test_another_tenants_issuer(issuer: str) -> None:
    """An enterprise's own issuer begins like everybody's, and everybody's like an enterprise's."""
    assert failed(policy(), token(iss=issuer)) == [("iss", VALUE)]
    assert failed(policy(issuer=f"{ISSUER}/octo"), token(iss=issuer)) == [("iss", VALUE)]
    assert failed(policy(issuer=f"{ISSUER}/octo"), token()) == [("iss", VALUE)]


@pytest.mark.parametrize("issuer", [f"{ISSUER}/", f"{ISSUER}/*", "https://*", "http://x.example", "", f"{ISSUER}\n",
                                    f"{ISSUER}?a", f"{ISSUER}#", "https://a@b", "https://"])  # fmt: skip
def test_an_issuer_is_one_address(issuer: str) -> None:
    assert refused_form(issuer=issuer)


DID = "did:agent:" + "0123456789abcdef" * 2


@pytest.mark.parametrize("aud", ["https://auth.example", f"https://auth.example:{DID}"])
def test_an_audience_with_the_asking_keys_did(aud: str) -> None:
    assert failed(policy(audience="https://auth.example"), token(aud=aud)) == []


@pytest.mark.parametrize(
    "aud",
    ["https://auth.example:root-key", "https://auth.example:8443", f"https://auth.example/x:{DID}", f"https://evil:{DID}",
     f"https://auth.example:{DID}:x", f"https://auth.example{DID}", DID, "", "https://auth.example:",
     f"https://auth.example:{DID.upper()}", f"https://auth.example:{DID[:-1]}"],
)  # fmt: skip
def test_an_audience_that_is_nearly_it(aud: str) -> None:
    assert failed(policy(audience="https://auth.example"), token(aud=aud)) == [("aud", VALUE)]


@pytest.mark.parametrize("claim", ["sub", "actor", "actor_id"])
def test_claims_that_prove_nothing(claim: str) -> None:
    said = refused_form(conditions={claim: {"exact": "x"}})
    assert f"`{claim}` is not for conditions: " in said
    assert ("attackers" in said) if claim == "sub" else ("starts a run" in said)


@pytest.mark.parametrize(
    "claim", ["iss", "aud", "repository_id", "repository_owner_id", "event_name", "jti", "exp"]
)
def test_claims_with_a_place_of_their_own(claim: str) -> None:
    assert "not for conditions" in refused_form(conditions={claim: {"exact": "x"}})


@pytest.mark.parametrize(
    "claim", ["enviroment", "Ref", "ref ", "", "repo_property_", "repo_property_a b", "__class__"]
)
def test_a_claim_with_a_typing_error(claim: str) -> None:
    """It would be absent from every token, and the owner would wonder why."""
    assert "no claim of GitHub" in refused_form(conditions={claim: {"exact": "x"}})


def test_claims_that_nobody_knows_yet_do_no_harm() -> None:
    assert failed(policy(), token(brand_new="x", another=[1, {}])) == []


def test_what_is_regular_elsewhere_is_nothing_here() -> None:
    assert fields()
    for pattern in ("^refs/heads/main$", "refs/heads/(main|dev)", "refs/heads/[a-z]*", "refs/heads/ma?n", "refs/**",
                    "refs/heads/{main,dev}", "refs\\/heads", "refs/heads/main|x"):  # fmt: skip
        assert "means nothing in `glob`" in refused_form(conditions={"ref": {"glob": pattern}})
    assert "means nothing in `exact`" in refused_form(conditions={"ref": {"exact": "refs/heads/*"}})
    for word in ("regex", "pattern", "not", "prefix"):
        assert "one of `exact` and `glob`" in refused_form(conditions={"ref": {word: "x"}})
