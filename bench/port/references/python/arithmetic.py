"""Matrices, sums, dynamic programming and searches."""

import math


def matrix_multiply(a: list[list[float]], b: list[list[float]]) -> list[list[float]]:
    """The product of two matrices."""
    rows = len(a)
    inner = len(b)
    columns = len(b[0])
    product = [[0.0] * columns for _ in range(rows)]
    for i in range(rows):
        for k in range(inner):
            factor = a[i][k]
            for j in range(columns):
                product[i][j] += factor * b[k][j]
    return product


def transpose(matrix: list[list[int]]) -> list[list[int]]:
    """Columns as rows."""
    if not matrix:
        return []
    return [[row[i] for row in matrix] for i in range(len(matrix[0]))]


def prefix_sums(values: list[int]) -> list[int]:
    """The sum of the values before each position, and of all."""
    sums = [0]
    for value in values:
        sums.append(sums[-1] + value)
    return sums


def range_sums(values: list[int], queries: list[tuple[int, int]]) -> list[int]:
    """The sum of each half-open range."""
    sums = prefix_sums(values)
    return [sums[high] - sums[low] for low, high in queries]


def edit_distance(a: str, b: str) -> int:
    """How many characters must be put in, taken out or replaced."""
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = 0 if x == y else 1
            current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost))
        previous = current
    return previous[-1]


def common_subsequence(a: list[int], b: list[int]) -> int:
    """The length of the longest sequence that both have, with gaps."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a)):
        for j in range(len(b)):
            if a[i] == b[j]:
                table[i + 1][j + 1] = table[i][j] + 1
            else:
                table[i + 1][j + 1] = max(table[i][j + 1], table[i + 1][j])
    return table[len(a)][len(b)]


def knapsack(weights: list[int], values: list[int], capacity: int) -> int:
    """The greatest value that fits."""
    best = [0] * (capacity + 1)
    for weight, value in zip(weights, values, strict=True):
        for room in range(capacity, weight - 1, -1):
            best[room] = max(best[room], best[room - weight] + value)
    return best[capacity]


def coin_ways(coins: list[int], amount: int) -> int:
    """In how many ways coins make an amount."""
    ways = [0] * (amount + 1)
    ways[0] = 1
    for coin in coins:
        for total in range(coin, amount + 1):
            ways[total] += ways[total - coin]
    return ways[amount]


def max_subarray(values: list[int]) -> int:
    """The greatest sum of neighbours."""
    if not values:
        raise ValueError("no values")
    best = values[0]
    current = values[0]
    for value in values[1:]:
        current = max(value, current + value)
        best = max(best, current)
    return best


def primes_below(limit: int) -> list[int]:
    """Prime numbers below a limit."""
    if limit < 3:
        return []
    sieve = [True] * limit
    sieve[0] = False
    sieve[1] = False
    i = 2
    while i * i < limit:
        if sieve[i]:
            for multiple in range(i * i, limit, i):
                sieve[multiple] = False
        i += 1
    return [i for i, prime in enumerate(sieve) if prime]


def standard_deviation(values: list[float]) -> float:
    """The deviation of all values from their mean."""
    if not values:
        raise ValueError("no values")
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def positions(values: list[int], wanted: list[int]) -> list[int]:
    """Where each wanted number stands in sorted values, or -1."""
    found: list[int] = []
    for target in wanted:
        low = 0
        high = len(values)
        while low < high:
            middle = (low + high) // 2
            if values[middle] < target:
                low = middle + 1
            else:
                high = middle
        found.append(low if low < len(values) and values[low] == target else -1)
    return found


def digit_sum(number: int) -> int:
    """The sum of the decimal digits."""
    total = 0
    n = abs(number)
    while n > 0:
        total += n % 10
        n //= 10
    return total
