"""Random texts for a shell: tokens that fit together more often than not, each text with the means to do harm."""

from __future__ import annotations

from random import Random

_WORDS = (
    "a", "b", "x", "guarded", "guard*", "*", "?", "g?arded", "'a b'", '"a b"', "''", '""', "origin", "main", "{}",
    "-n", "-f", "--", "-", "a=1", "x=guarded", "$x", '"$x"', "${x}", "'$x'", "$?", '"$?"', "~", "push", "git",
    "'git push'", '"git push"', "git\\ push", "\\;", "+", "-c", "-C .", "-v", "pu\\sh", "gu\\arded", "'gu'arded",
    'g"uarded"', "#", "a#b", "# b", "!", "0", "{a,guarded}", "[g]uarded", "$'git'", "2", "$", "\\\n", "x\\\n", "\n",
    "\\\nb", "EOF", "push;", "$x$x", "rm", "=", "$f", '"$f"', "${f}", "$f", "$(pwd)", '"$(pwd)"', "$PWD", '"$PWD"',
    "gu{arded,x}", "a{,b}", "{1..2}", "a{1..2}", "$(git branch --show-current)", "$(git rev-parse push)",
    '"$(git rev-parse HEAD)"', "$(git merge-base a b)", "$(git ls-files)", "$(find .)", "$(ls)", "$((1+1))",
    "<(git push)", "<(ls)", "$(git rev-parse guarded)", '"$(git rev-parse --show-toplevel)"',
)  # fmt: skip
_COMMANDS = (
    "git push", "git push origin main", "git commit", "git status", "git log", "git", "git diff", "rm guarded",
    "rm a", "touch guarded", "touch x", "tee guarded", "tee", "mkdir x", "cat a", "cat", "echo", "echo a",
    "echo git push", "true", "false", ":", "ls", "head", "grep a", "sort", "wc", "cd a", "cd", "pwd", "printf a",
    "printf '%s'", "test a", "[ a ]", "[[ a ]]", "[ -f a ]", "x=1", "x=push", "x=git", "export x=1", "read x",
    "set -e", "unset x", "exit", "\\git push", "g\\it push", "git >/dev/null push", ">x", ">guarded", "git 2>&1 push",
    "< a", "command", "eval", "exec", "sh -c", "git -C . push", "git --no-pager push", "gi\\\nt push", "git pu\\\nsh",
    "git\\\n push", "f=a", "f=guarded", "f=push", "f=$(ls)", "f=$(pwd)", "f=-f", "f=b", "rm $f", 'rm "$f"', "touch $f",
    'tee "$f"', "git $f", "read f", "read -r f < b", "unset f", "eval f=guarded", "command read f < b", "$f push",
    "rm a b", "rm b", "touch b",
)  # fmt: skip
_CALM = (
    "echo", "echo push", "echo git push", "echo 'git push'", 'echo "git push"', "cat a", "git status", "git log", "ls",
    "true", "printf '%s' push", "echo guarded", "cat guarded", "grep push a", "test push", ": git push", "git diff",
    "[ push ]", "echo rm guarded", "git log push", "head a", "pwd", "cat", "wc", "git status push", "git -C . log",
)  # fmt: skip
# of all commands, how many are chosen to do harm
_HARM = 0.25
_WRAPPERS = (
    "command", "env", "nice", "nohup", "timeout 1", "time", "builtin", "exec", "xargs", "env a=1", "nice -n 1",
    "env -i", "stdbuf -o0", "setsid -w", "command --", "timeout -s 9 1", "xargs -n1", "! ", "a=1", "xargs -I{}",
    "echo a | xargs",
)  # fmt: skip
_TEXTS = (
    "sh -c {q}", "bash -c {q}", "eval {q}", "eval {t}", 'echo "$({t})"', "echo $({t})", "x=$({t})", 'x="$({t})"',
)  # fmt: skip
_JOINS = (
    "; ", " && ", " || ", " | ", " & ", "\n", ";", "&&", "|", "&", "\n\n", " |& ", " \\\n&& ", " ;\n", " # a\n",
    " # a\\\n",
)  # fmt: skip
_AROUND = (
    "( {t} )", "({t})", "{{ {t}; }}", "{{ {t}\n}}", "if {t}; then {s}; fi", "if true; then {t}; else {s}; fi",
    "for x in a b; do {t}; done", "for x in push guarded; do {t} $x; done", 'for x in a; do {t} "$x"; done',
    "case a in a) {t};; *) {s};; esac", "! {t}", "{t} > x", "{t} >guarded", "{t} 2>/dev/null ",
    "{t} >/dev/null 2>&1 ", "{t} < a", "{t} <<EOF\na\nEOF\n", "{t} <<'EOF'\n$({s})\nEOF\n",
    "cat <<'EOF'\n{t}\nEOF\n{s}", "cat <<EOF\n{t}\nEOF\n", "echo {q}", "echo '{t}'", 'echo "{t}"', "# {t}\n{s}",
    "{t} # {s}", "echo a # {t}\n{s}", "x={q}; {s}", "[[ -f a ]] && {t}", "while false; do {t}; done",
    "until true; do {t}; done", "{t} &", "cat <<-EOF\n\tb\n\tEOF\n{t}", "cat <<< {q}", "if [ -f x ]; then {t}; fi",
    'for f in $(ls); do {t} "$f"; done',
    'for f in $(ls); do rm "$f"; {t}; done', "for f in $(ls); do {t}; touch $f; done",
    "f=guarded; false && f=a; rm $f; {t}", 'f=guarded; f=a | {t}; touch "$f"',
    "for f in a b; do {t} $f; done", "for f in *; do {t}; done", "f=a; {t} $f",
    'f=guarded; {t} "$f"', "f=b; {s}; {t} $f", "f=$(git rev-parse HEAD); {t} $f", "ls | while read -r f; do {t}; done",
    'while read f; do {t} "$f"; done < b', "cat <({t})", "{t} < <({s})", "ls | xargs {t}", "{t} $(ls)", "{t} $(pwd)",
    "f=guarded; false && f=a; {t} $f", "f=guarded; f=a | {s}; {t} $f", "f=a; command read f <<< guarded; {t} $f",
    "f=guarded; (f=a); {t} $f", "f=a; eval f=guarded; {t} $f", "f=a; for f in guarded; do {s}; done; {t} $f",
    "f=guarded; true || f=a; {t} $f", "f=guarded; f=a & {t} $f", "f=guarded; f=a {s}; {t} $f",
    "f=a && {t} $f", "true && f=a; {t} $f", "f=$(ls); {t} $f", "for f in $f; do {t} $f; done",
    "({t}) > x", "echo \\\n{t}", "ls\\\n{t}", "ls \\\n {t}", "cat << EOF | {t}\nb\nEOF\n",
)  # fmt: skip
_PIECES = (
    "'", '"', "\\", "(", ")", "{", "}", ">", "<", "<<", "$(", ")", "`", "if ", "then ", "fi", "do ", "done", "EOF",
    "\n", "\t", " ", " ", ";", "\\\n",
)  # fmt: skip
_ARMED = (
    "push", "commit", "guarded", "rm", "touch", "tee", "mkdir", ">",
)  # fmt: skip
_LETTERS = (*"'\"\\ \n;&|><#$(){}=\tx~*", "\\\n")


