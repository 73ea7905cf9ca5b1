package shm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"
	"unicode/utf8"
)

const (
	magic   uint32 = 0xF0C01234
	version uint32 = 1

	modelIDSize  = 64
	maxDims      = 8
	maxTensors   = 32
	maxErrorSize = 1024
	maxSlots     = 256
	alignment    = 64

	headerSize     = 24
	descriptorSize = 88
	requestPrefix  = 96
	responsePrefix = 64
	controlSize    = 40
	helloSize      = 64
	welcomeSize    = 128
	frameSize      = 64

	maxRequestSize  = requestPrefix + maxTensors*descriptorSize
	maxResponseSize = responsePrefix + maxTensors*descriptorSize + maxErrorSize

	regionParked     = 0x80
	regionSpinUS     = 0x84
	regionSubmitTail = 0xC0
	regionRing       = 0x200
	regionSlots      = 0x1000

	slotState    = 0x00
	slotWaiting  = 0x04
	slotCancel   = 0x40
	slotControl  = 0xD8
	slotRequest  = 0x100
	slotResponse = 0x1000
	slotInline   = 0x2000
	maxInline    = 1 << 20
)

const (
	stateFree uint32 = iota
	stateSubmitted
	statePartial
	stateContinue
	stateDone
)

const (
	opInfer uint32 = iota + 1
	opStatus
	opModels
	opPing
)

const (
	flagCheckData uint32 = 1
	flagStream    uint32 = 2

	flagHasDataCRC uint32 = 1
	flagMore       uint32 = 2

	transportSHM    uint32 = 1
	transportSocket uint32 = 2

	frameRequest  uint32 = 1
	frameResponse uint32 = 2
	frameContinue uint32 = 3
)

var le = binary.LittleEndian

// A DType is an element type; its value is the code on the wire.
type DType uint32

// The element types of PROTOCOL.md.
const (
	Float32  DType = 1
	Float64  DType = 2
	Float16  DType = 3
	BFloat16 DType = 4
	Int8     DType = 5
	Int16    DType = 6
	Int32    DType = 7
	Int64    DType = 8
	Uint8    DType = 9
	Bool     DType = 10
	Uint16   DType = 11
	Uint32   DType = 12
	Uint64   DType = 13
)

var itemSizes = [...]uint64{0, 4, 8, 2, 2, 1, 2, 4, 8, 1, 1, 2, 4, 8}

// Size is the bytes of one element, or 0 for an unknown type.
func (d DType) Size() int {
	if int(d) >= len(itemSizes) {
		return 0
	}
	return int(itemSizes[d])
}

// descriptor says what a tensor is and where its bytes lie.
type descriptor struct {
	dtype  DType
	shape  []uint64
	offset uint64
	size   uint64
}

type response struct {
	requestID uint64
	status    Status
	flags     uint32
	outputs   []descriptor
	errorText string
	needed    uint64
	modelNS   uint64
	dataCRC   uint32
}

func align(size uint64) uint64 { return (size + alignment - 1) &^ (alignment - 1) }

// byteSize is the bytes of a shape, with every multiplication checked.
func byteSize(dtype DType, shape []uint64) (uint64, bool) {
	item := uint64(dtype.Size())
	if item == 0 {
		return 0, false
	}
	// A zero anywhere makes the size zero, however large the other dimensions are.
	for _, dimension := range shape {
		if dimension == 0 {
			return 0, true
		}
	}
	size := item
	for _, dimension := range shape {
		high, low := bits.Mul64(size, dimension)
		if high != 0 {
			return 0, false
		}
		size = low
	}
	return size, true
}

func appendDescriptor(out []byte, d descriptor) []byte {
	out = le.AppendUint32(out, uint32(d.dtype))
	out = le.AppendUint32(out, uint32(len(d.shape)))
	for i := 0; i < maxDims; i++ {
		var dimension uint64
		if i < len(d.shape) {
			dimension = d.shape[i]
		}
		out = le.AppendUint64(out, dimension)
	}
	out = le.AppendUint64(out, d.offset)
	return le.AppendUint64(out, d.size)
}

