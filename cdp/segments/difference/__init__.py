"""Who enters and who leaves when segments, or the models below them, change: the work tree against another commit."""
