-- The households of one chunk: the real ones, or copies of real ones under new ids.
create or replace table households as
with numbered as (
    select
        number,
        if(
            getvariable('is_resampled'),
            pick(number, 'resample', (select count(*) from real_households)),
            number
        ) as place
    from (select unnest(range(getvariable('chunk_from'), getvariable('chunk_until'))) as number)
),

placed as (
    select
        if(getvariable('is_resampled'), number + 1, source_household_id) as household_id,
        real_households.*,
        sum(size) over (order by number) - size as persons_before
    from numbered
    join real_households using (place)
)

select
    placed.* exclude (persons_before, known_adults),
    least(coalesce(known_adults, 2), size) as adults,
    script,
    one_of(cities.options, household_id, 'city') as city,
    pick(household_id, 'postcode', 999) as postcode_end,
    one_of(['f', 'f', 'm'], household_id, 'head gender') as head_gender,
    age_from + pick(household_id, 'head age', 10) as head_age,
    size > 1 and happens_unseen(household_id, 'family_shared_device') as has_shared_tablet,
    size > 1 and happens(household_id, 'family_shared_email') as has_shared_email
from (
    select *, if(draw(household_id, 'script') < 0.5, 'cyrillic', 'latin') as script
    from placed
    where persons_before < getvariable('persons_wanted')
) as placed
join cities using (script);
