"""`closeloop impact` on an installation of its own."""


def test_without_changes_there_is_nothing_to_list(closeloop):
    closeloop("init")
    assert closeloop("impact", "list", "--json").document == []
    assert "No change was planned yet" in closeloop("impact", "list").stderr


def test_an_unknown_change_is_named_as_such(closeloop):
    closeloop("init")
    for word in ("show", "recompute"):
        assert "no such change" in closeloop("impact", word, "7", code=2).stderr
