{#
    What `vars.survivorship` declares, checked: {attribute: {order, type, on_source_deletion}}, each of them set.
    Raises a compiler error that names the line's path, what it says and what it may say.
#}
{% macro survivorship() %}
    {%- set declared = var('survivorship') -%}
    {%- do check_survivorship(declared) -%}
    {%- set attributes = {} -%}
    {%- for attribute, settings in declared.attributes.items() -%}
        {%- do attributes.update({attribute: {
            'order': settings.get('order', declared.order),
            'type': settings.get('type', 'varchar'),
            'on_source_deletion': settings.get('on_source_deletion'),
        }}) -%}
    {%- endfor -%}
    {{- return(attributes) -}}
{% endmacro %}

{#
    The words of an `order`, with what sorts the records that give an attribute a value: the first is the one that survives.
    Below all of them, the value that arrived last.
#}
{% macro survivorship_criteria() %}
    {{- return({
        'verified_first': 'case when is_verified then 0 else 1 end asc',
        'source_priority': 'priority asc',
        'most_recent': 'observed_at desc',
        'most_frequent': 'times_given desc',
        'longest': 'value_length desc',
    }) -}}
{% endmacro %}

{% macro check_survivorship(declared) %}
    {%- do check_words('survivorship', declared.keys(), ['order', 'on_source_deletion', 'attributes', 'sources']) -%}
    {%- do check_survivorship_rule('survivorship', {'order': declared.order, 'on_source_deletion': declared.on_source_deletion}) -%}
    {%- for attribute, settings in declared.attributes.items() -%}
        {%- set path = 'survivorship.attributes.' ~ attribute -%}
        {%- do check_words(path, settings.keys(), ['order', 'on_source_deletion', 'type']) -%}
        {%- do check_survivorship_rule(path, settings) -%}
    {%- endfor -%}
    {%- do check_words('survivorship.sources', declared.get('sources', {}).keys(), var('profile_sources')) -%}
    {%- for source, settings in declared.get('sources', {}).items() -%}
        {%- do check_words('survivorship.sources.' ~ source, settings.keys(), ['on_source_deletion']) -%}
        {%- do check_survivorship_rule('survivorship.sources.' ~ source, settings) -%}
    {%- endfor -%}
{% endmacro %}

{% macro check_survivorship_rule(path, settings) %}
    {%- if 'order' in settings -%}
        {%- set order = settings.order or [] -%}
        {%- do check_words(path ~ '.order', order, survivorship_criteria().keys()) -%}
        {%- if not order or order | unique | list | length < order | length -%}
            {%- do exceptions.raise_compiler_error(
                'dbt_project.yml, vars.' ~ path ~ '.order: names each of its words once, and at least one.'
            ) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if 'on_source_deletion' in settings -%}
        {%- do check_words(path ~ '.on_source_deletion', [settings.on_source_deletion], ['keep', 'forget']) -%}
    {%- endif -%}
{% endmacro %}

{% macro check_words(path, words, known) %}
    {%- for word in words if word not in known -%}
        {%- do exceptions.raise_compiler_error(
            'dbt_project.yml, vars.' ~ path ~ ': `' ~ word ~ '` is none of ' ~ known | join(', ') ~ '.'
        ) -%}
    {%- endfor -%}
{% endmacro %}

{# The place of each record among those that give one customer's attribute a value: 1 survives. Sources without a priority come last. #}
{% macro survivorship_standing() -%}
    {%- set criteria = survivorship_criteria() -%}
    {%- set orders = {} -%}
    {%- for attribute, settings in survivorship().items() -%}
        {%- do orders.setdefault(settings.order | join(','), []).append(attribute) -%}
    {%- endfor -%}
    case
        {%- for order, attributes in orders.items() %}
        when attribute in ('{{ attributes | join("', '") }}')
            then row_number() over (
                partition by customer_id, attribute
                order by
                    case when priority is null then 1 else 0 end asc,
                    {%- for word in order.split(',') %}
                    {{ criteria[word] }},
                    {%- endfor %}
                    _arrival desc,
                    record_key asc
            )
        {%- endfor %}
    end
{%- endmacro %}

{# True where a value outlives the record that gave it: an attribute's own word goes before its source's, and that before the general one. #}
{% macro keeps_deleted() -%}
    {%- set declared = var('survivorship') -%}
    {%- set words = [] -%}
    {%- for attribute, settings in survivorship().items() if settings.on_source_deletion -%}
        {%- do words.append(["attribute = '" ~ attribute ~ "'", settings.on_source_deletion]) -%}
    {%- endfor -%}
    {%- for source, settings in declared.get('sources', {}).items() -%}
        {%- do words.append(["source_name = '" ~ source ~ "'", settings.on_source_deletion]) -%}
    {%- endfor -%}
    {%- do words.append(['true', declared.on_source_deletion]) -%}
    case
        {%- for condition, word in words %}
        when {{ condition }} then {{ 'true' if word == 'keep' else 'false' }}
        {%- endfor %}
    end
{%- endmacro %}

{#
    Why a value stands where it does, told by the word of the order on which it differs from `rival`: the survivor of the same
    attribute, or for the survivor the one next to it.
#}
{% macro survivorship_decided_by(own, rival) -%}
    {%- set compared = {
        'verified_first': 'is_verified', 'source_priority': 'priority', 'most_recent': 'observed_at', 'most_frequent': 'times_given',
        'longest': 'value_length',
    } -%}
    case
        when {{ own }}.priority is null then 'source without a priority'
        when {{ rival }}.record_key is null or {{ rival }}.priority is null then 'only candidate'
        when {{ own }}.value_key = {{ rival }}.value_key then 'same value'
        {%- for attribute, settings in survivorship().items() %}
        {%- for word in settings.order %}
        when {{ own }}.attribute = '{{ attribute }}' and {{ own }}.{{ compared[word] }} <> {{ rival }}.{{ compared[word] }} then '{{ word }}'
        {%- endfor %}
        {%- endfor %}
        else 'last to arrive'
    end
{%- endmacro %}
