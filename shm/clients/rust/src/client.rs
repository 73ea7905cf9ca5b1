//! The client: connecting, reconnecting and calling.

use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Status};
use crate::layout::{
    decode_welcome, encode_hello, DType, Welcome, FLAG_CHECK_DATA, FLAG_STREAM, OP_INFER,
    OP_MODELS, OP_PING, OP_STATUS, TRANSPORT_SHM, TRANSPORT_SOCKET, VERSION, WELCOME_SIZE,
};
use crate::region::{Buffer, Session, ShmCall};
use crate::socket::{SocketCall, SocketSession};
use crate::tensor::{Inference, Input};

/// How messages and tensors travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Shared memory where it can be had, else the socket.
    #[default]
    Auto,
    /// Fails where memory cannot be shared.
    SharedMemory,
    /// Everything over the Unix socket.
    Socket,
}

/// Options of a client.
#[derive(Clone, Debug)]
pub struct Options {
    /// How messages and tensors travel.
    pub transport: Transport,
    /// Calls that may be in flight at once.
    pub slots: u32,
    /// Bytes of tensor space inside each slot.
    pub inline_size: u32,
    /// Bytes of tensor space shared by larger requests; pages are taken when used.
    pub data_size: u64,
    /// The bound of calls that name none.
    pub timeout: Duration,
    /// How long to wait for a server that is starting.
    pub connect_timeout: Duration,
    /// Add a CRC-32 of tensor data to every call.
    pub check_data: bool,
    /// Shown in the server's status.
    pub name: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            transport: Transport::Auto,
            slots: 64,
            inline_size: 8192,
            data_size: 64 << 20,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(1),
            check_data: false,
            name: "rust".into(),
        }
    }
}

/// What is needed to open a connection.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    pub(crate) path: String,
    slots: u32,
    inline_size: u32,
    data_size: u64,
    name: String,
}

impl Dialer {
    /// Connects and shakes hands; a descriptor comes when memory is shared.
    pub(crate) fn greet(
        &self,
        wanted: u32,
    ) -> Result<(UnixStream, Welcome, Option<OwnedFd>), Error> {
        let fail = |error: std::io::Error| Error::connect(&self.path, &error);
        let mut stream = UnixStream::connect(&self.path).map_err(fail)?;
        let patience = Some(Duration::from_secs(5));
        stream.set_read_timeout(patience).map_err(fail)?;
        stream.set_write_timeout(patience).map_err(fail)?;
        let hello = encode_hello(
            wanted,
            self.slots,
            self.inline_size,
            self.data_size,
            &self.name,
        );
        stream.write_all(&hello).map_err(fail)?;
        let mut answer = [0u8; WELCOME_SIZE];
        let (count, fd) = receive_with_descriptor(&stream, &mut answer).map_err(fail)?;
        stream.read_exact(&mut answer[count..]).map_err(fail)?;
        let welcome = decode_welcome(&answer)?;
        if welcome.status != Status::Ok {
            return Err(Error::Connect {
                message: format!(
                    "the server at {} refused: {} [{}]",
                    self.path,
                    welcome.text,
                    welcome.status.name()
                ),
            });
        }
        if welcome.version != VERSION {
            return Err(Error::Connect {
                message: format!(
                    "the server at {} chose version {}; this client speaks {VERSION}",
                    self.path, welcome.version
                ),
            });
        }
        stream.set_read_timeout(None).map_err(fail)?;
        stream.set_write_timeout(None).map_err(fail)?;
        let fd = if welcome.transport == TRANSPORT_SHM {
            fd
        } else {
            enlarge_buffer(&stream);
            None
        };
        Ok((stream, welcome, fd))
    }
}

/// Lets a socket hold a megabyte on its way, which then goes in one piece and not in five. What the system
/// grants is enough: nothing but speed depends on it.
fn enlarge_buffer(stream: &UnixStream) {
    let size: libc::c_int = 2 << 20;
    // SAFETY: the value and its size belong together and outlive the call.
    unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_SNDBUF,
            std::ptr::addr_of!(size).cast(),
            std::mem::size_of_val(&size) as libc::socklen_t,
        );
    }
}

