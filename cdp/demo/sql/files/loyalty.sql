select
    file,
    concat_ws(
        ',',
        card_number,
        field(first_name),
        field(last_name),
        field(phone),
        field(email),
        coalesce(strftime(birth_date, '%Y-%m-%d'), ''),
        gender,
        field(city),
        postcode,
        strftime(registered_at, '%Y-%m-%d %H:%M:%S'),
        strftime(updated_at, '%Y-%m-%d %H:%M:%S')
    ) as line
from due
