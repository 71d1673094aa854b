"""dbt does not outlive the run that wanted it, however that ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
SLEEPING = "import time\ndef cli(arguments, prog_name):\n    print(*arguments, flush=True)\n    time.sleep(60)\n"
RUN = """
import subprocess
from cdp.pipeline.dbt import dbt_command
subprocess.run([*dbt_command(), "build", "--quiet"])
"""


def test_dbt_ends_when_its_run_is_killed(tmp_path: Path) -> None:
    fake = tmp_path / "dbt/cli/main.py"
    fake.parent.mkdir(parents=True)
    fake.write_text(SLEEPING)
    for folder in (fake.parent, fake.parents[1]):
        (folder / "__init__.py").touch()
    path = os.pathsep.join([str(tmp_path), str(REPOSITORY)])
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "build --quiet\n"
        run.kill()
        # dbt has the other end of this pipe: it closes with the last of the two.
        assert run.communicate(timeout=20) == ("", None)
