"""One row per customer: nobody twice, nobody without an id, and as many reachable as there used to be."""

from quality.measures import E164, EMAIL, Measure, Suite, malformed, none_where, repeated, share_where

SUITE = Suite(
    table="dim_customers",
    boundary="customers",
    measures={
        "missing_ids": none_where("customer_id is null", "every customer has an id"),
        "repeated_ids": repeated("customer_id", says="a customer is one row"),
        "malformed_emails": malformed("email", EMAIL, "an e-mail address has the shape of one"),
        "malformed_phones": malformed("phone", E164, "a phone number is E.164"),
        "named_share": Measure(
            share_where("first_name is not null or last_name is not null"), "customers have names as they used to"
        ),
        "reachable_share": Measure(
            share_where("email is not null or phone is not null"), "customers can be reached as they used to"
        ),
        "email_share": Measure(share_where("email is not null"), "customers have e-mail addresses as they used to"),
        "phone_share": Measure(share_where("phone is not null"), "customers have phone numbers as they used to"),
        "do_not_contact_share": Measure(
            share_where("is_do_not_contact"), "as few customers as before must not be contacted"
        ),
        "records_per_customer": Measure(
            "sum(records_count) / cast(count(*) as double)", "customers are made of as many records as they used to be"
        ),
        "largest_share_of_records": Measure(
            "max(records_count) / cast(sum(records_count) as double)",
            "no customer is made of a great part of all records",
        ),
        "largest_customer": Measure("max(records_count)", "the largest customer is not much larger than it was"),
    },
)
