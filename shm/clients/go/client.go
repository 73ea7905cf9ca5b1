// Package shm calls models of a foundation inference engine through shared memory.
//
//	client, err := shm.Open("engine", nil)
//	...
//	defer client.Close()
//	result, err := client.Infer(ctx, "sentiment", shm.Of(values, 1, 256))
//
// The bytes are described in shm/PROTOCOL.md. No cgo is needed. A Client may be used by any number of
// goroutines; it connects when it is first used and again after the server was restarted. A call that was
// in flight when the server went away fails with ErrConnectionLost, because the model may already have run.
package shm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A Transport is how messages and tensors travel.
type Transport int

const (
	// Auto is shared memory where it can be had, else the socket.
	Auto Transport = iota
	// SharedMemory fails where memory cannot be shared.
	SharedMemory
	// Socket sends everything over the Unix socket.
	Socket
)

// Options of a client; the zero value of each field means its default.
type Options struct {
	Transport Transport
	// Slots is how many calls may be in flight at once (64).
	Slots int
	// InlineSize is the bytes of tensor space inside each slot (8 KiB).
	InlineSize int
	// DataSize is the bytes of tensor space shared by larger requests (64 MiB); pages are taken when used.
	DataSize int64
	// Timeout bounds calls whose context has no deadline (30 s).
	Timeout time.Duration
	// ConnectTimeout is how long to wait for a server that is starting (1 s).
	ConnectTimeout time.Duration
	// CheckData adds a CRC-32 of tensor data to every call.
	CheckData bool
	// Name is shown in the server's status ("go").
	Name string
}

// A Client calls models at an endpoint.
type Client struct {
	endpoint string
	path     string
	options  Options
	flags    uint32

	mu      sync.Mutex
	current atomic.Pointer[link]
	closed  atomic.Bool
}

type link struct{ transport }

type transport interface {
	begin(ctx context.Context, opcode uint32, model string, inputs []Tensor, flags uint32) (call, error)
	isLost() bool
	close()
}

type call interface {
	next(ctx context.Context) (*Result, error)
	resume() error
	abandon()
}

// Open makes a client of the endpoint with that name ("engine") or socket path ("/run/me/engine.sock"). It
// does not connect yet. It fails when the name cannot be one.
func Open(endpoint string, options *Options) (*Client, error) {
	path, err := socketPath(endpoint)
	if err != nil {
		return nil, err
	}
	o := Options{}
	if options != nil {
		o = *options
	}
	if o.Slots == 0 {
		o.Slots = 64
	}
	if o.InlineSize == 0 {
		o.InlineSize = 8192
	}
	if o.DataSize == 0 {
		o.DataSize = 64 << 20
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = time.Second
	}
	if o.Name == "" {
		o.Name = "go"
	}
	c := &Client{endpoint: endpoint, path: path, options: o}
	if o.CheckData {
		c.flags = flagCheckData
	}
	return c, nil
}

func socketPath(endpoint string) (string, error) {
	path := endpoint
	if !strings.Contains(endpoint, "/") {
		if endpoint == "" || endpoint == "." || endpoint == ".." {
			return "", fmt.Errorf("%w: %q is no endpoint", ErrInvalidInput, endpoint)
		}
		folder := os.Getenv("FOUNDATION_SHM_DIR")
		if folder == "" {
			if runtime := os.Getenv("XDG_RUNTIME_DIR"); runtime != "" {
				folder = filepath.Join(runtime, "foundation-shm")
			} else {
				folder = "/tmp/foundation-shm-" + strconv.Itoa(os.Getuid())
			}
		}
		path = filepath.Join(folder, endpoint+".sock")
	}
	if strings.ContainsRune(path, 0) || len(path) > 107 {
		return "", fmt.Errorf("%w: the socket path %q is longer than 107 bytes or holds a NUL", ErrInvalidInput, path)
	}
	return path, nil
}

// Infer runs a model and waits for its answer, at most until the context ends. Errors: a *ServerError when
// the server refuses or the model fails, ErrConnect, ErrConnectionLost, or the context's error.
func (c *Client) Infer(ctx context.Context, model string, inputs ...Tensor) (*Result, error) {
	return c.do(ctx, opInfer, model, inputs)
}

// A Call runs in the background; Submit makes it.
type Call struct {
	pending call
	ctx     context.Context
	cancel  context.CancelFunc
	once    sync.Once
}

// Submit starts a call and returns at once. Several calls in flight cost a fraction of as many goroutines, and
// the server may run them together. The context bounds the whole call; without a deadline of its own
// Options.Timeout does. Wait for the call or cancel it.
func (c *Client) Submit(ctx context.Context, model string, inputs ...Tensor) (*Call, error) {
	ctx, cancel := c.bounded(ctx)
	pending, err := c.begin(ctx, opInfer, model, inputs, c.flags)
	if err != nil {
		cancel()
		return nil, err
	}
	return &Call{pending: pending, ctx: ctx, cancel: cancel}, nil
}

