-- Chance without a random number generator: a hash of (key, salt, seed). Neither threads nor row order matter.
create or replace macro draw(key, salt) as (hash(key, salt, getvariable('seed')) >> 11) / 9007199254740992.0;
create or replace macro pick(key, salt, choices) as cast(floor(draw(key, salt) * choices) as bigint);
create or replace macro one_of(options, key, salt) as options[1 + pick(key, salt, len(options))];
create or replace macro skewed_one_of(options, key, salt) as
    options[1 + cast(floor(len(options) * pow(draw(key, salt), 1.6)) as bigint)];

-- The generator aims above a declared minimum, so that chance does not undercut it.
create or replace macro happens(key, mess) as draw(key, mess) < 1.6 * getvariable('rates')[mess];
-- Of some mess only a part ever shows in a record.
create or replace macro happens_unseen(key, mess) as draw(key, mess) < 3 * getvariable('rates')[mess];

-- The world's year ends when the last real basket has been paid, at 23:00 of New Year's Eve in the retailer's own time.
create or replace macro first_day() as date '2017-01-01';
create or replace macro year_end() as timestamp '2018-01-01 05:00:00';
create or replace macro moment(key, salt) as
    timestamp '2017-01-01 13:00:00' + to_seconds(86400 * pick(key, salt, 364) + pick(key, salt || ' time', 43000));
create or replace macro later(instant, least_seconds, spread, key, salt) as
    instant + to_seconds(least_seconds + pick(key, salt, spread));

create or replace macro file_day(instant) as
    greatest(first_day(), least(cast(instant as date), cast(year_end() as date)));
create or replace macro delivery_day(instant) as least(file_day(instant), cast(year_end() as date) - 1);
create or replace macro day_file(folder, instant, ending) as
    folder || strftime(file_day(instant), '%Y-%m-%d') || ending;
create or replace macro compact_day_file(prefix, instant, ending) as
    prefix || strftime(file_day(instant), '%Y%m%d') || ending;
create or replace macro days_late(key) as
    to_days(cast(if(happens(key, 'late'), 1 + pick(key, 'days late', 3), 0) as integer));

-- A row's place in its file: by time, then by its key, then by its number within the key.
create or replace macro ordered(instant, key, place) as
    (cast(epoch(instant) - epoch(first_day()) as ubigint) << 38) | ((hash(key) >> 38) << 12) | cast(place as ubigint);

create or replace macro scrambled(number, modulus) as (number * 7368787) % modulus;
create or replace macro token(kind, key) as lower(to_hex(hash(key, kind, getvariable('seed'))));
create or replace macro spelled(text) as regexp_replace(lower(text), '[^a-z]', '', 'g');

-- One slip of the finger: a letter left out, doubled, or swapped with the next one.
create or replace macro slip(text, place, kind) as case kind
    when 0 then text[:place] || text[place + 2:]
    when 1 then text[:place] || text[place:place] || text[place + 1:]
    else text[:place - 1] || text[place + 1:place + 1] || text[place:place] || text[place + 2:]
end;
create or replace macro typed_name(text, key) as if(
    length(text) > 3 and happens(key, 'name_typo'),
    slip(text, 2 + pick(key, 'typo place', length(text) - 3), pick(key, 'typo kind', 3)),
    text
);
create or replace macro written_name(own, transliteration, script, key) as typed_name(
    if(script = 'cyrillic' and happens(key, 'name_transliterated'), transliteration, own), key
);

create or replace macro written_russian(d, form) as case form
    when 0 then '8 (' || d[2:4] || ') ' || d[5:7] || '-' || d[8:9] || '-' || d[10:11]
    when 1 then '8' || d[2:]
    when 2 then '+7 ' || d[2:4] || ' ' || d[5:7] || ' ' || d[8:9] || ' ' || d[10:11]
    when 3 then '8-' || d[2:4] || '-' || d[5:]
    when 4 then '+7(' || d[2:4] || ')' || d[5:]
    else d
end;
create or replace macro written_american(d, form) as case form
    when 0 then '+1 (' || d[2:4] || ') ' || d[5:7] || '-' || d[8:]
    when 1 then '+1-' || d[2:4] || '-' || d[5:7] || '-' || d[8:]
    else '+1 ' || d[2:4] || ' ' || d[5:7] || ' ' || d[8:]
end;
create or replace macro written_phone(digits, key) as case
    when not happens(key, 'phone_reformatted') then '+' || digits
    when digits[1:1] = '7' then written_russian(digits, pick(key, 'phone form', 6))
    else written_american(digits, pick(key, 'phone form', 3))
end;
create or replace macro given_phone(digits, key) as if(
    happens(key, 'junk_phone'),
    one_of(['000000', '0000000000', '', '+70000000000', 'null'], key, 'junk phone kind'),
    written_phone(digits, key)
);

create or replace macro written_email(email, key) as case
    when not happens(key, 'email_mangled') then email
    when draw(key, 'mangling') < 0.4 then upper(email)
    when draw(key, 'mangling') < 0.7 then ' ' || email || ' '
    else upper(email[1:1]) || email[2:]
end;
create or replace macro given_email(email, key) as if(
    happens(key, 'junk_email'),
    one_of(['test@test.com', 'null', '', 'no@no.no', '000000'], key, 'junk e-mail kind'),
    written_email(email, key)
);
