"""Why two records are one customer, or are not."""
