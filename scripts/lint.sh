#!/bin/sh
# Everything that is not Python: workflows, actions, YAML, shell, Dockerfile. Each linter runs over the files that are
# there; all of them run, and one that finds something fails the whole.
set -u
cd "$(dirname "$0")/.." || exit 1
bin=.venv/bin
PATH="$PWD/$bin:$PATH"
failed=""

files() { git ls-files --cached --others --exclude-standard -- "$@" | while read -r f; do [ ! -f "$f" ] || echo "$f"; done; }

# check NAME FILES COMMAND...: runs COMMAND with FILES (no white space in our names) appended, silent when content.
check() {
    name=$1
    list=$2
    shift 2
    [ -n "$list" ] || return 0
    # shellcheck disable=SC2086  # a list of names is meant
    if out=$("$@" $list 2>&1); then
        printf '  %-14s %s\n' "$name" "$(echo "$list" | wc -l) files, clean"
    else
        printf '%s\n' "$out"
        failed="$failed $name"
    fi
}

actions=$(files 'action.yml' '*/action.yml')
workflows=$(files '.github/workflows/*.yml' 'examples/*.yml')
shell=$(files '*.sh' '.ci/run' 'hooks/*' 'scripts/*' | sort -u | while read -r f; do
    head -n 1 "$f" | grep -q -E '^#!.*\b(ba|da)?sh$' && echo "$f"
done)

check zizmor "$(printf '%s\n%s\n' "$actions" "$workflows" | grep .)" zizmor --offline --quiet --no-progress
check yamllint "$(files '*.yml' '*.yaml')" yamllint --strict
check actions "$actions" check-jsonschema --quiet --builtin-schema vendor.github-actions
check workflows "$workflows" check-jsonschema --quiet --builtin-schema vendor.github-workflows
check dependabot "$(files .github/dependabot.yml)" check-jsonschema --quiet --builtin-schema vendor.dependabot
check compose "$(files 'deploy/docker-compose.yml')" check-jsonschema --quiet --builtin-schema vendor.compose-spec
check hadolint "$(files 'Dockerfile' '*/Dockerfile')" hadolint
check powershell "$(printf '%s\n%s\n%s\n' "$(files '*.ps1')" "$actions" "$workflows" | grep .)" python scripts/lint_powershell.py
check shellcheck "$shell" shellcheck

[ -z "$failed" ] || { printf 'lint:%s\n' "$failed" >&2; exit 1; }
