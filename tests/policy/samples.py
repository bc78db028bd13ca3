"""Policies as people would write them, right and wrong: each goes through the loader and through the JSON schema."""

from __future__ import annotations

BASE = """\
issuer: https://token.actions.githubusercontent.com
repository_id: "123456"
repository_owner_id: "789"
scopes: [deploy.staging]
max_ttl: 1h
"""


def change(old: str, new: str) -> str:
    assert old in BASE
    return BASE.replace(old, new)


def ref(matcher: str) -> str:
    return f"{BASE}conditions:\n  ref: {matcher}\n"


VALID = {
    "least": BASE,
    "audience": BASE + "audience: https://auth.example\n",
    "events": BASE + "events: [push, pull_request_target]\n",
    "no conditions": BASE + "conditions: {}\n",
    "exact": ref("{exact: refs/heads/main}"),
    "several": ref("{exact: [refs/heads/main, refs/heads/dev]}"),
    "glob": ref('{glob: "refs/heads/*"}'),
    "globs": ref('{glob: ["refs/heads/*", "refs/tags/v*"]}'),
    "property": BASE + "conditions:\n  repo_property_tier: {exact: gold}\n",
    "ttl seconds": change("1h", "3600"),
    "ttl long": change("1h", "99d99h9999m99999s"),
    "ttl most": change("1h", "10368000"),
    "ttl mixed": change("1h", "1h30m"),
    "scopes": change("[deploy.staging]", "[build, deploy.staging, a-b_c.%2f]"),
    "enterprise": change("usercontent.com", "usercontent.com/octo-corp"),
    "server": change("https://token.actions.githubusercontent.com", "https://ghe.example:8443/_services/token"),
    "loopback": change("https://token.actions.githubusercontent.com", "http://127.0.0.1:8080"),
    "spaces": BASE + "conditions:\n  workflow: {exact: Deploy to production (all)}\n",
    "unicode": BASE + "conditions:\n  environment: {exact: Prüfung 🚀}\n",
    "quoted boolean": BASE + 'conditions:\n  ref_protected: {exact: "true"}\n',
    "comment": f"# what for\n{BASE}",
    "json": '{"issuer": "https://x.example", "repository_id": "1", "repository_owner_id": "2",'
    ' "scopes": ["a"], "max_ttl": 60}',
}  # fmt: skip

INVALID = {
    "empty object": "{}\n",
    "list": "[a]\n",
    "text": "hello\n",
    "unknown key": BASE + "condition: {}\n",
    "name": BASE + "name: x\n",
    "no issuer": change("issuer: https://token.actions.githubusercontent.com\n", ""),
    "no id": change('repository_id: "123456"\n', ""),
    "no owner": change('repository_owner_id: "789"\n', ""),
    "no scopes": change("scopes: [deploy.staging]\n", ""),
    "no ttl": change("max_ttl: 1h\n", ""),
    "only issuer and audience": "issuer: https://x.example\naudience: https://y\nscopes: [a]\nmax_ttl: 1h\n",
    "id number": change('"123456"', "123456"),
    "id star": change('"789"', '"*"'),
    "id zero": change('"789"', '"0"'),
    "id newline": change('"789"', '"789\\n"'),
    "issuer slash": change("usercontent.com", "usercontent.com/"),
    "issuer star": change("https://token.actions.githubusercontent.com", '"https://*.githubusercontent.com"'),
    "issuer http": change("https://", "http://"),
    "issuer newline": change("https://token.actions.githubusercontent.com", '"https://x.example\\n"'),
    "audience empty": BASE + 'audience: ""\n',
    "audience number": BASE + "audience: 5\n",
    "audience list": BASE + "audience: [https://x]\n",
    "audience control": BASE + 'audience: "a\\u202eb"\n',
    "events empty": BASE + "events: []\n",
    "events text": BASE + "events: push\n",
    "events unknown": BASE + "events: [psh]\n",
    "events twice": BASE + "events: [push, push]\n",
    "events star": BASE + 'events: ["*"]\n',
    "conditions list": BASE + "conditions: [ref]\n",
    "sub": BASE + "conditions:\n  sub: {exact: x}\n",
    "actor": BASE + "conditions:\n  actor: {exact: x}\n",
    "aud": BASE + "conditions:\n  aud: {exact: x}\n",
    "typo": BASE + "conditions:\n  enviroment: {exact: x}\n",
    "property without a name": BASE + "conditions:\n  repo_property_: {exact: x}\n",
    "bare text": ref("refs/heads/main"),
    "no matcher": ref("{}"),
    "two matchers": ref("{exact: a, glob: b}"),
    "regex": ref("{regex: a}"),
    "exact star": ref('{exact: "refs/heads/*"}'),
    "exact empty": ref('{exact: ""}'),
    "exact none": ref("{exact: []}"),
    "exact twice": ref("{exact: [a, a]}"),
    "exact nested": ref("{exact: [[a]]}"),
    "exact number": ref("{exact: 5}"),
    "exact newline": ref('{exact: "refs/heads/main\\n"}'),
    "exact nul": ref('{exact: "a\\0b"}'),
    "exact long": ref("{exact: " + "a" * 1025 + "}"),
    "glob double": ref('{glob: "refs/**"}'),
    "glob question": ref('{glob: "v?"}'),
    "glob brackets": ref('{glob: "v[0-9]"}'),
    "glob anchors": ref('{glob: "^v1$"}'),
    "glob braces": ref('{glob: "{a,b}"}'),
    "scopes empty": change("[deploy.staging]", "[]"),
    "scopes text": change("[deploy.staging]", "deploy.staging"),
    "scopes star": change("[deploy.staging]", '["deploy.*"]'),
    "scopes colon": change("[deploy.staging]", '["deploy:staging"]'),
    "scopes twice": change("[deploy.staging]", "[a, a]"),
    "scopes dot": change("[deploy.staging]", "[a..b]"),
    "scopes escape": change("[deploy.staging]", '["a%41"]'),
    "scopes escape big": change("[deploy.staging]", '["a%2F"]'),
    "scopes underscore escape": change("[deploy.staging]", '["a%5f"]'),
    "scopes space": change("[deploy.staging]", '[" a"]'),
    "scopes newline": change("[deploy.staging]", '["a\\n"]'),
    "scopes deep": change("[deploy.staging]", "[" + ".".join("a" * 17) + "]"),
    "scopes wide": change("[deploy.staging]", "[" + "a" * 201 + "]"),
    "scopes many": change("[deploy.staging]", "[" + ",".join(f"a{n}" for n in range(65)) + "]"),
    "ttl zero": change("1h", "0"),
    "ttl zero text": change("1h", "0h"),
    "ttl negative": change("1h", "-5"),
    "ttl never": change("1h", "never"),
    "ttl order": change("1h", "30m1h"),
    "ttl empty": change("1h", '""'),
    "ttl long": change("1h", "10368001"),
    "ttl space": change("1h", '"1h "'),
    "ttl newline": change("1h", '"1h\\n"'),
    "ttl list": change("1h", "[1h]"),
    "many conditions": BASE + "conditions:\n" + "".join(f"  repo_property_p{n}: {{exact: a}}\n" for n in range(33)),
}  # fmt: skip

