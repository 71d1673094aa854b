create or replace macro field(text) as coalesce('"' || replace(text, '"', '""') || '"', '');
create or replace macro with_comma(number) as replace(cast(number as varchar), '.', ',');
