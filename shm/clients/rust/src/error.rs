//! Every error that a call can end with.

use std::fmt;
use std::io;

/// How the server answered a request; the codes of PROTOCOL.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[allow(missing_docs)] // The names are the protocol's, which describes them.
#[non_exhaustive]
pub enum Status {
    Ok = 0,
    BadMagic = 1,
    BadVersion = 2,
    BadChecksum = 3,
    BadRequest = 4,
    BadTensor = 5,
    UnknownModel = 6,
    ModelFailed = 7,
    Overloaded = 8,
    DeadlineExceeded = 9,
    Cancelled = 10,
    NeedsSpace = 11,
    ShuttingDown = 12,
    TooLarge = 13,
    Unsupported = 14,
    Internal = 15,
    Forbidden = 16,
    TooManyClients = 17,
}

impl Status {
    /// The status with this code; unknown codes are `Internal`.
    #[must_use]
    pub fn from_code(code: u32) -> Self {
        use Status::*;
        const ALL: [Status; 18] = [
            Ok,
            BadMagic,
            BadVersion,
            BadChecksum,
            BadRequest,
            BadTensor,
            UnknownModel,
            ModelFailed,
            Overloaded,
            DeadlineExceeded,
            Cancelled,
            NeedsSpace,
            ShuttingDown,
            TooLarge,
            Unsupported,
            Internal,
            Forbidden,
            TooManyClients,
        ];
        ALL.get(code as usize).copied().unwrap_or(Internal)
    }

    /// The name as PROTOCOL.md writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        const NAMES: [&str; 18] = [
            "OK",
            "BAD_MAGIC",
            "BAD_VERSION",
            "BAD_CHECKSUM",
            "BAD_REQUEST",
            "BAD_TENSOR",
            "UNKNOWN_MODEL",
            "MODEL_FAILED",
            "OVERLOADED",
            "DEADLINE_EXCEEDED",
            "CANCELLED",
            "NEEDS_SPACE",
            "SHUTTING_DOWN",
            "TOO_LARGE",
            "UNSUPPORTED",
            "INTERNAL",
            "FORBIDDEN",
            "TOO_MANY_CLIENTS",
        ];
        NAMES[self as usize]
    }
}

/// Why a call has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Nothing answers at the endpoint, or the server refused this client.
    Connect {
        /// What happened and what to do.
        message: String,
    },
    /// The server went away while the call was in flight; the model may have run.
    ConnectionLost {
        /// The endpoint's name.
        endpoint: String,
    },
    /// The caller's deadline passed before the answer came.
    Timeout {
        /// What was waited for.
        what: String,
    },
    /// The server answered with a status other than OK.
    Server {
        /// The status.
        status: Status,
        /// The server's explanation.
        message: String,
    },
    /// A tensor or a model id cannot be sent.
    InvalidInput(String),
    /// The server wrote something that PROTOCOL.md forbids.
    Protocol(String),
}

impl Error {
    /// The server's status, when the server answered at all.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        match self {
            Error::Server { status, .. } => Some(*status),
            _ => None,
        }
    }

    pub(crate) fn connect(path: &str, error: &io::Error) -> Self {
        Error::Connect {
            message: format!(
                "no server answers at {path} ({error}); start one with `foundation-lsp engine serve` or check the endpoint's name"
            ),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Connect { message } => f.write_str(message),
            Error::ConnectionLost { endpoint } => {
                write!(f, "the server at {endpoint} went away during the call")
            }
            Error::Timeout { what } => write!(f, "{what} did not come in time"),
            Error::Server { status, message } => write!(f, "{message} [{}]", status.name()),
            Error::InvalidInput(message) => write!(f, "invalid input: {message}"),
            Error::Protocol(message) => write!(f, "protocol violation: {message}"),
        }
    }
}

impl std::error::Error for Error {}
