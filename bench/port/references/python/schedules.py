"""Intervals, windows, back-off tables and what is measured over time."""


def merge_intervals(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Intervals in order, those that touch as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def max_concurrent(starts: list[int], ends: list[int]) -> int:
    """How many of the intervals run at the same time at most."""
    begins = sorted(starts)
    stops = sorted(ends)
    running = 0
    most = 0
    j = 0
    for begin in begins:
        while j < len(stops) and stops[j] <= begin:
            running -= 1
            j += 1
        running += 1
        most = max(most, running)
    return most


def free_slots(busy: list[tuple[int, int]], start: int, end: int, length: int) -> list[tuple[int, int]]:
    """The gaps between sorted busy intervals that are long enough."""
    slots: list[tuple[int, int]] = []
    cursor = start
    for begin, finish in busy:
        if begin - cursor >= length:
            slots.append((cursor, begin))
        cursor = max(cursor, finish)
    if end - cursor >= length:
        slots.append((cursor, end))
    return slots


def backoff_table(base: float, factor: float, limit: float, attempts: int) -> list[float]:
    """The delays before each new attempt."""
    delays: list[float] = []
    delay = base
    for _ in range(attempts):
        delays.append(min(delay, limit))
        delay *= factor
    return delays


def window_maxima(values: list[int], size: int) -> list[int]:
    """The largest value of each window of a size."""
    candidates: list[int] = []
    head = 0
    maxima: list[int] = []
    for i, value in enumerate(values):
        while len(candidates) > head and values[candidates[-1]] <= value:
            candidates.pop()
        candidates.append(i)
        if candidates[head] <= i - size:
            head += 1
        if i >= size - 1:
            maxima.append(values[candidates[head]])
    return maxima


def moving_average(values: list[float], size: int) -> list[float]:
    """The mean of each window of a size."""
    if size <= 0:
        raise ValueError("the size of a window must be positive")
    averages: list[float] = []
    total = 0.0
    for i in range(len(values)):
        total += values[i]
        if i >= size:
            total -= values[i - size]
        if i >= size - 1:
            averages.append(total / size)
    return averages


def percentile(values: list[float], share: float) -> float:
    """The value that a share of all lies below, between neighbours in proportion."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    fraction = position - low
    return ordered[low] + (ordered[high] - ordered[low]) * fraction


def admit(timestamps: list[int], limit: int, window: int) -> list[bool]:
    """Whether each request is admitted when at most `limit` may be within a window."""
    admitted: list[int] = []
    oldest = 0
    answers: list[bool] = []
    for now in timestamps:
        while oldest < len(admitted) and admitted[oldest] <= now - window:
            oldest += 1
        if len(admitted) - oldest < limit:
            admitted.append(now)
            answers.append(True)
        else:
            answers.append(False)
    return answers


def count_buckets(values: list[float], low: float, high: float, buckets: int) -> list[int]:
    """How many values fall into each of equal buckets; others are left out."""
    counts = [0] * buckets
    width = (high - low) / buckets
    for value in values:
        if low <= value < high:
            counts[min(int((value - low) / width), buckets - 1)] += 1
    return counts


def longest_streak(days: list[int]) -> int:
    """The length of the longest run of days that follow each other."""
    present = set(days)
    best = 0
    for day in days:
        if day - 1 in present:
            continue
        length = 1
        while day + length in present:
            length += 1
        best = max(best, length)
    return best
