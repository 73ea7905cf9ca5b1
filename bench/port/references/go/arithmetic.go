package references

import (
	"errors"
	"math"
	"slices"
)

// MatrixMultiply returns the product of two matrices.
func MatrixMultiply(a, b [][]float64) [][]float64 {
	product := make([][]float64, len(a))
	for i, row := range a {
		out := make([]float64, len(b[0]))
		for k, factor := range row {
			for j, value := range b[k] {
				out[j] += factor * value
			}
		}
		product[i] = out
	}
	return product
}

// Transpose returns columns as rows.
func Transpose(matrix [][]int) [][]int {
	if len(matrix) == 0 {
		return [][]int{}
	}
	out := make([][]int, len(matrix[0]))
	for i := range out {
		out[i] = make([]int, len(matrix))
		for j, row := range matrix {
			out[i][j] = row[i]
		}
	}
	return out
}

// PrefixSums returns the sum of the values before each position, and of all.
func PrefixSums(values []int) []int {
	sums := make([]int, len(values)+1)
	for i, value := range values {
		sums[i+1] = sums[i] + value
	}
	return sums
}

// RangeSums returns the sum of each half-open range.
func RangeSums(values []int, queries []Link) []int {
	sums := PrefixSums(values)
	out := make([]int, len(queries))
	for i, q := range queries {
		out[i] = sums[q.B] - sums[q.A]
	}
	return out
}

// EditDistance returns how many characters must be put in, taken out or replaced.
func EditDistance(a, b string) int {
	other := []rune(b)
	previous := make([]int, len(other)+1)
	current := make([]int, len(other)+1)
	for j := range previous {
		previous[j] = j
	}
	i := 0
	for _, x := range a {
		i++
		current[0] = i
		for j, y := range other {
			cost := 1
			if x == y {
				cost = 0
			}
			current[j+1] = min(previous[j+1]+1, current[j]+1, previous[j]+cost)
		}
		previous, current = current, previous
	}
	return previous[len(other)]
}

// CommonSubsequence returns the length of the longest sequence that both have.
func CommonSubsequence(a, b []int) int {
	table := make([][]int, len(a)+1)
	for i := range table {
		table[i] = make([]int, len(b)+1)
	}
	for i, x := range a {
		for j, y := range b {
			if x == y {
				table[i+1][j+1] = table[i][j] + 1
			} else {
				table[i+1][j+1] = max(table[i][j+1], table[i+1][j])
			}
		}
	}
	return table[len(a)][len(b)]
}

// Knapsack returns the greatest value that fits.
func Knapsack(weights, values []int, capacity int) int {
	best := make([]int, capacity+1)
	for i, weight := range weights {
		for room := capacity; room >= weight; room-- {
			best[room] = max(best[room], best[room-weight]+values[i])
		}
	}
	return best[capacity]
}

// CoinWays returns in how many ways coins make an amount.
func CoinWays(coins []int, amount int) int {
	ways := make([]int, amount+1)
	ways[0] = 1
	for _, coin := range coins {
		for total := coin; total <= amount; total++ {
			ways[total] += ways[total-coin]
		}
	}
	return ways[amount]
}

// MaxSubarray returns the greatest sum of neighbours.
func MaxSubarray(values []int) (int, error) {
	if len(values) == 0 {
		return 0, errors.New("no values")
	}
	best, current := values[0], values[0]
	for _, value := range values[1:] {
		current = max(value, current+value)
		best = max(best, current)
	}
	return best, nil
}

// PrimesBelow returns prime numbers below a limit.
func PrimesBelow(limit int) []int {
	if limit < 3 {
		return []int{}
	}
	composite := make([]bool, limit)
	for i := 2; i*i < limit; i++ {
		if !composite[i] {
			for multiple := i * i; multiple < limit; multiple += i {
				composite[multiple] = true
			}
		}
	}
	primes := []int{}
	for i := 2; i < limit; i++ {
		if !composite[i] {
			primes = append(primes, i)
		}
	}
	return primes
}

// StandardDeviation returns the deviation of all values from their mean.
func StandardDeviation(values []float64) (float64, error) {
	if len(values) == 0 {
		return 0, errors.New("no values")
	}
	n := float64(len(values))
	sum := 0.0
	for _, value := range values {
		sum += value
	}
	mean := sum / n
	squares := 0.0
	for _, value := range values {
		squares += (value - mean) * (value - mean)
	}
	return math.Sqrt(squares / n), nil
}

// Positions returns where each wanted number stands in sorted values, or -1.
func Positions(values, wanted []int) []int {
	found := make([]int, len(wanted))
	for i, target := range wanted {
		place, ok := slices.BinarySearch(values, target)
		if !ok {
			place = -1
		}
		found[i] = place
	}
	return found
}

// DigitSum returns the sum of the decimal digits.
func DigitSum(number int) int {
	if number < 0 {
		number = -number
	}
	total := 0
	for ; number > 0; number /= 10 {
		total += number % 10
	}
	return total
}
