"""Writing down which roots a home trusts: one `<label>.pub` each, and who succeeds whom. `store.roots` reads them.

Every function wants the home's lock held by its caller.
"""

from __future__ import annotations

import os

from kanoniv_auth.core.errors import StorageError, TokenParseError, UsageError
from kanoniv_auth.core.payload import check_name
from kanoniv_auth.store import files
from kanoniv_auth.store.roots import LOCAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.rotation import Rotation
    from kanoniv_auth.store.home import Home


def check_label(label: str) -> str:
    """Return a label that can be the name of a pin. Raises: UsageError."""
    try:
        check_name(label)
    except TokenParseError:
        detail = f"label {label!r} is not in the grammar"
        fix = "use 1 to 64 letters, digits, dots, underscores and hyphens"
        raise UsageError("usage", detail=detail, fix=fix) from None
    # a file with a dot first is not listed, so it would pin nothing; some file systems do not tell Local from local
    if label.lower() == LOCAL:
        detail = f"the label {label} means this home's own root"
        fix = "name another label; kanoniv-auth roots rotate replaces the home's own root"
        raise UsageError("usage", detail=detail, fix=fix)
    if label[0] in ".-":
        detail = f"the label {label} begins with {label[0]}"
        fix = "choose another label, such as the team's name"
        raise UsageError("usage", detail=detail, fix=fix)
    return label


def _folder(home: Home) -> str:
    """The folder of pins, which must be one: through a link the pins would be another folder's."""
    if os.path.islink(home.trusted_roots):  # noqa: PTH114 - pathlib is outside the import budget
        raise StorageError(
            "storage",
            detail=f"{home.trusted_roots} is a link, and no root is pinned through one",
            fix=f"put a folder of your own in the place of {home.trusted_roots}",
        )
    return home.trusted_roots


def pin(home: Home, label: str, public: bytes) -> bool:
    """Trust a root under a label; False when it is there already, under this very label.

    Raises: UsageError when the label is another root's, StorageError.
    """
    path = home.pin(check_label(label))
    for taken in files.listing(_folder(home), ".pub"):
        # where Team.pub and team.pub are one file, one of the two roots would be lost
        if taken.lower() == path.lower() and taken != path:
            raise _taken(taken.rpartition("/")[2].removesuffix(".pub"))
    data = public.hex().encode("ascii")
    try:
        files.write(path, data, replace=False)
    except FileExistsError:
        if os.path.islink(path):  # noqa: PTH114 - as above
            raise files.corrupt(path, "it is a link") from None
        if files.read(path, pinned=True) != data:
            raise _taken(label) from None
        return False
    return True


def _taken(label: str) -> UsageError:
    fix = f"choose another label, or first: kanoniv-auth roots remove {label}"
    return UsageError("usage", detail=f"the label {label} is another root's already", fix=fix)


def unpin(home: Home, label: str) -> None:
    """Stop trusting what a label says. What roots said about their successors stays.

    Raises: UsageError when there is no such label, StorageError.
    """
    path = home.pin(check_label(label))
    _folder(home)
    if not remove(path):
        detail = f"no root is trusted under the label {label}"
        fix = "kanoniv-auth roots list shows the labels"
        raise UsageError("usage", detail=detail, fix=fix)


def succeed(home: Home, rotation: Rotation) -> None:
    """Write down that a root has a successor, and when it ends. Raises: StorageError."""
    _folder(home)
    files.write(home.rotation(rotation.old_did), rotation.text.encode("ascii"))


def remove(path: str) -> bool:
    """Remove a file of ours for good; False when it is not there. Raises: StorageError."""
    try:
        os.unlink(path)  # noqa: PTH108 - as above
        files.sync_folder(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise files.unusable("remove", path, error) from None
    return True
