"""Variables that are set for a command, or for all that follow: which of them change what runs. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell.scene import ANY, CONFIG, SCRIPT, TESTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

# variables that change what a command says, and nothing that it does
_CALM = frozenset(
    ("CI", "CLICOLOR", "COLUMNS", "DEBUG", "FORCE_COLOR", "LANG", "LINES", "NODE_ENV", "NO_COLOR", "RUST_BACKTRACE",
     "RUST_LOG", "TERM", "TZ", "CARGO_TERM_COLOR", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "LANGUAGE")
)  # fmt: skip
_LOADED = ("LD_", "DYLD_", "BASH", "ZDOT", "SHELLOPTS", "PROMPT_", "PS")
_LOADED_NAMES = frozenset(
    ("PATH", "ENV", "IFS", "HOME", "CDPATH", "FPATH", "PERL5OPT", "PWD", "OLDPWD", "SHELL", "GLOBIGNORE", "HISTFILE",
     "path", "fpath", "cdpath", "argv", "module_path", "TMPDIR", "XDG_CONFIG_HOME", "NULLCMD", "READNULLCMD", "FIGNORE")
)  # fmt: skip
_ENDINGS = ("_proxy", "_config", "_options", "_args", "_cmd", "_command")
_FUNCTIONS = "_functions"  # zsh calls what stands in one of these


def judge_variable(scene: Scene, name: str, actions: set[str] | None) -> None:
    """Ask for what setting a variable needs.

    actions: what the command needs anyway that it is set for, None when it is set for all that follow
    """
    if name.upper().startswith(("KANONIV_", "CLAUDE")):
        scene.need(CONFIG, f"it sets {name}")
    elif name.startswith("GIT_"):
        scene.need("git.config", f"it sets {name}")
    elif name in _LOADED_NAMES or name.startswith(_LOADED) or name.endswith(_FUNCTIONS):
        scene.need(ANY, f"it sets {name}, which can change what a command runs")
    elif not _is_calm(name, actions):
        scene.need(SCRIPT, f"it sets {name}, which can change what a command does")


def _is_calm(name: str, actions: set[str] | None) -> bool:
    if name in _CALM or name.startswith("LC_"):
        return True
    if actions is not None:
        # what runs the project's code anyway may as well be told something
        return not actions.isdisjoint((TESTS, SCRIPT))
    # a shell's own variable, unless it is one that was there before: those are spelled in capitals, with few exceptions
    return name.islower() and not name.startswith(("npm_", "pip_")) and not name.endswith(_ENDINGS)
