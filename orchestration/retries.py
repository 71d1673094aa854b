"""What is tried again: a source or a tool that does not answer, or somebody else at work; never what a gate stopped."""

from dagster import Backoff, Jitter, RetryPolicy

PASSING = RetryPolicy(max_retries=3, delay=10, backoff=Backoff.EXPONENTIAL, jitter=Jitter.PLUS_MINUS)
