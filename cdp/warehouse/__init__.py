"""The port to the warehouse, and its two engines (ADR 3)."""

from __future__ import annotations

from cdp.project import Project
from cdp.warehouse.port import Build, Generation, KeptGeneration, Reader, SideBySide, Warehouse

__all__ = ["Build", "Generation", "KeptGeneration", "Reader", "SideBySide", "Warehouse", "open_warehouse"]


def open_warehouse(project: Project) -> Warehouse:
    """The warehouse that the project's settings name."""
    if project.settings.warehouse.engine == "postgres":
        from cdp.warehouse.postgres import PostgresWarehouse

        return PostgresWarehouse(project)
    from cdp.warehouse.duckdb import DuckDBWarehouse

    return DuckDBWarehouse(project)
