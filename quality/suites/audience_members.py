"""One row per audience, customer and kind of address: an address of the right shape for its channel."""

from quality.measures import E164, EMAIL, Suite, any_rows, keeps_its_size, none_of, repeated, rows_where

SUITE = Suite(
    table="audience_members",
    measures={
        "missing_keys": rows_where("audience_name is null or customer_id is null"),
        "missing_addresses": rows_where("address is null"),
        "repeated_members": repeated("audience_name", "customer_id", "address_kind"),
        "malformed_emails": rows_where(f"address_kind = 'email' and not regexp_matches(address, '{EMAIL}')"),
        "malformed_phones": rows_where(f"address_kind = 'phone' and not regexp_matches(address, '{E164}')"),
        "wrong_channels": rows_where(
            "(channel = 'email' and address_kind <> 'email') or (channel = 'sms' and address_kind <> 'phone')"
        ),
    },
    bounds=[
        any_rows(),
        none_of("missing_keys", "every member has an audience and a customer"),
        none_of("missing_addresses", "every member has an address"),
        none_of("repeated_members", "a member has one address of a kind"),
        none_of("malformed_emails", "an e-mail address has the shape of one"),
        none_of("malformed_phones", "a phone number is E.164"),
        none_of("wrong_channels", "a channel gets the addresses it can use"),
        keeps_its_size(0.5),
    ],
)
