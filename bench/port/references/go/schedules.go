package references

import (
	"cmp"
	"errors"
	"slices"
)

// Interval is a start and an end.
type Interval struct{ Start, End int }

// MergeIntervals returns intervals in order, those that touch as one.
func MergeIntervals(intervals []Interval) []Interval {
	ordered := slices.Clone(intervals)
	slices.SortFunc(ordered, func(a, b Interval) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	merged := []Interval{}
	for _, next := range ordered {
		if n := len(merged); n > 0 && next.Start <= merged[n-1].End {
			merged[n-1].End = max(merged[n-1].End, next.End)
		} else {
			merged = append(merged, next)
		}
	}
	return merged
}

// MaxConcurrent returns how many of the intervals run at the same time at most.
func MaxConcurrent(starts, ends []int) int {
	begins, stops := slices.Clone(starts), slices.Clone(ends)
	slices.Sort(begins)
	slices.Sort(stops)
	running, most, j := 0, 0, 0
	for _, begin := range begins {
		for j < len(stops) && stops[j] <= begin {
			running--
			j++
		}
		running++
		most = max(most, running)
	}
	return most
}

// FreeSlots returns the gaps between sorted busy intervals that are long enough.
func FreeSlots(busy []Interval, start, end, length int) []Interval {
	slots := []Interval{}
	cursor := start
	for _, b := range busy {
		if b.Start-cursor >= length {
			slots = append(slots, Interval{cursor, b.Start})
		}
		cursor = max(cursor, b.End)
	}
	if end-cursor >= length {
		slots = append(slots, Interval{cursor, end})
	}
	return slots
}

// BackoffTable returns the delays before each new attempt.
func BackoffTable(base, factor, limit float64, attempts int) []float64 {
	delays := make([]float64, attempts)
	for i := range delays {
		delays[i] = min(base, limit)
		base *= factor
	}
	return delays
}

// WindowMaxima returns the largest value of each window of a size.
func WindowMaxima(values []int, size int) []int {
	candidates := []int{}
	maxima := make([]int, 0, max(0, len(values)-size+1))
	for i, value := range values {
		for len(candidates) > 0 && values[candidates[len(candidates)-1]] <= value {
			candidates = candidates[:len(candidates)-1]
		}
		candidates = append(candidates, i)
		if candidates[0] <= i-size {
			candidates = candidates[1:]
		}
		if i >= size-1 {
			maxima = append(maxima, values[candidates[0]])
		}
	}
	return maxima
}

// MovingAverage returns the mean of each window of a size.
func MovingAverage(values []float64, size int) ([]float64, error) {
	if size <= 0 {
		return nil, errors.New("the size of a window must be positive")
	}
	averages := make([]float64, 0, max(0, len(values)-size+1))
	total := 0.0
	for i, value := range values {
		total += value
		if i >= size {
			total -= values[i-size]
		}
		if i >= size-1 {
			averages = append(averages, total/float64(size))
		}
	}
	return averages, nil
}

// Percentile returns the value that a share of all lies below.
func Percentile(values []float64, share float64) (float64, error) {
	if len(values) == 0 {
		return 0, errors.New("no values")
	}
	ordered := slices.Clone(values)
	slices.Sort(ordered)
	position := share * float64(len(ordered)-1)
	low := int(position)
	high := min(low+1, len(ordered)-1)
	return ordered[low] + (ordered[high]-ordered[low])*(position-float64(low)), nil
}

// Admit returns whether each request is admitted.
func Admit(timestamps []int, limit, window int) []bool {
	admitted := []int{}
	answers := make([]bool, 0, len(timestamps))
	for _, now := range timestamps {
		for len(admitted) > 0 && admitted[0] <= now-window {
			admitted = admitted[1:]
		}
		ok := len(admitted) < limit
		if ok {
			admitted = append(admitted, now)
		}
		answers = append(answers, ok)
	}
	return answers
}

// CountBuckets returns how many values fall into each of equal buckets.
func CountBuckets(values []float64, low, high float64, buckets int) []int {
	counts := make([]int, buckets)
	width := (high - low) / float64(buckets)
	for _, value := range values {
		if low <= value && value < high {
			counts[min(int((value-low)/width), buckets-1)]++
		}
	}
	return counts
}

// LongestStreak returns the length of the longest run of days that follow each other.
func LongestStreak(days []int) int {
	present := make(map[int]bool, len(days))
	for _, day := range days {
		present[day] = true
	}
	best := 0
	for _, day := range days {
		if present[day-1] {
			continue
		}
		length := 1
		for present[day+length] {
			length++
		}
		best = max(best, length)
	}
	return best
}
