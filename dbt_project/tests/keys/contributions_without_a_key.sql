{{ config(meta={'finding': 'rows of sources or of what they contribute lack their key', 'dagster': {'ref': {'name': 'stg_shop__order_lines'}}}) }}

{#- One test for all of them: a test of its own for each would cost every build 0.1 s. -#}
{%- set keys = [
    (ref('int_carts__web_events'), 'cart_id'),
    (ref('int_consent__consent_events'), 'event_id'),
    (ref('int_consent__crm_do_not_contact'), 'record_key'),
    (ref('int_consent__esp_events'), 'event_id'),
    (ref('int_consent__esp_suppressions'), 'address'),
    (ref('int_crm__contact_versions'), 'contact_id'),
    (ref('int_events__consent'), 'event_id'),
    (ref('int_events__esp'), 'event_id'),
    (ref('int_events__loyalty'), 'event_id'),
    (ref('int_events__marketing'), 'event_id'),
    (ref('int_events__support'), 'event_id'),
    (ref('int_events__web'), 'event_id'),
    (ref('int_identity__crm_observations'), 'record_key'),
    (ref('int_identity__crm_people'), 'record_key'),
    (ref('int_identity__loyalty_observations'), 'record_key'),
    (ref('int_identity__loyalty_people'), 'record_key'),
    (ref('int_identity__pos_observations'), 'record_key'),
    (ref('int_identity__shop_observations'), 'record_key'),
    (ref('int_identity__shop_people'), 'record_key'),
    (ref('int_identity__web_observations'), 'record_key'),
    (ref('int_messages__esp_events'), 'message_id'),
    (ref('int_orders__pos_lines'), 'order_id'),
    (ref('int_orders__shop_lines'), 'order_id'),
    (ref('int_products__catalog'), 'product_id'),
    (ref('int_profiles__crm_attributes'), 'record_key'),
    (ref('int_profiles__loyalty_attributes'), 'record_key'),
    (ref('int_profiles__shop_attributes'), 'record_key'),
    (ref('int_profiles__support_attributes'), 'record_key'),
    (ref('int_profiles__web_attributes'), 'record_key'),
    (ref('stg_crm__contacts'), 'contact_id'),
    (ref('stg_loyalty__demographics'), 'card_number'),
    (ref('stg_loyalty__members'), 'card_number'),
    (ref('stg_marketing__campaign_sends'), 'campaign_id'),
    (ref('stg_marketing__coupon_redemptions'), 'campaign_id'),
    (ref('stg_pos__receipt_lines'), 'receipt_id'),
    (ref('stg_shop__order_lines'), 'order_id'),
    (ref('stg_shop__returns'), 'order_id'),
    (ref('stg_support__tickets'), 'ticket_id'),
] %}

{%- for relation, key in keys %}
select '{{ relation.identifier }}' as model_name
from {{ relation }}
where {{ key }} is null
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
