package shm

import (
	"fmt"
	"math/bits"
	"sync"
	"unsafe"
)

// A Tensor is C-contiguous bytes of a shape. Float32s and its siblings make one over a slice without a copy.
type Tensor struct {
	DType DType
	Shape []int
	Data  []byte

	buffer *Buffer
}

// An Element is a Go type that has a DType.
type Element interface {
	~float32 | ~float64 | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~bool
}

func dtypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case uint8:
		return Uint8
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	case bool:
		return Bool
	}
	return 0
}

// Of makes a tensor over values, which it does not copy; without a shape it has one dimension.
// It panics when the shape does not hold len(values) elements, because that is a programming error.
func Of[T Element](values []T, shape ...int) Tensor {
	if len(shape) == 0 {
		shape = []int{len(values)}
	}
	count := 1
	for _, dimension := range shape {
		count *= dimension
	}
	if count != len(values) {
		panic(fmt.Sprintf("shm.Of: shape %v does not hold %d elements", shape, len(values)))
	}
	var zero T
	var data []byte
	if len(values) > 0 {
		data = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(zero)))
	}
	return Tensor{DType: dtypeOf[T](), Shape: shape, Data: data}
}

// Values are a tensor's elements; it fails when T is not the tensor's type.
func Values[T Element](t Tensor) ([]T, error) {
	if want := dtypeOf[T](); want != t.DType {
		return nil, fmt.Errorf("%w: the tensor holds dtype %d, not %d", ErrInvalidInput, t.DType, want)
	}
	var zero T
	out := make([]T, len(t.Data)/int(unsafe.Sizeof(zero)))
	if len(out) > 0 {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(out))), len(t.Data)), t.Data)
	}
	return out, nil
}

func (t Tensor) describe(offset uint64) (descriptor, error) {
	shape := make([]uint64, len(t.Shape))
	for i, dimension := range t.Shape {
		if dimension < 0 {
			return descriptor{}, fmt.Errorf("%w: shape %v has a negative dimension", ErrInvalidInput, t.Shape)
		}
		shape[i] = uint64(dimension)
	}
	size, ok := byteSize(t.DType, shape)
	if !ok || size != uint64(len(t.Data)) {
		return descriptor{}, fmt.Errorf("%w: %d bytes do not fit dtype %d and shape %v", ErrInvalidInput, len(t.Data), t.DType, t.Shape)
	}
	return descriptor{t.DType, shape, offset, size}, nil
}

// A Result is what a model answered.
type Result struct {
	Outputs []Tensor
	// ModelNS is the time in nanoseconds that the model itself took.
	ModelNS uint64

	more   bool
	pooled []*[]byte
}

// Release lets the next answers reuse the memory of the outputs, which must not be used any more. It is never
// needed; it saves a program that takes large answers at a high rate from clearing and collecting their memory.
func (r *Result) Release() {
	for _, block := range r.pooled {
		spare[bits.Len(uint(cap(*block)))].Put(block)
	}
	r.pooled, r.Outputs = nil, nil
}

// leastPooled is the size from which taking memory anew costs more than a look into a pool.
const leastPooled = 32 << 10

// spare holds released memory by the bits of its capacity.
var spare [65]sync.Pool

// keep copies one output out of memory that is not the caller's, where it can into memory that was released.
func (r *Result) keep(data []byte) []byte {
	if len(data) < leastPooled {
		return append([]byte(nil), data...)
	}
	block, _ := spare[bits.Len(uint(len(data)))].Get().(*[]byte)
	if block == nil || cap(*block) < len(data) {
		// append does not clear the memory first, as make would.
		fresh := append([]byte(nil), data...)
		block = &fresh
	} else {
		*block = (*block)[:len(data)]
		copy(*block, data)
	}
	r.pooled = append(r.pooled, block)
	return *block
}
