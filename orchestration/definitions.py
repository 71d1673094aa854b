"""What Dagster loads: the project of `CDP_PROJECT`, or the one around the current folder."""

from cdp.project import Project
from orchestration.observer import Observer
from orchestration.wiring import build_definitions

defs = build_definitions(Project.load(), Observer())
