"""How a dbt node shows as an asset: its group, its owner, its kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster import AssetSpec
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

WHOLE_ROOMS = {"staging", "reports"}
ENGINEERS = "data-engineering"


class Translator(DagsterDbtTranslator):
    """Groups follow the folders of the models, owners the groups of dbt."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> AssetSpec:
        node, spec = self.get_resource_props(manifest, unique_id), super().get_asset_spec(manifest, unique_id, project)
        built_as = node.get("config", {}).get("materialized")
        return spec.replace_attributes(kinds={*spec.kinds, built_as} if built_as else spec.kinds)

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        if dbt_resource_props["resource_type"] != "model":
            return f"{dbt_resource_props['resource_type']}s"
        room, *folders, _ = dbt_resource_props["fqn"][1:]
        return str(room if room in WHOLE_ROOMS or not folders else folders[0])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        group = dbt_resource_props.get("group")
        owner = dbt_resource_props.get("config", {}).get("meta", {}).get("owner") or (
            group["owner"]["name"] if isinstance(group, Mapping) else ENGINEERS
        )
        return [f"team:{owner}"]

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props.get("description") or "").strip()
