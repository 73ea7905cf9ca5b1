package shm

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

const (
	sleepSlice = 50 * time.Millisecond
	maxSpin    = time.Millisecond
)

// session is one connection with its region.
type session struct {
	endpoint string
	conn     *net.UnixConn
	region   *region
	lost     atomic.Bool
	dead     chan struct{}
	inFlight atomic.Int32

	mu         sync.Mutex
	slots      []*slot
	gaps       []gap
	freed      chan struct{} // only while somebody waits
	tail       uint32
	nextID     uint64
	replySizes map[string]uint64
}

type gap struct{ offset, size uint64 }

// slot is owned by one call from begin to release.
type slot struct {
	index     int
	base      int
	expected  uint32
	requestID uint64
	model     string
	reply     gap
	blocks    []gap
	scratch   []byte
}

func newSession(endpoint string, conn *net.UnixConn, r *region) *session {
	s := &session{
		endpoint: endpoint, conn: conn, region: r, dead: make(chan struct{}),
		nextID: 1, replySizes: map[string]uint64{},
	}
	for i := int(r.shape.slotCount) - 1; i >= 0; i-- {
		s.slots = append(s.slots, &slot{index: i, base: regionSlots + i*int(r.shape.slotStride)})
	}
	if size := r.shape.regionSize - r.shape.dataOffset; size > 0 {
		s.gaps = []gap{{r.shape.dataOffset, size}}
	}
	go s.watch()
	return s
}

// watch notices the server's end: the kernel closes the connection when the process dies.
func (s *session) watch() {
	buffer := make([]byte, 64)
	for {
		if _, err := s.conn.Read(buffer); err != nil {
			break
		}
	}
	s.lost.Store(true)
	close(s.dead)
	for i := 0; i < int(s.region.shape.slotCount); i++ {
		s.region.wake(regionSlots + i*int(s.region.shape.slotStride) + slotState)
	}
}

func (s *session) isLost() bool { return s.lost.Load() }

func (s *session) close() {
	s.lost.Store(true)
	_ = s.conn.Close()
}

func (s *session) gone() error {
	s.lost.Store(true)
	return fmt.Errorf("%w: %s", ErrConnectionLost, s.endpoint)
}

// takeGap allocates first-fit; the caller holds the lock.
func (s *session) takeGap(size uint64) (uint64, bool) {
	size = max(align(size), alignment)
	for i := range s.gaps {
		if s.gaps[i].size >= size {
			offset := s.gaps[i].offset
			s.gaps[i].offset += size
			s.gaps[i].size -= size
			if s.gaps[i].size == 0 {
				s.gaps = append(s.gaps[:i], s.gaps[i+1:]...)
			}
			return offset, true
		}
	}
	return 0, false
}

func (s *session) returnGap(offset, size uint64) {
	size = max(align(size), alignment)
	at := sort.Search(len(s.gaps), func(i int) bool { return s.gaps[i].offset > offset })
	s.gaps = append(s.gaps, gap{})
	copy(s.gaps[at+1:], s.gaps[at:])
	s.gaps[at] = gap{offset, size}
	merged := s.gaps[:0]
	for _, g := range s.gaps {
		if last := len(merged) - 1; last >= 0 && merged[last].offset+merged[last].size == g.offset {
			merged[last].size += g.size
		} else {
			merged = append(merged, g)
		}
	}
	s.gaps = merged
}

// announce tells everyone who waits for a slot or for space to look again; the caller holds the lock.
func (s *session) announce() {
	if s.freed != nil {
		close(s.freed)
		s.freed = nil
	}
}

// waitUntil runs try under the lock until it succeeds, sleeping in between until something is released.
func (s *session) waitUntil(ctx context.Context, what string, try func() bool) error {
	for {
		s.mu.Lock()
		done := try()
		if !done && s.freed == nil {
			s.freed = make(chan struct{})
		}
		freed := s.freed
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-freed:
		case <-s.dead:
			return s.gone()
		case <-ctx.Done():
			return fmt.Errorf("no %s came free: %w", what, ctx.Err())
		}
	}
}

func (s *session) allocate(ctx context.Context, size uint64) (offset uint64, err error) {
	if total := s.region.shape.regionSize - s.region.shape.dataOffset; align(size) > total {
		return 0, &ServerError{StatusTooLarge, fmt.Sprintf(
			"%d bytes do not fit this client's %d bytes of tensor space; open it with a larger DataSize", size, total)}
	}
	err = s.waitUntil(ctx, "tensor space", func() (ok bool) {
		offset, ok = s.takeGap(size)
		return ok
	})
	return offset, err
}

func (s *session) free(offset, size uint64) {
	s.mu.Lock()
	s.returnGap(offset, size)
	s.announce()
	s.mu.Unlock()
}

func (s *session) release(p *slot) {
	s.region.store(p.base+slotState, stateFree)
	s.mu.Lock()
	for _, block := range p.blocks {
		s.returnGap(block.offset, block.size)
	}
	p.blocks = p.blocks[:0]
	s.slots = append(s.slots, p)
	s.announce()
	s.mu.Unlock()
	s.inFlight.Add(-1)
}