// Wait waits for the answer. Errors are those of Infer, and ErrInvalidInput when the call is over already.
func (c *Call) Wait() (result *Result, err error) {
	err = fmt.Errorf("%w: the call is over", ErrInvalidInput)
	c.once.Do(func() {
		defer c.cancel()
		result, err = c.pending.next(c.ctx)
	})
	return result, err
}

// Cancel gives the call up. The model may have run already.
func (c *Call) Cancel() {
	c.once.Do(func() {
		c.pending.abandon()
		c.cancel()
	})
}

// Stream runs a model that answers in parts. The server computes the next part when this one was taken;
// leaving the loop cancels the rest. The context bounds the whole stream, Options.Timeout each part.
func (c *Client) Stream(ctx context.Context, model string, inputs ...Tensor) iter.Seq2[*Result, error] {
	return func(yield func(*Result, error) bool) {
		// The context of one part; it is renewed when the caller comes back for the next.
		var part context.Context
		cancel := func() {}
		defer func() { cancel() }()
		renew := func() {
			cancel()
			part, cancel = context.WithTimeout(ctx, c.options.Timeout)
		}
		renew()
		pending, err := c.begin(part, opInfer, model, inputs, c.flags|flagStream)
		if err != nil {
			yield(nil, err)
			return
		}
		for {
			result, err := pending.next(part)
			if err != nil {
				yield(nil, err)
				return
			}
			taken := len(result.Outputs) == 0 || yield(result, nil)
			if !result.more {
				return
			}
			if !taken {
				pending.abandon()
				return
			}
			renew()
			if err := pending.resume(); err != nil {
				pending.abandon()
				yield(nil, err)
				return
			}
		}
	}
}

// Ping returns when the server answered.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.do(ctx, opPing, "", nil)
	return err
}

// Models are the ids of the server's models.
func (c *Client) Models(ctx context.Context) ([]string, error) {
	var out []string
	return out, c.ask(ctx, opModels, &out)
}

// Status is the server's figures: clients, queues, batches, bytes and latency percentiles.
func (c *Client) Status(ctx context.Context) (map[string]any, error) {
	var out map[string]any
	return out, c.ask(ctx, opStatus, &out)
}

func (c *Client) ask(ctx context.Context, opcode uint32, into any) error {
	result, err := c.do(ctx, opcode, "", nil)
	if err != nil {
		return err
	}
	if len(result.Outputs) != 1 {
		return damaged("%d outputs instead of one", len(result.Outputs))
	}
	return json.Unmarshal(result.Outputs[0].Data, into)
}

// Allocate takes tensor space inside the region. It fails on the socket transport, which has none.
func (c *Client) Allocate(ctx context.Context, dtype DType, shape ...int) (*Buffer, error) {
	t, err := c.connected(ctx)
	if err != nil {
		return nil, err
	}
	s, ok := t.(*session)
	if !ok {
		return nil, fmt.Errorf("%w: the connection to %s has no shared memory", ErrConnect, c.endpoint)
	}
	sizes := make([]uint64, len(shape))
	for i, dimension := range shape {
		if dimension < 0 {
			return nil, fmt.Errorf("%w: shape %v", ErrInvalidInput, shape)
		}
		sizes[i] = uint64(dimension)
	}
	size, ok := byteSize(dtype, sizes)
	if !ok {
		return nil, fmt.Errorf("%w: dtype %d and shape %v have no size", ErrInvalidInput, dtype, shape)
	}
	offset, err := s.allocate(ctx, size)
	if err != nil {
		return nil, err
	}
	b := &Buffer{session: s, offset: offset}
	b.Tensor = Tensor{DType: dtype, Shape: shape, Data: s.region.memory[offset : offset+size : offset+size], buffer: b}
	return b, nil
}

// Close drops the connection. Calls in flight fail with ErrConnectionLost.
func (c *Client) Close() {
	c.closed.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if current := c.current.Swap(nil); current != nil {
		current.close()
	}
}

func (c *Client) do(ctx context.Context, opcode uint32, model string, inputs []Tensor) (*Result, error) {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	pending, err := c.begin(ctx, opcode, model, inputs, c.flags)
	if err != nil {
		return nil, err
	}
	return pending.next(ctx)
}

// bounded is the context, with Options.Timeout when it has no deadline of its own.
func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, timed := ctx.Deadline(); timed {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.options.Timeout)
}

