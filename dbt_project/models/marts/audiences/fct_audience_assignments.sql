{{ config(
    materialized='incremental',
    unique_key=['audience_name', 'customer_id'],
    incremental_strategy='delete+insert',
    full_refresh=false,
    post_hook='{{ drop_superseded() }}',
) }}

select
    cast(verdicts.audience_name as varchar) as audience_name,
    cast(verdicts.customer_id as bigint) as customer_id,
    cast(verdicts.variant as varchar) as variant,
    verdicts.variant = 'holdout' as is_holdout,
    clock.as_of as since
from {{ ref('int_audiences__verdicts') }} as verdicts
cross join {{ source('control', 'clock') }} as clock
{% if is_incremental() -%}
left join {{ this }} as known
    on verdicts.audience_name = known.audience_name and verdicts.customer_id = known.customer_id
{% endif -%}
where
    verdicts.variant is not null
    {% if is_incremental() -%}
    and coalesce(known.variant, '') <> verdicts.variant
    {%- endif %}
