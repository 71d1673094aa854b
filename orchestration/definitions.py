"""What Dagster loads: the project of `CDP_PROJECT`, or the one around the current folder."""

import os

from cdp.project import Project
from orchestration.journal import FORMAT_VARIABLE, journal_of
from orchestration.wiring import build_definitions

project = Project.load()
defs = build_definitions(project, journal_of(project, os.environ.get(FORMAT_VARIABLE, "")))
