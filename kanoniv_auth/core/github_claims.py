"""What GitHub says in a job's OIDC token, and which of it an answer may hang on. Data; nothing is decided here.

The names are those of GitHub's own documentation. A claim that is not here may stand in a token and means nothing.
"""

from __future__ import annotations

PROPERTY = "repo_property_"  # and a custom property's name

# What a condition may ask for. Ids, `iss`, `aud` and `event_name` have keys of their own in a policy.
CONDITIONS = frozenset({
    "base_ref", "check_run_id", "enterprise", "enterprise_id", "environment", "environment_node_id", "head_ref",
    "job_workflow_ref", "job_workflow_sha", "ref", "ref_protected", "ref_type", "repository", "repository_owner",
    "repository_visibility", "run_attempt", "run_id", "run_number", "runner_environment", "sha", "workflow",
    "workflow_ref", "workflow_sha",
})  # fmt: skip

_PERSON = "whoever starts a run is not who wrote what runs"
_OWN_KEY = "it has a key of its own, beside `conditions`"
_PASSING = "it says when a token was made, not by what"
# What a condition may not ask for, and why.
REFUSED = {
    "sub": "its form changes with settings and with time, and joins what attackers name; use the claims themselves",
    "actor": _PERSON,
    "actor_id": _PERSON,
    "iss": "it has a key of its own: `issuer`",
    "aud": "it has a key of its own: `audience`",
    "repository_id": _OWN_KEY,
    "repository_owner_id": _OWN_KEY,
    "event_name": "it has a key of its own: `events`",
    "jti": _PASSING,
    "iat": _PASSING,
    "nbf": _PASSING,
    "exp": _PASSING,
}

# Runs of code that somebody with write access put into the repository.
USUAL_EVENTS = frozenset({
    "deployment", "merge_group", "pull_request", "push", "release", "repository_dispatch", "schedule",
    "workflow_dispatch",
})  # fmt: skip
# These run the default branch's workflow on what anybody sends; a policy has to name them. The first three are the ones
# attackers use: with a checkout of the wrong commit they run an attacker's code.
EVENTS = USUAL_EVENTS | frozenset({
    "issue_comment", "pull_request_target", "workflow_run",
    "branch_protection_rule", "check_run", "check_suite", "create", "delete", "deployment_status", "discussion",
    "discussion_comment", "dynamic", "fork", "gollum", "image_version", "issues", "label", "milestone", "page_build",
    "public", "pull_request_review", "pull_request_review_comment", "registry_package", "status", "watch",
})  # fmt: skip
