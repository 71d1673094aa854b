"""The domain of the platform: declarations, landing, the warehouse port, segments, and the `cdp` command."""
