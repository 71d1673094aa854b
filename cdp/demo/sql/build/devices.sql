-- What a person browses with: a cookie (an installation, for the app) that is cleared now and then.
create or replace table owned_devices as
select person_id, household_id, person_id as owner, unnest(
    ['phone']
    || if(draw(person_id, 'laptop') < 0.7, ['laptop'], [])
    || if(draw(person_id, 'app') < 0.35, ['app'], [])
    || if(has_shared_tablet, ['tablet'], [])
) as device
from persons
where is_adult or is_head;

create or replace table browsers as
with owners as (
    select
        person_id,
        device,
        if(device = 'tablet', household_id * 10, person_id) as owner,
        unnest(range(if(device = 'app', 1, 3))) as epoch
    from owned_devices
)

select
    person_id,
    device,
    epoch,
    token('cookie', concat_ws(':', owner, device, epoch)) as anonymous_id,
    if(device in ('app', 'tablet'), token('device', concat_ws(':', owner, device)), null) as device_id,
    if(
        device = 'app',
        null,
        concat_ws('.', hash(owner, device, getvariable('seed')) % 2000000000, 1451606400 + owner % 31536000)
    ) as client_id
from owners;

create or replace table device_choices as
select person_id, list(device order by device) as devices from owned_devices group by person_id;

-- Cookies are cleared about twice a year, on a day of the owner's own.
create or replace macro cookie_epoch(person_id, device, instant) as if(
    device = 'app', 0,
    (
        dayofyear(least(instant, year_end() - interval 1 day))
        + pick(if(device = 'tablet', person_id // 10, person_id), 'cleared', 170)
    ) // 190
);