# what YAML makes of it would be anybody's guess; each with a word of the refusal, and its line
YAML_TRAPS = {
    "key twice": (BASE + "max_ttl: 30d\n", "a second time", 6),
    "inner key twice": (BASE + "conditions:\n  ref: {exact: a}\n  ref: {exact: b}\n", "a second time", 8),
    "matcher twice": (ref("{exact: a, exact: b}"), "a second time", 7),
    "anchor": (BASE + "audience: &a https://x\n", "an anchor or alias", 6),
    "alias": (BASE + "audience: *a\n", "an anchor or alias", 6),
    "merge": (BASE + "<<: {audience: x}\n", "another mapping's keys", 6),
    "quoted merge": (BASE + '"<<": {audience: x}\n', "no key of a policy", 6),
    "tag": (BASE + "audience: !!python/object/apply:os.system [id]\n", "a tag", 6),
    "binary": (BASE + "audience: !!binary aGk=\n", "a tag", 6),
    "number key": (BASE + "5: x\n", "not text", 6),
    "boolean key": (BASE + "on: [push]\n", "true or false", 6),
    "null key": (BASE + "~: x\n", "nothing", 6),
    "list key": (BASE + "? [a]\n: x\n", "not text", 6),
    "bare boolean": (BASE + "conditions:\n  ref_protected: {exact: true}\n", "true or false", 7),
    "bare no": (BASE + "audience: no\n", "true or false", 6),
    "bare date": (BASE + "audience: 2026-01-01\n", "a date", 6),
    "bare fraction": (change("1h", "1.5"), "a fraction", 5),
    "sexagesimal": (change("1h", "1:30"), "another number", 5),
    "octal": (change("1h", "0777"), "another number", 5),
    "hex": (change("1h", "0x10"), "another number", 5),
    "underscores": (change("1h", "3_600"), "another number", 5),
    "nothing": (BASE + "audience:\n", "nothing", 6),
    "two documents": (f"{BASE}---\n{BASE}", "a second document", 6),
    "no YAML": (BASE + "audience: [\n", "not YAML", 7),
    "tabs": (BASE + "\tx: y\n", "not YAML", 6),
    "control": (BASE + "audience: a\x01b\n", "not YAML", 1),
    "deep": (BASE + "conditions: " + "[" * 20_000, "deeper than", 6),
    "deep maps": (BASE + "conditions: " + "{a: " * 5_000, "deeper than", 6),
    "empty": ("", "empty", 1),
    "only a comment": ("# nothing\n", "empty", 1),
    "large": ("#" * 70_000, "larger than", 0),
}  # fmt: skip
