"""Metrics are OpenMetrics, say what is so, and name nobody."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from threading import Thread

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from cdp.errors import ConfigurationError
from cdp.operations.durations import keep_durations
from cdp.operations.exposition import CONTENT_TYPE, Family, Sample, exposed
from cdp.operations.generations import roll_back
from cdp.operations.metrics import exposition
from cdp.operations.serving import metrics_server
from cdp.project import Project
from cdp.store import open_store
from cdp.store.schema import checks
from tests.doubles.inbox import MORNING, Company
from tests.doubles.warehouses import Engine
from tests.doubles.workbench import Workbench


@pytest.fixture
def project(company: Company) -> Project:
    company.deliver("people/2.csv", "person_id,email,orders\n,canary@example.com,3\n4,,x\n5,d@example.com,1\n")
    company.land()
    (company.root / "dbt_project/dbt_project.yml").touch()
    return company.project


def scraped(text: str) -> Mapping[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Values by name and labels, as a scraper reads them."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def judged(project: Project, number: int, verdict: str) -> None:
    """A check of the customers, in the round of that number."""
    said = {"boundary": "customers", "table_name": "dim_customers", "stops": "build", "at": MORNING}
    with closing(open_store(project.store_url)) as store, store.writing() as connection:
        connection.execute(checks.insert().values(round=number, check_name="c", verdict=verdict, **said))


def test_a_scraper_reads_them(project: Project) -> None:
    engine = Engine(project)
    engine.publish(("a", "1"))
    engine.publish(("a", "1"), ("b", "1"))
    bench = Workbench(project.root)
    bench.warehouse = engine.warehouse
    bench.run()
    bench.close_store()
    judged(project, 1, "failed")
    judged(project, 2, "passed")
    keep_durations(project, {"build": 12.5, "sync newsletter": 0.25})
    roll_back(project, 1, "olga", "b is a mistake")
    text = exposition(project)
    found = scraped(text)
    people, newsletter = (("source", "files"), ("table", "people")), ("sync", "newsletter")
    assert found["cdp_source_rows_total", people] == 3
    assert found["cdp_source_rejected_lines_total", people] == 2
    assert found["cdp_source_last_landed_timestamp_seconds", people] == found["cdp_clock_timestamp_seconds", ()]
    assert (found["cdp_generation_number", ()], found["cdp_generations_kept", ()]) == (1, 2)
    assert found["cdp_builds_waiting", ()] == 1
    assert found["cdp_sync_runs_total", (("status", "ok"), newsletter)] == 1
    assert found["cdp_sync_rows_total", (newsletter, ("verdict", "ok"))] == 2
    assert found["cdp_checks", (("boundary", "customers"), ("verdict", "passed"))] == 1
    assert ("cdp_checks", (("boundary", "customers"), ("verdict", "failed"))) not in found
    assert found["cdp_stage_duration_seconds", (("stage", "build"),)] == 12.5
    assert "canary" not in text
    assert "olga" not in text


def test_before_anything_has_happened(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("empty")
    (root / "cdp.yml").write_text("name: empty\n")
    found = scraped(exposition(Project.load(root)))
    assert found["cdp_generations_kept", ()] == 0


def test_labels_are_escaped() -> None:
    said = 'a "quoted" \\ name\nof two lines'
    text = exposed([Family("cdp_thing", "gauge", said, [Sample(1, {"name": said})])])
    assert scraped(text) == {("cdp_thing", (("name", said),)): 1}


def test_they_are_served_on_loopback(project: Project) -> None:
    with metrics_server(project, 0) as server:
        assert server.server_address[0] == "127.0.0.1"
        Thread(target=server.serve_forever, daemon=True).start()
        answer = httpx.get(f"http://127.0.0.1:{server.server_port}/metrics")
        assert (answer.status_code, answer.headers["content-type"]) == (200, CONTENT_TYPE)
        assert scraped(answer.text)
        assert httpx.get(f"http://127.0.0.1:{server.server_port}/other").status_code == 404
        with pytest.raises(ConfigurationError, match="cannot be used"):
            metrics_server(project, server.server_port)
        server.shutdown()
