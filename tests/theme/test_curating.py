import pytest
from sqlalchemy import select

from app.domain.actor import OPERATOR
from app.errors import AppError
from app.store.curation import lineage_of
from app.store.tables import AuditEvent
from app.store.theme_tables import Theme, ThemeMention
from app.theme.curate import merge_themes, mute_theme, rename_theme


def _theme(session, world, kind="cluster", topic="refunds"):
    theme = Theme(
        topic_id=getattr(world, topic).id, kind=kind, name="n", terms=[], created_at=world.now, updated_at=world.now
    )
    session.add(theme)
    session.flush()
    return theme


def test_a_name_given_by_a_human_is_kept_with_who_gave_it(session, world, now):
    theme = _theme(session, world)
    rename_theme(session, now, OPERATOR, theme.id, "  Refund   late ")
    assert (theme.name, theme.named_by) == ("Refund late", "cli")
    assert lineage_of(session, theme.id)[-1].facts == {"before": "n", "before_by": None, "after": "Refund late"}
    assert session.scalars(select(AuditEvent.action)).all() == ["theme_renamed"]


def test_an_empty_name_is_refused(session, world, now):
    theme = _theme(session, world)
    with pytest.raises(AppError, match="characters"):
        rename_theme(session, now, OPERATOR, theme.id, "   ")


def test_merging_moves_the_mentions_and_retires_the_theme(session, world, now):
    gone, kept = _theme(session, world), _theme(session, world)
    mention = world.complain("x", [1, 0, 0])
    session.add(ThemeMention(mention_id=mention.id, theme_id=gone.id, assigned_at=now))
    session.flush()
    merge_themes(session, now, OPERATOR, gone.id, into_id=kept.id)
    session.expire_all()
    assert session.get(ThemeMention, mention.id).theme_id == kept.id
    assert gone.state == "retired"
    assert lineage_of(session, gone.id)[-1].other_theme_id == kept.id
    with pytest.raises(AppError, match="closed"):
        mute_theme(session, now, OPERATOR, gone.id, muted=True)


@pytest.mark.parametrize("into", ["itself", "other topic", "a topic's own"])
def test_themes_that_do_not_belong_together_do_not_merge(session, world, now, into):
    theme = _theme(session, world)
    other = {
        "itself": lambda: theme,
        "other topic": lambda: _theme(session, world, topic="delivery"),
        "a topic's own": lambda: _theme(session, world, kind="topic"),
    }[into]()
    first, second = (other, theme) if into == "a topic's own" else (theme, other)
    with pytest.raises(AppError, match="same topic"):
        merge_themes(session, now, OPERATOR, first.id, into_id=second.id)


def test_a_muted_theme_can_be_let_go_on(session, world, now):
    theme = _theme(session, world)
    mute_theme(session, now, OPERATOR, theme.id, muted=True)
    assert theme.state == "muted"
    mute_theme(session, now, OPERATOR, theme.id, muted=False)
    assert theme.state == "active"
