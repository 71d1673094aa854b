"""What tools report of the messages they delivered: received, verified, and kept until it lands (ADR 23)."""
