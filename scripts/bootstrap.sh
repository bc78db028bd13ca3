#!/bin/sh
# The action's steps around the mint, on Linux and macOS (POSIX sh; Windows: bootstrap.ps1).
#
#   begin    session directory, interpreter, copy of the code, the runtime; installs the locked dependencies: at once
#            for the host, beside the container's run for docker
#   cli      waits for them and puts the one command `kanoniv-auth` on the PATH of later steps
#   report   waits for them and shows what was minted; never fails the job
#   check    what the second action (verify/) does, with dependencies of its own
#   conclude what the third action (report/) does, likewise
#
# No step of this file needs a secret; a runner that hands INPUT_* down to composite steps is undone here.
set -eu
umask 077
unset INPUT_ROOT_KEY INPUT_API_KEY INPUT_PARENT_TOKEN ACTIONS_ID_TOKEN_REQUEST_TOKEN KANONIV_DEPS

here=$(cd "$(dirname "$0")/.." && pwd -P)

fail() { # CODE CAUSE FIX: an annotation, a summary block, the end
    printf '::error title=%s::%s. Fix: %s\n' "$1" "$2" "$3"
    if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
        printf '### kanoniv-auth: this step could not go on\n\n| Code | Cause | Fix |\n|---|---|---|\n| %s | %s | %s |\n' \
            "$1" "$2" "$3" >>"$GITHUB_STEP_SUMMARY"
    fi
    exit 2
}

say() { printf 'kanoniv-auth: %s\n' "$1"; }

# ------------------------------------------------------------------------------------------------------- interpreter

# The interpreter's own real path: a shim or a virtual environment may be gone when a later step calls us.
# shellcheck disable=SC2016 # Python, not shell
probe='import sys, os
if sys.version_info < (3, 10): sys.exit(1)
if sys.argv[1] == "pip": import pip
print(os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable))'

find_python() { # NEEDS ("pip" or ""): sets py
    # /usr/bin first: no setup-python, pyenv or virtual environment of the job's can change it
    for candidate in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11 python3.10 python; do
        py=$("$candidate" -I -c "$probe" "$1" 2>/dev/null) && return 0
    done
    return 1
}

choose_python() { # FIRST ("uv", which is fastest, or "pip", which need not come from PATH)
    py='' uv=''
    if [ "$1" = pip ] && find_python pip; then return 0; fi
    uv=$(command -v uv || true)
    if [ -n "$uv" ]; then
        find_python '' && return 0
        py=$("$uv" python find --no-project '>=3.10' 2>/dev/null) && return 0
        "$uv" python install -q 3.12 >/dev/null 2>&1 && py=$("$uv" python find --no-project 3.12 2>/dev/null) && return 0
    fi
    find_python pip || fail KAN-RUNNER-003 'no Python 3.10 or newer with pip, and no uv, on this runner' \
        "add a step \`uses: actions/setup-python\` before this one, or put uv on PATH"
}

# ------------------------------------------------------------------------------------------------------ dependencies

# Without what makes pip or uv fail, or end well with nothing installed. Index, proxy and CA settings stay: with
# hashes any index is safe.
clean() {
    env -u PIP_REQUIRE_VIRTUALENV -u PIP_USER -u PIP_PREFIX -u PIP_ROOT -u PIP_TARGET -u PIP_CONSTRAINT -u PIP_DRY_RUN \
        -u PIP_NO_BINARY -u PIP_ONLY_BINARY -u PIP_REQUIREMENT -u PIP_REPORT -u PIP_PLATFORM -u PIP_PYTHON \
        -u UV_CONSTRAINT -u UV_OVERRIDE -u UV_NO_BINARY -u UV_PREFIX -u UV_TARGET -u UV_PYTHON -u UV_SYSTEM_PYTHON \
        -u UV_PYTHON_PLATFORM -u VIRTUAL_ENV -u INPUT_GITHUB_TOKEN -u INPUT_TOKEN -u KANONIV_TOKEN PIP_ROOT_USER_ACTION=ignore "$@"
}

install_set() { # LOCK TARGET COMPILE ("yes" for what runs often)
    flag=compile
    [ "$3" = yes ] || flag=no-compile
    if [ -n "$uv" ]; then
        clean "$uv" pip install -q --no-deps --require-hashes --only-binary :all: "--$flag-bytecode" --python "$py" \
            --target "$2" -r "$1" && return 0
        # uv reads none of pip's settings: the index or certificate of this runner may be known to pip alone
        "$py" -I -c 'import pip' 2>/dev/null || return 1
        say 'uv did not manage, now with pip'
        rm -rf "$2"
    fi
    clean "$py" -I -m pip install -q --no-input --disable-pip-version-check --no-deps --require-hashes \
        --only-binary :all: "--$flag" --target "$2" -r "$1"
}

# Proves the install by importing from it, and compiles our own code: later calls run with -B and would not keep it.
prove='import compileall, importlib, sys
code, deps, *names = sys.argv[1:]
sys.path.insert(0, deps)
for name in names: importlib.import_module(name)
if code: compileall.compile_dir(code, quiet=2)'

