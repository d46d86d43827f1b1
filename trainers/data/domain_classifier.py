"""A classifier of texts by domain: hashed words and pairs of words, and logistic regression on them (scikit-learn).

It is learned from rows of both kinds, without chance, and stored as numbers (`weights.npz`) and settings
(`classifier.json`); nothing that is stored can run code.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from finbench.errors import InputError
from finbench.files import writing
from trainers.files import canonical, new_folder, read_json, sha256, sha256_file, write_json

Floats = npt.NDArray[np.float64]
SETTINGS, WEIGHTS = "classifier.json", "weights.npz"
_FORMAT = "finbench domain classifier 1"


@dataclass(frozen=True, kw_only=True)
class Features:
    """How a text becomes numbers.

    Attributes:
        buckets: hashed features; a power of 2.
        longest_run: words of the longest run that is one feature.
        characters: how much of a text is read, from its beginning.
    """

    buckets: int = 2**18
    longest_run: int = 2
    characters: int = 20_000


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """What tells texts of a domain from others.

    Attributes:
        features: how a text becomes numbers.
        weights: one for each bucket, shape (buckets,).
        bias: of the logistic regression.
        about: what it was learned from and how well it did on held-out texts; JSON values.
        sha256: fingerprint of the stored files.
    """

    features: Features
    weights: Floats
    bias: float
    about: dict[str, Any]
    sha256: str = ""

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """For each text the probability that it is of the domain; shape (texts,), 0..1."""
        if not texts:
            return np.zeros(0)
        rows = self._vectorizer.transform([text[: self.features.characters] for text in texts])
        return np.asarray(1 / (1 + np.exp(-np.clip(rows @ self.weights + self.bias, -500, 500))))

    @cached_property
    def _vectorizer(self) -> Any:
        return vectorizer(self.features)

    def write(self, folder: Path) -> None:
        """Write the classifier's folder, whole or not at all."""
        with new_folder(folder) as partial:
            write_json(
                partial / SETTINGS,
                {"format": _FORMAT, "features": asdict(self.features), "bias": self.bias, "about": self.about},
            )
            held = io.BytesIO()
            np.save(held, self.weights.astype(np.float32), allow_pickle=False)
            # as numpy.savez does, but without the time of day: the same weights are the same bytes
            info = zipfile.ZipInfo("weights.npy", (1980, 1, 1, 0, 0, 0))
            with writing(partial), zipfile.ZipFile(partial / WEIGHTS, "w") as file:
                file.writestr(info, held.getvalue(), zipfile.ZIP_DEFLATED)


