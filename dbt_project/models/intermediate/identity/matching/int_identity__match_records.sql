with written as (

    select
        people.record_key,
        people.source_name,
        {{ name_words('people.given_name') }} as given_words,
        {{ words('people.middle_name') }} as middle_words,
        {{ name_words('people.family_name') }} as family_words,
        {{ words("case when people.full_name like '%,%' then split_part(people.full_name, ',', 2) || ' ' || split_part(people.full_name, ',', 1) else people.full_name end") }} as full_words,
        {{ date_parts('people.birth_date') }} as date_parts,
        {{ words('people.sex') }} as sex_words,
        {{ normalise_email('people.email') }} as email,
        {{ digits('people.phone') }} as phone_digits,
        {{ street_words('people.street') }} as street_words,
        {{ words('people.street_extra') }} as extra_words,
        {{ words('people.city') }} as city_words,
        {{ words('people.postcode') }} as postcode_words,
        {{ words('people.state') }} as state_words,
        {{ words('people.country') }} as country_words
        {%- for attribute in var('match_model').get('attributes', []) %},
        {{ compact(words('people.' ~ attribute)) }} as {{ attribute }}
        {%- endfor %}
    from {{ ref('int_identity__match_people') }} as people
    where not people.is_deleted

),

unsuffixed as (

    select
        written.*,
        {{ replace_matches('full_words', ' (jr|sr|junior|senior|ii|iii|iv)$') }} as full_plain
    from written

),

named as (

    select
        unsuffixed.*,
        coalesce(given_words, case when family_words is null then {{ replace_matches('full_plain', ' [^ ]+$') }} end) as given_all,
        coalesce(
            family_words,
            case when given_words is null and full_plain like '% %' then {{ replace_matches('full_plain', '^.* ') }} end
        ) as family_all,
        coalesce(family_words, full_words) as suffixed,
        {{ date_part('date_parts', 1) }} as date_one,
        {{ date_part('date_parts', 2) }} as date_two,
        {{ date_part('date_parts', 3) }} as date_three
    from unsuffixed

),

split_names as (

    select
        named.*,
        trim({{ replace_matches("' ' || given_all || ' '", '^ (mr|mrs|ms|miss|dr|prof|mister|gospodin) ', ' ') }}) as given_plain,
        trim({{ replace_matches("' ' || family_all || ' '", ' (jr|sr|junior|senior|ii|iii|iv) $', ' ') }}) as family_plain,
        case
            when {{ regex_matches('suffixed', ' (jr|junior)$') }} then 'jr'
            when {{ regex_matches('suffixed', ' (sr|senior)$') }} then 'sr'
            when {{ regex_matches('suffixed', ' (ii|iii|iv)$') }} then {{ replace_matches('suffixed', '^.* ') }}
        end as name_suffix,
        sum(case when date_one > '12' and length(date_one) = 2 then 1 else 0 end) over (partition by source_name) as first_above_12,
        sum(case when date_two > '12' and length(date_two) = 2 then 1 else 0 end) over (partition by source_name) as second_above_12
    from named

),

standard as (

    select
        split_names.*,
        {{ compact("case when family_plain is null and given_plain like '% %' then " ~ replace_matches('given_plain', ' [^ ]+$') ~ " else split_part(given_plain, ' ', 1) end") }} as given_name,
        {{ compact("coalesce(middle_words, case when family_plain is not null and given_plain like '% %' then " ~ replace_matches('given_plain', '^[^ ]+ ') ~ " end)") }} as middle_name,
        {{ compact("coalesce(family_plain, case when given_plain like '% %' then " ~ replace_matches('given_plain', '^.* ') ~ " end)") }} as family_name,
        {{ standard_date('date_parts', 'date_one', 'date_two', 'date_three', 'second_above_12 > first_above_12') }} as written_date,
        {{ compact("replace(split_part(split_part(email, '@', 1), '+', 1), '.', ' ')") }} as mailbox,
        {{ compact('postcode_words') }} as postcode,
        {{ compact('city_words') }} as city,
        {{ compact('state_words') }} as state,
        {{ compact('country_words') }} as country,
        {{ compact('extra_words') }} as street_extra,
        {{ compact('street_words') }} as street,
        nullif(split_part(trim({{ replace_matches('street_words', '[^0-9]+', ' ') }}), ' ', 1), '') as house_number,
        {{ compact(replace_matches('street_words', '[0-9]+')) }} as street_name
    from split_names

),

comparable as (

    select
        standard.record_key,
        standard.source_name,
        standard.given_name,
        coalesce(nicknames.name, standard.given_name) as given_root,
        {{ sound('standard.given_name') }} as given_sound,
        substr(standard.given_name, 1, 1) as given_initial,
        standard.middle_name,
        standard.family_name,
        {{ sound('standard.family_name') }} as family_sound,
        standard.name_suffix,
        least(standard.given_name, standard.family_name) || ' ' || greatest(standard.given_name, standard.family_name) as name_pair,
        {% set known_date = "standard.written_date not in ('00000000', '19000101', '99991231', '11111111')" -%}
        case when {{ known_date }} then standard.written_date end as birth_date,
        case when {{ known_date }} then substr(standard.written_date, 1, 4) end as birth_year,
        case
            when {{ known_date }}
                then
                    least(substr(standard.written_date, 5, 2), substr(standard.written_date, 7, 2))
                    || greatest(substr(standard.written_date, 5, 2), substr(standard.written_date, 7, 2))
        end as birth_day,
        substr(standard.sex_words, 1, 1) as sex,
        substr({{ latin('standard.email') }}, 1, 120) as email,
        case when length(standard.mailbox) >= 4 then standard.mailbox end as email_name,
        case
            when length(standard.phone_digits) >= 7 and replace(standard.phone_digits, substr(standard.phone_digits, length(standard.phone_digits)), '') <> ''
                then substr(standard.phone_digits, greatest(length(standard.phone_digits) - 9, 1))
        end as phone,
        standard.street,
        standard.house_number,
        standard.street_name,
        standard.street_extra,
        standard.city,
        standard.postcode,
        standard.state,
        standard.country
        {%- for attribute in var('match_model').get('attributes', []) %},
        standard.{{ attribute }}
        {%- endfor %}
    from standard
    left join {{ ref('nicknames') }} as nicknames on standard.given_name = nicknames.nickname

)

select
    comparable.*,
    md5({% for column in match_columns() %}coalesce(comparable.{{ column }}, ''){{ " || '|' || " if not loop.last }}{% endfor %}) as record_hash
from comparable