func (s *session) begin(ctx context.Context, opcode uint32, model string, inputs []Tensor, flags uint32) (call, error) {
	var size uint64
	for i := range inputs {
		if b := inputs[i].buffer; b == nil {
			size += align(uint64(len(inputs[i].Data)))
		} else if b.session != s {
			return nil, fmt.Errorf("%w: the buffer belongs to a connection that is gone", ErrConnectionLost)
		}
	}
	if s.isLost() {
		return nil, s.gone()
	}
	var p *slot
	var replySize uint64
	err := s.waitUntil(ctx, "slot", func() bool {
		last := len(s.slots) - 1
		if last < 0 {
			return false
		}
		p, s.slots = s.slots[last], s.slots[:last]
		p.requestID = s.nextID
		s.nextID++
		replySize = max(s.replySizes[model], 1024)
		return true
	})
	if err != nil {
		return nil, err
	}
	s.inFlight.Add(1)
	if err := s.submit(ctx, p, opcode, model, inputs, flags, size, replySize); err != nil {
		s.release(p)
		return nil, err
	}
	if err := s.ring(); err != nil {
		s.abandon(p)
		return nil, err
	}
	return &shmCall{s, p}, nil
}

func (s *session) submit(ctx context.Context, p *slot, opcode uint32, model string, inputs []Tensor, flags uint32, size, replySize uint64) error {
	inline := uint64(s.region.shape.slotStride) - slotInline
	start := uint64(p.base + slotInline)
	if size+replySize <= inline {
		p.reply = gap{start + size, inline - size}
	} else {
		block := size + align(replySize)
		offset, err := s.allocate(ctx, block)
		if err != nil {
			return err
		}
		p.blocks = append(p.blocks, gap{offset, block})
		start = offset
		p.reply = gap{start + size, block - size}
	}
	descriptors := make([]descriptor, len(inputs))
	var dataCRC uint32
	at := start
	for i, input := range inputs {
		offset := at
		if input.buffer != nil {
			offset = input.buffer.offset
		}
		d, err := input.describe(offset)
		if err != nil {
			return err
		}
		descriptors[i] = d
		if input.buffer == nil {
			copy(s.region.memory[offset:], input.Data)
			at += align(d.size)
		}
		if flags&flagCheckData != 0 {
			dataCRC = crc32.Update(dataCRC, crc32.IEEETable, input.Data)
		}
	}
	var timeoutNS uint64
	if deadline, ok := ctx.Deadline(); ok && flags&flagStream == 0 {
		timeoutNS = uint64(max(time.Until(deadline), 1))
	}
	if cap(p.scratch) < controlSize {
		p.scratch = make([]byte, controlSize, controlSize+requestPrefix+2*descriptorSize)
	}
	p.scratch = p.scratch[:controlSize]
	encodeControl(p.scratch, opcode, flags, timeoutNS, p.reply.offset, p.reply.size, dataCRC)
	message, err := appendRequest(p.scratch, p.requestID, model, descriptors)
	if err != nil {
		return err
	}
	p.scratch = message
	copy(s.region.memory[p.base+slotControl:], message)
	p.model = model
	p.expected = stateSubmitted
	s.region.store(p.base+slotCancel, 0)
	s.push(p, stateSubmitted)
	return nil
}

// push hands a slot to the server: its state, then its place on the ring, then the ring's tail.
func (s *session) push(p *slot, state uint32) {
	s.region.store(p.base+slotState, state)
	s.mu.Lock()
	s.region.store(regionRing+4*int(s.tail&(s.region.shape.slotCount-1)), uint32(p.index))
	s.tail++
	s.region.store(regionSubmitTail, s.tail)
	s.mu.Unlock()
}

// ring rings the doorbell when the server sleeps.
func (s *session) ring() error {
	if s.region.load(regionParked) != 0 {
		if _, err := s.conn.Write([]byte{1}); err != nil {
			return s.gone()
		}
	}
	return nil
}

// shmCall is a call in a slot.
type shmCall struct {
	s *session
	p *slot
}

func (c *shmCall) next(ctx context.Context) (*Result, error) {
	for {
		if err := c.s.wait(ctx, c.p); err != nil {
			c.s.abandon(c.p)
			return nil, err
		}
		result, needed, err := c.s.read(c.p)
		if err == nil && result == nil {
			err = c.s.makeRoom(ctx, c.p, needed)
			if err == nil {
				continue
			}
		}
		if err != nil {
			c.s.abandon(c.p)
			return nil, err
		}
		if !result.more {
			c.s.release(c.p)
		}
		return result, nil
	}
}

func (c *shmCall) resume() error {
	c.p.expected = stateContinue
	c.s.push(c.p, stateContinue)
	return c.s.ring()
}

func (c *shmCall) abandon() { c.s.abandon(c.p) }

