// Testee drives the client for the end-to-end tests and the benchmarks: it reads one JSON command a line on
// stdin and answers each with one JSON line on stdout.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	shm "foundation/shm"
)

type tensor struct {
	DType shm.DType `json:"dtype"`
	Shape []int     `json:"shape"`
	Hex   string    `json:"hex"`
}

type command struct {
	Op             string   `json:"op"`
	Endpoint       string   `json:"endpoint"`
	Transport      string   `json:"transport"`
	Slots          int      `json:"slots"`
	DataSize       int64    `json:"data_size"`
	CheckData      bool     `json:"check_data"`
	ConnectTimeout float64  `json:"connect_timeout"`
	Model          string   `json:"model"`
	Inputs         []tensor `json:"inputs"`
	Timeout        float64  `json:"timeout"`
	InPlace        bool     `json:"in_place"`
	Take           int      `json:"take"`
	Threads        int      `json:"threads"`
	Depth          int      `json:"depth"`
	Calls          int      `json:"calls"`
	Seconds        float64  `json:"seconds"`
	Size           int      `json:"size"`
	Tag            uint64   `json:"tag"`
	Shape          []int    `json:"shape"`
	Warmup         int      `json:"warmup"`
}

var client *shm.Client

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 256<<20)
	out := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		var c command
		var answer any
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			answer = map[string]any{"error": map[string]string{"kind": "Testee", "message": err.Error()}}
		} else if value, err := run(c); err != nil {
			answer = map[string]any{"error": map[string]string{"kind": kind(err), "message": err.Error()}}
		} else {
			answer = value
		}
		_ = json.NewEncoder(out).Encode(answer)
		_ = out.Flush()
	}
}

// kind is the error's name in the words that all four clients share.
func kind(err error) string {
	var server *shm.ServerError
	switch {
	case errors.As(err, &server):
		return server.Status.String()
	case errors.Is(err, context.DeadlineExceeded):
		return "TIMEOUT"
	case errors.Is(err, shm.ErrConnectionLost):
		return "CONNECTION_LOST"
	case errors.Is(err, shm.ErrConnect):
		return "CONNECT"
	case errors.Is(err, shm.ErrInvalidInput):
		return "INVALID_INPUT"
	case errors.Is(err, shm.ErrProtocol):
		return "PROTOCOL"
	}
	return "OTHER"
}

func bound(c command) (context.Context, context.CancelFunc) {
	if c.Timeout > 0 {
		return context.WithTimeout(context.Background(), time.Duration(c.Timeout*1e9))
	}
	return context.WithTimeout(context.Background(), 30*time.Second)
}

func decode(inputs []tensor) ([]shm.Tensor, error) {
	var out []shm.Tensor
	for _, input := range inputs {
		data, err := hex.DecodeString(input.Hex)
		if err != nil {
			return nil, err
		}
		out = append(out, shm.Tensor{DType: input.DType, Shape: input.Shape, Data: data})
	}
	return out, nil
}

func encode(result *shm.Result) []tensor {
	out := []tensor{}
	for _, t := range result.Outputs {
		shape := t.Shape
		if shape == nil {
			shape = []int{}
		}
		out = append(out, tensor{t.DType, shape, hex.EncodeToString(t.Data)})
	}
	return out
}

func run(c command) (any, error) {
	ctx, cancel := bound(c)
	defer cancel()
	switch c.Op {
	case "open":
		if client != nil {
			client.Close()
		}
		transports := map[string]shm.Transport{"": shm.Auto, "auto": shm.Auto, "shm": shm.SharedMemory, "socket": shm.Socket}
		var err error
		client, err = shm.Open(c.Endpoint, &shm.Options{
			Transport: transports[c.Transport], Slots: c.Slots, DataSize: c.DataSize, CheckData: c.CheckData,
			ConnectTimeout: time.Duration(c.ConnectTimeout * 1e9),
		})
		return map[string]any{"ok": err == nil}, err
	case "infer":
		inputs, err := decode(c.Inputs)
		if err != nil {
			return nil, err
		}
		if c.InPlace {
			for i := range inputs {
				buffer, err := client.Allocate(ctx, inputs[i].DType, inputs[i].Shape...)
				if err != nil {
					return nil, err
				}
				defer buffer.Release()
				copy(buffer.Data, inputs[i].Data)
				inputs[i] = buffer.Tensor
			}
		}
		result, err := client.Infer(ctx, c.Model, inputs...)
		if err != nil {
			return nil, err
		}
		return map[string]any{"outputs": encode(result), "model_ns": result.ModelNS}, nil
	case "stream":
		inputs, err := decode(c.Inputs)
		if err != nil {
			return nil, err
		}
		parts := [][]tensor{}
		for result, err := range client.Stream(ctx, c.Model, inputs...) {
			if err != nil {
				return nil, err
			}
			parts = append(parts, encode(result))
			if c.Take > 0 && len(parts) == c.Take {
				break
			}
		}
		return map[string]any{"parts": parts}, nil
	case "submit":
		inputs, err := decode(c.Inputs)
		if err != nil {
			return nil, err
		}
		calls := make([]*shm.Call, len(inputs))
		for i, input := range inputs {
			// One call more, which is given up at once.
			extra, err := client.Submit(ctx, c.Model, input)
			if err != nil {
				return nil, err
			}
			extra.Cancel()
			if calls[i], err = client.Submit(ctx, c.Model, input); err != nil {
				return nil, err
			}
		}
		answers := make([][]tensor, len(calls))
		for i := len(calls) - 1; i >= 0; i-- {
			result, err := calls[i].Wait()
			if err != nil {
				return nil, err
			}
			answers[i] = encode(result)
		}
		return map[string]any{"answers": answers}, nil
	case "models":
		models, err := client.Models(ctx)
		return map[string]any{"models": models}, err
	case "status":
		status, err := client.Status(ctx)
		return map[string]any{"status": status}, err
	case "ping":
		return map[string]any{"ok": true}, client.Ping(ctx)
	case "hammer":
		return hammer(c), nil
	case "bench":
		return bench(c)
	case "close":
		client.Close()
		return map[string]any{"ok": true}, nil
	}
	return nil, fmt.Errorf("unknown op %q", c.Op)
}

