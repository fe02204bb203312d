"""Forms of senders: any field, any number of them, or a typed refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import AppError
from app.payloads.delivery import RawDelivery
from app.payloads.forms import form_json, read_form

URLENCODED = "application/x-www-form-urlencoded"


def multipart(*fields, boundary="xYz"):
    parts = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
        for name, value, *rest in fields
        for more in (rest or [""])
    )
    body = f"{parts}--{boundary}--\r\n".encode()
    return RawDelivery(body, content_type=f'multipart/form-data; boundary="{boundary}"')


def test_fields_come_through_untouched():
    words = 'line\r\nbreak, --xY and "quotes" - ü \U0001f621'
    assert read_form(multipart(("a", words), ("b", ""))) == {"a": words, "b": ""}


def test_a_field_of_megabytes_among_thousands():
    found = read_form(multipart(("big", "x" * 2_000_000), *((f"f{number}", "y") for number in range(1_500))))
    assert (len(found), len(found["big"])) == (1_501, 2_000_000)


def test_files_are_left_out_and_the_first_of_two_counts():
    file = ("up", "bytes", '; filename="a.png"\r\nContent-Type: image/png')
    assert read_form(multipart(("a", "1"), file, ("a", "2"))) == {"a": "1"}


def test_a_urlencoded_form_is_decoded():
    found = read_form(RawDelivery(b"MSG=%7B%22a%22%3A1%7D&Topic=x+y&e=", content_type=f"{URLENCODED}; charset=utf-8"))
    assert found == {"MSG": '{"a":1}', "Topic": "x y", "e": ""}
    assert form_json(found, "MSG") == {"a": 1}
    assert form_json(found, "missing") is None


@pytest.mark.parametrize(
    "delivery",
    [
        RawDelivery(b"a=1", content_type="text/plain"),
        RawDelivery(b"a=1", content_type=""),
        RawDelivery(b"a=%ff", content_type=URLENCODED),
        RawDelivery(b"--x\r\n", content_type="multipart/form-data; boundary=x"),
        RawDelivery(b"no boundary", content_type="multipart/form-data"),
        RawDelivery(b"&".join([b"a=1"] * 30_000), content_type=URLENCODED),
        multipart(*((f"f{number}", "") for number in range(21_000))),
    ],
    ids=["text", "none", "not utf-8", "cut off", "no boundary", "too many", "too many parts"],
)
def test_what_is_no_form_is_refused(delivery):
    with pytest.raises(AppError) as refusal:
        read_form(delivery)
    assert refusal.value.code == "not_a_form"


@given(body=st.binary(), kind=st.text(max_size=30) | st.sampled_from([URLENCODED, "multipart/form-data; boundary=x"]))
def test_any_bytes_are_a_form_or_a_typed_refusal(body, kind):
    for bytes_ in (body, b"--x\r\n" + body + b"\r\n--x--"):
        try:
            assert isinstance(read_form(RawDelivery(bytes_, content_type=kind)), dict)
        except AppError as error:
            assert error.code == "not_a_form"  # noqa: PT017 - either outcome is right
