"""What a run decides and does, whoever starts it: the `cdp run` command or Dagster."""
