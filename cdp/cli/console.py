"""The two streams people read; results go to the first, progress and errors to the second."""

from rich.console import Console

output = Console()
errors = Console(stderr=True)
