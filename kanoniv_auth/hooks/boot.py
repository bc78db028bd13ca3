"""The way in for a host: `<python> -I -S <this file> HOST --root-did KEYS --home DIR --site DIR`.

As `kanoniv-auth hook HOST`, without what a console script and `site` cost. Hosts go on when a hook fails, so whatever
happens here that is not a plain yes is exit 2 with something on stderr. It imports nothing before it can say so.
"""

from __future__ import annotations

_REFUSED = 2


def _told(words: list[str], option: str) -> list[str]:
    """All values of an option, `--site DIR` or `--site=DIR`."""
    return [
        words[at + 1] if word == option else word.partition("=")[2]
        for at, word in enumerate(words)
        if word.startswith(f"{option}=") or (word == option and at + 1 < len(words))
    ]


def _run() -> int:
    import os  # noqa: PLC0415 - as the docstring says
    import sys  # noqa: PLC0415 - as above

    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - import budget
    # behind the standard library: nothing in them can stand for a part of it
    sys.path += [os.path.dirname(package), *_told(sys.argv, "--site")]  # noqa: PTH120 - as above
    name = "kanoniv_auth.cli.main"
    __import__(
        name
    )  # a lower layer starts a higher one: this file is a program, and nothing imports it
    status: int = sys.modules[name].decide(sys.argv[1:])
    return status


def _end(status: int, text: str) -> None:
    import os  # noqa: PLC0415 - as above

    try:
        if text:
            os.write(2, text.encode("utf-8", "backslashreplace"))
    finally:
        os._exit(status)


def main() -> None:
    """Run, and end the process; no other status than 0 and 2 comes out."""
    try:
        status, text = _run(), ""
    except BaseException as error:  # noqa: BLE001 - whatever it is, the call must not run
        status = _REFUSED
        text = (
            f"REFUSED by kanoniv-auth.\nerror: the hook failed: {type(error).__name__}: {error}\n"
        )
    _end(_REFUSED if status else 0, text[:2000])


if __name__ == "__main__":
    main()
