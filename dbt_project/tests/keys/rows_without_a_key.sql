{{ config(meta={'finding': 'rows of the shared models lack their key', 'dagster': {'ref': {'name': 'int_identity__evidence'}}}) }}

{#- One test for all of them: a test of its own for each would cost every build 0.1 s. -#}
{%- set keys = [
    (ref('int_consent__do_not_contact_addresses'), 'address'),
    (ref('int_consent__listed_events'), 'address'),
    (ref('int_identity__evidence'), 'node_id'),
    (ref('int_identity__id_changes'), 'record_key'),
    (ref('int_identity__match_blocks'), 'block_key'),
    (ref('int_identity__match_links'), 'record_key_a'),
    (ref('int_identity__match_rules'), 'condition'),
    (ref('int_identity__match_source_weights'), 'source_a'),
    (ref('int_identity__match_weights'), 'comparison'),
    (ref('int_messages__syncs_events'), 'message_id'),
    (ref('int_segments__settled_definitions'), 'segment_name'),
    (ref('int_segments__settled_masks'), 'customer_id'),
    (ref('stg_receipts__receipts'), 'receipt_id'),
    (ref('stg_suppression__listings'), 'token'),
    (ref('stg_suppression__tokens'), 'token'),
] %}

{{ rows_without_key(keys) }}
