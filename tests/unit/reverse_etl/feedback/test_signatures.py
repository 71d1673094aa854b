"""Whether a call is by who it says: published examples, and every way of bending a good one."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp.errors import ConfigurationError
from reverse_etl.destinations.registry import readers
from reverse_etl.feedback.readers import standard_webhooks, twilio
from reverse_etl.feedback.words import Posted, SignatureError, Trust
from reverse_etl.standard_webhooks import headers_of
from tests.doubles.feedback import KEY, PUBLIC_URL, SECRETS, TYPES, WALL, Shot, flow, hook, letter, mail, sms

# The example of the specification's own libraries.
EXAMPLE = Trust("hook", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "")
EXAMPLE_CALL = Posted(
    b'{"test": 2432232314}',
    {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    },
    "/feedback/hook",
    1614265330.0,
)
SHOTS = {
    "hook": hook("delivered"),
    "sms": sms(MessageSid="SM1", MessageStatus="delivered"),
    "mail": mail(letter("spam")),
    "flow": flow("opened_email"),
}


def posted(shot: Shot, now: float = WALL) -> Posted:
    return Posted(shot.body, {name.lower(): value for name, value in shot.headers.items()}, shot.path, now)


def trust(name: str) -> Trust:
    return Trust(name, SECRETS[name], PUBLIC_URL)


def accepts(call: Posted, by: Trust) -> bool:
    try:
        readers()[TYPES[by.name]].verify(call, by)
    except SignatureError:
        return False
    return True


def test_the_example_of_the_specification() -> None:
    standard_webhooks.verify(EXAMPLE_CALL, EXAMPLE)
    for moment, is_good in ((300, True), (301, False), (-300, True), (-301, False)):
        assert accepts(replace(EXAMPLE_CALL, now=1614265330 + moment), EXAMPLE) is is_good


def test_the_example_of_twilio() -> None:
    body = b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
    call = Posted(body, {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}, "/myapp.php?foo=1&bar=2", 0)
    twilio.verify(call, Trust("sms", "12345", "https://mycompany.com/"))


@pytest.mark.parametrize("name", SHOTS)
def test_a_good_call_is_good_and_every_bent_one_is_not(name: str) -> None:
    call = posted(SHOTS[name])
    assert accepts(call, trust(name))
    assert not accepts(
        call, Trust(name, SECRETS[name][:-1] + "A" if name != "hook" else f"whsec_{KEY[::-1].lstrip('=')}=", PUBLIC_URL)
    )
    assert not accepts(replace(call, body=call.body + b" "), trust(name))
    assert not accepts(replace(call, body=b""), trust(name))
    if name != "mail":  # whose signature is in the body
        assert not accepts(replace(call, headers={}), trust(name))


def test_twilio_signs_the_address_too() -> None:
    call = posted(sms("/feedback/sms?message=k1", MessageSid="SM1", MessageStatus="delivered"))
    assert accepts(call, trust("sms"))
    assert not accepts(replace(call, path="/feedback/sms?message=k2"), trust("sms"))


def test_a_signature_further_on_in_the_body_is_not_taken_for_the_real_one() -> None:
    told = letter("spam", metadata={"auth": "0" * 32})
    assert accepts(posted(mail(told)), trust("mail"))


def test_a_key_is_changed_without_a_gap() -> None:
    old, new = (base64.b64encode(bytes([byte]) * 32).decode() for byte in (1, 2))
    headers = headers_of([base64.b64decode(old)], "msg", WALL, b"{}")
    call = Posted(b"{}", headers, "/feedback/hook", WALL)
    both = Trust("hook", f"whsec_{new} whsec_{old}", "")
    assert accepts(call, both)
    assert not accepts(call, Trust("hook", f"whsec_{new}", ""))
    foreign = {**headers, "webhook-signature": f"v1a,xx v1,AAAA {headers['webhook-signature']}"}
    assert accepts(replace(call, headers=foreign), both)


def test_a_key_that_is_none_is_refused_before_anything_is_received() -> None:
    with pytest.raises(ConfigurationError, match="no signing key"):
        standard_webhooks.READER.check(Trust("hook", "hunter2", ""))


NAMES = st.text("abcdefghijklmnop_0123456789", min_size=1, max_size=40)


@given(
    key=st.binary(min_size=24, max_size=64),
    name=NAMES,
    sent=st.integers(0, 4_000_000_000),
    body=st.binary(max_size=200),
    late=st.integers(-900, 900),
)
def test_what_we_sign_we_believe_for_five_minutes(key: bytes, name: str, sent: int, body: bytes, late: int) -> None:
    call = Posted(body, headers_of([key], name, sent, body), "/feedback/hook", float(sent + late))
    assert accepts(call, Trust("hook", f"whsec_{base64.b64encode(key).decode()}", "")) is (abs(late) <= 300)


@given(
    place=st.integers(0, 10_000),
    header=st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "body"]),
    byte=st.characters(codec="ascii", exclude_categories=["Cc"]),
)
def test_one_changed_character_anywhere_is_enough(place: int, header: str, byte: str) -> None:
    call = posted(SHOTS["hook"])
    text = call.body.decode() if header == "body" else call.headers[header]
    at = place % len(text)
    bent = text[:at] + byte + text[at + 1 :]
    if bent == text or (header == "webhook-signature" and bent.split() == text.split()):
        return
    changed = (
        replace(call, body=bent.encode()) if header == "body" else replace(call, headers={**call.headers, header: bent})
    )
    if header == "webhook-signature" and at == len(text) - 2:
        return  # two bits of the last letter say nothing
    assert not accepts(changed, trust("hook"))
