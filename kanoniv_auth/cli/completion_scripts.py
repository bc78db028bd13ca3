"""The completion scripts of three shells, filled from rows of `cli.completing`. Text alone; nothing is run here."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kanoniv_auth.cli.completing import Row

_BASH = r"""# Completion of kanoniv-auth for bash. To have it in every shell:
#   kanoniv-auth completion bash >~/.local/share/bash-completion/completions/kanoniv-auth
_kanoniv_auth() {
    local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"
    local command="${COMP_WORDS[1]}" options="" after="" found word at
    COMPREPLY=()
    # bash takes --option=value apart
    if [ "$current" = "=" ]; then current=""
    elif [ "$before" = "=" ]; then before="${COMP_WORDS[COMP_CWORD-2]}"; fi
    if [ "$COMP_CWORD" -eq 1 ]; then command="" after="@TOP@"; fi
    case "$command" in
        @GROUPS@)
            if [ "$COMP_CWORD" -gt 2 ]; then
                case "${COMP_WORDS[2]}" in -*) ;; *) command="$command ${COMP_WORDS[2]}" ;; esac
            fi ;;
    esac
    case "$command" in
@COMMANDS@
    esac
    if [ "$command" = "exec" ]; then
        for ((at = 2; at < COMP_CWORD; at++)); do
            if [ "${COMP_WORDS[at]}" = "--" ]; then
                options="" before="" after="file"
                [ $((at + 1)) -ne "$COMP_CWORD" ] || after="program"
                break
            fi
        done
    fi
    case "$command $before" in
@VALUES@
    esac
    case "$current" in -*) [ -z "$options" ] || after="$options" ;; esac
    case "$after" in
        nothing | "") return ;;
        file) compopt -o filenames 2>/dev/null; found="$(compgen -f -- "$current")" ;;
        directory) compopt -o filenames 2>/dev/null; found="$(compgen -d -- "$current")" ;;
        program) found="$(compgen -c -- "$current")" ;;
        agent) found="$(compgen -W "$(kanoniv-auth agents list 2>/dev/null | cut -f1)" -- "$current")" ;;
        *) found="$(compgen -W "$after" -- "$current")" ;;
    esac
    [ -n "$found" ] || return
    while IFS= read -r word; do COMPREPLY+=("$word"); done <<<"$found"
}
complete -F _kanoniv_auth kanoniv-auth
"""

_ZSH = r"""#compdef kanoniv-auth
# Completion of kanoniv-auth for zsh. To have it in every shell, in a folder of $fpath:
#   kanoniv-auth completion zsh >~/.zfunc/_kanoniv-auth
_kanoniv_auth() {
    local command="$words[2]" before="$words[CURRENT-1]" after="" at
    local -a options top found
    top=(
@TOP@
    )
    if [[ "$words[CURRENT]" == --*=* ]]; then
        before="${words[CURRENT]%%=*}"
        compset -P '*='
    fi
    if (( CURRENT == 2 )); then _describe -t commands command top; return; fi
    case "$command" in
        @GROUPS@) (( CURRENT > 3 )) && [[ "$words[3]" != -* ]] && command="$command $words[3]" ;;
    esac
    case "$command" in
@COMMANDS@
    esac
    if [[ "$command" == exec ]] && (( ${words[(i)--]} < CURRENT )); then
        at=${words[(i)--]}
        shift $at words
        (( CURRENT -= at ))
        _normal
        return
    fi
    case "$command $before" in
@VALUES@
    esac
    if (( $#options )) && [[ "$words[CURRENT]" == -* ]]; then _describe -t options option options; return; fi
    case "$after" in
        nothing|'') ;;
        file) _files ;;
        directory) _files -/ ;;
        program) _command_names -e ;;
        agent) found=(${(f)"$(kanoniv-auth agents list 2>/dev/null | cut -f1)"}); compadd -a found ;;
        *) found=(${=after}); compadd -a found ;;
    esac
}
# read by `source`, or loaded by its name from $fpath when it is first needed
if [[ "$funcstack[1]" == _kanoniv-auth ]]; then _kanoniv_auth "$@"; else compdef _kanoniv_auth kanoniv-auth; fi
"""

_FISH = r"""# Completion of kanoniv-auth for fish. To have it in every shell:
#   kanoniv-auth completion fish >~/.config/fish/completions/kanoniv-auth.fish
function __kanoniv_auth_at
    set -l words (commandline -opc)
    set -e words[1]
    if test (count $argv) -eq 0
        test (count $words) -eq 0
        return
    end
    test (count $words) -ge (count $argv); or return 1
    test "$words[1..$(count $argv)]" = "$argv"
end
function __kanoniv_auth_alone
    set -l words (commandline -opc)
    __kanoniv_auth_at $argv; and test (count $words) -eq (math 1 + (count $argv))
end
function __kanoniv_auth_agents
    kanoniv-auth agents list 2>/dev/null | cut -f1
end
function __kanoniv_auth_runs
    __kanoniv_auth_at exec; and contains -- -- (commandline -opc)
