#!/bin/sh
# Puts kanoniv-auth below ~/.kanoniv/venv, makes a root key when there is none, and guards Claude Code with it.
#
#   ./install.sh               install, or bring up to date with this checkout
#   ./install.sh --uninstall   take the hooks, the commands and the program out; keys, tokens and the log stay
#
# Needs Python 3.10 or newer with pip, or uv. Every dependency is checked against a hash. Nothing needs root.
set -eu
umask 077

here=$(cd "$(dirname "$0")" && pwd -P)

fail() { # CAUSE FIX
    printf 'error: %s\nfix: %s\n' "$1" "$2" >&2
    exit 2
}

say() { printf '%s\n' "$1"; }

# shellcheck disable=SC2016 # Python, not shell
probe='import os, sys
if sys.version_info < (3, 10): sys.exit(1)
import venv
if sys.argv[1] == "pip": import pip
print(os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable))'

find_python() { # NEEDS ("pip" or ""): sets py
    # the system own first: it will be there when a virtual environment is gone
    for candidate in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
        py=$("$candidate" -I -c "$probe" "$1" 2>/dev/null) && return 0
    done
    return 1
}

# Without what makes pip or uv install elsewhere. Index, proxy and certificates stay: with hashes any index is safe.
clean() {
    env -u PIP_REQUIRE_VIRTUALENV -u PIP_USER -u PIP_PREFIX -u PIP_ROOT -u PIP_TARGET -u PIP_CONSTRAINT -u PIP_DRY_RUN \
        -u PIP_NO_BINARY -u PIP_ONLY_BINARY -u PIP_REQUIREMENT -u PIP_REPORT -u PIP_PLATFORM -u PIP_PYTHON \
        -u UV_CONSTRAINT -u UV_OVERRIDE -u UV_NO_BINARY -u UV_PREFIX -u UV_TARGET -u UV_PYTHON -u UV_SYSTEM_PYTHON \
        -u UV_PYTHON_PLATFORM -u VIRTUAL_ENV -u KANONIV_ROOT_KEY -u KANONIV_TOKEN PIP_ROOT_USER_ACTION=ignore "$@"
}

locked() { # LOCK TARGET
    if [ -n "$uv" ]; then
        clean "$uv" pip install -q --no-deps --require-hashes --only-binary :all: --python "$py" --target "$2" -r "$1" &&
            return 0
    fi
    clean "$py" -I -m pip install -q --no-input --disable-pip-version-check --no-deps --require-hashes \
        --only-binary :all: --target "$2" -r "$1"
}

quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

build() { # a whole program in $new, or nothing
    "$py" -I -m venv --without-pip "$new" || return 1
    site=$("$new/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))') || return 1
    # with tree-sitter, which reads more kinds of shell commands; it is a compiled package, and not for every machine
    locked "$here/requirements/agents.lock" "$site" || {
        rm -rf "$site"
        locked "$here/requirements/base.lock" "$site" || return 1
        say 'note: tree-sitter could not be installed; shell commands that are not plain words need shell.any'
    }
    cp -R "$here/kanoniv_auth" "$site/kanoniv_auth" || return 1
    find "$site/kanoniv_auth" -name __pycache__ -type d -prune -exec rm -rf {} +
    start='import sys; sys.argv[0] = "kanoniv-auth"; from kanoniv_auth.cli.main import main; sys.exit(main())'
    # shellcheck disable=SC2016 # $@ is for the file
    printf '#!/bin/sh\nexec %s -I -c %s "$@"\n' "$(quoted "$venv/bin/python")" "$(quoted "$start")" \
        >"$new/bin/kanoniv-auth"
    chmod 755 "$new/bin/kanoniv-auth"
    "$new/bin/python" -I -c 'import compileall, sys, kanoniv_auth.cli.main, nacl.signing, click
compileall.compile_dir(sys.argv[1], quiet=2)' "$site" || return 1
}

install() {
    py='' uv=$(command -v uv || true)
    find_python pip || { [ -n "$uv" ] && find_python ''; } ||
        fail 'no Python 3.10 or newer with pip (or uv) was found' 'install Python 3.10 or newer, and its pip'
    [ -f "$here/requirements/base.lock" ] && [ -d "$here/kanoniv_auth" ] ||
        fail "$here is no checkout of auth-action" \
            'git clone https://github.com/kanoniv/auth-action.git ~/.kanoniv/auth-action, and run its install.sh'
    mkdir -p "$base"
    chmod 700 "$base" # a clone that was put below it has made it for everybody to look into
    rm -rf "$new" "$old"
    say 'kanoniv-auth: installing the locked dependencies below ~/.kanoniv/venv'
    build || { rm -rf "$new"; fail 'the program could not be put together; what was there before is unchanged' \
        'read the lines above; behind a proxy set PIP_INDEX_URL and PIP_CERT'; }
    [ ! -e "$venv" ] || mv "$venv" "$old"
    mv "$new" "$venv"
    rm -rf "$old"
    if [ -d "$HOME/.local/bin" ] && [ ! -e "$link" ] && [ ! -L "$link" ]; then
        ln -s "$venv/bin/kanoniv-auth" "$link"
    fi
    home=${KANONIV_HOME:-$base}
    [ -e "$home/root.key" ] || "$venv/bin/kanoniv-auth" init
    "$venv/bin/kanoniv-auth" install-skill
    command -v kanoniv-auth >/dev/null 2>&1 ||
        say "note: kanoniv-auth is not on your PATH yet; add $venv/bin, or call it by its path"
}

uninstall() {
    if [ -x "$venv/bin/kanoniv-auth" ]; then
        said=$("$venv/bin/kanoniv-auth" uninstall)
        printf '%s\n' "$said" | sed '/^  Stays:     the program: /d'
        say "  Removed:   $venv"
        say 'note: what still stands in projects and repositories cannot run now and refuses; to take it out with the'
        say '      commands above, run ./install.sh once more first'
    else
        say "There is no program in $venv."
    fi
    [ "$(readlink "$link" 2>/dev/null || true)" != "$venv/bin/kanoniv-auth" ] || rm -f "$link"
    rm -rf "$venv" "$new" "$old"
}

[ -n "${HOME:-}" ] && [ -d "$HOME" ] || fail 'HOME is not a directory' 'run this as an ordinary user'
base=$HOME/.kanoniv venv=$HOME/.kanoniv/venv new=$HOME/.kanoniv/venv.new old=$HOME/.kanoniv/venv.old
link=$HOME/.local/bin/kanoniv-auth
case ${1:-} in
    '') install ;;
    --uninstall) uninstall ;;
    *) fail "unknown argument: $1" './install.sh, or ./install.sh --uninstall' ;;
esac
