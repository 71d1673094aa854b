-- A priority for an attribute that is not declared, or for a source that tells nothing about people, would decide nothing.
select
    attribute,
    source_name
from {{ ref('survivorship_rules') }}
where
    attribute not in ('{{ survivorship().keys() | join("', '") }}')
    or source_name not in ('{{ var('profile_sources') | join("', '") }}')
