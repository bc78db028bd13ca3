"""A clean copy of this work tree as a small repository of its own: what a runner would have checked out.

Tracked files and new ones git would not ignore, as they are now, so uncommitted work is tested too. Nothing of `.venv`,
caches or our history travels, and nothing that only the development needs: a runner here looks at every file of an
action and of a checkout, slowly, and whatever the product would miss of it is found missing.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = ("bench", "docs", "fuzz", "tests", "vectors")
AUTHOR = (
    "-c",
    "user.name=test",
    "-c",
    "user.email=test@example.invalid",
    "-c",
    "commit.gpgsign=false",
)


def files(root: Path = ROOT) -> list[str]:
    """Paths under `root` that a commit of everything would hold."""
    command = ["git", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    return sorted({path for path in listed if path and (root / path).is_file()})


def copy_tree(target: Path, root: Path = ROOT) -> Path:
    """Copy the tree to `target`, without the folders LEFT_OUT."""
    for path in files(root):
        if path.partition("/")[0] in LEFT_OUT:
            continue
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / path, place, follow_symlinks=False)
    return target


def export(target: Path, repository: str, root: Path = ROOT) -> Path:
    """Copy the tree and commit it there; `repository` (owner/name) is what the runner takes it for."""
    return commit(copy_tree(target, root), repository)


def commit(target: Path, repository: str) -> Path:
    """Make the folder `target` a repository with one commit and the remote a runner reads its name from."""
    # nobody's hooks, signatures or template
    environ = {"PATH": os.environ.get("PATH", os.defpath), "GIT_CONFIG_GLOBAL": os.devnull}
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["commit", "-q", "--no-verify", "--allow-empty", "-m", "the tree under test"],
        ["remote", "add", "origin", f"https://github.com/{repository}.git"],
    ):
        subprocess.run(["git", "-C", str(target), *AUTHOR, *arguments], env=environ, check=True)
    readable(target)
    return target


def give(path: Path, uid: int) -> None:
    """Hand a whole tree to another user (root only)."""
    os.chown(path, uid, uid)
    for folder, folders, names in os.walk(path):
        for name in (*folders, *names):
            os.chown(Path(folder, name), uid, uid, follow_symlinks=False)


def readable(path: Path) -> None:
    """Let every user read a whole tree, whatever umask it was made under."""
    for folder, _, names in os.walk(path):
        Path(folder).chmod(0o755)
        for name in names:
            file = Path(folder, name)
            if not file.is_symlink():
                file.chmod(
                    file.stat().st_mode | (0o055 if file.stat().st_mode & stat.S_IXUSR else 0o044)
                )