// appendRequest appends a whole InferenceRequest.
func appendRequest(out []byte, requestID uint64, model string, inputs []descriptor) ([]byte, error) {
	if len(model) >= modelIDSize || bytes.IndexByte([]byte(model), 0) >= 0 || !utf8.ValidString(model) {
		return nil, fmt.Errorf("%w: model id %q must be at most %d bytes of UTF-8 without NUL", ErrInvalidInput, model, modelIDSize-1)
	}
	if len(inputs) > maxTensors {
		return nil, fmt.Errorf("%w: %d inputs; at most %d are allowed", ErrInvalidInput, len(inputs), maxTensors)
	}
	start := len(out)
	size := requestPrefix - headerSize + len(inputs)*descriptorSize
	out = le.AppendUint32(out, magic)
	out = le.AppendUint32(out, version)
	out = le.AppendUint64(out, requestID)
	out = le.AppendUint32(out, uint32(size))
	out = le.AppendUint32(out, 0)
	out = append(out, model...)
	out = append(out, make([]byte, modelIDSize-len(model))...)
	out = le.AppendUint32(out, uint32(len(inputs)))
	out = le.AppendUint32(out, 0)
	for _, input := range inputs {
		if len(input.shape) > maxDims {
			return nil, fmt.Errorf("%w: %d dimensions; at most %d are allowed", ErrInvalidInput, len(input.shape), maxDims)
		}
		out = appendDescriptor(out, input)
	}
	le.PutUint32(out[start+20:], crc32.ChecksumIEEE(out[start+headerSize:]))
	return out, nil
}

func damaged(format string, arguments ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrProtocol}, arguments...)...)
}

// decodeResponse reads a whole InferenceResponse out of a private copy.
func decodeResponse(message []byte) (*response, error) {
	if len(message) < responsePrefix {
		return nil, damaged("an answer of %d bytes", len(message))
	}
	if got := le.Uint32(message); got != magic {
		return nil, damaged("magic is 0x%08X", got)
	}
	if got := le.Uint32(message[4:]); got != version {
		return nil, damaged("version is %d", got)
	}
	size := uint64(le.Uint32(message[16:]))
	if size < responsePrefix-headerSize || size > uint64(len(message)-headerSize) {
		return nil, damaged("payload_size is %d", size)
	}
	payload := message[headerSize : headerSize+size]
	if crc32.ChecksumIEEE(payload) != le.Uint32(message[20:]) {
		return nil, damaged("the answer's checksum does not match")
	}
	out := &response{
		requestID: le.Uint64(message[8:]),
		status:    Status(le.Uint32(payload)),
		flags:     le.Uint32(payload[4:]),
		needed:    le.Uint64(payload[16:]),
		modelNS:   le.Uint64(payload[24:]),
		dataCRC:   le.Uint32(payload[32:]),
	}
	count, errorSize := uint64(le.Uint32(payload[8:])), uint64(le.Uint32(payload[12:]))
	errorAt := uint64(responsePrefix-headerSize) + count*descriptorSize
	if count > maxTensors || errorAt+errorSize != size {
		return nil, damaged("%d outputs and %d bytes of error in %d bytes", count, errorSize, size)
	}
	for i := uint64(0); i < count; i++ {
		d, err := decodeDescriptor(payload[responsePrefix-headerSize+i*descriptorSize:])
		if err != nil {
			return nil, err
		}
		out.outputs = append(out.outputs, d)
	}
	out.errorText = string(bytes.ToValidUTF8(payload[errorAt:], []byte("\uFFFD")))
	return out, nil
}

