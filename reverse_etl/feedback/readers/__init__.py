"""How tools report, one module each: what they sign, and what their words mean. A connector names its own."""
