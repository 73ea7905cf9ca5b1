//! One connection with its region of shared memory.

use std::collections::HashMap;
use std::fmt;
use std::io::{ErrorKind, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{fence, AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Status};
use crate::layout::{
    align, byte_size, decode_response, put_control, put_request, u32_at, DType, Descriptor,
    Response, Welcome, ALIGNMENT, CONTROL_SIZE, DESCRIPTOR_SIZE, FLAG_CHECK_DATA,
    FLAG_HAS_DATA_CRC, FLAG_MORE, FLAG_STREAM, HEADER_SIZE, MAX_RESPONSE_SIZE, MAX_SLOTS,
    REGION_PARKED, REGION_RING, REGION_SLOTS, REGION_SPIN_US, REGION_SUBMIT_TAIL, RESPONSE_PREFIX,
    SLOT_CANCEL, SLOT_CONTROL, SLOT_INLINE, SLOT_RESPONSE, SLOT_STATE, SLOT_WAITING,
    STATE_CONTINUE, STATE_DONE, STATE_FREE, STATE_PARTIAL, STATE_SUBMITTED,
};
use crate::tensor::{Inference, Input, Tensor};

const SLICE: Duration = Duration::from_millis(50);
const MAX_SPIN: Duration = Duration::from_millis(1);
/// From this size on, tensors are written past the caches.
const COPY_PAST_CACHES: usize = 256 << 10;
/// After so many calls without another one in flight there is probably no other caller.
const ALONE: usize = 16;
const USUAL_RESPONSE: usize = RESPONSE_PREFIX + 4 * DESCRIPTOR_SIZE;
const LEAST_REPLY: u64 = 1024;

/// The mapping. Bytes are copied in and out with raw pointers, because the server may change them at any
/// time and a Rust reference would promise that it does not.
struct Mapping {
    base: *mut u8,
    size: usize,
}

// SAFETY: the mapping is plain memory that outlives every use; access is ordered by the atomics below.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

/// Copies past the caches: what the server read last lies in the cache of its processor, and to fetch a
/// megabyte from there before it is overwritten takes ten times as long as to write it to memory.
///
/// # Safety
///
/// `to` must be valid for as many bytes, and they must not overlap.
#[cfg(target_arch = "x86_64")]
unsafe fn copy_past_caches(from: &[u8], to: *mut u8) {
    use std::arch::x86_64::{_mm_loadu_si128, _mm_sfence, _mm_stream_si128};

    let head = to.align_offset(16).min(from.len());
    let pieces = (from.len() - head) / 16;
    let tail = head + 16 * pieces;
    // SAFETY: head, pieces and tail are the source's length together, and the caller answers for the target;
    // every x86-64 processor has these instructions. Streaming stores are not ordered by themselves: the fence
    // keeps the state that hands them over behind them.
    unsafe {
        std::ptr::copy_nonoverlapping(from.as_ptr(), to, head);
        for at in (head..tail).step_by(16) {
            _mm_stream_si128(
                to.add(at).cast(),
                _mm_loadu_si128(from.as_ptr().add(at).cast()),
            );
        }
        _mm_sfence();
        std::ptr::copy_nonoverlapping(from.as_ptr().add(tail), to.add(tail), from.len() - tail);
    }
}

#[cfg(not(target_arch = "x86_64"))]
unsafe fn copy_past_caches(from: &[u8], to: *mut u8) {
    // SAFETY: the caller answers for the target.
    unsafe { std::ptr::copy_nonoverlapping(from.as_ptr(), to, from.len()) }
}

impl Mapping {
    fn new(fd: &OwnedFd, welcome: &Welcome) -> Result<Self, Error> {
        let fail = |what: String| Error::Connect {
            message: format!("cannot map the region: {what}"),
        };
        // SAFETY: fstat writes a stat that it is given; zeroes are a valid one.
        let file_size = unsafe {
            let mut info: libc::stat = std::mem::zeroed();
            if libc::fstat(fd.as_raw_fd(), &mut info) != 0 {
                return Err(fail(std::io::Error::last_os_error().to_string()));
            }
            info.st_size as u64
        };
        if !welcome.fits(file_size) {
            return Err(fail(format!(
                "the server described one that cannot be: {welcome:?}"
            )));
        }
        let size = usize::try_from(welcome.region_size).map_err(|error| fail(error.to_string()))?;
        // SAFETY: a fresh shared mapping of a descriptor that we own; its size was compared with the file's.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                fd.as_raw_fd(),
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(fail(std::io::Error::last_os_error().to_string()));
        }
        Ok(Mapping {
            base: base.cast(),
            size,
        })
    }

    fn word(&self, offset: usize) -> &AtomicU32 {
        debug_assert!(offset % 4 == 0 && offset + 4 <= self.size);
        // SAFETY: the offset is one of the protocol's words, aligned and inside the mapping.
        unsafe { &*self.base.add(offset).cast::<AtomicU32>() }
    }

    fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset
            .checked_add(bytes.len())
            .is_some_and(|end| end <= self.size));
        // SAFETY: the range was checked; the source is not in the mapping's range that we write.
        unsafe {
            if bytes.len() < COPY_PAST_CACHES {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.base.add(offset), bytes.len());
            } else {
                copy_past_caches(bytes, self.base.add(offset));
            }
        }
    }

    fn read(&self, offset: usize, size: usize) -> Vec<u8> {
        assert!(offset.checked_add(size).is_some_and(|end| end <= self.size));
        let mut out = Vec::with_capacity(size);
        // SAFETY: the range was checked; the copy fills the whole length that is then set.
        unsafe {
            std::ptr::copy_nonoverlapping(self.base.add(offset), out.as_mut_ptr(), size);
            out.set_len(size);
        }
        out
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing refers to it any more.
        unsafe {
            libc::munmap(self.base.cast(), self.size);
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Block {
    offset: u64,
    size: u64,
}

/// First-fit allocation of tensor space.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    gaps: Vec<(u64, u64)>,
    total: u64,
}

impl Arena {
    pub(crate) fn new(start: u64, end: u64) -> Self {
        let total = end - start;
        Arena {
            gaps: if total > 0 {
                vec![(start, total)]
            } else {
                vec![]
            },
            total,
        }
    }

    pub(crate) fn take(&mut self, size: u64) -> Option<u64> {
        let size = align(size).max(ALIGNMENT);
        let at = self.gaps.iter().position(|gap| gap.1 >= size)?;
        let offset = self.gaps[at].0;
        self.gaps[at].0 += size;
        self.gaps[at].1 -= size;
        if self.gaps[at].1 == 0 {
            self.gaps.remove(at);
        }
        Some(offset)
    }

    pub(crate) fn give_back(&mut self, offset: u64, size: u64) {
        let size = align(size).max(ALIGNMENT);
        let at = self.gaps.partition_point(|gap| gap.0 < offset);
        self.gaps.insert(at, (offset, size));
        if at + 1 < self.gaps.len() && offset + size == self.gaps[at + 1].0 {
            self.gaps[at].1 += self.gaps[at + 1].1;
            self.gaps.remove(at + 1);
        }
        if at > 0 && self.gaps[at - 1].0 + self.gaps[at - 1].1 == offset {
            self.gaps[at - 1].1 += self.gaps[at].1;
            self.gaps.remove(at);
        }
    }

    #[cfg(test)]
    pub(crate) fn gaps(&self) -> &[(u64, u64)] {
        &self.gaps
    }
}

#[derive(Debug)]
struct Slot {
    index: u32,
    base: usize,
    expected: u32,
    request_id: u64,
    model: String,
    reply: Block,
    blocks: Vec<Block>,
    scratch: Vec<u8>,
}

#[derive(Debug)]
struct Books {
    slots: Vec<Slot>,
    abandoned: Vec<Slot>,
    arena: Arena,
    tail: u32,
    next_id: u64,
    reply_sizes: HashMap<String, u64>,
}

/// Who sleeps until an answer comes, and whether another caller watches memory for them.
///
/// A sleeper either has SLOT_WAITING set, so that the server wakes it, or somebody watches its slot. The two
/// words are `slots` and `watched`: a sleeper writes the first and then reads the second, who stops watching
/// writes the second and then reads the first, all of it sequentially consistent.
#[derive(Default)]
struct Sleepers {
    slots: [AtomicU64; MAX_SLOTS as usize / 64],
    watched: AtomicBool,
}

impl Sleepers {
    /// Whether the caller is now the one that watches.
    fn begin_watch(&self) -> bool {
        !self.watched.load(Ordering::Relaxed) && !self.watched.swap(true, Ordering::SeqCst)
    }

    fn add(&self, index: usize) {
        self.slots[index / 64].fetch_or(1 << (index % 64), Ordering::SeqCst);
    }

    fn remove(&self, index: usize) {
        self.slots[index / 64].fetch_and(!(1 << (index % 64)), Ordering::SeqCst);
    }

    /// Calls `visit` with every sleeper's slot until it returns true; says whether it did.
    fn each(&self, mut visit: impl FnMut(usize) -> bool) -> bool {
        for (word, slots) in self.slots.iter().enumerate() {
            let mut left = slots.load(Ordering::SeqCst);
            while left != 0 {
                if visit(64 * word + left.trailing_zeros() as usize) {
                    return true;
                }
                left &= left - 1;
            }
        }
        false
    }
}

/// A connection with its region, shared by the calls and buffers that use it.
pub(crate) struct Session {
    endpoint: String,
    stream: UnixStream,
    map: Mapping,
    welcome: Welcome,
    lost: AtomicBool,
    in_flight: AtomicUsize,
    /// How many calls in a row began while no other was in flight.
    alone_for: AtomicUsize,
    sleepers: Sleepers,
    books: Mutex<Books>,
    freed: Condvar,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(
        endpoint: &str,
        stream: UnixStream,
        fd: &OwnedFd,
        welcome: Welcome,
    ) -> Result<Self, Error> {
        let map = Mapping::new(fd, &welcome)?;
        stream
            .set_nonblocking(true)
            .map_err(|error| Error::connect(endpoint, &error))?;
        let slots = (0..welcome.slot_count)
            .rev()
            .map(|index| Slot {
                index,
                base: REGION_SLOTS + index as usize * welcome.slot_stride as usize,
                expected: STATE_SUBMITTED,
                request_id: 0,
                model: String::new(),
                reply: Block { offset: 0, size: 0 },
                blocks: vec![],
                scratch: vec![],
            })
            .collect();
        let arena = Arena::new(welcome.data_offset, welcome.region_size);
        Ok(Session {
            endpoint: endpoint.into(),
            stream,
            map,
            welcome,
            lost: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            alone_for: AtomicUsize::new(0),
            sleepers: Sleepers::default(),
            books: Mutex::new(Books {
                slots,
                abandoned: vec![],
                arena,
                tail: 0,
                next_id: 1,
                reply_sizes: HashMap::new(),
            }),
            freed: Condvar::new(),
        })
    }

    /// The books stay consistent even when a caller panicked: every change to them is complete in itself.
    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server closed the connection; the kernel does it when the process dies.
    pub(crate) fn is_lost(&self) -> bool {
        if self.lost.load(Ordering::Relaxed) {
            return true;
        }
        let mut byte = 0u8;
        // SAFETY: one byte is offered, and the socket is ours.
        let got = unsafe {
            libc::recv(
                self.stream.as_raw_fd(),
                std::ptr::addr_of_mut!(byte).cast(),
                1,
                libc::MSG_PEEK | libc::MSG_DONTWAIT,
            )
        };
        let dead = got == 0
            || (got < 0
                && !matches!(
                    std::io::Error::last_os_error().kind(),
                    ErrorKind::WouldBlock | ErrorKind::Interrupted
                ));
        if dead {
            self.lost.store(true, Ordering::Relaxed);
        }
        dead
    }

    /// Whether the connection is lost, asked of the kernel only when no call in flight would find out.
    pub(crate) fn is_lost_when_idle(&self) -> bool {
        if self.in_flight.load(Ordering::Relaxed) > 0 {
            self.lost.load(Ordering::Relaxed)
        } else {
            self.is_lost()
        }
    }

    pub(crate) fn close(&self) {
        self.lost.store(true, Ordering::Relaxed);
        // A connection that the server closed first cannot be shut down again, which is fine.
        drop(self.stream.shutdown(std::net::Shutdown::Both));
    }

    fn gone(&self) -> Error {
        self.lost.store(true, Ordering::Relaxed);
        Error::ConnectionLost {
            endpoint: self.endpoint.clone(),
        }
    }

    fn word(&self, slot: &Slot, offset: usize) -> &AtomicU32 {
        self.map.word(slot.base + offset)
    }

    /// Takes back slots that were given up, once the server is done with them.
    fn reap(&self, books: &mut Books) {
        let mut at = 0;
        while at < books.abandoned.len() {
            let state = self
                .word(&books.abandoned[at], SLOT_STATE)
                .load(Ordering::Acquire);
            if state == STATE_DONE {
                let slot = books.abandoned.swap_remove(at);
                self.release_locked(books, slot);
                continue;
            }
            if state == STATE_PARTIAL {
                let index = books.abandoned[at].index;
                self.word(&books.abandoned[at], SLOT_STATE)
                    .store(STATE_CONTINUE, Ordering::Release);
                self.push_locked(books, index);
                // A lost connection shows itself to whoever waits next.
                drop(self.ring());
            }
            at += 1;
        }
    }

    fn release_locked(&self, books: &mut Books, mut slot: Slot) {
        self.word(&slot, SLOT_STATE)
            .store(STATE_FREE, Ordering::Release);
        for block in slot.blocks.drain(..) {
            books.arena.give_back(block.offset, block.size);
        }
        books.slots.push(slot);
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.freed.notify_all();
    }

    fn release(&self, slot: Slot) {
        self.release_locked(&mut self.lock(), slot);
    }

    fn abandon(&self, slot: Slot) {
        let mut books = self.lock();
        if self.word(&slot, SLOT_STATE).load(Ordering::Acquire) == STATE_DONE {
            self.release_locked(&mut books, slot);
            return;
        }
        self.word(&slot, SLOT_CANCEL).store(1, Ordering::Release);
        books.abandoned.push(slot);
        self.reap(&mut books);
    }

    fn wait_for<T>(
        &self,
        what: &str,
        deadline: Instant,
        mut attempt: impl FnMut(&mut Books) -> Option<T>,
    ) -> Result<T, Error> {
        let mut books = self.lock();
        loop {
            if let Some(found) = attempt(&mut books) {
                return Ok(found);
            }
            self.reap(&mut books);
            if let Some(found) = attempt(&mut books) {
                return Ok(found);
            }
            if self.is_lost() {
                return Err(self.gone());
            }
            let now = Instant::now();
            if now >= deadline {
                return Err(Error::Timeout {
                    what: format!("a free {what}"),
                });
            }
            let slice = if books.abandoned.is_empty() {
                SLICE
            } else {
                Duration::from_millis(5)
            };
            books = self
                .freed
                .wait_timeout(books, slice.min(deadline - now))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn take_block(&self, size: u64, deadline: Instant) -> Result<Block, Error> {
        let total = self.lock().arena.total;
        if align(size) > total {
            return Err(Error::Server {
                status: Status::TooLarge,
                message: format!(
                    "{size} bytes do not fit this client's {total} bytes of tensor space; open it with a larger data_size"
                ),
            });
        }
        self.wait_for("tensor space", deadline, |books| books.arena.take(size))
            .map(|offset| Block { offset, size })
    }

    pub(crate) fn allocate(
        self: &Arc<Self>,
        dtype: DType,
        shape: &[usize],
        deadline: Instant,
    ) -> Result<Buffer, Error> {
        let dimensions: Vec<u64> = shape.iter().map(|dimension| *dimension as u64).collect();
        let size = byte_size(dtype, &dimensions).ok_or_else(|| {
            Error::InvalidInput(format!("shape {shape:?} of {dtype:?} has no size"))
        })?;
        let block = self.take_block(size, deadline)?;
        Ok(Buffer {
            session: Arc::clone(self),
            dtype,
            shape: shape.to_vec(),
            block,
        })
    }

    pub(crate) fn begin(
        self: &Arc<Self>,
        opcode: u32,
        model: &str,
        inputs: &[Input<'_>],
        flags: u32,
        deadline: Instant,
    ) -> Result<ShmCall, Error> {
        if self.lost.load(Ordering::Relaxed) {
            return Err(self.gone());
        }
        let mut size = 0;
        for input in inputs {
            match input {
                Input::Tensor(tensor) => size += align(tensor.data.len() as u64),
                Input::Buffer(buffer) if Arc::ptr_eq(&buffer.session, self) => {}
                Input::Buffer(_) => return Err(self.gone()),
            }
        }
        let (mut slot, reply_size) = self.wait_for("slot", deadline, |books| {
            let mut slot = books.slots.pop()?;
            slot.request_id = books.next_id;
            books.next_id += 1;
            Some((
                slot,
                books.reply_sizes.get(model).copied().unwrap_or(LEAST_REPLY),
            ))
        })?;
        if self.in_flight.fetch_add(1, Ordering::Relaxed) > 0 {
            self.alone_for.store(0, Ordering::Relaxed);
        } else {
            self.alone_for.fetch_add(1, Ordering::Relaxed);
        }
        let written = self.write(
            &mut slot, opcode, model, inputs, flags, deadline, size, reply_size,
        );
        if let Err(error) = written {
            self.release(slot);
            return Err(error);
        }
        let submitted = self.submit(&slot, STATE_SUBMITTED);
        // From here on, dropping the call gives the slot up.
        let call = ShmCall {
            session: Arc::clone(self),
            slot: Some(slot),
        };
        submitted.map(|()| call)
    }

    #[allow(clippy::too_many_arguments)] // One place writes a request; grouping its parts would only rename them.
    fn write(
        &self,
        slot: &mut Slot,
        opcode: u32,
        model: &str,
        inputs: &[Input<'_>],
        flags: u32,
        deadline: Instant,
        size: u64,
        reply_size: u64,
    ) -> Result<(), Error> {
        let inline = u64::from(self.welcome.slot_stride) - SLOT_INLINE as u64;
        let mut at = (slot.base + SLOT_INLINE) as u64;
        if size + reply_size <= inline {
            slot.reply = Block {
                offset: at + size,
                size: inline - size,
            };
        } else {
            let block = self.take_block(size + align(reply_size), deadline)?;
            slot.blocks.push(block);
            at = block.offset;
            slot.reply = Block {
                offset: at + size,
                size: align(reply_size),
            };
        }
        let mut descriptors: Vec<Descriptor> = Vec::with_capacity(inputs.len());
        let mut crc = crc32fast::Hasher::new();
        for input in inputs {
            match input {
                Input::Tensor(tensor) => {
                    let descriptor = tensor.describe(at)?;
                    self.map.write(at as usize, &tensor.data);
                    if flags & FLAG_CHECK_DATA != 0 {
                        crc.update(&tensor.data);
                    }
                    at += align(descriptor.size);
                    descriptors.push(descriptor);
                }
                Input::Buffer(buffer) => {
                    if flags & FLAG_CHECK_DATA != 0 {
                        crc.update(buffer.as_bytes());
                    }
                    descriptors.push(Descriptor {
                        dtype: buffer.dtype,
                        shape: buffer
                            .shape
                            .iter()
                            .map(|dimension| *dimension as u64)
                            .collect(),
                        offset: buffer.block.offset,
                        size: buffer.block.size,
                    });
                }
            }
        }
        let timeout_ns = if flags & FLAG_STREAM == 0 {
            u64::try_from(
                deadline
                    .saturating_duration_since(Instant::now())
                    .as_nanos(),
            )
            .unwrap_or(u64::MAX)
            .max(1)
        } else {
            0
        };
        let data_crc = if flags & FLAG_CHECK_DATA == 0 {
            0
        } else {
            crc.finalize()
        };
        slot.scratch.clear();
        put_control(
            &mut slot.scratch,
            opcode,
            flags,
            timeout_ns,
            (slot.reply.offset, slot.reply.size),
            data_crc,
        );
        debug_assert_eq!(CONTROL_SIZE, slot.scratch.len());
        put_request(&mut slot.scratch, slot.request_id, model, &descriptors)?;
        self.map.write(slot.base + SLOT_CONTROL, &slot.scratch);
        slot.model.clear();
        slot.model.push_str(model);
        slot.expected = STATE_SUBMITTED;
        self.word(slot, SLOT_CANCEL).store(0, Ordering::Relaxed);
        self.word(slot, SLOT_WAITING).store(0, Ordering::Relaxed);
        Ok(())
    }

    /// Hands a slot to the server: its state, then its place on the ring, then the ring's tail.
    fn submit(&self, slot: &Slot, state: u32) -> Result<(), Error> {
        self.word(slot, SLOT_STATE).store(state, Ordering::Release);
        self.push_locked(&mut self.lock(), slot.index);
        self.ring()
    }

    fn push_locked(&self, books: &mut Books, index: u32) {
        let place = REGION_RING + 4 * (books.tail & (self.welcome.slot_count - 1)) as usize;
        self.map.word(place).store(index, Ordering::Relaxed);
        books.tail = books.tail.wrapping_add(1);
        self.map
            .word(REGION_SUBMIT_TAIL)
            .store(books.tail, Ordering::Release);
    }

    /// Rings the doorbell when the server sleeps. The fence keeps the flag from being read before the tail
    /// was written.
    fn ring(&self) -> Result<(), Error> {
        fence(Ordering::SeqCst);
        if self.map.word(REGION_PARKED).load(Ordering::Relaxed) != 0 {
            match (&self.stream).write(&[1]) {
                Ok(_) => {}
                // The socket is full of doorbells: the server will wake.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Err(self.gone()),
            }
        }
        Ok(())
    }

    fn wait(&self, slot: &Slot, deadline: Instant) -> Result<(), Error> {
        let state = self.word(slot, SLOT_STATE);
        if state.load(Ordering::Acquire) != slot.expected {
            return Ok(());
        }
        let spin =
            Duration::from_micros(self.map.word(REGION_SPIN_US).load(Ordering::Relaxed).into())
                .min(MAX_SPIN);
        // Watching memory is worth its processor only while the server says that one is spare.
        if !spin.is_zero() && self.sleepers.begin_watch() {
            let seen = self.watch(slot, Instant::now() + spin);
            self.end_watch();
            if seen {
                return Ok(());
            }
        }
        self.sleep(slot, deadline)
    }

    /// Watches for the answer of one slot until a time, and meanwhile for those of all callers that sleep, so
    /// that the server need not wake any. Says whether the slot's own answer is there.
    fn watch(&self, slot: &Slot, until: Instant) -> bool {
        let state = self.word(slot, SLOT_STATE);
        self.sleepers.each(|index| {
            self.slot_word(index, SLOT_WAITING)
                .store(0, Ordering::Relaxed);
            false
        });
        loop {
            for _ in 0..64 {
                if state.load(Ordering::Acquire) != slot.expected {
                    return true;
                }
                std::hint::spin_loop();
            }
            // Whoever is woken watches next, for both would want the same processor.
            if self.sleepers.each(|index| self.wake_answered(index)) || Instant::now() >= until {
                return false;
            }
            if self.alone_for.load(Ordering::Relaxed) < ALONE {
                // Another caller may have its answer, or its next request, and only lack a processor.
                std::thread::yield_now();
            }
        }
    }

    /// Leaves the sleepers to the server again, and wakes those whose answers came before it could know.
    fn end_watch(&self) {
        self.sleepers.watched.store(false, Ordering::SeqCst);
        self.sleepers.each(|index| {
            self.slot_word(index, SLOT_WAITING)
                .store(1, Ordering::Relaxed);
            fence(Ordering::SeqCst);
            self.wake_answered(index);
            false
        });
    }

    fn wake_answered(&self, index: usize) -> bool {
        let state = self.slot_word(index, SLOT_STATE);
        let answered = || matches!(state.load(Ordering::SeqCst), STATE_DONE | STATE_PARTIAL);
        if !answered() {
            return false;
        }
        // Whoever is woken once need not be woken again before it runs.
        self.sleepers.remove(index);
        if answered() {
            futex_wake(state);
            return true;
        }
        // Meanwhile the slot went to another caller, which may sleep by now.
        self.sleepers.add(index);
        false
    }

    fn slot_word(&self, index: usize, offset: usize) -> &AtomicU32 {
        self.map
            .word(REGION_SLOTS + index * self.welcome.slot_stride as usize + offset)
    }

    fn sleep(&self, slot: &Slot, deadline: Instant) -> Result<(), Error> {
        let state = self.word(slot, SLOT_STATE);
        let waiting = self.word(slot, SLOT_WAITING);
        let index = slot.index as usize;
        self.sleepers.add(index);
        // Either this thread sees that nobody watches, or whoever stops watching sees this sleeper.
        if !self.sleepers.watched.load(Ordering::SeqCst) {
            waiting.store(1, Ordering::Relaxed);
            fence(Ordering::SeqCst);
        }
        let outcome = loop {
            if state.load(Ordering::Acquire) != slot.expected {
                break Ok(());
            }
            let now = Instant::now();
            if now >= deadline {
                break Err(Error::Timeout {
                    what: format!("the answer of {:?} at {}", slot.model, self.endpoint),
                });
            }
            futex_wait(state, slot.expected, SLICE.min(deadline - now));
            if state.load(Ordering::Acquire) == slot.expected && self.is_lost() {
                break Err(self.gone());
            }
        };
        self.sleepers.remove(index);
        waiting.store(0, Ordering::Relaxed);
        outcome
    }

    /// The answer in the slot, or how many bytes of room the server asks for.
    fn read(&self, slot: &Slot) -> Result<Result<Inference, u64>, Error> {
        let at = slot.base + SLOT_RESPONSE;
        let mut message = self.map.read(at, USUAL_RESPONSE);
        let size = HEADER_SIZE + u32_at(&message, 16) as usize;
        if size > message.len() {
            message = self.map.read(at, size.min(MAX_RESPONSE_SIZE));
        }
        let response = decode_response(&message)?;
        if response.request_id != slot.request_id {
            return Err(Error::Protocol(format!(
                "the answer is to request {}, not {}",
                response.request_id, slot.request_id
            )));
        }
        if response.status == Status::NeedsSpace as u32 {
            return Ok(Err(response.needed));
        }
        let needed = response.needed;
        let range = (slot.reply.offset, slot.reply.offset + slot.reply.size);
        let inference = take(response, range, |d| {
            self.map.read(d.offset as usize, d.size as usize)
        })?;
        if needed > LEAST_REPLY {
            let mut books = self.lock();
            let known = books
                .reply_sizes
                .entry(slot.model.clone())
                .or_insert(LEAST_REPLY);
            *known = needed.max(*known);
        }
        Ok(Ok(inference))
    }
}

/// Turns an answer into its result; `copy` fetches one output that lies inside `range`.
pub(crate) fn take(
    response: Response,
    range: (u64, u64),
    copy: impl Fn(&Descriptor) -> Vec<u8>,
) -> Result<Inference, Error> {
    if response.status != Status::Ok as u32 {
        return Err(Error::Server {
            status: Status::from_code(response.status),
            message: response.error,
        });
    }
    let mut crc = crc32fast::Hasher::new();
    let mut outputs = Vec::with_capacity(response.outputs.len());
    for d in &response.outputs {
        if d.offset < range.0
            || d.offset
                .checked_add(d.size)
                .map_or(true, |end| end > range.1)
        {
            return Err(Error::Protocol(
                "an output lies outside the space given for it".into(),
            ));
        }
        let data = copy(d);
        if response.flags & FLAG_HAS_DATA_CRC != 0 {
            crc.update(&data);
        }
        outputs.push(Tensor {
            dtype: d.dtype,
            shape: d
                .shape
                .iter()
                .map(|dimension| *dimension as usize)
                .collect(),
            data: data.into(),
        });
    }
    if response.flags & FLAG_HAS_DATA_CRC != 0 && crc.finalize() != response.data_crc {
        return Err(Error::Protocol(
            "the outputs' CRC-32 does not match the answer's".into(),
        ));
    }
    Ok(Inference {
        outputs,
        model_ns: response.model_ns,
        more: response.flags & FLAG_MORE != 0,
    })
}

fn futex_wake(word: &AtomicU32) {
    // SAFETY: the word is in a live mapping; waking nobody is no error.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX);
    }
}

fn futex_wait(word: &AtomicU32, expected: u32, limit: Duration) {
    let spec = libc::timespec {
        tv_sec: limit.as_secs() as libc::time_t,
        tv_nsec: limit.subsec_nanos().into(),
    };
    // SAFETY: the word is in a live mapping and the time lives on this stack; every outcome is a wake-up.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT,
            expected,
            std::ptr::addr_of!(spec),
            std::ptr::null::<u32>(),
            0,
        );
    }
}

/// A call in a slot; dropping it gives the call up.
#[derive(Debug)]
pub(crate) struct ShmCall {
    session: Arc<Session>,
    slot: Option<Slot>,
}

impl ShmCall {
    pub(crate) fn next(&mut self, deadline: Instant) -> Result<Inference, Error> {
        let session = Arc::clone(&self.session);
        let Some(slot) = self.slot.as_mut() else {
            return Err(Error::InvalidInput("the call is over".into()));
        };
        loop {
            session.wait(slot, deadline)?;
            match session.read(slot)? {
                Ok(inference) => {
                    if !inference.more {
                        session.release(self.slot.take().expect("the slot that was read"));
                    }
                    return Ok(inference);
                }
                Err(needed) => {
                    // The model does not run again: the server holds the answer until there is room.
                    let block = session.take_block(needed, deadline)?;
                    slot.blocks.push(block);
                    slot.reply = Block {
                        offset: block.offset,
                        size: align(needed),
                    };
                    let mut reply = slot.reply.offset.to_le_bytes().to_vec();
                    reply.extend(slot.reply.size.to_le_bytes());
                    session.map.write(slot.base + SLOT_CONTROL + 16, &reply);
                    slot.expected = STATE_CONTINUE;
                    session.submit(slot, STATE_CONTINUE)?;
                }
            }
        }
    }

    pub(crate) fn resume(&mut self) -> Result<(), Error> {
        let session = Arc::clone(&self.session);
        match self.slot.as_mut() {
            Some(slot) => {
                slot.expected = STATE_CONTINUE;
                session.submit(slot, STATE_CONTINUE)
            }
            None => Err(Error::InvalidInput("the call is over".into())),
        }
    }
}

impl Drop for ShmCall {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.session.abandon(slot);
        }
    }
}

/// Tensor space inside the client's region: fill it and pass it to a call, and nothing is copied. It is
/// given back when dropped. It belongs to one connection: after a reconnection calls with it fail with
/// [`Error::ConnectionLost`].
#[derive(Debug)]
pub struct Buffer {
    session: Arc<Session>,
    dtype: DType,
    shape: Vec<usize>,
    block: Block,
}

impl Buffer {
    /// The element type.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The dimensions.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The bytes. The server reads them while a call with this buffer runs and never writes them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: the block is inside the mapping, which the session keeps; only this buffer's owner writes it.
        unsafe {
            std::slice::from_raw_parts(
                self.session.map.base.add(self.block.offset as usize),
                self.block.size as usize,
            )
        }
    }

    /// The bytes, to be filled.
    #[must_use]
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `&mut self` says that nobody else has a reference.
        unsafe {
            std::slice::from_raw_parts_mut(
                self.session.map.base.add(self.block.offset as usize),
                self.block.size as usize,
            )
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.session
            .lock()
            .arena
            .give_back(self.block.offset, self.block.size);
        self.session.freed.notify_all();
    }
}
