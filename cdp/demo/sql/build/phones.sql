-- Numbers are an injective function of the person, so that two persons never share one by accident.
create or replace macro russian_mobile(serial) as
    '7'
    || ([
        901, 902, 903, 904, 905, 906, 908, 909, 910, 911, 912, 913, 914, 915, 916, 917, 918, 919, 920, 921,
        922, 923, 924, 925, 926, 927, 928, 929, 930, 931, 932, 933, 934, 936, 937, 938, 939, 950, 951, 952
    ])[1 + scrambled(serial, 400000000) // 10000000]
    || lpad(cast(scrambled(serial, 400000000) % 10000000 as varchar), 7, '0');

-- 555-0100 to 555-0199 are set aside for fiction in every American area code.
create or replace macro american_number(serial) as
    '1'
    || ([
        201, 202, 203, 205, 206, 207, 208, 209, 210, 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 228,
        229, 231, 234, 239, 240, 248, 251, 252, 253, 254, 256, 260, 262, 267, 269, 270, 276, 281, 301, 302,
        303, 304, 305, 307, 308, 309, 310, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 323, 325, 330
    ])[1 + serial // 100]
    || '55501' || lpad(cast(serial % 100 as varchar), 2, '0');

create or replace macro cashiers_own_phone(key) as '8' || (russian_mobile(399999000 + pick(key, 'cashier', 3)))[2:];

create or replace macro phone_digits(person_id, household_id, position, script) as if(
    script = 'latin'
    and position <= 2
    and household_id * 2 + position < 6000
    and draw(person_id, 'american phone') < 0.4,
    american_number(household_id * 2 + position),
    russian_mobile(person_id * 2)
);
