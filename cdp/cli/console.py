"""The two streams people read; results go to the first, progress and errors to the second."""

from rich.console import Console

# Record keys such as `web:cookie:1` are no emoji.
output = Console(emoji=False)
errors = Console(stderr=True, emoji=False)
