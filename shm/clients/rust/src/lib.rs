//! Calls models of a foundation inference engine through shared memory.
//!
//! ```no_run
//! use foundation_shm::{Client, Options, Status, Tensor};
//!
//! let client = Client::open("engine", Options::default())?;
//! let values = vec![0.5f32; 256];
//! let input = Tensor::of(&values, &[1, 256])?;
//! match client.infer("sentiment", &[(&input).into()]) {
//!     Ok(answer) => println!("{:?}", answer.outputs[0].values::<f32>()?),
//!     Err(error) if error.status() == Some(Status::UnknownModel) => eprintln!("no such model: {error}"),
//!     Err(error) => return Err(error),
//! }
//! # Ok::<(), foundation_shm::Error>(())
//! ```
//!
//! The bytes are described in `shm/PROTOCOL.md`. Only Unix has the sockets and only Linux the futexes that
//! the crate needs.

#![cfg(target_os = "linux")]

mod client;
mod error;
mod layout;
mod region;
mod socket;
mod tensor;
#[cfg(test)]
mod vectors;

pub use client::{Call, Client, Options, Stream, Transport};
pub use error::{Error, Status};
pub use layout::DType;
pub use region::Buffer;
pub use tensor::{Element, Inference, Input, Tensor};
