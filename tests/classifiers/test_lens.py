import json

import numpy as np
import pytest
import torch

from classifiers.contract import TopicSpec
from classifiers.topics.lens import LENS_FILE, Lens, shipped_lens
from classifiers.topics.model import TopicModel
from classifiers.train.lens import SETS, Taxonomy, read_taxonomies, train_lens


def taxonomy(seed, topics=12, dim=16):
    """Texts lie at their topic's name, but in the second half of the numbers what names say stands elsewhere."""
    rng = np.random.default_rng(seed)
    names = rng.normal(size=(topics, dim)).astype(np.float32)
    right = np.arange(topics * 30) % topics
    said = names[right].copy()
    said[:, dim // 2 :] = np.roll(said[:, dim // 2 :], 1, axis=1)
    texts = said + rng.normal(size=said.shape).astype(np.float32) * 0.7
    unit = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in (names, texts)]
    return Taxonomy(torch.from_numpy(unit[0]), torch.from_numpy(unit[1]), right)


def nearest(one, lens=None):
    names, texts = one.names.numpy(), one.texts.numpy()
    if lens is not None:
        names, texts = lens.of_names(names), lens.of_texts(texts)
    return np.mean((texts @ names.T).argmax(axis=1) == one.topics)


def test_what_some_taxonomies_teach_helps_another_one():
    lens, other = train_lens([taxonomy(seed) for seed in range(8)]), taxonomy(99)
    assert nearest(other, lens) > nearest(other) + 0.05


def test_the_same_sets_give_the_same_lens():
    one, other = (train_lens([taxonomy(seed) for seed in range(2)]) for _ in range(2))
    assert np.array_equal(one.names, other.names)


def test_a_lens_is_kept_as_it_is(tmp_path):
    lens = shipped_lens()
    lens.save(tmp_path / "lens.safetensors")
    assert (tmp_path / "lens.safetensors").read_bytes() == LENS_FILE.read_bytes()
    assert np.array_equal(Lens.load(tmp_path / "lens.safetensors").texts, lens.texts)


def test_what_is_seen_through_it_has_length_one():
    vectors = np.eye(384, dtype=np.float32)[:5]
    for found in (shipped_lens().of_names(vectors), shipped_lens().of_texts(vectors)):
        assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-5)


def test_topics_without_any_label_are_told_apart_through_it(encoder):
    specs = (TopicSpec("late_delivery"), TopicSpec("refund"), TopicSpec("change_address"), TopicSpec("opening_hours"))
    model = TopicModel(specs, encoder.encode, lens=shipped_lens())
    texts = ["My parcel has not come yet", "I want my money back", "I have moved house", "When do you close today?"]
    assert [answer.best.label for answer in model.judge(texts, encoder.encode(texts), 0.1)] == [s.key for s in specs]
    assert model.fingerprint != TopicModel(specs, encoder.encode).fingerprint


def test_sets_are_read_and_left_out(tmp_path, encoder):
    for file, field in SETS.values():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        rows = [{"text": f"{word} number {at}", field: [word]} for word in ("refund", "parcel") for at in range(12)]
        rows += [{"text": "both", field: ["refund", "parcel"]}, {"text": "rare", field: ["rare"]}]
        (tmp_path / file).write_text("\n".join(map(json.dumps, rows)), "utf-8")
    (found,) = read_taxonomies(tmp_path, encoder.encode, leave=list(SETS)[1:])
    assert (found.names.shape, found.texts.shape) == ((2, 384), (24, 384))