/// One `recvmsg` that may bring a descriptor.
fn receive_with_descriptor(
    stream: &UnixStream,
    into: &mut [u8],
) -> std::io::Result<(usize, Option<OwnedFd>)> {
    let mut part = libc::iovec {
        iov_base: into.as_mut_ptr().cast(),
        iov_len: into.len(),
    };
    let mut control = [0u64; 8];
    // SAFETY: zeroes are a valid msghdr; every pointer put into it outlives the call; the control messages
    // are walked with the C library's own macros; a descriptor that arrives is ours alone.
    unsafe {
        let mut message: libc::msghdr = std::mem::zeroed();
        message.msg_iov = std::ptr::addr_of_mut!(part);
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = std::mem::size_of_val(&control) as _;
        let count = libc::recvmsg(
            stream.as_raw_fd(),
            std::ptr::addr_of_mut!(message),
            libc::MSG_CMSG_CLOEXEC,
        );
        if count < 0 {
            return Err(std::io::Error::last_os_error());
        }
        let mut fd = None;
        let header = libc::CMSG_FIRSTHDR(std::ptr::addr_of!(message));
        if !header.is_null()
            && (*header).cmsg_level == libc::SOL_SOCKET
            && (*header).cmsg_type == libc::SCM_RIGHTS
            && (*header).cmsg_len as usize >= libc::CMSG_LEN(4) as usize
        {
            fd = Some(OwnedFd::from_raw_fd(
                libc::CMSG_DATA(header).cast::<i32>().read_unaligned(),
            ));
        }
        Ok((count as usize, fd))
    }
}

#[derive(Clone, Debug)]
enum Link {
    Shm(Arc<Session>),
    Socket(Arc<SocketSession>),
}

impl Link {
    fn is_lost(&self) -> bool {
        match self {
            Link::Shm(session) => session.is_lost_when_idle(),
            Link::Socket(session) => session.is_lost(),
        }
    }

    fn close(&self) {
        match self {
            Link::Shm(session) => session.close(),
            Link::Socket(session) => session.close(),
        }
    }
}

#[derive(Debug)]
enum Pending {
    Shm(ShmCall),
    Socket(SocketCall),
}

impl Pending {
    fn next(&mut self, deadline: Instant) -> Result<Inference, Error> {
        match self {
            Pending::Shm(call) => call.next(deadline),
            Pending::Socket(call) => call.next(deadline),
        }
    }

    fn resume(&mut self) -> Result<(), Error> {
        match self {
            Pending::Shm(call) => call.resume(),
            Pending::Socket(call) => call.resume(),
        }
    }
}

/// Calls models at an endpoint.
///
/// Share it between threads by reference or in an [`Arc`]. It connects when it is first used and again after
/// the server was restarted. A call that was in flight when the server went away ends with
/// [`Error::ConnectionLost`], because the model may already have run.
#[derive(Debug)]
pub struct Client {
    dialer: Dialer,
    transport: Transport,
    timeout: Duration,
    connect_timeout: Duration,
    flags: u32,
    link: Mutex<Option<Link>>,
}

impl Client {
    /// A client of the endpoint with that name (`engine`) or socket path (`/run/me/engine.sock`). It does not
    /// connect yet.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] when the endpoint cannot be one.
    pub fn open(endpoint: &str, options: Options) -> Result<Self, Error> {
        Ok(Client {
            dialer: Dialer {
                path: socket_path(endpoint)?,
                slots: options.slots,
                inline_size: options.inline_size,
                data_size: options.data_size,
                name: options.name,
            },
            transport: options.transport,
            timeout: options.timeout,
            connect_timeout: options.connect_timeout,
            flags: if options.check_data {
                FLAG_CHECK_DATA
            } else {
                0
            },
            link: Mutex::new(None),
        })
    }