def _stays(text: str) -> bool:
    """Whether a text names nothing outside the folder it runs in: bash itself opens what a redirect names."""
    for end in " \n;&|)":
        text = text.replace(f"/dev/null{end}", end)
    return "/" not in text.removesuffix("/dev/null") and ".." not in text


class Texts:
    """A stream of texts."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def one(self) -> str:
        """The next text that could do harm."""
        while True:
            kind = self.random.random()
            text = self._soup() if kind < 0.2 else self._text(3)
            if kind > 0.7:
                text = self._changed(text)
            if any(mark in text for mark in _ARMED) and len(text) < 2000 and _stays(text):
                return text

    def _text(self, depth: int) -> str:
        chance = self.random.random()
        if depth and chance < 0.3:
            form = self.random.choice(_AROUND)
            return self._put(form, depth)
        if depth and chance < 0.55:
            return self._text(depth - 1) + self.random.choice(_JOINS) + self._text(depth - 1)
        if depth and chance < 0.65:
            return self._put(self.random.choice(_TEXTS), depth)
        return self._command()

    def _put(self, form: str, depth: int) -> str:
        inner = self._text(depth - 1)
        quoted = "'" + inner.replace("'", "'\\''") + "'"
        return form.format(t=inner, s=self._text(depth - 1), q=quoted)

    def _command(self) -> str:
        parts = [self.random.choice(_WRAPPERS) for _ in range(self.random.choice((0, 0, 0, 1, 2)))]
        parts.append(self.random.choice(_COMMANDS if self.random.random() < _HARM else _CALM))
        parts += [self.random.choice(_WORDS) for _ in range(self.random.choice((0, 0, 0, 1, 2)))]
        if self.random.random() < 0.1:
            parts.insert(
                self.random.randrange(len(parts) + 1),
                self.random.choice((">x", "2>&1", "</dev/null ")),
            )
        return " ".join(parts)

    def _soup(self) -> str:
        """Tokens in no order, with or without blanks."""
        several = (*_WORDS, *_COMMANDS, *_WRAPPERS, *_JOINS, *_PIECES)
        made = ""
        for _ in range(self.random.randrange(2, 9)):
            made += self.random.choice(several) + self.random.choice((" ", " ", " ", "", ""))
        return made

    def _changed(self, text: str) -> str:
        """Take something out, put something in, or set two pieces the other way round."""
        for _ in range(self.random.choice((1, 1, 2))):
            at, other = sorted(
                (self.random.randrange(len(text) + 1), self.random.randrange(len(text) + 1))
            )
            chance = self.random.random()
            if chance < 0.3:
                text = text[:at] + text[min(other, at + 3) :]
            elif chance < 0.8:
                text = text[:at] + self.random.choice(_LETTERS) + text[at:]
            else:
                text = text[:at] + text[other:] + text[at:other]
            text = text or "push"
        return text
