package shm

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// socketBuffer is what a socket may hold on its way, so that a megabyte goes in one piece and not in five.
const socketBuffer = 2 << 20

// socketSession is the fallback: a pool of connections, one call at a time on each.
type socketSession struct {
	client *Client
	lost   atomic.Bool
	nextID atomic.Uint64

	mu   sync.Mutex
	idle []*net.UnixConn
}

type socketCall struct {
	s         *socketSession
	conn      *net.UnixConn
	requestID uint64
	model     string
}

func (s *socketSession) isLost() bool { return s.lost.Load() }

func (s *socketSession) close() {
	s.lost.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.idle {
		_ = conn.Close()
	}
	s.idle = nil
}

func (s *socketSession) gone(err error) error {
	s.lost.Store(true)
	return fmt.Errorf("%w: %s: %w", ErrConnectionLost, s.client.endpoint, err)
}

func (s *socketSession) take() (*net.UnixConn, error) {
	s.mu.Lock()
	if last := len(s.idle) - 1; last >= 0 {
		conn := s.idle[last]
		s.idle = s.idle[:last]
		s.mu.Unlock()
		return conn, nil
	}
	s.mu.Unlock()
	conn, _, _, err := s.client.greet(transportSocket)
	return conn, err
}

func (s *socketSession) begin(ctx context.Context, opcode uint32, model string, inputs []Tensor, flags uint32) (call, error) {
	var at uint64
	var dataCRC uint32
	descriptors := make([]descriptor, len(inputs))
	for i, input := range inputs {
		d, err := input.describe(at)
		if err != nil {
			return nil, err
		}
		descriptors[i] = d
		at += align(d.size)
		if flags&flagCheckData != 0 {
			dataCRC = crc32.Update(dataCRC, crc32.IEEETable, input.Data)
		}
	}
	requestID := s.nextID.Add(1)
	message, err := appendRequest(nil, requestID, model, descriptors)
	if err != nil {
		return nil, err
	}
	var timeoutNS uint64
	if deadline, ok := ctx.Deadline(); ok && flags&flagStream == 0 {
		timeoutNS = uint64(max(time.Until(deadline), 1))
	}
	frame := encodeFrame(frameRequest, opcode, flags, timeoutNS, at, uint32(len(message)), dataCRC)
	pieces := net.Buffers{append(frame, message...)}
	for _, input := range inputs {
		size := uint64(len(input.Data))
		pieces = append(pieces, input.Data, make([]byte, align(size)-size))
	}
	conn, err := s.take()
	if err != nil {
		return nil, err
	}
	c := &socketCall{s, conn, requestID, model}
	stop := c.watch(ctx)
	defer stop()
	if _, err := pieces.WriteTo(conn); err != nil {
		c.abandon()
		return nil, c.failed(ctx, err)
	}
	return c, nil
}

// watch makes the connection's operations end with the context.
func (c *socketCall) watch(ctx context.Context) func() bool {
	deadline, _ := ctx.Deadline()
	_ = c.conn.SetDeadline(deadline)
	conn := c.conn
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

func (c *socketCall) failed(ctx context.Context, err error) error {
	if isTimeout(err) {
		cause := ctx.Err()
		if cause == nil {
			cause = context.DeadlineExceeded
		}
		return fmt.Errorf("model %q at %s: %w", c.model, c.s.client.endpoint, cause)
	}
	return c.s.gone(err)
}

func (c *socketCall) next(ctx context.Context) (*Result, error) {
	stop := c.watch(ctx)
	defer stop()
	result, keep, err := c.receive(ctx)
	if keep {
		c.s.mu.Lock()
		if c.s.isLost() {
			_ = c.conn.Close()
		} else {
			c.s.idle = append(c.s.idle, c.conn)
		}
		c.s.mu.Unlock()
	} else if err != nil {
		c.abandon()
	}
	return result, err
}

func (c *socketCall) receive(ctx context.Context) (result *Result, keep bool, err error) {
	frame := make([]byte, frameSize)
	if _, err := io.ReadFull(c.conn, frame); err != nil {
		return nil, false, c.failed(ctx, err)
	}
	dataSize, messageSize := le.Uint64(frame[24:]), le.Uint32(frame[32:])
	if le.Uint32(frame) != magic || le.Uint32(frame[4:]) != frameResponse || messageSize > maxResponseSize || dataSize > 1<<40 {
		return nil, false, damaged("a damaged frame")
	}
	body := make([]byte, uint64(messageSize)+dataSize)
	if _, err := io.ReadFull(c.conn, body); err != nil {
		return nil, false, c.failed(ctx, err)
	}
	answer, err := decodeResponse(body[:messageSize])
	if err != nil {
		return nil, false, err
	}
	if answer.requestID != c.requestID {
		return nil, false, damaged("the answer is to request %d, not %d", answer.requestID, c.requestID)
	}
	more := answer.flags&flagMore != 0
	if answer.status != StatusOK {
		return nil, !more, &ServerError{answer.status, answer.errorText}
	}
	result, err = answer.take(body[messageSize:], 0, dataSize, func(_ *Result, data []byte) []byte { return data })
	return result, err == nil && !more, err
}

func (c *socketCall) resume() error {
	if _, err := c.conn.Write(encodeFrame(frameContinue, 0, 0, 0, 0, 0, 0)); err != nil {
		return c.s.gone(err)
	}
	return nil
}

// abandon closes the call's connection, which is how the socket transport cancels.
func (c *socketCall) abandon() { _ = c.conn.Close() }
