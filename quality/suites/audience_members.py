"""One row per audience, customer and kind of address: of the right shape, and of a kind that its channel takes."""

from __future__ import annotations

from cdp.declarations.consent_terms import load_consent_terms
from cdp.project import Project
from quality.measures import E164, EMAIL, Suite, none_where, repeated, text


def suite(project: Project) -> Suite:
    """Which kinds of addresses a channel takes is what `vars.consent` says."""
    return Suite(
        table="audience_members",
        boundary="audiences",
        measures={
            "missing_keys": none_where(
                "audience_name is null or customer_id is null", "every member has an audience and a customer"
            ),
            "missing_addresses": none_where("address is null", "every member has an address"),
            "repeated_members": repeated(
                "audience_name", "customer_id", "address_kind", says="a member has one address of a kind"
            ),
            "malformed_emails": none_where(
                f"address_kind = 'email' and not regexp_matches(address, '{EMAIL}')",
                "an e-mail address has the shape of one",
            ),
            "malformed_phones": none_where(
                f"address_kind = 'phone' and not regexp_matches(address, '{E164}')", "a phone number is E.164"
            ),
            "wrong_channels": none_where(_wrong_channel(project), "a channel gets the addresses it can use"),
        },
    )


def _wrong_channel(project: Project) -> str:
    channels = load_consent_terms(project.dbt_project).channels
    taken = [
        f"(channel = {text(channel)} and address_kind in ({', '.join(text(kind) for kind in kinds)}))"
        for channel, kinds in channels.items()
    ]
    return f"not ({' or '.join(taken)})"
