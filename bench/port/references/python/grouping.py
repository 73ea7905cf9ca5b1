"""Grouping, counting, joining and splitting of collections."""


def group_by_length(words: list[str]) -> dict[int, list[str]]:
    """Words by how many characters they have."""
    groups: dict[int, list[str]] = {}
    for word in words:
        length = len(word)
        if length not in groups:
            groups[length] = []
        groups[length].append(word)
    return groups


def word_counts(text: str) -> dict[str, int]:
    """How often each word occurs, whatever its case."""
    counts: dict[str, int] = {}
    for word in text.lower().split():
        counts[word] = counts.get(word, 0) + 1
    return counts


def top_words(words: list[str], n: int) -> list[str]:
    """The n most frequent words, alphabetically where they are as frequent."""
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [word for word, _ in ranked[:n]]


def deduplicate(items: list[str]) -> list[str]:
    """Items without those that came before."""
    seen: set[str] = set()
    kept: list[str] = []
    for item in items:
        if item not in seen:
            seen.add(item)
            kept.append(item)
    return kept


def totals_by_customer(customers: list[str], amounts: list[int]) -> dict[str, int]:
    """The sum of the amounts of each customer."""
    totals: dict[str, int] = {}
    for customer, amount in zip(customers, amounts, strict=True):
        if amount <= 0:
            continue
        totals[customer] = totals.get(customer, 0) + amount
    return totals


def common_ids(left: list[int], right: list[int]) -> list[int]:
    """What both lists have, in order."""
    return sorted(set(left) & set(right))


def missing_ids(expected: list[int], present: list[int]) -> list[int]:
    """What is expected and not present, in the expected order."""
    there = set(present)
    return [identity for identity in expected if identity not in there]


def chunk(items: list[int], size: int) -> list[list[int]]:
    """Lists of at most `size` items."""
    return [items[i : i + size] for i in range(0, len(items), size)]


def flatten(lists: list[list[int]]) -> list[int]:
    """All items of all lists."""
    return [item for inner in lists for item in inner]


def index_documents(documents: list[str]) -> dict[str, list[int]]:
    """The positions of the documents that each word occurs in."""
    index: dict[str, list[int]] = {}
    for position, document in enumerate(documents):
        for word in document.split(" "):
            places = index.setdefault(word, [])
            if not places or places[-1] != position:
                places.append(position)
    return index


def first_repeated(ids: list[int]) -> int:
    """The first number that was there before, or -1."""
    seen: set[int] = set()
    for identity in ids:
        if identity in seen:
            return identity
        seen.add(identity)
    return -1


def labels(names: list[str], scores: list[int], limit: int) -> list[str]:
    """One line for each name whose score reaches the limit."""
    out: list[str] = []
    for i, name in enumerate(names):
        if scores[i] >= limit:
            out.append(f"{i + 1}. {name}: {scores[i]}")
    return out