func decodeDescriptor(from []byte) (descriptor, error) {
	d := descriptor{dtype: DType(le.Uint32(from)), offset: le.Uint64(from[72:]), size: le.Uint64(from[80:])}
	dimensions := le.Uint32(from[4:])
	if dimensions > maxDims {
		return d, damaged("%d dimensions", dimensions)
	}
	d.shape = make([]uint64, dimensions)
	for i := range d.shape {
		d.shape[i] = le.Uint64(from[8+8*i:])
	}
	for i := int(dimensions); i < maxDims; i++ {
		if le.Uint64(from[8+8*i:]) != 0 {
			return d, damaged("a shape with entries past its dimensions")
		}
	}
	expected, ok := byteSize(d.dtype, d.shape)
	if !ok || expected != d.size {
		return d, damaged("data_size %d does not fit dtype %d and shape %v", d.size, d.dtype, d.shape)
	}
	return d, nil
}

// inside reports whether a block lies in [start, end), without overflow.
func inside(d descriptor, start, end uint64) bool {
	return d.offset >= start && d.offset <= end && d.size <= end-d.offset
}

func encodeControl(out []byte, opcode, flags uint32, timeoutNS, replyOffset, replyCapacity uint64, dataCRC uint32) {
	le.PutUint32(out, opcode)
	le.PutUint32(out[4:], flags)
	le.PutUint64(out[8:], timeoutNS)
	le.PutUint64(out[16:], replyOffset)
	le.PutUint64(out[24:], replyCapacity)
	le.PutUint32(out[32:], dataCRC)
	le.PutUint32(out[36:], 0)
}

func encodeFrame(kind, opcode, flags uint32, timeoutNS, dataSize uint64, messageSize, dataCRC uint32) []byte {
	out := make([]byte, frameSize)
	le.PutUint32(out, magic)
	le.PutUint32(out[4:], kind)
	le.PutUint32(out[8:], opcode)
	le.PutUint32(out[12:], flags)
	le.PutUint64(out[16:], timeoutNS)
	le.PutUint64(out[24:], dataSize)
	le.PutUint32(out[32:], messageSize)
	le.PutUint32(out[36:], dataCRC)
	return out
}

func encodeHello(transport uint32, slots, inline int, data int64, name string) []byte {
	out := make([]byte, helloSize)
	le.PutUint32(out, magic)
	le.PutUint32(out[4:], version)
	le.PutUint32(out[8:], version)
	le.PutUint32(out[12:], transport)
	le.PutUint32(out[16:], uint32(slots))
	le.PutUint32(out[20:], uint32(inline))
	le.PutUint64(out[24:], uint64(data))
	copy(out[32:55], name)
	return out
}

type welcome struct {
	version    uint32
	status     Status
	transport  uint32
	slotCount  uint32
	slotStride uint32
	regionSize uint64
	dataOffset uint64
	text       string
}

func decodeWelcome(from []byte) (welcome, error) {
	if len(from) < welcomeSize || le.Uint32(from) != magic {
		return welcome{}, fmt.Errorf("%w: what answers does not speak this protocol", ErrConnect)
	}
	text, _, _ := bytes.Cut(from[64:welcomeSize], []byte{0})
	return welcome{
		version:    le.Uint32(from[4:]),
		status:     Status(le.Uint32(from[8:])),
		transport:  le.Uint32(from[12:]),
		slotCount:  le.Uint32(from[16:]),
		slotStride: le.Uint32(from[20:]),
		regionSize: le.Uint64(from[24:]),
		dataOffset: le.Uint64(from[40:]),
		text:       string(text),
	}, nil
}

// fits reports whether the parts of a region fit each other and the file that holds them.
func (w welcome) fits(fileSize int64) bool {
	return w.slotCount >= 1 && w.slotCount <= maxSlots && w.slotCount&(w.slotCount-1) == 0 &&
		w.slotStride >= slotInline && w.slotStride <= slotInline+maxInline && w.slotStride%alignment == 0 &&
		w.dataOffset == regionSlots+uint64(w.slotCount)*uint64(w.slotStride) &&
		w.dataOffset <= w.regionSize && fileSize >= 0 && w.regionSize <= uint64(fileSize)
}