def read_classifier(folder: Path) -> Classifier:
    """The classifier in a folder.

    Raises:
        InputError: the folder holds none, or scikit-learn is not installed.
    """
    vectorizer(Features())
    if not (folder / SETTINGS).is_file():
        raise InputError(f"{folder} holds no classifier ({SETTINGS}); make one with `finbench curate classifier`")
    value = read_json(folder / SETTINGS)
    try:
        if value["format"] != _FORMAT:
            raise ValueError(f"its format is {value['format']!r}")
        features = Features(**{name: int(number) for name, number in value["features"].items()})
        with np.load(folder / WEIGHTS, allow_pickle=False) as stored:
            weights = np.asarray(stored["weights"], dtype=np.float64)
        if weights.shape != (features.buckets,) or not np.isfinite(weights).all():
            raise ValueError(f"its weights have the shape {weights.shape}")
        bias, about = float(value["bias"]), dict(value["about"])
    except (OSError, KeyError, TypeError, ValueError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{folder} holds no usable classifier: {str(error).partition(chr(10))[0]}") from None
    prints = sha256(canonical([sha256_file(folder / name) for name in (SETTINGS, WEIGHTS)]))
    return Classifier(features=features, weights=weights, bias=bias, about=about, sha256=prints)


def learn(
    texts: Iterable[str],
    labels: Sequence[bool],
    *,
    features: Features | None = None,
    strength: float = 10.0,
    about: dict[str, Any] | None = None,
) -> Classifier:
    """Learn a classifier: L2-regularised logistic regression (liblinear) with both kinds weighted alike.

    Args:
        texts: of both kinds.
        labels: whether each is of the domain.
        features: how a text becomes numbers.
        strength: inverse of the regularisation, scikit-learn's C.
        about: what is stored with it.

    Raises:
        InputError: one kind is missing, or scikit-learn is not installed.
    """
    chosen = features or Features()
    made = vectorizer(chosen)
    if len(set(labels)) < 2:
        raise InputError("a classifier is learned from texts of the domain and from others; one of the two is missing")
    rows = made.transform(text[: chosen.characters] for text in texts)
    library: Any = import_module("sklearn.linear_model")
    fitted = library.LogisticRegression(
        C=strength, class_weight="balanced", solver="liblinear", random_state=0, max_iter=1000
    )
    fitted.fit(rows, np.asarray(labels, dtype=bool))
    # as stored, so that what was measured is what will be used
    weights = fitted.coef_[0].astype(np.float32).astype(np.float64)
    return Classifier(features=chosen, weights=weights, bias=float(fitted.intercept_[0]), about=about or {})


def measured(
    texts: Sequence[str], labels: Sequence[bool], *, held_out: float = 0.2, threshold: float = 0.5
) -> Classifier:
    """Learn from most of the texts, and say of the others how well that did.

    Which texts are held out is decided by their hash, so that copies of a text stand on one side. The figures hold for
    texts like these, in these proportions; precision on other text depends on how rare the domain is there.

    Args:
        texts: of both kinds.
        labels: whether each is of the domain.
        held_out: about this share of the texts.
        threshold: a text counts as of the domain from this probability up.

    Returns:
        The classifier that was measured; `about` has precision, recall and the share of others let through, each with
        counts and the 95 % Wilson interval.

    Raises:
        InputError: one kind is missing on either side, or scikit-learn is not installed.
    """
    from finbench.stats.proportions import wilson_counts

    side = np.asarray([int(sha256(text)[:8], 16) < held_out * 2**32 for text in texts], dtype=bool)
    truth = np.asarray(labels, dtype=bool)
    if len(set(truth[side])) < 2:
        raise InputError(
            f"{int(side.sum())} of {len(truth)} texts are held out, and they are not of both kinds; give more texts"
        )
    made = learn((text for text, out in zip(texts, side, strict=True) if not out), [bool(one) for one in truth[~side]])
    said = made.probabilities([text for text, out in zip(texts, side, strict=True) if out]) >= threshold
    right = truth[side]
    hits = int((said & right).sum())
    shares = {
        "precision": (hits, int(said.sum())),
        "recall": (hits, int(right.sum())),
        "others_let_through": (int((said & ~right).sum()), int((~right).sum())),
    }
    figures: dict[str, Any] = {}
    for name, (count, of) in shares.items():
        found = wilson_counts(count, of) if of else None
        figures[name] = {
            "value": found.estimate if found else None,
            "ci_low": found.low if found else None,
            "ci_high": found.high if found else None,
            "count": count,
            "of": of,
        }
    about = {
        "texts_of_the_domain": int(truth.sum()),
        "other_texts": int((~truth).sum()),
        "held_out": int(side.sum()),
        "threshold": threshold,
        **figures,
    }
    return replace(made, about=about)


def vectorizer(features: Features) -> Any:
    """Texts to sparse rows of unit length; the hashing is scikit-learn's (MurmurHash3, 32 bits).

    Raises:
        InputError: scikit-learn is not installed.
    """
    try:
        library: Any = import_module("sklearn.feature_extraction.text")
    except ImportError:
        raise InputError("the domain classifier needs scikit-learn: pip install 'finbench[curation]'") from None
    return library.HashingVectorizer(
        n_features=features.buckets, ngram_range=(1, features.longest_run), alternate_sign=False, norm="l2"
    )