// hammer calls an echo model from many goroutines with inputs that are all different and checks every answer.
func hammer(c command) any {
	var mu sync.Mutex
	var all sync.WaitGroup
	ok, wrong := 0, 0
	failures := map[string]int{}
	until := time.Now().Add(time.Duration(c.Seconds * 1e9))
	for thread := 0; thread < c.Threads; thread++ {
		all.Add(1)
		go func(thread int) {
			defer all.Done()
			data := make([]byte, c.Size)
			for i := 0; (c.Seconds > 0 && time.Now().Before(until)) || i < c.Calls; i++ {
				id := c.Tag<<48 | uint64(thread)<<32 | uint64(i)
				for at := 0; at+8 <= len(data); at += 8 {
					binary.LittleEndian.PutUint64(data[at:], id+uint64(at))
				}
				ctx, cancel := bound(c)
				result, err := client.Infer(ctx, c.Model, shm.Of(data))
				cancel()
				mu.Lock()
				switch {
				case err != nil:
					failures[kind(err)]++
				case len(result.Outputs) != 1 || !bytes.Equal(result.Outputs[0].Data, data):
					wrong++
				default:
					ok++
				}
				mu.Unlock()
			}
		}(thread)
	}
	all.Wait()
	return map[string]any{"ok": ok, "wrong": wrong, "errors": failures}
}

// bench measures float32 calls of a shape, in nanoseconds each, from `threads` goroutines.
func bench(c command) (any, error) {
	count := 1
	for _, dimension := range c.Shape {
		count *= dimension
	}
	values := make([]float32, count)
	for i := range values {
		values[i] = float32(i%97) / 97
	}
	threads := max(c.Threads, 1)
	latencies := make([][]int64, threads)
	failures := make([]error, threads)
	loop := func(thread, calls int, record bool) {
		for i := 0; i < calls; i++ {
			began := time.Now()
			ctx, cancel := bound(c)
			result, err := client.Infer(ctx, c.Model, shm.Of(values, c.Shape...))
			cancel()
			if err == nil && len(result.Outputs) == 0 {
				err = errors.New("no output")
			}
			if err != nil {
				failures[thread] = err
				return
			}
			if record {
				latencies[thread] = append(latencies[thread], time.Since(began).Nanoseconds())
			}
			result.Release()
		}
	}
	// flying keeps c.Depth calls in flight at any time.
	flying := func(thread int) error {
		type flight struct {
			began time.Time
			call  *shm.Call
		}
		var all []flight
		for started := 0; started < c.Calls || len(all) > 0; started++ {
			if len(all) == c.Depth || started >= c.Calls {
				result, err := all[0].call.Wait()
				if err != nil {
					return err
				}
				result.Release()
				latencies[thread] = append(latencies[thread], time.Since(all[0].began).Nanoseconds())
				all = append(all[:0], all[1:]...)
			}
			if started < c.Calls {
				began := time.Now()
				call, err := client.Submit(context.Background(), c.Model, shm.Of(values, c.Shape...))
				if err != nil {
					return err
				}
				all = append(all, flight{began, call})
			}
		}
		return nil
	}
	loop(0, c.Warmup, false)
	began := time.Now()
	var all sync.WaitGroup
	for thread := 0; thread < threads; thread++ {
		all.Add(1)
		go func(thread int) {
			defer all.Done()
			if c.Depth > 1 {
				failures[thread] = flying(thread)
			} else {
				loop(thread, c.Calls, true)
			}
		}(thread)
	}
	all.Wait()
	wall := time.Since(began).Nanoseconds()
	flat := []int64{}
	for thread := range latencies {
		if failures[thread] != nil {
			return nil, failures[thread]
		}
		flat = append(flat, latencies[thread]...)
	}
	return map[string]any{"latencies_ns": flat, "wall_ns": wall}, nil
}