end
complete -c kanoniv-auth -f
complete -c kanoniv-auth -n __kanoniv_auth_runs -F -a '(__fish_complete_command)'
@LINES@
"""


def _flags(row: Row) -> list[str]:
    return [flag for flags, _, _ in row.options for flag in flags]


def _top(rows: Iterable[Row], groups: Mapping[str, str]) -> dict[str, str]:
    """First words and their help, in the order of the table."""
    found = {}
    for row in rows:
        first = row.name.partition(" ")[0]
        found[first] = groups.get(first, row.help)
    return found


def _below(rows: Iterable[Row], group: str) -> dict[str, str]:
    return {
        row.name.partition(" ")[2]: row.help for row in rows if row.name.startswith(f"{group} ")
    }


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _after(row: Row, rows: Sequence[Row], groups: Mapping[str, str]) -> str:
    return " ".join(_below(rows, row.name)) if row.name in groups else row.after


def _values(rows: Iterable[Row], mark: str) -> str:
    """What may follow an option, for bash and zsh. mark: how the shell says that there are no options then."""
    return "\n".join(
        [
            f"        {' | '.join([_quoted(f'{row.name} {flag}') for flag in flags])})"
            f" after={_quoted(kind)} options={mark} ;;"
            for row in rows
            for flags, kind, _ in row.options
            if kind is not None
        ]
    )


def _bare_groups(rows: Sequence[Row], groups: Mapping[str, str]) -> list[str]:
    """Groups that are no commands themselves."""
    own = {row.name for row in rows}
    return [
        f"        {group}) after={_quoted(' '.join(_below(rows, group)))} ;;"
        for group in groups
        if group not in own
    ]


def bash(rows: Sequence[Row], groups: Mapping[str, str]) -> str:
    """Fill the script of bash."""
    commands = [
        f"        {_quoted(row.name)}) options={_quoted(' '.join(_flags(row)))}"
        f" after={_quoted(_after(row, rows, groups))} ;;"
        for row in rows
    ]
    return (
        _BASH.rstrip()
        .replace("@TOP@", " ".join([*_top(rows, groups), "--help", "--version"]))
        .replace("@GROUPS@", " | ".join(groups))
        .replace("@COMMANDS@", "\n".join([*commands, *_bare_groups(rows, groups)]))
        .replace("@VALUES@", _values(rows, '""'))
    )


def zsh(rows: Sequence[Row], groups: Mapping[str, str]) -> str:
    """Fill the script of zsh, which shows the help beside each word."""
    commands = []
    for row in rows:
        options = [_quoted(f"{flag}:{text}") for flags, _, text in row.options for flag in flags]
        head = f"        {_quoted(row.name)}) after={_quoted(_after(row, rows, groups))} options=("
        commands.append("\n            ".join([head, *options, ") ;;"]))
    top = [f"        {_quoted(f'{word}:{text}')}" for word, text in _top(rows, groups).items()]
    return (
        _ZSH.rstrip()
        .replace("@TOP@", "\n".join(top))
        .replace("@GROUPS@", "|".join(groups))
        .replace("@COMMANDS@", "\n".join([*commands, *_bare_groups(rows, groups)]))
        .replace("@VALUES@", _values(rows, "()"))
    )


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_FISH_KINDS = {
    "agent": "-x -a '(__kanoniv_auth_agents)'",
    "directory": "-x -a '(__fish_complete_directories)'",
    "file": "-r -F",
    "nothing": "-x",
}


def _fish_options(row: Row) -> list[str]:
    lines = []
    for flags, kind, text in row.options:
        names = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in flags]
        value = "" if kind is None else _FISH_KINDS.get(kind, f"-x -a {_fish_quoted(kind)}")
        condition = f"-n '__kanoniv_auth_at {row.name}'"
        lines.append(
            " ".join([condition, *names, *([value] if value else []), "-d", _fish_quoted(text)])
        )
    return lines


def _fish_words(row: Row) -> list[str]:
    if row.after in ("nothing", "program"):
        return []
    kinds = {"agent": "-a '(__kanoniv_auth_agents)'", "file": "-F"}
    return [
        f"-n '__kanoniv_auth_at {row.name}' {kinds.get(row.after, f'-a {_fish_quoted(row.after)}')}"
    ]


def fish(rows: Sequence[Row], groups: Mapping[str, str]) -> str:
    """Fill the script of fish, which shows the help beside each word."""
    lines = [
        f"-n __kanoniv_auth_alone -a {word} -d {_fish_quoted(text)}"
        for word, text in _top(rows, groups).items()
    ]
    for group in groups:
        lines += [
            f"-n '__kanoniv_auth_alone {group}' -a {word} -d {_fish_quoted(text)}"
            for word, text in _below(rows, group).items()
        ]
    for row in rows:
        lines += [*_fish_options(row), *_fish_words(row)]
    return _FISH.rstrip().replace(
        "@LINES@", "\n".join([f"complete -c kanoniv-auth {line}" for line in lines])
    )
