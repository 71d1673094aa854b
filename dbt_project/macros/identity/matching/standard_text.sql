{#
    Standard forms of what people write about themselves: ASCII, lower case, one alphabet. Everything that records are compared
    by goes through these, so that edits count alike on every engine.
#}

{# Latin letters with marks, Cyrillic and look-alike Greek letters as plain Latin ones, lower case. #}
{% macro latin(text) -%}
    {%- set expression = namespace(sql=fold_case(text)) -%}
    {%- for letters, written in {
        'ß': 'ss', 'æ': 'ae', 'Æ': 'ae', 'œ': 'oe', 'Œ': 'oe', 'þ': 'th', 'ж': 'zh', 'х': 'kh', 'ц': 'ts', 'ч': 'ch', 'ш': 'sh', 'щ': 'sh',
        'ю': 'yu', 'я': 'ya', 'ї': 'yi', 'є': 'ye',
    }.items() -%}
        {%- set expression.sql = "replace(" ~ expression.sql ~ ", '" ~ letters ~ "', '" ~ written ~ "')" -%}
    {%- endfor -%}
    case
        -- Most text is plain, and looking up each of its letters among so many would cost more than all the rest.
        when not {{ regex_matches(text, '[^ -~]') }}
            then translate({{ text }}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')
        else translate(
            {{ expression.sql }},
            'абвгдеёзийклмнопрстуфыэіґўІЇЄҐàáâãäåāăąÀÁÂÃÄÅĀĂĄçćčÇĆČďđĎĐèéêëēėęěÈÉÊËĒĖĘĚğĞģĢìíîïīįıÌÍÎÏĪĮİķĶłļľŁĻĽñńņňÑŃŅŇòóôõöøőōÒÓÔÕÖØŐŌřŘśşšșŚŞŠȘťţțŤŢȚùúûüūůűųÙÚÛÜŪŮŰŲýÿÝŸžźżŽŹŻαβεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧъьЪЬ',
            'abvgdeeziyklmnoprstufyeiguiyegaaaaaaaaaaaaaaaaaaccccccddddeeeeeeeeeeeeeeeeggggiiiiiiiiiiiiiikkllllllnnnnnnnnoooooooooooooooorrssssssssttttttuuuuuuuuuuuuuuuuyyyyzzzzzzabeiknoptuxabezhikmnoptyx'
        )
    end
{%- endmacro %}

{# Null where a text says only that there is nothing. #}
{% macro unless_placeholder(text) -%}
    case
        when
            replace({{ text }}, ' ', '') not in (
                '', 'null', 'none', 'nan', 'na', 'nil', 'unknown', 'unk', 'undefined', 'missing', 'notavailable', 'notgiven', 'notknown',
                'tbd', 'xxx', 'xxxx', 'test', 'anonymous', 'noname', 'blank', 'empty'
            )
            then {{ text }}
    end
{%- endmacro %}

{# Words of Latin letters with one space between them; null where none is left. #}
{% macro words(text) -%}
    {{ unless_placeholder("trim(" ~ replace_matches(replace_matches(latin("substr(" ~ text ~ ", 1, 200)"), "[^a-z0-9 ,.;/_-]"), "[ ,.;/_-]+", " ") ~ ")") }}
{%- endmacro %}

{# Words of a name; null where it says who somebody is to others, not what they are called. #}
{% macro name_words(text) -%}
    case
        when
            {{ words(text) }} not in (
                'mr', 'mrs', 'ms', 'miss', 'mister', 'madam', 'sir', 'lady', 'male', 'female', 'man', 'woman', 'boy', 'girl', 'baby', 'infant',
                'child', 'kid', 'son', 'daughter', 'mother', 'father', 'mom', 'mum', 'dad', 'husband', 'wife', 'spouse', 'brother', 'sister',
                'uncle', 'aunt', 'grandmother', 'grandfather', 'owner', 'tenant', 'resident', 'occupant', 'guest', 'customer', 'client', 'user',
                'person', 'member', 'friend', 'name', 'surname', 'firstname', 'lastname', 'first name', 'last name'
            )
            then {{ words(text) }}
    end
{%- endmacro %}

{# Letters and digits of a standard text without its spaces, short enough for any engine to count edits in. #}
{% macro compact(text) %}nullif(substr(replace({{ text }}, ' ', ''), 1, 60), ''){% endmacro %}

{# How a name sounds, roughly: letters that spelling and transliteration swap fall together, vowels after the first letter go. #}
{% macro sound(name) -%}
    {%- set expression = namespace(sql=name) -%}
    {%- for heard, written in [
        ('sch', 's'), ('sh', 's'), ('ch', 'k'), ('ck', 'k'), ('ph', 'f'), ('th', 't'), ('kh', 'k'), ('zh', 'j'), ('dzh', 'j'), ('ts', 's'), ('gh', 'g'),
        ('wr', 'r'), ('kn', 'n'), ('qu', 'k'), ('x', 'ks'),
    ] -%}
        {%- set expression.sql = "replace(" ~ expression.sql ~ ", '" ~ heard ~ "', '" ~ written ~ "')" -%}
    {%- endfor -%}
    {%- set expression.sql = "translate(" ~ expression.sql ~ ", 'cqzvwjgdbmyiuoeah', 'kksffjktpnaaaaaa')" -%}
    nullif(substr(substr({{ expression.sql }}, 1, 1) || replace(substr({{ doubled_once(expression.sql) }}, 2), 'a', ''), 1, 6), '')
{%- endmacro %}

{# Doubled consonants of a sound once. #}
{% macro doubled_once(text) -%}
    {%- set expression = namespace(sql=text) -%}
    {%- for letter in 'kstflrnpj' -%}
        {%- set expression.sql = "replace(" ~ expression.sql ~ ", '" ~ letter ~ letter ~ "', '" ~ letter ~ "')" -%}
    {%- endfor -%}
    {{ expression.sql }}
{%- endmacro %}

{# Words of an address with the usual abbreviations for kinds of street; ` ` before and after each word. #}
{% macro street_words(text) -%}
    {%- set expression = namespace(sql="' ' || " ~ words(text) ~ " || ' '") -%}
    {%- for written, short in {
        'street': 'st', 'str': 'st', 'road': 'rd', 'avenue': 'ave', 'av': 'ave', 'drive': 'dr', 'place': 'pl', 'lane': 'ln', 'court': 'ct',
        'crescent': 'cres', 'circuit': 'cct', 'boulevard': 'blvd', 'terrace': 'ter', 'highway': 'hwy', 'parkway': 'pkwy', 'square': 'sq',
        'close': 'cl', 'circle': 'cir', 'apartment': 'apt', 'suite': 'ste', 'north': 'n', 'south': 's', 'east': 'e', 'west': 'w',
        'ulitsa': 'ul', 'prospekt': 'pr', 'pereulok': 'per', 'dom': 'd', 'kvartira': 'kv',
    }.items() -%}
        {%- set expression.sql = "replace(" ~ expression.sql ~ ", ' " ~ written ~ " ', ' " ~ short ~ " ')" -%}
    {%- endfor -%}
    {{ expression.sql }}
{%- endmacro %}
