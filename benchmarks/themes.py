"""Theme discovery beside BERTopic in one run: `python benchmarks/themes.py ../shared/data [SET ...] [--bertopic]`.

Sets: banking77 (3,080 texts held out of its training part) and dstc11_insurance are what is reported; the others were
what methods were chosen on. For each method: normalised mutual information, adjusted Rand index, number of groups,
share left without one, seconds (encoding apart; all methods get the same vectors). Texts left over count as one group.
Names of the largest groups follow with the label that most of their texts have.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.model_selection import train_test_split

from app.theme.evaluate import group_texts
from classifiers.embedders.encoder import Encoder
from classifiers.text.clean import clean

Floats = npt.NDArray[np.float32]
Method = Callable[[Sequence[str], Floats], npt.NDArray[np.int64]]

SEED = 20261126
REPORTED = ("banking77", "dstc11_insurance")
SETS = {
    "banking77": ("banking77/train.jsonl", "label"),
    "dstc11_insurance": ("dstc11_insurance/utterances.jsonl", "label"),
    "bitext_support": ("bitext_support/test.jsonl", "label"),
    "multidogo_finance": ("multidogo_finance/train.jsonl", "labels"),
    "multidogo_insurance": ("multidogo_insurance/train.jsonl", "labels"),
    "multidogo_media": ("multidogo_media/train.jsonl", "labels"),
    "hint3_sofmattress": ("hint3_sofmattress/train.jsonl", "label"),
}
SMALL_TALK = {
    "outofdomain", "contentonly", "openinggreeting", "closinggreeting", "thankyou", "confirmation", "rejection",
}  # fmt: skip
FEWEST, MOST = 8, 3000


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("sets", nargs="*", default=list(REPORTED))
    parser.add_argument("--bertopic", action="store_true", help="BERTopic as well: UMAP and HDBSCAN take their time")
    parser.add_argument("--names", type=int, default=8, help="names shown of each set")
    chosen = parser.parse_args()
    encoder = Encoder()
    for name in chosen.sets:
        texts, labels = load(chosen.data, name)
        vectors = encoder.encode([clean(text) for text in texts], layers=False).vectors
        topics = len(set(labels))
        print(f"\n{name}: {len(texts)} texts, {topics} labels", flush=True)
        methods: dict[str, Method] = {"ours": ours, f"Ward, told {topics}": ward_told(topics)}
        if chosen.bertopic:
            methods |= {"BERTopic": bertopic, "BERTopic, outliers reduced": bertopic_reduced}
        for title, method in methods.items():
            report(title, method, texts, vectors, labels)
        show_names(texts, vectors, labels, chosen.names)


def load(data: Path, name: str) -> tuple[list[str], list[str]]:
    """Distinct texts with one label, of labels with enough of them; small talk is left out."""
    path, field = SETS[name]
    found: dict[str, str] = {}
    for line in (data / path).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        label = row[field] if isinstance(row[field], list) else [row[field]]
        if len(label) == 1 and label[0] not in SMALL_TALK and len(clean(row["text"])) > 1:
            found.setdefault(row["text"], label[0])
    texts, labels = list(found), list(found.values())
    if name == "banking77":
        _, held = train_test_split(np.arange(len(texts)), test_size=3080, stratify=labels, random_state=SEED)
        rows = [int(row) for row in held]
    elif name == "dstc11_insurance":
        rows = list(range(len(texts)))
    else:
        often = {label for label, count in Counter(labels).items() if count >= FEWEST}
        order = np.random.default_rng(SEED).permutation(len(texts))
        rows = [int(row) for row in order if labels[int(row)] in often][:MOST]
    return [texts[row] for row in rows], [labels[row] for row in rows]


def report(title: str, method: Method, texts: Sequence[str], vectors: Floats, labels: Sequence[str]) -> None:
    """One line."""
    begun = time.perf_counter()
    found = method(texts, vectors)
    spent = time.perf_counter() - begun
    agreed = normalized_mutual_info_score(labels, found), adjusted_rand_score(labels, found)
    print(f"  {title:28s} NMI {agreed[0]:.3f}  ARI {agreed[1]:.3f}  groups {len(set(found) - {-1}):3d}  "
          f"left {float((found == -1).mean()):.3f}  {spent:6.2f} s", flush=True)  # fmt: skip


def ours(texts: Sequence[str], vectors: Floats) -> npt.NDArray[np.int64]:
    """As `closeloop evaluate themes`: nothing is told, neither a number of groups nor a resolution."""
    found = np.full(len(texts), -1)
    for number, members in enumerate(group_texts(texts, vectors)[1]):
        found[list(members)] = number
    return found


def ward_told(topics: int) -> Method:
    """Ward's method, told how many groups there are."""

    def ward(texts: Sequence[str], vectors: Floats) -> npt.NDArray[np.int64]:
        del texts
        return np.asarray(fcluster(linkage(vectors, "ward"), topics, "maxclust"))

    return ward


def bertopic(texts: Sequence[str], vectors: Floats) -> npt.NDArray[np.int64]:
    """BERTopic as it comes."""
    return _bertopic(texts, vectors, reduce=False)


def bertopic_reduced(texts: Sequence[str], vectors: Floats) -> npt.NDArray[np.int64]:
    """BERTopic with every outlier put into the nearest topic, as its manual advises."""
    return _bertopic(texts, vectors, reduce=True)


def _bertopic(texts: Sequence[str], vectors: Floats, *, reduce: bool) -> npt.NDArray[np.int64]:
    from bertopic import BERTopic  # noqa: PLC0415 - slow to load, and wanted only when asked for
    from umap import UMAP  # noqa: PLC0415 - as above

    umap = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=42)  # its own defaults
    model = BERTopic(umap_model=umap, embedding_model=None)
    topics, _ = model.fit_transform(list(texts), vectors)
    if reduce:
        topics = model.reduce_outliers(list(texts), topics, strategy="embeddings", embeddings=vectors)
    return np.asarray(topics)


def show_names(texts: Sequence[str], vectors: Floats, labels: Sequence[str], most: int) -> None:
    """What the groups are called."""
    for group, members in list(zip(*group_texts(texts, vectors), strict=True))[:most]:
        label, count = Counter(labels[member] for member in members).most_common(1)[0]
        print(f"    {len(members):4d}  {group.name:44s} {label} {count / len(members):.2f}")


if __name__ == "__main__":
    sys.exit(main())
