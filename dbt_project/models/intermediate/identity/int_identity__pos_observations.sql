{{ config(materialized='view') }}

{{ identity_observations(
    relation=ref('stg_pos__receipt_lines'),
    source_name='pos',
    record_key="case when card_number is null then 'pos:receipt:' || receipt_id else 'loyalty:card:' || card_number end",
    identifiers={'phone': 'case when card_number is null then phone end', 'card': 'card_number'},
    observed_at='closed_at',
    is_transaction='card_number is null',
    where="line_no = 1 and receipt_type = 'sale' and (card_number is not null or phone is not null)",
) }}
