#!/bin/sh
# Makes (or refreshes) .venv from requirements/dev.lock: hashes only, wheels only, then this tree in editable form.
# Says what it does at least every two seconds, because the first run of `make` is somebody's first impression.
set -eu
cd "$(dirname "$0")/.."
venv=.venv
lock=requirements/dev.lock
began=$(date +%s)

say() { printf '  %3ss  %s\n' "$(($(date +%s) - began))" "$*"; }

fail() {
    printf '\n%s\n' "$1" >&2
    shift
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

# The first interpreter that is new enough and can make virtual environments; a version manager's stub may exist and
# still refuse to run, so each candidate is asked. $PYTHON goes first.
choose_python() {
    old=""
    for name in ${PYTHON-} python3.12 python3.11 python3.13 python3.10 python3; do
        command -v "$name" >/dev/null 2>&1 || continue
        if "$name" -I -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
            if "$name" -I -c 'import ensurepip, venv' >/dev/null 2>&1; then
                printf '%s\n' "$name"
                return
            fi
            bare=$name
        else
            old="$old $name"
        fi
    done
    [ -z "${bare-}" ] || fail "$bare is new enough but lacks the venv module." \
        "Debian, Ubuntu:  apt-get install python3-venv   (then run this again)"
    fail "No Python 3.10 or newer was found.${old:+ Too old or not usable:$old.}" \
        "Debian, Ubuntu:  apt-get install python3 python3-venv" \
        "macOS:           brew install python@3.12"
}

# Runs a command with its output in a log, and reports from that log while it runs.
watched() {
    what=$1
    log=$2
    shift 2
    "$@" >"$log" 2>&1 </dev/null &
    job=$!
    ticks=0
    while kill -0 "$job" 2>/dev/null; do
        sleep 0.5
        ticks=$((ticks + 1))
        [ $((ticks % 3)) -ne 0 ] || say "$what: $(progress "$log")"
    done
    wait "$job" || {
        tail -n 15 "$log" >&2
        fail "$what failed; the last lines of its output are above."
    }
}

progress() {
    if grep -q '^Installing collected packages' "$1"; then
        echo "unpacking $packages packages"
    elif grep -q '^Collecting' "$1"; then
        echo "fetched $(grep -c '^Collecting' "$1") of $packages packages"
    else
        echo "still at it"
    fi
}

pip() {
    # These would send the packages elsewhere, or nowhere, and still end well.
    env -u PIP_TARGET -u PIP_PREFIX -u PIP_ROOT -u PIP_USER -u PIP_DRY_RUN -u PIP_CONSTRAINT -u PIP_NO_BINARY \
        -u PIP_REQUIRE_VIRTUALENV -u PYTHONPATH -u PYTHONHOME \
        "$venv/bin/python" -m pip install --no-input --disable-pip-version-check --progress-bar off "$@"
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
packages=$(grep -o -E '^[a-zA-Z0-9._-]+' "$lock" | sort -u | wc -l)

if [ -x $venv/bin/python ] && $venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    say "$venv is there: bringing it up to date"
else
    python=$(choose_python)
    say "making $venv with $("$python" -I -c 'import platform; print("Python", platform.python_version())') ($python)"
    rm -rf $venv
    watched "making $venv" "$log" "$python" -m venv $venv
fi
say "installing the locked tools: $packages packages, each checked against its hash"
watched "installing" "$log" pip --no-compile --no-deps --require-hashes --only-binary :all: -r "$lock"
say "installing this tree itself, editable"
watched "installing kanoniv-auth" "$log" pip --no-deps --no-build-isolation -e .
touch "$venv/installed"
say "$venv is ready"
