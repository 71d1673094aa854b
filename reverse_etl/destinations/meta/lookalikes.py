"""Look-alike audiences: people like those of an audience that we fill. Meta finds and refreshes them itself."""

from __future__ import annotations

from dataclasses import dataclass

from cdp.errors import CdpError
from reverse_etl.destinations.http import RefusedError
from reverse_etl.destinations.meta.graph import DUPLICATE_LOOKALIKE, Graph


@dataclass(frozen=True, slots=True)
class Lookalike:
    """`ratio` is the part of a country's people (ISO 3166, two letters) that is most alike: 0.01 to 0.2."""

    audience: str
    country: str
    ratio: float
    is_new: bool


def lookalike(graph: Graph, seed: str, country: str, ratio: float, name: str) -> Lookalike:
    """The look-alike of the audience `seed`: the one that there is, else a new one called `name`.

    Raises CdpError where Meta does not make it.
    """
    try:
        audience = graph.read(seed, "account_id,lookalike_audience_ids")
        if found := _existing(graph, audience.get("lookalike_audience_ids", []), country, ratio):
            return Lookalike(found, country, ratio, is_new=False)
        spec = {"type": "custom_ratio", "ratio": ratio, "country": country}
        wanted = {"name": name, "subtype": "LOOKALIKE", "origin_audience_id": seed, "lookalike_spec": spec}
        made = graph.write("POST", f"act_{audience['account_id']}/customaudiences", wanted)
        return Lookalike(str(made["id"]), country, ratio, is_new=True)
    except RefusedError as refused:
        raise CdpError(_told(refused.reply.code, refused.reply.reason)) from None
    except (KeyError, TypeError, AttributeError):
        raise CdpError("Meta's answer makes no sense.", remedy="Run it again: it makes none twice.") from None


def _existing(graph: Graph, audiences: list[str], country: str, ratio: float) -> str:
    for audience in audiences:
        spec = graph.read(audience, "lookalike_spec").get("lookalike_spec", {})
        if spec.get("country") == country and abs(float(spec.get("ratio", 0)) - ratio) < 1e-9:
            return str(audience)
    return ""


def _told(code: str, reason: str) -> str:
    if code == DUPLICATE_LOOKALIKE:
        return "Meta already has this look-alike, and does not show it to us."
    return f"Meta did not make the look-alike ({code}): {reason}."
