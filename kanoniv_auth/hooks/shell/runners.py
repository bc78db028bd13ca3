"""What builds, checks and runs the project: its own tools, package managers, interpreters. Pure.

`test.run` runs code of the repository, whatever its tests say; it is named so that nobody takes it for less. What runs
any file or text needs `shell.script`.
"""

from __future__ import annotations

from kanoniv_auth.hooks.shell.scene import SCRIPT, TESTS
from kanoniv_auth.hooks.shell.words import LITERAL, PATTERN, NotUnderstood, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

# what any arguments leave a test, a check or a build
_TESTERS = frozenset(
    ("pytest", "py.test", "tox", "nox", "vitest", "jest", "mocha", "ava", "tsc", "eslint", "flake8", "pylint", "mypy",
     "pyright", "basedpyright", "rspec", "rubocop", "phpunit", "phpstan", "ctest", "javac", "kotlinc", "rustc", "gcc",
     "g++", "clang", "clang++", "cc", "c++", "ld", "golangci-lint", "staticcheck", "hadolint", "yamllint", "actionlint",
     "ninja", "meson", "unittest", "swiftlint", "playwright", "zizmor", "bandit", "vulture", "lint-imports", "cmake",
     "cargo-nextest", "bazel")
)  # fmt: skip
_FORMATTERS = frozenset(
    ("black", "isort", "prettier", "gofmt", "goimports", "rustfmt", "shfmt", "clang-format", "stylelint", "stylua",
     "ktlint", "biome", "ruff")
)  # fmt: skip
# program -> its first word -> what that needs; "" for the rest
_VERBS: dict[str, dict[str, str]] = {
    "cargo": {TESTS: "test build check clippy bench doc nextest tree metadata", "code.edit": "fmt fix"},
    "go": {TESTS: "test build vet list doc", "code.edit": "fmt", "": "version"},
    "npm": {TESTS: "test t", "": "ls list ll explain root prefix"}, "pnpm": {TESTS: "test t ls list why root"},
    "yarn": {TESTS: "test tsc jest vitest eslint why list"}, "bun": {TESTS: "test"},
    "deno": {TESTS: "test check lint info doc", "code.edit": "fmt"},
    "mvn": {TESTS: "test verify compile package test-compile validate"},
    "mvnw": {TESTS: "test verify compile package test-compile validate"},
    "gradle": {TESTS: "test build check assemble compileJava compileKotlin tasks"},
    "gradlew": {TESTS: "test build check assemble compileJava compileKotlin tasks"},
    "dotnet": {TESTS: "test build"}, "swift": {TESTS: "test build"}, "zig": {TESTS: "build test"},
    "pre-commit": {TESTS: "run validate-config"}, "coverage": {TESTS: "report html xml combine erase json"},
    "pip": {"": "list show freeze check"}, "pip3": {"": "list show freeze check"},
}  # fmt: skip
# what a command that only lists may be given
_LISTS = ("--json", "-a", "--all", "--depth=0", "-g", "--global", "-l", "--outdated")
# a version asked of these is not always an answer: the project chooses what runs
_PROJECTS = (
    "yarn",
    "pnpm",
    "mvn",
    "mvnw",
    "gradle",
    "gradlew",
    "bundle",
    "pytest",
    "py.test",
    "tox",
    "nox",
    "coverage",
)
_VERSIONS = {
    "node": ("-v",),
    "npm": ("-v",),
    "python": ("-V",),
    "go": ("version",),
    "java": ("-version",),
}
_RUN_TESTS = ("test", "tests", "test:unit", "test:integration", "test:ci", "test:watch", "test:e2e")
# options that lead to settings, plugins or projects of another place
_LEADS_AWAY = {
    "pytest": ("-c", "-p", "--rootdir", "--confcutdir", "-o", "--override-ini", "--config-file", "--basetemp"),
    "npm": ("--prefix", "-C", "--script-shell", "--userconfig", "--globalconfig", "--node-options", "--dir", "--cwd"),
    "cargo": ("--config", "--manifest-path", "-C", "-Z"), "go": ("-exec", "-toolexec", "-C", "-modfile", "-overlay"),
    "cmake": ("-E", "-P"), "mvn": ("-f", "--file", "-s", "--settings"),
    "gradle": ("-p", "-b", "-I", "--init-script", "--project-dir"),
    "eslint": ("--rulesdir", "--resolve-plugins-relative-to"), "jest": ("--rootDir", "--globalSetup"),
}  # fmt: skip
_SAME = {
    "pnpm": "npm",
    "yarn": "npm",
    "bun": "npm",
    "py.test": "pytest",
    "mvnw": "mvn",
    "gradlew": "gradle",
}
_STARTERS = frozenset(
    ("uv", "poetry", "pipenv", "pdm", "rye", "hatch", "bundle", "npx", "pnpx", "bunx", "uvx")
)
_MODULES = frozenset(
    (*_TESTERS, *_FORMATTERS, "coverage", "pip", "kanoniv_auth", "kanoniv_ci", "kanoniv_server")
)


