import pytest
from sqlalchemy import func, select

from app.domain.actor import Actor
from app.errors import AppError
from app.store.curation import lineage_of
from app.store.theme_tables import Theme, ThemeMention, ThemeMove
from app.theme import match
from app.theme.curate import merge_themes, mute_theme, rename_theme
from app.theme.split import propose_split, split_as_proposed, split_theme
from app.theme.undo import undo_curation

ANALYST = Actor(name="ada")
MONEY, LABEL = ["my refund never came", "the refund is missing", "refund still not here"], [
    "the label was torn", "no return label inside", "label printed wrong"]  # fmt: skip


@pytest.fixture
def theme(session, world, now):
    """A theme that holds two problems, with three complaints of each."""
    theme = Theme(topic_id=world.refunds.id, kind="cluster", name="Mixed", terms=[], created_at=now, updated_at=now)
    session.add(theme)
    session.flush()
    for at in range(3):
        for texts, vector in ((MONEY, [1, 0.1 * at, 0]), (LABEL, [0, 0.1 * at, 1])):
            _put(session, theme, world.complain(texts[at], vector))
    return theme


def _put(session, theme, mention):
    session.add(ThemeMention(mention_id=mention.id, theme_id=theme.id, similarity=0.9, assigned_at=theme.created_at))
    session.flush()


def _held(session, theme):
    session.expire_all()
    query = select(ThemeMention.mention_id).where(ThemeMention.theme_id == theme.id).order_by(ThemeMention.mention_id)
    return list(session.scalars(query))


def _other(session, world, now, *texts):
    other = Theme(topic_id=world.refunds.id, kind="cluster", name="Other", terms=[], created_at=now, updated_at=now)
    session.add(other)
    session.flush()
    for text in texts:
        _put(session, other, world.complain(text, [0, 1, 0]))
    return other


def test_the_proposed_parts_are_the_two_problems(session, theme):
    proposal = propose_split(session, theme.id)
    assert {proposal.stays.terms[0], proposal.leaves.terms[0]} == {"refund", "label"}
    assert len(proposal.leaves.mention_ids) == 3


def test_a_split_as_proposed_makes_a_new_theme_and_new_complaints_find_it(session, world, theme, now):
    proposal = propose_split(session, theme.id)
    new = split_as_proposed(session, now, ANALYST, theme.id, proposal.token)
    assert new.topic_id == theme.topic_id
    assert _held(session, new) == sorted(proposal.leaves.mention_ids)
    assert _held(session, theme) == sorted(proposal.stays.mention_ids)
    vector = [1, 0, 0] if "refund" in new.terms else [0, 0, 1]
    mention = world.complain("once more", vector)
    match.record(session, now, match.work(match.claim(session, now), None))
    assert session.get(ThemeMention, mention.id).theme_id == new.id


def test_a_proposal_that_is_no_longer_true_is_refused(session, world, theme, now):
    proposal = propose_split(session, theme.id)
    for text, vector in (("label lost", [0, 0, 1]), ("refund lost", [1, 0, 0])):
        _put(session, theme, world.complain(text, vector))
    with pytest.raises(AppError, match="new proposal"):
        split_as_proposed(session, now, ANALYST, theme.id, proposal.token)


def test_named_mentions_get_a_theme_with_the_name_that_a_person_gave(session, theme, now):
    new = split_theme(session, now, ANALYST, theme.id, mention_ids=_held(session, theme)[:2], name=" Voucher ")
    assert (new.name, new.named_by, new.kind) == ("Voucher", "ada", "cluster")
    assert [event.kind for event in lineage_of(session, new.id)] == ["split"]


def test_mentions_of_other_themes_and_all_of_them_cannot_be_split_off(session, world, theme, now):
    other = _other(session, world, now, "elsewhere")
    with pytest.raises(AppError, match="stand in this theme"):
        split_theme(session, now, ANALYST, theme.id, mention_ids=_held(session, other))
    with pytest.raises(AppError, match="rename it"):
        split_theme(session, now, ANALYST, theme.id, mention_ids=_held(session, theme))


def test_what_holds_one_problem_is_not_proposed_to_be_split(session, world, now):
    other = _other(session, world, now, "a", "b", "c", "d")
    with pytest.raises(AppError, match="no two parts"):
        propose_split(session, other.id)


def test_undoing_a_split_gives_everything_back(session, world, theme, now):
    before = _held(session, theme)
    new = split_theme(session, now, ANALYST, theme.id, mention_ids=before[:2])
    late = world.complain("came later", [1, 0, 0])
    _put(session, new, late)
    assert undo_curation(session, now, ANALYST, new.id).id == theme.id
    assert _held(session, theme) == [*before, late.id]
    assert new.state == "retired"
    assert [event.kind for event in lineage_of(session, theme.id)] == ["split", "undone"]
    assert session.scalar(select(func.count()).select_from(ThemeMove)) == 0


def test_undoing_a_merge_moves_back_what_is_still_there(session, world, theme, now):
    other = _other(session, world, now, "own")
    before = _held(session, theme)
    merge_themes(session, now, ANALYST, theme.id, into_id=other.id)
    gone_on = _other(session, world, now)
    session.get(ThemeMention, before[0]).theme_id = gone_on.id
    session.flush()
    undo_curation(session, now, ANALYST, other.id)
    assert (_held(session, theme), theme.state) == (before[1:], "active")
    assert len(_held(session, other)) == 1
    assert _held(session, gone_on) == before[:1]


def test_a_merge_whose_goal_was_merged_on_is_taken_back_after_that(session, world, theme, now):
    other, third = _other(session, world, now, "own"), _other(session, world, now, "third")
    merge_themes(session, now, ANALYST, theme.id, into_id=other.id)
    merge_themes(session, now, ANALYST, other.id, into_id=third.id)
    with pytest.raises(AppError, match="Take that back first"):
        undo_curation(session, now, ANALYST, theme.id)
    undo_curation(session, now, ANALYST, other.id)
    undo_curation(session, now, ANALYST, theme.id)
    assert len(_held(session, theme)) == 6


def test_undoing_a_rename_gives_the_name_back_and_whose_it_was(session, theme, now):
    rename_theme(session, now, Actor(name="ben"), theme.id, "By Ben")
    rename_theme(session, now, ANALYST, theme.id, "By Ada")
    undo_curation(session, now, ANALYST, theme.id)
    assert (theme.name, theme.named_by) == ("By Ben", "ben")
    undo_curation(session, now, ANALYST, theme.id)
    assert (theme.name, theme.named_by) == ("Mixed", None)
    with pytest.raises(AppError, match="Nobody has renamed"):
        undo_curation(session, now, ANALYST, theme.id)


def test_undoing_a_mute_lets_the_theme_go_on(session, theme, now):
    mute_theme(session, now, ANALYST, theme.id, muted=True)
    mute_theme(session, now, ANALYST, theme.id, muted=True)
    undo_curation(session, now, ANALYST, theme.id)
    assert theme.state == "active"
    assert [event.kind for event in lineage_of(session, theme.id)] == ["muted", "undone"]


def test_a_split_whose_new_theme_was_renamed_stays(session, theme, now):
    new = split_theme(session, now, ANALYST, theme.id, mention_ids=_held(session, theme)[:2])
    rename_theme(session, now, ANALYST, new.id, "Its own")
    with pytest.raises(AppError, match="curated itself"):
        undo_curation(session, now, ANALYST, theme.id)
    undo_curation(session, now, ANALYST, new.id)
    undo_curation(session, now, ANALYST, theme.id)
    assert new.state == "retired"
