import numpy as np

from classifiers import contract
from classifiers.embedders.memory import Remembering
from classifiers.reader import Reader


class Counting:
    """The real encoder, which notes how many texts it was given."""

    def __init__(self, encoder):
        self.encoder, self.asked = encoder, []

    def encode(self, texts, **options):
        self.asked.append(len(texts))
        return self.encoder.encode(texts, **options)


def test_what_was_encoded_before_is_looked_up(encoder):
    counting = Counting(encoder)
    first = Remembering(counting, {})
    first.encode(["late parcel", "rude driver"], layers=True)
    second = Remembering(counting, first.known())
    found = second.encode(["rude driver", "late parcel", "broken box", "rude driver"], layers=True)
    assert counting.asked == [2, 1]
    plain = encoder.encode(["rude driver", "late parcel", "broken box", "rude driver"])
    np.testing.assert_allclose(found.vectors, plain.vectors, atol=0.02)
    np.testing.assert_allclose(found.layers, plain.layers, atol=0.1)
    assert second.encode([]).vectors.shape == (0, encoder.dim)


def test_what_is_not_used_any_more_and_what_comes_later_is_not_kept(encoder):
    first = Remembering(encoder, {})
    first.encode(["late parcel", "rude driver"])
    second = Remembering(encoder, first.known())
    second.encode(["late parcel"], layers=False)
    assert [key[0] for key in second.used] == ["late parcel"]
    second.forget()
    second.encode(["a customer's words"])
    assert second.used == second.known() == {}


def test_a_correction_that_does_not_teach_decides_its_own_text_only(encoder):
    topics = [contract.TopicSpec("refunds"), contract.TopicSpec("delivery")]
    said = contract.Correction("My gizmo hums loudly.", topic="delivery", urgent=True, teaches=False)
    reader = Reader(encoder, topics, [said])
    turns = [[contract.Turn("customer", text)] for text in ("My gizmo hums loudly.", "The gizmo hums at night.")]
    own, other = (reading.mentions[0] for reading in reader.read(turns))
    assert (own.topic, own.urgent, own.urgent_confidence, own.corrected) == ("delivery", True, 1.0, True)
    assert (other.topic, other.corrected) == (None, False)
    assert not reader.uncorrected().read(turns)[0].mentions[0].corrected
    assert reader.fingerprint == Reader(encoder, topics).fingerprint


def test_a_text_that_teaches_topic_and_feeling_is_encoded_once(encoder):
    said = contract.Correction("My gizmo hums loudly.", topic="delivery", sentiment="negative", complaint=True)
    memory = Remembering(encoder, {})
    Reader(memory, [contract.TopicSpec("refunds"), contract.TopicSpec("delivery")], [said])
    assert len([key for key in memory.used if key[0] == said.text]) == 1