install_all() { # SESSION SET VERSION
    cd "$1" # no uv.toml or pyproject.toml of the workspace
    install_set code/requirements/base.lock "$1/deps" yes || return 1
    "$py" -I -S -B -c "$prove" "$1/code" "$1/deps" nacl.signing nacl._sodium click || return 1
    if [ "$2" = ci ]; then
        install_set code/requirements/ci.lock "$1/ci" no || return 1
        "$py" -I -S -B -c "$prove" '' "$1/ci" cryptography requests jwt github || return 1
    fi
    if [ -n "$3" ]; then
        clean "$py" -I -m pip install -q --no-input --disable-pip-version-check --no-deps --only-binary :all: \
            --target "$1/release" "kanoniv-auth==$3" || return 1
        "$py" -I -S -B -c "import sys; sys.path[:0] = sys.argv[1:]
import kanoniv_auth.cli.main" "$1/release" "$1/deps" || {
            say "release $3 of kanoniv-auth has no command line this action can serve"
            return 1
        }
    fi
}

begin_install() { # SESSION SET VERSION: leaves the exit code in install.rc, whatever happens
    status=0
    (install_all "$@") >"$1/install.log" 2>&1 </dev/null || status=$?
    printf '%s\n' "$status" >"$1/install.rc.new"
    mv "$1/install.rc.new" "$1/install.rc"
}

await_install() { # SESSION
    waited=0
    while [ ! -f "$1/install.rc" ]; do
        # its process is gone without a word: killed with the step that started it
        if [ -f "$1/install.pid" ] && ! kill -0 "$(cat "$1/install.pid")" 2>/dev/null && [ ! -f "$1/install.rc" ]; then
            printf '1\n' >"$1/install.rc"
        fi
        [ "$waited" -lt 1200 ] || printf '1\n' >"$1/install.rc"
        sleep 0.1 2>/dev/null || sleep 1
        waited=$((waited + 1))
    done
    [ "$(cat "$1/install.rc")" = 0 ] && return 0
    # foreign lines, shown so that none of them can be a workflow command
    stop="stop-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
    printf '::stop-commands::%s\n' "$stop"
    tail -n 40 "$1/install.log" 2>/dev/null || true
    printf '\n::%s::\n' "$stop"
    return 1
}

no_install() {
    fail KAN-RUNNER-004 'the locked dependencies could not be installed' \
        "read the installer's lines above; behind a proxy set PIP_INDEX_URL and PIP_CERT"
}

# ------------------------------------------------------------------------------------------------------------- steps

new_session() {
    if [ ! -d "${RUNNER_TEMP:-}" ]; then
        fail KAN-RUNNER-001 'RUNNER_TEMP is not set, so this does not run inside a workflow step' \
            "run it through \`uses: kanoniv/auth-action@v1\`"
    fi
    session=$(cd "$RUNNER_TEMP" && mktemp -d "$PWD/kanoniv-XXXXXXXXXX")
    mkdir "$session/code" "$session/bin"
    # a copy: `uses: ./` is the job's workspace, which later steps may change or clean
    cp -R "$here/kanoniv_auth" "$here/kanoniv_ci" "$here/requirements" "$here/entrypoint.py" "$here/Dockerfile" \
        "$here/image.lock" "$session/code/"
    cp "$here/scripts/shim.py" "$session/cli.py"
}

quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

begin() {
    new_session
    choose_python uv
    export KANONIV_SESSION="$session"
    "$py" -I -S -B "$session/code/entrypoint.py" plan
    { read -r runtime && read -r set && read -r version; } <"$session/plan"
    if [ -n "$version" ]; then
        printf '::warning title=kanoniv-auth::version %s serves the command line from a release without a locked hash\n' \
            "$version"
    fi
    printf '#!/bin/sh\nexec %s -I -S -B %s "$@"\n' "$(quoted "$py")" "$(quoted "$session/cli.py")" \
        >"$session/bin/kanoniv-auth"
    chmod 755 "$session/bin/kanoniv-auth"
    if [ "$runtime" = docker ]; then
        # beside the container's run; the terminal's end must not take it along, so HUP is ignored before it starts
        trap '' HUP
        begin_install "$session" "$set" "$version" >/dev/null 2>&1 </dev/null &
        printf '%s\n' "$!" >"$session/install.pid"
    else
        begin_install "$session" "$set" "$version"
        await_install "$session" || no_install
    fi
    {
        printf 'dir=%s\n' "$session"
        printf 'python=%s\n' "$py"
    } >>"$GITHUB_OUTPUT"
}

cli() {
    await_install "$KANONIV_SESSION" || no_install
    printf '%s\n' "$KANONIV_SESSION/bin" >>"$GITHUB_PATH"
    say 'later steps have the command kanoniv-auth'
}

report() {
    if [ -z "${KANONIV_SESSION:-}" ] || ! await_install "$KANONIV_SESSION"; then
        say 'nothing to report'
        return 0
    fi
    "$KANONIV_PYTHON" -I -S -B "$KANONIV_SESSION/code/entrypoint.py" report ||
        printf '::notice title=kanoniv-auth::the report could not be shown; the token is not affected\n'
}

alone() { # WORD SET: a step that stands by itself, with dependencies of its own
    new_session
    choose_python pip # what an earlier step put on PATH is tried last
    begin_install "$session" "$2" ''
    await_install "$session" || no_install
    status=0
    "$py" -I -S -B "$session/code/entrypoint.py" "$1" || status=$?
    rm -rf "$session"
    return "$status"
}

check() { alone check base; }

conclude() {
    set=base
    case ${INPUT_POST_AUDIT:-} in true | True | TRUE) set=ci ;; esac
    alone conclude "$set"
}

case ${1:-} in
    begin | cli | report | check | conclude) "$1" ;;
    *)
        say "no such step: ${1:-}"
        exit 2
        ;;
esac
