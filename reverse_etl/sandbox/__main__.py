"""The sandbox as a child process: says where it is on its first line, and ends with its standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Thread

from cdp.project import Project
from reverse_etl.sandbox.app import build_app
from reverse_etl.sandbox.serving import announced, bound_listener, sandbox_accounts, sandbox_folder, serve, url_of
from reverse_etl.sandbox.state import SandboxState


def main() -> None:
    project = Project.load(Path(sys.argv[1]))
    state, listener = SandboxState(sandbox_folder(project)), bound_listener()
    server = serve(build_app(state, sandbox_accounts(project)), listener)

    def end_with_input() -> None:
        sys.stdin.read()
        server.should_exit = True

    Thread(target=end_with_input, daemon=True).start()
    with announced(project, url_of(listener)):
        print(url_of(listener), flush=True)
        server.run(sockets=[listener])
    state.close()


if __name__ == "__main__":
    main()
