"""Which rule judges which program; what is on no list needs `shell.run.NAME`, which nobody has by chance. Pure.

The rules' modules are loaded when a command asks for them: most commands ask for one.
"""

from __future__ import annotations

from kanoniv_auth.hooks.shell.scene import SCRIPT, TESTS
from kanoniv_auth.hooks.shell.words import LITERAL, RESERVED, NotUnderstood

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

# where a program with a path is the one of that name
_TRUSTED = ("/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/", "/usr/local/bin/", "/opt/homebrew/bin/")
_RULES = {
    "builtins": "echo printf test [ : cd set unset export read source . umask ulimit env printenv local readonly alias "
    "declare typeset trap pushd popd let mapfile readarray getopts shopt enable complete compgen bind fc history "
    "suspend logout disown fg bg caller dirs emulate zmodload autoload setopt unsetopt functions aliases print sched "
    "vared which-command",
    "wrappers": "sudo doas command builtin exec nohup nice ionice timeout gtimeout time stdbuf setsid watch caffeinate "
    "eval ssh parallel flock chronic unbuffer busybox noglob",
    "finding": "find xargs",
    "shells": "sh bash zsh dash ksh ash fish rbash",
    "files": "rm rmdir mkdir touch cp mv ln install chmod chown chgrp tee truncate dd unlink mktemp gzip gunzip",
    "archives": "tar zip unzip patch",
    "texts": "sed gsed awk gawk mawk nawk",
    "git": "git",
    "gh": "gh",
    "web": "curl wget",
    "own": "kanoniv-auth kanoniv-auth-server kanoniv-ci kanoniv_auth kanoniv_server kanoniv_ci claude",
    "runners": "pytest py.test tox nox vitest jest mocha ava tsc eslint flake8 pylint mypy pyright basedpyright ruff "
    "rspec rubocop phpunit phpstan ctest javac kotlinc rustc gcc g++ clang clang++ cc c++ ld golangci-lint staticcheck "
    "hadolint yamllint actionlint coverage ninja meson black isort prettier biome gofmt goimports rustfmt shfmt "
    "clang-format unittest swiftlint ktlint playwright zizmor bandit vulture stylelint stylua lint-imports "
    "cargo go npm pnpm yarn bun deno mvn mvnw gradle gradlew dotnet swift zig npx pnpx bunx uvx uv poetry pipenv pdm "
    "rye hatch bundle make gmake just task rake cmake bazel python node ruby perl php lua Rscript java tsx ts-node "
    "osascript pwsh powershell pip pip3 pipx gem composer conda mamba brew apt apt-get dnf yum apk pre-commit",
}  # fmt: skip
_modules = {name: module for module, names in _RULES.items() for name in names.split()}


def judge(scene: Scene) -> None:
    """Ask for what one command's program needs. Raises: NotUnderstood."""
    first = scene.simple.words[0]
    if first.kind != LITERAL or not first.text or first.text in RESERVED - {"[["}:
        raise NotUnderstood("a command that is not certain")
    name = _name(first.text)
    if "/" in name:
        _elsewhere(scene, name)
        return
    asked = [word.literal for word in scene.args]
    module = _module(name)
    if asked in (["--version"], ["--help"]) and name != "eval" and module != "runners":
        scene.harmless() if module or _reads(name) else _unknown(scene, name)
        return
    if module is not None:
        found = __import__(f"kanoniv_auth.hooks.shell.{module}", fromlist=("judge",))
        found.judge(scene, name)
    elif _reads(name):
        from kanoniv_auth.hooks.shell import readers  # noqa: PLC0415 - a table of hundreds of options

        readers.judge(scene, name)
    else:
        _unknown(scene, name)


def _name(text: str) -> str:
    for folder in _TRUSTED:
        if text.startswith(folder) and "/" not in text[len(folder) :]:
            return text[len(folder) :]
    return text


def _module(name: str) -> str | None:
    if name.startswith("git-"):
        return "git"
    stem = name.rstrip("0123456789.")
    return _modules.get(name) or ("runners" if stem in ("python", "pypy") else None)


def _reads(name: str) -> bool:
    from kanoniv_auth.hooks.shell import readers  # noqa: PLC0415 - as above

    return readers.knows(name)


def _elsewhere(scene: Scene, path: str) -> None:
    """A program of the project's, or of some folder's: a script, whatever it is called."""
    name = path.rpartition("/")[2]
    module = _module(name)
    if module in ("own", "runners"):
        # as its name says, and a file of the project's besides
        found = __import__(f"kanoniv_auth.hooks.shell.{module}", fromlist=("judge",))
        found.judge(scene, name)
        scene.need(SCRIPT if module == "own" else TESTS, "it runs a program by its path")
    elif path.startswith("/dev/") or path.endswith("/"):
        raise NotUnderstood("a program that is none")
    else:
        scene.need(SCRIPT, "it runs a program by its path")
    scene.read(scene.simple.words[0])


def _unknown(scene: Scene, name: str) -> None:
    scene.named("a program that is not known", "shell", "run", name)
