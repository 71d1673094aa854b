{# Insertions, deletions and substitutions that turn one ASCII text of at most 255 characters into another. #}
{% macro edit_distance(left, right) %}levenshtein({{ left }}, {{ right }}){% endmacro %}

{# PostgreSQL counts edits in an extension that it trusts a database's owner to create. #}
{% macro prepare_edit_distance() %}{{ return(adapter.dispatch('prepare_edit_distance', 'cdp')()) }}{% endmacro %}

{% macro default__prepare_edit_distance() %}{% endmacro %}

{% macro postgres__prepare_edit_distance() %}
do $$ begin
    create extension if not exists fuzzystrmatch schema public;
exception when insufficient_privilege or undefined_file or feature_not_supported or invalid_schema_name then
    raise exception 'the extension fuzzystrmatch, which compares names, is missing and cannot be created here (%). '
        'Have an administrator install the package postgresql-contrib and run: create extension fuzzystrmatch schema public', sqlerrm;
end $$
{% endmacro %}
