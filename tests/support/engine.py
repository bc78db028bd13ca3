"""A Docker Engine for the tests: one of their own with everything it owns in one folder, or the machine's.

Its own engine has no bridge and touches no firewall: nothing on the machine changes, and nothing can be pulled.
`close()` leaves no process, mount or file behind.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

START_SECONDS = 30
CLIENTS = ("/usr/bin/docker", "/usr/local/bin/docker", "/bin/docker")


class NoEngine(Exception):
    """This machine has no Docker Engine and cannot start one; the text says why."""


def client() -> str:
    """The docker client. The distribution's first: it fits the distribution's engine."""
    found = next((c for c in CLIENTS if os.access(c, os.X_OK)), None) or shutil.which("docker")
    if found is None:
        raise NoEngine("no docker client is installed")
    return found


class Engine:
    """A running engine. `folders` hold everything it writes to disk."""

    def __init__(self, socket: Path, folders: Sequence[Path]) -> None:
        self.socket, self.folders = socket, tuple(folders)
        self._client = client()
        self._images: list[str] = []

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    def docker(self, *arguments: str, timeout: float = 120, check: bool = True) -> str:
        """One docker command's stdout; CalledProcessError with its stderr when it fails."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(
                f"docker {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    def command(self, *arguments: str) -> list[str]:
        """The argv of a docker command on this engine."""
        return [self._client, "-H", self.host, *arguments]

    @property
    def env(self) -> dict[str, str]:
        """The environment docker commands run in: the client reads nobody's configuration.

        The classic builder, because it names every image it leaves, so that all of them can be removed.
        """
        return {
            "PATH": os.defpath,
            "HOME": "/nonexistent",
            "DOCKER_CONFIG": "/nonexistent",
            "DOCKER_BUILDKIT": "0",
        }

    def import_image(self, tree: Path, tag: str) -> str:
        """Make an image of one layer from a folder."""
        packed = subprocess.Popen(["tar", "-C", str(tree), "-cf", "-", "."], stdout=subprocess.PIPE)
        with packed:
            done = subprocess.run(
                self.command("import", "-c", "ENV PATH=/usr/local/bin:/usr/bin:/bin", "-", tag),
                env=self.env, stdin=packed.stdout, capture_output=True, text=True, check=False,
            )  # fmt: skip
        if done.returncode:
            raise AssertionError(f"docker import: {done.returncode}\n{done.stderr}")
        self._images.append(tag)
        return tag

    def remember(self, tag: str) -> str:
        """An image somebody else built: removed at the end too."""
        self._images.append(tag)
        return tag

    def files_holding(
        self, needles: Iterable[bytes], *also: Path, since: float = 0.0
    ) -> dict[bytes, list[Path]]:
        """Where on the engine's disk each needle stands, in clear: every file it writes, and `also`.

        since: unix time; files whose content and attributes are older are left out (a secret made later cannot be in
        them), which spares the image's layers.
        """
        found: dict[bytes, list[Path]] = {needle: [] for needle in needles}
        for file in (*also, *self._files(since)):
            try:
                content = file.read_bytes()
            except OSError:  # gone since
                continue
            for needle, places in found.items():
                if needle in content:
                    places.append(file)
        return found

    def _files(self, since: float) -> Iterable[Path]:
        """Regular files under the folders, image layers included, changed at `since` or later."""
        for folder in self.folders:
            if folder.is_file():
                yield folder
            for place, _, names in os.walk(folder):
                for name in names:
                    file = Path(place, name)
                    try:
                        found = file.lstat()
                    except OSError:
                        continue
                    if stat.S_ISREG(found.st_mode) and found.st_ctime >= since - 1:
                        yield file

    def close(self) -> None:
        """Leave the machine's engine as it was."""
        for name in reversed(self._images):
            self.docker("image", "rm", "-f", name, check=False)


class OwnEngine(Engine):
    """A dockerd of our own; needs root and `dockerd`."""

    def __init__(self) -> None:
        dockerd = shutil.which(
            "dockerd", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
        )
        if os.geteuid() != 0:
            raise NoEngine("no Docker Engine answers, and starting one needs root")
        if dockerd is None:
            raise NoEngine(
                "no Docker Engine answers, and dockerd is not installed (Debian: docker.io)"
            )
        self.root = Path(tempfile.mkdtemp(prefix="auth-action-docker-"))
        self.root.chmod(0o711)
        self.log = self.root / "log"
        super().__init__(
            self.root / "docker.sock", [self.root / "data", self.root / "exec", self.log]
        )
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*_ends_with_us(), dockerd, *self._options()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            self._wait()
            self._prove()
        except BaseException:
            self.close()
            raise

    def admit(self, gid: int) -> None:
        """Let a group talk to the engine, as group docker does on a real machine."""
        os.chown(self.socket, 0, gid)
        self.socket.chmod(0o660)

    def close(self) -> None:
        """End dockerd and its containerd, take down what they mounted, remove what they wrote."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        for mounted in sorted(_mounts_under(self.root), reverse=True):
            subprocess.run(["umount", "-l", mounted], check=False)
        shutil.rmtree(self.root)

    def _options(self) -> list[str]:
        return [
            f"--data-root={self.root}/data", f"--exec-root={self.root}/exec", f"--pidfile={self.root}/pid",
            f"--host={self.host}", "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
        ]  # fmt: skip

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            if (
                self.socket.exists()
                and self.docker("version", "--format", "{{.Server.Os}}", check=False).strip()
            ):
                return
            time.sleep(0.05)
        raise NoEngine(f"dockerd does not start here: {self._last_words()}")

    def _prove(self) -> None:
        """A daemon that answers may still be unable to unpack or run anything, as inside most containers."""
        tree = self.root / "tree"
        true = Path(shutil.which("true", path=os.defpath) or "/bin/true")
        for file in (true, *libraries([true])):
            place = tree / str(file).lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, place)
        try:
            image = self.import_image(tree, "kanoniv-test-proof:latest")
            self.docker("run", "--rm", "--network", "none", image, str(true))
            self.docker("image", "rm", "-f", image)
        except (AssertionError, subprocess.SubprocessError) as why:
            said = " ".join(str(why).split())[-300:]
            raise NoEngine(f"dockerd starts here, but containers do not: {said}") from None

    def _last_words(self) -> str:
        last = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
        return " / ".join(last)[-500:]


def libraries(programs: Iterable[Path]) -> set[Path]:
    """The shared libraries `ldd` names for some programs."""
    listed = subprocess.run(
        ["ldd", *map(str, programs)], capture_output=True, text=True, check=False
    )
    return {Path(path) for path in re.findall(r"(/[^\s:()]+\.so[^\s:()]*) \(0x", listed.stdout)}


def engine() -> Engine:
    """One of our own where that can be had, else the machine's; NoEngine says why neither."""
    try:
        return OwnEngine()
    except NoEngine as why:
        socket = Path("/var/run/docker.sock")
        if not socket.exists():
            raise
        theirs = Engine(socket, [])
        try:
            folder = theirs.docker("info", "--format", "{{.DockerRootDir}}", timeout=10).strip()
        except (AssertionError, subprocess.TimeoutExpired):
            raise why from None
        theirs.folders = (Path(folder),)
        return theirs


def _ends_with_us() -> list[str]:
    """Should the tests be killed, their dockerd gets a SIGTERM."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def _mounts_under(folder: Path) -> list[str]:
    places = (
        line.split()[4]
        for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    )
    return [p for p in places if p.startswith(f"{folder}/")]