    /// Runs a model and waits for its answer, at most for the client's time-out.
    ///
    /// # Errors
    ///
    /// [`Error::Server`] when the server refuses or the model fails, [`Error::Timeout`], [`Error::Connect`],
    /// [`Error::ConnectionLost`] and the others of [`Error`].
    pub fn infer(&self, model: &str, inputs: &[Input<'_>]) -> Result<Inference, Error> {
        self.infer_within(self.timeout, model, inputs)
    }

    /// Runs a model and waits for its answer, at most for `timeout`.
    ///
    /// # Errors
    ///
    /// As [`Client::infer`].
    pub fn infer_within(
        &self,
        timeout: Duration,
        model: &str,
        inputs: &[Input<'_>],
    ) -> Result<Inference, Error> {
        self.call(OP_INFER, model, inputs, timeout)
    }

    /// Starts a call and returns at once. Several calls in flight cost a fraction of as many threads, and the
    /// server may run them together. The client's time-out counts from here; dropping the call cancels it.
    ///
    /// # Errors
    ///
    /// As [`Client::infer`].
    pub fn submit(&self, model: &str, inputs: &[Input<'_>]) -> Result<Call, Error> {
        let deadline = Instant::now() + self.timeout;
        let pending = self.begin(OP_INFER, model, inputs, self.flags, deadline)?;
        Ok(Call { pending, deadline })
    }

    /// Runs a model that answers in parts. The server computes the next part when this one was taken;
    /// dropping the stream cancels the rest. The client's time-out bounds the wait for each part.
    ///
    /// # Errors
    ///
    /// As [`Client::infer`].
    pub fn stream(&self, model: &str, inputs: &[Input<'_>]) -> Result<Stream, Error> {
        let deadline = Instant::now() + self.timeout;
        let pending = self.begin(OP_INFER, model, inputs, self.flags | FLAG_STREAM, deadline)?;
        Ok(Stream {
            pending: Some(pending),
            timeout: self.timeout,
            resume: false,
        })
    }

    /// Tensor space inside the region, to be filled in place.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`] on the socket transport, which has none; [`Error::Server`] with `TooLarge`.
    pub fn allocate(&self, dtype: DType, shape: &[usize]) -> Result<Buffer, Error> {
        let deadline = Instant::now() + self.timeout;
        match self.connected(deadline)? {
            Link::Shm(session) => session.allocate(dtype, shape, deadline),
            Link::Socket(_) => Err(Error::Connect {
                message: format!(
                    "the connection to {} has no shared memory",
                    self.dialer.path
                ),
            }),
        }
    }

    /// Returns when the server answered.
    ///
    /// # Errors
    ///
    /// As [`Client::infer`].
    pub fn ping(&self) -> Result<(), Error> {
        self.call(OP_PING, "", &[], self.timeout).map(drop)
    }

    /// The ids of the server's models, as a JSON list.
    ///
    /// # Errors
    ///
    /// As [`Client::infer`].
    pub fn models_json(&self) -> Result<String, Error> {
        self.ask(OP_MODELS)
    }

    /// The server's figures (clients, queues, batches, bytes, latency percentiles) as a JSON object.
    ///
    /// # Errors
    ///
    /// As [`Client::infer`].
    pub fn status_json(&self) -> Result<String, Error> {
        self.ask(OP_STATUS)
    }

    fn ask(&self, opcode: u32) -> Result<String, Error> {
        let answer = self.call(opcode, "", &[], self.timeout)?;
        let text = answer
            .outputs
            .into_iter()
            .next()
            .map(|tensor| tensor.data.into_owned())
            .unwrap_or_default();
        String::from_utf8(text).map_err(|error| Error::Protocol(error.to_string()))
    }

    /// Drops the connection. Calls in flight end with [`Error::ConnectionLost`]; the next call reconnects.
    pub fn disconnect(&self) {
        if let Some(link) = self
            .link
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            link.close();
        }
    }

    fn call(
        &self,
        opcode: u32,
        model: &str,
        inputs: &[Input<'_>],
        timeout: Duration,
    ) -> Result<Inference, Error> {
        let deadline = Instant::now() + timeout;
        self.begin(opcode, model, inputs, self.flags, deadline)?
            .next(deadline)
    }

    fn begin(
        &self,
        opcode: u32,
        model: &str,
        inputs: &[Input<'_>],
        flags: u32,
        deadline: Instant,
    ) -> Result<Pending, Error> {
        match self.connected(deadline)? {
            Link::Shm(session) => session
                .begin(opcode, model, inputs, flags, deadline)
                .map(Pending::Shm),
            Link::Socket(session) => session
                .begin(opcode, model, inputs, flags, deadline)
                .map(Pending::Socket),
        }
    }

    fn connected(&self, deadline: Instant) -> Result<Link, Error> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(current) = link.as_ref() {
            if !current.is_lost() {
                return Ok(current.clone());
            }
            current.close();
            *link = None;
        }
        let give_up = deadline.min(Instant::now() + self.connect_timeout);
        loop {
            match self.open_link() {
                Ok(opened) => return Ok(link.insert(opened).clone()),
                Err(error) if Instant::now() >= give_up => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    fn open_link(&self) -> Result<Link, Error> {
        if self.transport != Transport::Socket {
            let (stream, welcome, fd) = self.dialer.greet(TRANSPORT_SHM)?;
            let Some(fd) = fd else {
                if self.transport == Transport::SharedMemory {
                    return Err(Error::Connect {
                        message: format!(
                            "the server at {} offers no shared memory",
                            self.dialer.path
                        ),
                    });
                }
                return Ok(Link::Socket(Arc::new(SocketSession::new(
                    self.dialer.clone(),
                    stream,
                ))));
            };
            match Session::new(&self.dialer.path, stream, &fd, welcome) {
                Ok(session) => return Ok(Link::Shm(Arc::new(session))),
                Err(error) if self.transport == Transport::SharedMemory => return Err(error),
                Err(_) => {}
            }
        }
        let (stream, _, _) = self.dialer.greet(TRANSPORT_SOCKET)?;
        Ok(Link::Socket(Arc::new(SocketSession::new(
            self.dialer.clone(),
            stream,
        ))))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.disconnect();
    }
}

/// A call in the background, made by [`Client::submit`]; dropping it cancels it.
#[derive(Debug)]
pub struct Call {
    pending: Pending,
    deadline: Instant,
}

impl Call {
    /// Waits for the answer, at most until the time-out given to the call's client has passed since the start.
    ///
    /// # Errors
    ///
    /// As [`Client::infer`].
    pub fn wait(mut self) -> Result<Inference, Error> {
        self.pending.next(self.deadline)
    }
}

/// The parts of an answer, computed as they are taken.
#[derive(Debug)]
pub struct Stream {
    pending: Option<Pending>,
    timeout: Duration,
    resume: bool,
}

impl Iterator for Stream {
    type Item = Result<Inference, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let pending = self.pending.as_mut()?;
        let resumed = if self.resume {
            pending.resume()
        } else {
            Ok(())
        };
        match resumed.and_then(|()| pending.next(Instant::now() + self.timeout)) {
            Ok(part) => {
                self.resume = true;
                if !part.more {
                    self.pending = None;
                }
                if part.outputs.is_empty() && !part.more {
                    return None;
                }
                Some(Ok(part))
            }
            Err(error) => {
                self.pending = None;
                Some(Err(error))
            }
        }
    }
}

fn socket_path(endpoint: &str) -> Result<String, Error> {
    let path = if endpoint.contains('/') {
        endpoint.to_owned()
    } else if endpoint.is_empty() || endpoint == "." || endpoint == ".." {
        return Err(Error::InvalidInput(format!("{endpoint:?} is no endpoint")));
    } else {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let folder = set("FOUNDATION_SHM_DIR").unwrap_or_else(|| match set("XDG_RUNTIME_DIR") {
            Some(runtime) => format!("{runtime}/foundation-shm"),
            // SAFETY: getuid has no preconditions and cannot fail.
            None => format!("/tmp/foundation-shm-{}", unsafe { libc::getuid() }),
        });
        format!("{folder}/{endpoint}.sock")
    };
    if path.len() > 107 || path.contains('\0') {
        return Err(Error::InvalidInput(format!(
            "the socket path {path:?} is longer than 107 bytes or holds a NUL"
        )));
    }
    Ok(path)
}
