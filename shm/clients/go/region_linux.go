package shm

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	futexWait = 0
	futexWake = 1
)

// region is a mapped region. It is unmapped when nothing refers to it any more, so that a call in flight
// never touches memory that is gone.
type region struct {
	memory []byte
	shape  welcome
}

func mapRegion(fd int, shape welcome) (*region, error) {
	var info syscall.Stat_t
	if err := syscall.Fstat(fd, &info); err != nil {
		return nil, err
	}
	if !shape.fits(info.Size) {
		return nil, damaged("the server described a region that cannot be: %+v", shape)
	}
	memory, err := syscall.Mmap(fd, 0, int(shape.regionSize), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	r := &region{memory, shape}
	runtime.SetFinalizer(r, func(r *region) { _ = syscall.Munmap(r.memory) })
	return r, nil
}

// word is a 32-bit word of the region. Go's atomic operations on it are sequentially consistent, so a store
// to one word is never seen after a later load of another.
func (r *region) word(offset int) *uint32 {
	return (*uint32)(unsafe.Pointer(&r.memory[offset]))
}

func (r *region) load(offset int) uint32         { return atomic.LoadUint32(r.word(offset)) }
func (r *region) store(offset int, value uint32) { atomic.StoreUint32(r.word(offset), value) }

// sleep waits while the word holds expected, at most for the given time; it may return early.
func (r *region) sleep(offset int, expected uint32, limit time.Duration) {
	spec := syscall.NsecToTimespec(int64(limit))
	_, _, _ = syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(r.word(offset))), futexWait,
		uintptr(expected), uintptr(unsafe.Pointer(&spec)), 0, 0)
}

// wake wakes this client's own sleepers, when the connection is lost.
func (r *region) wake(offset int) {
	_, _, _ = syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(r.word(offset))), futexWake, 1<<30, 0, 0, 0)
}

const sharedMemory = true
