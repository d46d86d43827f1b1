"""The evaluation items as an index that any amount of training text streams past."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from finbench.contamination.evaluated import Evaluated, View, evaluated
from finbench.contamination.near import NearDuplicates, is_available
from finbench.contamination.ngrams import HashCollision, Hashes, Mask, NgramTable, Numbers, Texts, WindowHasher
from finbench.contamination.tokens import BORDER, Ids, numbered, numbering, words
from finbench.errors import InputError


class Rule(StrEnum):
    """When training text counts as overlapping with an item; docs/contamination.md has the definitions."""

    EXACT = "exact"
    NGRAM13 = "ngram13"
    NGRAM8 = "ngram8"
    NEAR = "near"


ALL_RULES = tuple(Rule)
#: Words of an n-gram, by rule.
SIZES = {Rule.NGRAM8: 8, Rule.NGRAM13: 13}
#: An n-gram in more than this share of a task's items, and in more than `TEMPLATE_ITEMS`, is the task's template. An
#: item of which more than `FORM_SHARE` of the n-grams are template is a form that has been filled in.
TEMPLATE_SHARE, TEMPLATE_ITEMS, FORM_SHARE = 0.01, 10, 0.5
#: Words of the shortest text without options that can be found verbatim at all.
SHORTEST = 3
#: Words that may stand between a question and its options, or between two options: letters, "answer", "choices".
OPTION_GAP = 2


@dataclass(frozen=True, slots=True)
class Text:
    """One text of the index: an item in one view."""

    task: str
    item: str
    view: View


@dataclass(slots=True)
class Found:
    """What one stretch of training text holds.

    Attributes:
        hits: for each rule the texts of the index that it hits, with the position of a word of the first hit.
        template: the texts that an n-gram rule hits through the task's template only.
        positions: sorted positions of hits of any rule, for counting documents.
    """

    hits: dict[Rule, dict[int, int]] = field(default_factory=dict)
    template: dict[Rule, dict[int, int]] = field(default_factory=dict)
    positions: list[Numbers] = field(default_factory=list)


class Index:
    """Evaluation items, ready to be found in training text.

    Built of evaluation items only, so its size does not depend on the training text.

    Args:
        sets: the items of each task.
        rules: the rules to apply; all by default, near-duplicates only where the library for it is installed.
        templates: whether n-grams of a task's template count as hits (see `TEMPLATE_SHARE`).
        views: what of the items is looked for; the question always is.

    Raises:
        InputError: if near-duplicates are asked for by name and `datasketch` is not installed.
    """

    def __init__(
        self,
        sets: Sequence[Evaluated],
        *,
        rules: Iterable[Rule] | None = None,
        templates: bool = True,
        views: Iterable[View] = tuple(View),
    ) -> None:
        if rules is None:
            self.rules = tuple(rule for rule in ALL_RULES if rule is not Rule.NEAR or is_available())
        else:
            self.rules = tuple(rule for rule in ALL_RULES if rule in set(rules))
            if Rule.NEAR in self.rules and not is_available():
                raise InputError(
                    "near-duplicates need the library datasketch; run pip install 'finbench[audit]' or leave the rule "
                    "'near' out"
                )
        wanted = {View.QUESTION, *views}
        self.sets = tuple(
            replace(one, texts={view: texts for view, texts in one.texts.items() if view in wanted}) for one in sets
        )
        self.templates = templates
        tokens: list[list[str]] = []
        self.texts: list[Text] = []
        for one in self.sets:
            for view, texts in one.texts.items():
                for item, text in zip(one.items, texts, strict=True):
                    if found := words(text):
                        self.texts.append(Text(one.task, item, view))
                        tokens.append(found)
        self.vocabulary: Mapping[str, int] = numbering(tokens)
        self._texts = Texts.of([numbered(text, self.vocabulary) for text in tokens])
        del tokens
        self._options = _options(self.sets, self.texts, self.vocabulary)
        self.longest = int(self._texts.lengths.max(initial=0))
        self._group = _groups(self.texts)
        self._build()

    def _build(self) -> None:
        for seed in range(8):
            try:
                self._tables(WindowHasher(len(self.vocabulary), seed))
                return
            except HashCollision:
                continue
        raise RuntimeError("eight draws of 64-bit word values all collided, which cannot happen by chance")

    def _tables(self, hasher: WindowHasher) -> None:
        self._hasher = hasher
        self._ngrams = {rule: NgramTable(n, self._texts, hasher) for rule, n in SIZES.items() if rule in self.rules}
        self._common = {rule: self._template(table) for rule, table in self._ngrams.items()}
        self._forms = {rule: self._filled_in(table, self._common[rule]) for rule, table in self._ngrams.items()}
        self._telling = {
            rule: ~self._common[rule] & _held_by(table, ~self._forms[rule]) for rule, table in self._ngrams.items()
        }
        lengths = self._texts.lengths
        anchor = SIZES[Rule.NGRAM8]
        self._short: list[NgramTable] = []
        self._anchors: NgramTable | None = None
        self._near: NearDuplicates | None = None
        if Rule.EXACT in self.rules:
            # options are looked for behind their question, see _compare
            sought = np.array(
                [
                    one.view is not View.WITH_CHOICES and (number in self._options or lengths[number] >= SHORTEST)
                    for number, one in enumerate(self.texts)
                ],
                dtype=bool,
            )
            self._short = [
                NgramTable(n, self._texts, hasher, only=sought & (lengths == n))
                for n in sorted({int(n) for n in lengths[sought] if 0 < n < anchor})
            ]
            self._short_postings = [_rarest(table, sought) for table in self._short]
            self._anchors = self._ngrams.get(Rule.NGRAM8) or NgramTable(anchor, self._texts, hasher)
            self._anchor_postings = _rarest(self._anchors, sought)
        if Rule.NEAR in self.rules:
            table = NgramTable(NearDuplicates.SHINGLE, self._texts, hasher)
            self._near = NearDuplicates(self._texts, table, self._template(table))

    def _template(self, table: NgramTable) -> Mask:
        """Which n-grams stand in so many items of one task and view that they tell none of them from another."""
        spread = table.spread
        many = np.flatnonzero(spread > TEMPLATE_ITEMS)
        common = np.zeros(len(table), dtype=bool)
        for entry in many:
            held = table.texts[table.begins[entry] : table.begins[entry + 1]]
            groups, counts = np.unique(self._group[held], return_counts=True)
            sizes = np.bincount(self._group)[groups]
            common[entry] = bool(((counts > TEMPLATE_ITEMS) & (counts > TEMPLATE_SHARE * sizes)).any())
        return common

    def _filled_in(self, table: NgramTable, common: Mask) -> Mask:
        """Which texts are template for the most part, so that even their other n-grams are only its variants."""
        counted = common[np.repeat(np.arange(len(table)), table.spread)]
        held = np.bincount(table.texts, minlength=len(self.texts))
        shared = np.bincount(table.texts, weights=counted, minlength=len(self.texts))
        forms: Mask = shared > FORM_SHARE * held
        return forms

    def ids(self, text: str) -> Ids:
        """The words of a text as the index numbers them."""
        return numbered(words(text), self.vocabulary)

    def too_short(self, rule: Rule) -> set[int]:
        """The texts that an n-gram rule cannot hit, being shorter than n words."""
        return {int(text) for text in np.flatnonzero(self._texts.lengths < SIZES[rule])}

    def find(self, ids: Ids, skip: Mapping[Rule, Container[int]] | None = None) -> Found:
        """The texts of the index that a stream of words holds.

        Args:
            ids: the stream; documents and their fields have a `BORDER` around them.
            skip: texts by rule that are known to be hit and need not be found again.
        """
        sizes = {table.n for table in (*self._ngrams.values(), *self._short)}
        if self._anchors is not None:
            sizes.add(self._anchors.n)
        if self._near is not None:
            sizes.add(NearDuplicates.SHINGLE)
        hashes = self._hasher.all(ids, tuple(sorted(sizes)))
        known = skip or {}
        found = Found()
        places = {table.n: table.find(ids, hashes[table.n]) for table in self._ngrams.values()}
        for rule, table in self._ngrams.items():
            self._note_ngrams(found, rule, table, *places[table.n])
        if self._anchors is not None:
            at = places.get(self._anchors.n) or self._anchors.find(ids, hashes[self._anchors.n])
            exact = self._exact(ids, hashes, at, known.get(Rule.EXACT, ()))
            found.hits[Rule.EXACT] = exact
            found.positions.append(np.array(sorted(exact.values()), dtype=np.int64))
        if self._near is not None:
            near = self._near.find(ids, hashes[NearDuplicates.SHINGLE], known.get(Rule.NEAR, ()))
            found.hits[Rule.NEAR] = near
            found.positions.append(np.array(sorted(near.values()), dtype=np.int64))
        return found

    def _note_ngrams(self, found: Found, rule: Rule, table: NgramTable, positions: Numbers, entries: Numbers) -> None:
        telling = self._telling[rule][entries]
        every: dict[int, int] = {}
        _first(every, table, positions[telling], entries[telling])
        forms = self._forms[rule]
        own = {text: at for text, at in every.items() if not forms[text]}
        if not telling.all():
            _first(every, table, positions[~telling], entries[~telling])
        found.template[rule] = {text: at for text, at in every.items() if text not in own}
        found.hits[rule] = every if self.templates else own
        found.positions.append(positions if self.templates else positions[telling])

    def _exact(
        self, ids: Ids, hashes: Mapping[int, Hashes], at: tuple[Numbers, Numbers], known: Container[int]
    ) -> dict[int, int]:
        """Texts that stand verbatim: their rarest 8-gram is found, then all is compared; short ones are found whole."""
        hit: dict[int, int] = {}
        places = [(self._anchor_postings, *at)]
        places += [
            (postings, *table.find(ids, hashes[table.n]))
            for table, postings in zip(self._short, self._short_postings, strict=True)
        ]
        for postings, positions, entries in places:
            useful = postings.used[entries]
            for position, entry in zip(positions[useful].tolist(), entries[useful].tolist(), strict=True):
                for text, place in postings.of(entry):
                    if not self._settled(text, hit) and not self._settled(text, known):
                        self._compare(ids, text, position - place, hit)
        return hit

    def _settled(self, text: int, hit: Container[int]) -> bool:
        """Whether a text, with its options if it has any, is known to be hit."""
        option = self._options.get(text)
        return text in hit and (option is None or option.text in hit)

    def _compare(self, ids: Ids, text: int, begin: int, hit: dict[int, int]) -> None:
        wanted = self._texts.words_of(text)
        option = self._options.get(text)
        end = begin + len(wanted)
        if begin < 0 or not np.array_equal(ids[begin:end], wanted):
            return
        long = len(wanted) >= SIZES[Rule.NGRAM8]
        # a text as short as "Inflation:" stands in every textbook: its options must follow, or it is a field by itself
        if option is None:
            alone = begin > 0 and end < len(ids) and ids[begin - 1] == BORDER and ids[end] == BORDER
            if long or alone:
                hit.setdefault(text, begin)
            return
        follow = _follow(ids, end, option.parts)
        if follow:
            hit.setdefault(option.text, begin)
        if long or follow:
            hit.setdefault(text, begin)

    def overlaps(self, text: str) -> dict[Rule, set[str]]:
        """Ids of the items whose question a text overlaps with, for each rule."""
        found = self.find(joined([self.ids(text)]))
        return {
            rule: {self.texts[one].item for one in hits if self.texts[one].view is View.QUESTION}
            for rule, hits in found.hits.items()
        }


def index_of(
    tasks: Sequence[str],
    *,
    rules: Iterable[Rule | str] | None = None,
    templates: bool = True,
    views: Iterable[View] = tuple(View),
) -> Index:
    """The index of some tasks' evaluation items.

    Args:
        tasks: task names.
        rules: the rules to apply, see `Index`.
        templates: whether n-grams of a task's template count as hits.
        views: what of the items is looked for.

    Raises:
        InputError: if a task is unknown or has no rows here, or a rule is unknown or its library missing.
    """
    asked = None if rules is None else tuple(rule_named(rule) for rule in rules)
    return Index([evaluated(task) for task in dict.fromkeys(tasks)], rules=asked, templates=templates, views=views)


def rule_named(name: str) -> Rule:
    """A rule by its name.

    Raises:
        InputError: if there is none.
    """
    try:
        return Rule(name)
    except ValueError:
        raise InputError(f"there is no rule '{name}'; the rules are {', '.join(ALL_RULES)}") from None


def joined(streams: Sequence[Ids]) -> Ids:
    """Streams in one, with a border around each, so that nothing is found across two."""
    border = np.full(1, BORDER, dtype=np.int32)
    return np.concatenate([border, *(part for one in streams for part in (one, border))])


@dataclass(frozen=True, slots=True)
class _Options:
    """The options of a question: the text of both in the index, and the words of each option."""

    text: int
    parts: tuple[Ids, ...]


def _options(sets: Sequence[Evaluated], texts: Sequence[Text], vocabulary: Mapping[str, int]) -> dict[int, _Options]:
    at = {(text.task, text.item, text.view): number for number, text in enumerate(texts)}
    found = {}
    for one in sets:
        for item, choices in zip(one.items, one.choices, strict=True):
            question = at.get((one.task, item, View.QUESTION))
            whole = at.get((one.task, item, View.WITH_CHOICES))
            if question is not None and whole is not None:
                parts = tuple(numbered(words(choice), vocabulary) for choice in choices)
                found[question] = _Options(whole, parts)
    return found


def _follow(ids: Ids, begin: int, parts: Sequence[Ids]) -> bool:
    """Whether all options follow in their order, each at most `OPTION_GAP` words (its letter, say) after the last."""
    for part in parts:
        if not len(part):
            continue
        near = ids[begin : begin + OPTION_GAP + 1].tolist()
        first = int(part[0])
        ends = [begin + gap + len(part) for gap, word in enumerate(near) if word == first]
        end = next((end for end in ends if np.array_equal(ids[end - len(part) : end], part)), None)
        if end is None:
            return False
        begin = end
    return True


@dataclass(frozen=True, slots=True)
class _Anchors:
    used: Mask
    texts: dict[int, list[tuple[int, int]]]

    def of(self, entry: int) -> list[tuple[int, int]]:
        return self.texts.get(entry, [])


def _rarest(table: NgramTable, sought: Mask) -> _Anchors:
    """For each text that is sought the n-gram that fewest texts hold, and its first place in the text."""
    spread = table.spread
    entries = np.repeat(np.arange(len(table)), spread)
    order = np.lexsort((table.places, spread[entries], table.texts))
    order = order[sought[table.texts[order]]]
    owner = table.texts[order]
    first = np.ones(len(owner), dtype=bool)
    first[1:] = owner[1:] != owner[:-1]
    used = np.zeros(len(table), dtype=bool)
    by_entry: dict[int, list[tuple[int, int]]] = {}
    for posting in order[first].tolist():
        entry = int(entries[posting])
        used[entry] = True
        by_entry.setdefault(entry, []).append((int(table.texts[posting]), int(table.places[posting])))
    return _Anchors(used, by_entry)


def _first(into: dict[int, int], table: NgramTable, positions: Numbers, entries: Numbers) -> None:
    """Add the texts that hold some found n-grams, with the first position of each."""
    distinct, first = np.unique(entries, return_index=True)
    if not len(distinct):
        return
    postings = table.postings(distinct)
    held = table.texts[postings]
    where = np.repeat(positions[first], table.begins[distinct + 1] - table.begins[distinct])
    order = np.lexsort((where, held))
    held, where = held[order], where[order]
    texts, begin = np.unique(held, return_index=True)
    for text, at in zip(texts.tolist(), where[begin].tolist(), strict=True):
        into[text] = min(at, into.get(text, at))


def _held_by(table: NgramTable, texts: Mask) -> Mask:
    """Which n-grams any of some texts hold."""
    entries = np.repeat(np.arange(len(table)), table.spread)
    held = np.zeros(len(table), dtype=bool)
    held[entries[texts[table.texts]]] = True
    return held


def _groups(texts: Sequence[Text]) -> Numbers:
    """A number for each pair of task and view."""
    numbers: dict[tuple[str, View], int] = {}
    return np.array([numbers.setdefault((one.task, one.view), len(numbers)) for one in texts], dtype=np.int64)
