//! The fallback: the same messages over the Unix socket, one call at a time on each connection.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::client::Dialer;
use crate::error::Error;
use crate::layout::{
    align, decode_response, encode_frame, put_request, u32_at, u64_at, Frame, FLAG_CHECK_DATA,
    FLAG_STREAM, FRAME_CONTINUE, FRAME_REQUEST, FRAME_RESPONSE, FRAME_SIZE, MAGIC,
    MAX_RESPONSE_SIZE, TRANSPORT_SOCKET,
};
use crate::region::take;
use crate::tensor::{Inference, Input};

#[derive(Debug)]
pub(crate) struct SocketSession {
    dialer: Dialer,
    lost: AtomicBool,
    next_id: AtomicU64,
    idle: Mutex<Vec<UnixStream>>,
}

impl SocketSession {
    pub(crate) fn new(dialer: Dialer, first: UnixStream) -> Self {
        SocketSession {
            dialer,
            lost: AtomicBool::new(false),
            next_id: AtomicU64::new(1),
            idle: Mutex::new(vec![first]),
        }
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn close(&self) {
        self.lost.store(true, Ordering::Relaxed);
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    fn gone(&self) -> Error {
        self.lost.store(true, Ordering::Relaxed);
        Error::ConnectionLost {
            endpoint: self.dialer.path.clone(),
        }
    }

    pub(crate) fn begin(
        self: &Arc<Self>,
        opcode: u32,
        model: &str,
        inputs: &[Input<'_>],
        flags: u32,
        deadline: Instant,
    ) -> Result<SocketCall, Error> {
        let mut at = 0;
        let mut crc = crc32fast::Hasher::new();
        let mut descriptors = Vec::with_capacity(inputs.len());
        let mut data = Vec::new();
        for input in inputs {
            let Input::Tensor(tensor) = input else {
                return Err(self.gone());
            };
            let descriptor = tensor.describe(at)?;
            at += align(descriptor.size);
            descriptors.push(descriptor);
            data.extend_from_slice(&tensor.data);
            data.resize(at as usize, 0);
            if flags & FLAG_CHECK_DATA != 0 {
                crc.update(&tensor.data);
            }
        }
        let request_id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut message = Vec::new();
        put_request(&mut message, request_id, model, &descriptors)?;
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout_ns = if flags & FLAG_STREAM == 0 {
            u64::try_from(left.as_nanos()).unwrap_or(u64::MAX).max(1)
        } else {
            0
        };
        let mut bytes = encode_frame(&Frame {
            kind: FRAME_REQUEST,
            opcode,
            flags,
            timeout_ns,
            data_size: at,
            message_size: message.len() as u32,
            data_crc: if flags & FLAG_CHECK_DATA == 0 {
                0
            } else {
                crc.finalize()
            },
        });
        bytes.append(&mut message);
        let pooled = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut stream = match pooled {
            Some(stream) => stream,
            None => self.dialer.greet(TRANSPORT_SOCKET)?.0,
        };
        let sent = stream
            .set_write_timeout(Some(left.max(Duration::from_micros(1))))
            .and_then(|()| stream.write_all(&bytes))
            .and_then(|()| stream.write_all(&data));
        match sent {
            Ok(()) => Ok(SocketCall {
                session: Arc::clone(self),
                stream: Some(stream),
                request_id,
                model: model.into(),
            }),
            Err(error) if is_timeout(&error) => Err(Error::Timeout {
                what: format!("room to send {model:?}"),
            }),
            Err(_) => Err(self.gone()),
        }
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// A call on a connection of its own; dropping it closes the connection, which cancels the call.
#[derive(Debug)]
pub(crate) struct SocketCall {
    session: Arc<SocketSession>,
    stream: Option<UnixStream>,
    request_id: u64,
    model: String,
}

impl SocketCall {
    pub(crate) fn next(&mut self, deadline: Instant) -> Result<Inference, Error> {
        let frame = self.receive(FRAME_SIZE, deadline)?;
        let (data_size, message_size) = (u64_at(&frame, 24), u32_at(&frame, 32) as usize);
        if u32_at(&frame, 0) != MAGIC
            || u32_at(&frame, 4) != FRAME_RESPONSE
            || message_size > MAX_RESPONSE_SIZE
            || data_size > 1 << 40
        {
            return Err(Error::Protocol("a damaged frame".into()));
        }
        let message = self.receive(message_size, deadline)?;
        let data = self.receive(data_size as usize, deadline)?;
        let response = decode_response(&message)?;
        if response.request_id != self.request_id {
            return Err(Error::Protocol("the answer is to another request".into()));
        }
        let more = response.flags & crate::layout::FLAG_MORE != 0;
        if !more {
            if let Some(stream) = self.stream.take() {
                self.session
                    .idle
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(stream);
            }
        }
        take(response, (0, data_size), |d| {
            data[d.offset as usize..(d.offset + d.size) as usize].to_vec()
        })
    }

    fn receive(&mut self, size: usize, deadline: Instant) -> Result<Vec<u8>, Error> {
        let Some(stream) = self.stream.as_mut() else {
            return Err(Error::InvalidInput("the call is over".into()));
        };
        let mut out = vec![0; size];
        let mut at = 0;
        while at < size {
            let left = deadline
                .saturating_duration_since(Instant::now())
                .max(Duration::from_micros(1));
            let got = stream
                .set_read_timeout(Some(left))
                .and_then(|()| stream.read(&mut out[at..]));
            match got {
                Ok(0) => return Err(self.session.gone()),
                Ok(count) => at += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => {
                    return Err(Error::Timeout {
                        what: format!("the answer of {:?}", self.model),
                    })
                }
                Err(_) => return Err(self.session.gone()),
            }
        }
        Ok(out)
    }

    pub(crate) fn resume(&mut self) -> Result<(), Error> {
        let frame = encode_frame(&Frame {
            kind: FRAME_CONTINUE,
            opcode: 0,
            flags: 0,
            timeout_ns: 0,
            data_size: 0,
            message_size: 0,
            data_crc: 0,
        });
        match self.stream.as_mut().map(|stream| stream.write_all(&frame)) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) => Err(self.session.gone()),
            None => Err(Error::InvalidInput("the call is over".into())),
        }
    }
}
