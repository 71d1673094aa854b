{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook="
        delete from {{ this }} as known
        where not exists (
            select 1
            from {{ ref('int_profiles__addresses') }} as shown
            where shown.address_kind = known.address_kind and shown.address = known.address
        )
    ",
) }}

with first_seen as (

    select distinct
        shown.address_kind,
        shown.address
    from {{ ref('int_profiles__addresses') }} as shown
    {% if is_incremental() -%}
    where not exists (
        select 1
        from {{ this }} as known
        where known.address_kind = shown.address_kind and known.address = shown.address
    )
    {%- endif %}

)

select
    cast(address_kind as varchar) as address_kind,
    cast(address as varchar) as address,
    {%- for dialect in hash_dialects() %}
    cast({{ address_sha256(dialect, 'address_kind', 'address') }} as varchar) as {{ dialect }}_sha256{{ ',' if not loop.last }}
    {%- endfor %}
from first_seen
