"""The project as another commit has it, in a folder of its own."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from cdp.errors import CdpError
from cdp.project import SETTINGS_FILE, Project


@dataclass(frozen=True, slots=True)
class Checkout:
    """`project` is a copy of the project's files at `commit`."""

    commit: str
    project: Project


def check_out(project: Project, base: str, folder: Path) -> Checkout:
    """Write the project's files at `base`, any name that git has for a commit, to `folder`.

    Raises CdpError where the project is in no git checkout, git knows no such commit, or it has no project there.
    """
    _git(project, ["rev-parse", "--is-inside-work-tree"], f"{project.root} is in no git checkout.")
    found = _git(
        project,
        ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}"],
        f"git knows no commit `{base}`.",
        remedy="Name a branch, a tag or a commit; `git fetch` brings those of others.",
    )
    commit = found.decode().strip()
    _git(
        project,
        ["cat-file", "-e", f"{commit}:./{SETTINGS_FILE}"],
        f"`{base}` has no {SETTINGS_FILE} here.",
        remedy="Name a commit that has the project.",
    )
    _unpack(_git(project, ["archive", "--format=tar", commit], f"git cannot read the files of `{base}`."), folder, base)
    return Checkout(commit, Project.load(folder))


def _unpack(files: bytes, folder: Path, base: str) -> None:
    try:
        with tarfile.open(fileobj=BytesIO(files)) as archive:
            archive.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise CdpError(
            f"the files of `{base}` cannot be written beside yours: {type(error).__name__}.",
            remedy="A link in them that leads out of the project is one reason.",
        ) from None


def _git(project: Project, arguments: Sequence[str], otherwise: str, remedy: str = "") -> bytes:
    """What git says in the project's folder, which is all that it archives. Raises CdpError with `otherwise`."""
    try:
        ended = subprocess.run(["git", *arguments], cwd=project.root, capture_output=True, check=False)
    except FileNotFoundError:
        raise CdpError("git is not installed.", remedy="`cdp segments diff` asks it for the other commit.") from None
    if ended.returncode:
        raise CdpError(otherwise, remedy=remedy)
    return ended.stdout