def judge(scene: Scene, name: str) -> None:
    """Ask for `test.run`, `shell.script` or less. Raises: NotUnderstood."""
    words = scene.args
    texts = [_certain(word) for word in words]
    stem = "python" if name.startswith(("python", "pypy")) else name
    if (
        len(texts) == 1
        and name not in _PROJECTS
        and texts[0] in ("--version", *_VERSIONS.get(stem, ()))
    ):
        scene.harmless()
        return
    _leading(scene, name, texts)
    if name in _TESTERS:
        scene.need(TESTS, "it runs code of the repository")
    elif name in _FORMATTERS:
        scene.need(TESTS, "it runs code of the repository")
        if name != "ruff" or "format" in texts or "--fix" in texts:
            scene.need("code.edit", "it changes files")
    elif name in _STARTERS:
        _starter(scene, name, words)
    elif name.startswith(("python", "pypy")):
        _python(scene, words)
    elif name in _VERBS:
        _verb(scene, name, words)
    else:
        scene.need(SCRIPT, f"{name} runs what it is given")


def _certain(word: Word) -> str | None:
    """The text of a word that is one for certain, or becomes names that are no options."""
    names = word.kind == PATTERN and word.single and word.text[0] not in "-*?["
    return word.text if names else word.literal


def _leading(scene: Scene, name: str, texts: list[str | None]) -> None:
    leads = _LEADS_AWAY.get(_SAME.get(name, name), ())
    for at, text in enumerate(texts):
        if text is None:
            if leads:
                scene.need(SCRIPT, "a word that is not certain")
            continue
        for lead in leads:
            short = len(lead) == 2
            value = text[2:] if short and text != lead else (texts[at + 1 : at + 2] or [""])[0]
            if (
                text == lead or text.startswith(f"{lead}=") or (short and text.startswith(lead))
            ) and not (value or "").startswith("no:"):
                scene.need(SCRIPT, f"{lead} leads to settings or code of another place")


def _verb(scene: Scene, name: str, words: tuple[Word, ...]) -> None:
    rest = [word.literal for word in words]
    while rest and (rest[0] or "").startswith(
        ("+", "--color", "-q", "--quiet", "--silent", "-s", "--no-daemon")
    ):
        rest.pop(0)
    verbs = [text for text in rest if text is not None and text[:1] != "-"]
    if name in ("mvn", "mvnw", "gradle", "gradlew"):
        # all their words are goals
        verbs = [
            verb.rpartition(":")[2] if "gradle" in name else verb
            for verb in verbs
            if verb != "clean"
        ]
    else:
        verbs = verbs[:1] if rest and rest[:1] == verbs[:1] else []
    if (
        name in ("npm", "pnpm", "yarn", "bun")
        and verbs == ["run"]
        and len(rest) > 1
        and rest[1] in _RUN_TESTS
    ):
        verbs = ["test"]
    if name in ("npm", "pnpm", "yarn", "bun") and verbs and verbs[0] in ("exec", "x", "dlx"):
        _starter(scene, name, words)
        return
    table = {verb: need for need, text in _VERBS[name].items() for verb in text.split()}
    needs = [table.get(verb) for verb in verbs]
    if not needs or None in needs or None in rest:
        scene.need(SCRIPT, f"{name} runs what it is given")
        return
    if "" in needs and any(text[:1] == "-" and text not in _LISTS for text in rest if text):
        raise NotUnderstood(f"an option of {name}")
    scene.harmless()
    for need in needs:
        if need:
            scene.need(
                need, "it runs code of the repository" if need == TESTS else "it changes files"
            )
        if need == "code.edit":
            scene.need(TESTS, "it runs code of the repository")


_MANAGERS = frozenset(
    ("uv", "poetry", "pipenv", "pdm", "rye", "hatch", "npm", "pnpm", "yarn", "bun", "bundle")
)
_CALM_OPTIONS = frozenset(
    ("--frozen", "--locked", "-q", "--quiet", "--no-install", "-y", "--yes", "--", "--no-sync")
)


def _starter(scene: Scene, name: str, words: tuple[Word, ...]) -> None:
    """`uv run X`, `npx X`: a program of the project's own environment, or one that is fetched for it."""
    rest = list(words)
    if name in _MANAGERS:
        verb = rest.pop(0).literal if rest else None
        if verb not in ("run", "exec", "x", "dlx"):
            reads = name == "uv" and [verb, *[word.literal for word in rest[:1]]] in (
                ["pip", "list"],
                ["pip", "show"],
            )
            scene.harmless() if reads else scene.need(SCRIPT, f"{name} runs what it is given")
            return
    while rest and rest[0].text in _CALM_OPTIONS:
        rest.pop(0)
    if not rest or rest[0].kind != LITERAL:
        raise NotUnderstood(f"what {name} is given")
    tool = rest[0].text
    if (
        tool in _TESTERS
        or tool in _FORMATTERS
        or tool == "python"
        or tool in ("kanoniv-auth", "git")
    ):
        scene.run(tuple(rest))
    else:
        scene.need(SCRIPT, f"{name} runs {tool[:60]}")


def _python(scene: Scene, words: tuple[Word, ...]) -> None:
    rest = list(words)
    while rest and rest[0].text in ("-B", "-u", "-I", "-s", "-E", "-q", "-O", "-bb"):
        rest.pop(0)
    if len(rest) > 1 and rest[0].text == "-m" and rest[1].kind == LITERAL:
        module = rest[1].text
        top = module.partition(".")[0]
        if top.startswith("kanoniv_"):
            scene.run((Word(top), *rest[2:]))
            return
        if module in _MODULES:
            scene.run((Word(module), *rest[2:]))
            return
        if module in ("py_compile", "compileall"):
            scene.need(TESTS, "it compiles the project's code")
            return
    scene.need(SCRIPT, "python runs what it is given")
