-- Loyalty cards: the head of a household always has one, a lost card is replaced by a second.
create or replace table cards as
with issued as (
    select *, unnest(if(draw(person_id, 'card lost') < 0.05, [1, 2], [1])) as slot
    from persons
    where is_head or (is_adult and draw(person_id, 'card') < if(position = 2, 0.75, 0.4))
)

select
    '2' || lpad(cast(scrambled(person_id * 10 + slot, 10000000000) as varchar), 10, '0') as card_number,
    person_id,
    household_id,
    is_head,
    slot,
    case
        when slot = 2 then moment(person_id, 'card replaced')
        when is_head or draw(person_id, 'card is new') < 0.7
            then timestamp '2012-01-01 12:00:00' + to_seconds(pick(person_id, 'card issued', 157000000))
        else moment(person_id, 'card issued')
    end as registered_at
from issued;
