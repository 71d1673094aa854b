"""What people declare in YAML, validated, with the line each value came from."""
