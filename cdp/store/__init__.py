"""The operational store: what happened outside and cannot be computed again (ADR 5)."""

from cdp.store.leases import Lease
from cdp.store.opening import Store, open_store

__all__ = ["Lease", "Store", "open_store"]
