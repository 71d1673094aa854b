"""What pydantic complains about, in people's words."""

from __future__ import annotations

from typing import Any

_IN_WORDS = {
    "string_type": 'write text, in quotes if it looks like something else (`"yes"`, `"12"`)',
    "list_type": "write a list, such as `[one, another]`",
    "tuple_type": "write a list, such as `[one, another]`",
    "dict_type": "write names with their values, such as `{a: 50, b: 50}`",
    "model_type": "write names with their values, such as `{a: 50, b: 50}`",
    "int_type": "write a whole number, such as `3`",
    "int_from_float": "write a whole number, such as `3`",
    "int_parsing": "write a whole number, such as `3`",
    "float_type": "write a number, such as `0.5`",
    "float_parsing": "write a number, such as `0.5`",
    "bool_type": "write `true` or `false`",
    "bool_parsing": "write `true` or `false`",
    "greater_than_equal": "at least {ge:,} is needed",
    "greater_than": "more than {gt:,} is needed",
    "less_than_equal": "at most {le:,} is allowed",
    "less_than": "less than {lt:,} is needed",
    "string_too_short": "nothing is written here",
    "string_too_long": "at most {max_length:,} characters fit",
    "too_short": "at least {min_length} is needed, not {actual_length}",
    "too_long": "at most {max_length} are allowed, not {actual_length}",
    "literal_error": "write {expected}",
    "enum": "write {expected}",
}
# What a pattern asks for, in words.
_SHAPES = {
    r"^[a-z][a-z0-9_]*$": "small letters, digits and `_`, a letter first",
    r"^[a-z_]+$": "small letters and `_`",
    r"^[^\x00]*$": "text without a NUL",
}


def told(complaint: Any) -> str:
    """One complaint, as pydantic lists it, as a sentence for whoever wrote the file."""
    name = ".".join(str(step) for step in complaint["loc"] if step != "[key]") or "this"
    kind = complaint["type"]
    asked = complaint.get("ctx", {})
    if kind in _IN_WORDS:
        return f"`{name}`: {_IN_WORDS[kind].format(**asked)}."
    if kind == "string_pattern_mismatch":
        pattern = asked["pattern"]
        return f"`{name}`: write {_SHAPES.get(pattern, f'what has the form `{pattern}`')}."
    if kind == "extra_forbidden":
        return f"`{name}` is not a known key."
    if kind == "missing":
        return f"`{name}` is missing."
    message = complaint["msg"].removeprefix("Value error, ")
    return f"`{name}`: {message}{'' if message.endswith('.') else '.'}"
