from app.domain.masking import mask_addresses, mask_cell, mask_email, mask_name, mask_ref


def test_of_a_name_and_an_address_the_first_letter_is_left():
    assert (mask_name("Zora Quist"), mask_name(""), mask_name(None)) == ("Z***", "***", None)
    assert (mask_email("zora@example.net"), mask_email(None)) == ("z***@***", None)


def test_a_reference_is_masked_only_where_it_is_an_address():
    assert (mask_ref("C-1077"), mask_ref("zora@example.net"), mask_ref(None)) == ("C-1077", "z***@***", None)


def test_addresses_in_a_text_are_masked_and_numbers_stay():
    told = mask_addresses("Reply to <zora.q+x@mail.example.net>, order 4711000123; or ö@exämple.net.")
    assert told == "Reply to <***@***>, order 4711000123; or ***@***"
    assert mask_addresses("@ noon, 5 @ 3 EUR") == "@ noon, 5 @ 3 EUR"


def test_of_a_cell_it_is_left_whether_there_is_something():
    assert (mask_cell("zora"), mask_cell("")) == ("***", "")