func (c *Client) begin(ctx context.Context, opcode uint32, model string, inputs []Tensor, flags uint32) (call, error) {
	t, err := c.connected(ctx)
	if err != nil {
		return nil, err
	}
	return t.begin(ctx, opcode, model, inputs, flags)
}

func (c *Client) connected(ctx context.Context) (transport, error) {
	if current := c.current.Load(); current != nil && !current.isLost() {
		return current.transport, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return nil, ErrClosed
	}
	if current := c.current.Load(); current != nil {
		if !current.isLost() {
			return current.transport, nil
		}
		current.close()
		c.current.Store(nil)
	}
	giveUp := time.Now().Add(c.options.ConnectTimeout)
	for {
		opened, err := c.open()
		if err == nil {
			c.current.Store(&link{opened})
			return opened, nil
		}
		if time.Now().After(giveUp) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (c *Client) open() (transport, error) {
	if c.options.Transport == SharedMemory && !sharedMemory {
		return nil, fmt.Errorf("%w: this platform has no futex; use Auto or Socket", ErrConnect)
	}
	if c.options.Transport != Socket && sharedMemory {
		conn, shape, fd, err := c.greet(transportSHM)
		if err != nil {
			return nil, err
		}
		if fd < 0 {
			if c.options.Transport == SharedMemory {
				_ = conn.Close()
				return nil, fmt.Errorf("%w: the server at %s offers no shared memory", ErrConnect, c.path)
			}
			return &socketSession{client: c, idle: []*net.UnixConn{conn}}, nil
		}
		mapped, err := mapRegion(fd, shape)
		_ = syscall.Close(fd)
		if err == nil {
			return newSession(c.endpoint, conn, mapped), nil
		}
		_ = conn.Close()
		if c.options.Transport == SharedMemory {
			return nil, fmt.Errorf("%w: cannot map the region of %s: %w", ErrConnect, c.path, err)
		}
	}
	conn, _, _, err := c.greet(transportSocket)
	if err != nil {
		return nil, err
	}
	return &socketSession{client: c, idle: []*net.UnixConn{conn}}, nil
}

// greet connects and shakes hands; the descriptor is -1 unless memory is shared.
func (c *Client) greet(wanted uint32) (_ *net.UnixConn, shape welcome, fd int, err error) {
	fd = -1
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: c.path, Net: "unix"})
	if err != nil {
		return nil, shape, fd, fmt.Errorf("%w: no server answers at %s (%w); start one with `foundation-lsp engine serve` or check the endpoint's name", ErrConnect, c.path, err)
	}
	defer func() {
		if err != nil {
			_ = conn.Close()
			if fd >= 0 {
				_ = syscall.Close(fd)
				fd = -1
			}
		}
	}()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err = conn.Write(encodeHello(wanted, c.options.Slots, c.options.InlineSize, c.options.DataSize, c.options.Name)); err != nil {
		return nil, shape, fd, fmt.Errorf("%w: %s: %w", ErrConnect, c.path, err)
	}
	answer, ancillary := make([]byte, welcomeSize), make([]byte, 64)
	read, extra, _, _, err := conn.ReadMsgUnix(answer, ancillary)
	if err == nil && read < welcomeSize {
		if read == 0 {
			err = io.EOF
		} else {
			_, err = io.ReadFull(conn, answer[read:])
		}
	}
	if extra > 0 {
		messages, parseErr := syscall.ParseSocketControlMessage(ancillary[:extra])
		if parseErr == nil && len(messages) == 1 {
			if fds, rightsErr := syscall.ParseUnixRights(&messages[0]); rightsErr == nil && len(fds) == 1 {
				fd = fds[0]
				syscall.CloseOnExec(fd)
			}
		}
	}
	if err != nil {
		return nil, shape, fd, fmt.Errorf("%w: the server at %s closed the connection during the handshake: %w", ErrConnect, c.path, err)
	}
	if shape, err = decodeWelcome(answer); err != nil {
		return nil, shape, fd, err
	}
	if shape.status != StatusOK {
		return nil, shape, fd, fmt.Errorf("%w: the server at %s refused: %s [%s]", ErrConnect, c.path, shape.text, shape.status)
	}
	if shape.version != version {
		return nil, shape, fd, fmt.Errorf("%w: the server at %s chose version %d; this client speaks %d", ErrConnect, c.path, shape.version, version)
	}
	if shape.transport == transportSHM && fd < 0 {
		return nil, shape, fd, errors.Join(ErrConnect, damaged("no descriptor came with the region"))
	}
	_ = conn.SetDeadline(time.Time{})
	if shape.transport == transportSocket {
		_ = conn.SetWriteBuffer(socketBuffer)
	}
	return conn, shape, fd, nil
}