// abandon gives a call up: its slot is reused when the server is done with it.
func (s *session) abandon(p *slot) {
	state := s.region.load(p.base + slotState)
	if state == stateDone {
		s.release(p)
		return
	}
	s.region.store(p.base+slotCancel, 1)
	go func() {
		for !s.isLost() {
			switch state := s.region.load(p.base + slotState); state {
			case stateDone:
				s.release(p)
				return
			case statePartial:
				s.push(p, stateContinue)
				if s.ring() != nil {
					return
				}
			default:
				s.region.store(p.base+slotWaiting, 1)
				s.region.sleep(p.base+slotState, state, sleepSlice)
				s.region.store(p.base+slotWaiting, 0)
			}
		}
	}()
}

func (s *session) wait(ctx context.Context, p *slot) error {
	at := p.base + slotState
	if s.region.load(at) != p.expected {
		return nil
	}
	if spin := time.Duration(s.region.load(regionSpinUS)) * time.Microsecond; spin > 0 && s.inFlight.Load() == 1 {
		// Watching memory is worth its processor only while the server says that one is spare.
		for until := time.Now().Add(min(spin, maxSpin)); time.Now().Before(until); {
			for i := 0; i < 256; i++ {
				if s.region.load(at) != p.expected {
					return nil
				}
			}
		}
	}
	deadline, timed := ctx.Deadline()
	s.region.store(p.base+slotWaiting, 1)
	defer s.region.store(p.base+slotWaiting, 0)
	for s.region.load(at) == p.expected {
		if s.isLost() {
			return s.gone()
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("model %q at %s: %w", p.model, s.endpoint, err)
		}
		slice := sleepSlice
		if timed {
			slice = max(min(slice, time.Until(deadline)), time.Microsecond)
		}
		s.region.sleep(at, p.expected, slice)
	}
	return nil
}

// read takes the answer out of the slot; without a result the server asks for so many bytes of room.
func (s *session) read(p *slot) (*Result, uint64, error) {
	var usual [responsePrefix + 4*descriptorSize]byte
	at := p.base + slotResponse
	copy(usual[:], s.region.memory[at:])
	message := usual[:]
	if size := headerSize + uint64(le.Uint32(message[16:])); size > uint64(len(message)) {
		message = make([]byte, min(size, maxResponseSize))
		copy(message, s.region.memory[at:])
	}
	answer, err := decodeResponse(message)
	if err != nil {
		return nil, 0, err
	}
	if answer.requestID != p.requestID {
		return nil, 0, damaged("the answer is to request %d, not %d", answer.requestID, p.requestID)
	}
	if answer.status == StatusNeedsSpace {
		return nil, answer.needed, nil
	}
	if answer.status != StatusOK {
		return nil, 0, &ServerError{answer.status, answer.errorText}
	}
	result, err := answer.take(s.region.memory, p.reply.offset, p.reply.offset+p.reply.size, (*Result).keep)
	if err != nil {
		return nil, 0, err
	}
	if answer.needed > 1024 {
		s.mu.Lock()
		s.replySizes[p.model] = max(s.replySizes[p.model], answer.needed)
		s.mu.Unlock()
	}
	return result, 0, nil
}

// take takes the outputs out of memory, whose bytes from start to end may hold them; keep makes them the caller's.
func (r *response) take(memory []byte, start, end uint64, keep func(*Result, []byte) []byte) (*Result, error) {
	result := &Result{ModelNS: r.modelNS, more: r.flags&flagMore != 0}
	var crc uint32
	for _, d := range r.outputs {
		if !inside(d, start, end) {
			return nil, damaged("an output lies outside the space given for it")
		}
		data := keep(result, memory[d.offset:d.offset+d.size:d.offset+d.size])
		shape := make([]int, len(d.shape))
		for i, dimension := range d.shape {
			shape[i] = int(dimension)
		}
		if r.flags&flagHasDataCRC != 0 {
			crc = crc32.Update(crc, crc32.IEEETable, data)
		}
		result.Outputs = append(result.Outputs, Tensor{DType: d.dtype, Shape: shape, Data: data})
	}
	if r.flags&flagHasDataCRC != 0 && crc != r.dataCRC {
		return nil, damaged("the outputs' CRC-32 does not match the answer's")
	}
	return result, nil
}

// makeRoom allocates what the answer needs and asks for it again; the model does not run twice.
func (s *session) makeRoom(ctx context.Context, p *slot, needed uint64) error {
	offset, err := s.allocate(ctx, needed)
	if err != nil {
		return err
	}
	p.blocks = append(p.blocks, gap{offset, needed})
	p.reply = gap{offset, align(needed)}
	le.PutUint64(s.region.memory[p.base+slotControl+16:], p.reply.offset)
	le.PutUint64(s.region.memory[p.base+slotControl+24:], p.reply.size)
	return (&shmCall{s, p}).resume()
}

// A Buffer is tensor space inside the client's region: fill its Data and pass its Tensor to Infer, and
// nothing is copied. It belongs to one connection; after a reconnection calls with it fail with
// ErrConnectionLost.
type Buffer struct {
	Tensor
	session *session
	offset  uint64
	once    sync.Once
}

// Release gives the space back. The Data must not be used afterwards.
func (b *Buffer) Release() {
	b.once.Do(func() { b.session.free(b.offset, uint64(len(b.Data))) })
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded)
}
