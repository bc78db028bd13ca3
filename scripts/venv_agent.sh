#!/bin/sh
# Puts Claude Code into .venv-agent, for `make test-agent` alone: it comes inside the wheel of its SDK, and under its
# maker's terms. Nothing of it is a dependency of this project.
set -eu
cd "$(dirname "$0")/.."

version=0.2.187
venv=.venv-agent
stamp=$venv/$version
[ ! -e "$stamp" ] || exit 0
echo "make: installing claude-agent-sdk $version into $venv (170 MB to fetch)"
rm -rf "$venv"
.venv/bin/python -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "claude-agent-sdk==$version"
touch "$stamp"
