//! The bytes of the protocol, as `shm/PROTOCOL.md` describes them.

use crate::error::{Error, Status};

pub(crate) const MAGIC: u32 = 0xF0C0_1234;
pub(crate) const VERSION: u32 = 1;

pub(crate) const MODEL_ID_SIZE: usize = 64;
pub(crate) const MAX_DIMS: usize = 8;
pub(crate) const MAX_TENSORS: usize = 32;
pub(crate) const MAX_ERROR_SIZE: usize = 1024;
pub(crate) const MAX_SLOTS: u32 = 256;
pub(crate) const ALIGNMENT: u64 = 64;

pub(crate) const HEADER_SIZE: usize = 24;
pub(crate) const DESCRIPTOR_SIZE: usize = 88;
pub(crate) const REQUEST_PREFIX: usize = 96;
pub(crate) const RESPONSE_PREFIX: usize = 64;
pub(crate) const CONTROL_SIZE: usize = 40;
pub(crate) const HELLO_SIZE: usize = 64;
pub(crate) const WELCOME_SIZE: usize = 128;
pub(crate) const FRAME_SIZE: usize = 64;
pub(crate) const MAX_RESPONSE_SIZE: usize =
    RESPONSE_PREFIX + MAX_TENSORS * DESCRIPTOR_SIZE + MAX_ERROR_SIZE;

pub(crate) const REGION_PARKED: usize = 0x80;
pub(crate) const REGION_SPIN_US: usize = 0x84;
pub(crate) const REGION_SUBMIT_TAIL: usize = 0xC0;
pub(crate) const REGION_RING: usize = 0x200;
pub(crate) const REGION_SLOTS: usize = 0x1000;

pub(crate) const SLOT_STATE: usize = 0x00;
pub(crate) const SLOT_WAITING: usize = 0x04;
pub(crate) const SLOT_CANCEL: usize = 0x40;
pub(crate) const SLOT_CONTROL: usize = 0xD8;
pub(crate) const SLOT_RESPONSE: usize = 0x1000;
pub(crate) const SLOT_INLINE: usize = 0x2000;
pub(crate) const MAX_INLINE: u32 = 1 << 20;

pub(crate) const STATE_FREE: u32 = 0;
pub(crate) const STATE_SUBMITTED: u32 = 1;
pub(crate) const STATE_PARTIAL: u32 = 2;
pub(crate) const STATE_CONTINUE: u32 = 3;
pub(crate) const STATE_DONE: u32 = 4;

pub(crate) const OP_INFER: u32 = 1;
pub(crate) const OP_STATUS: u32 = 2;
pub(crate) const OP_MODELS: u32 = 3;
pub(crate) const OP_PING: u32 = 4;

pub(crate) const FLAG_CHECK_DATA: u32 = 1;
pub(crate) const FLAG_STREAM: u32 = 2;
pub(crate) const FLAG_HAS_DATA_CRC: u32 = 1;
pub(crate) const FLAG_MORE: u32 = 2;

pub(crate) const TRANSPORT_SHM: u32 = 1;
pub(crate) const TRANSPORT_SOCKET: u32 = 2;

pub(crate) const FRAME_REQUEST: u32 = 1;
pub(crate) const FRAME_RESPONSE: u32 = 2;
pub(crate) const FRAME_CONTINUE: u32 = 3;

/// An element type; its value is the code on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
#[allow(missing_docs)] // The names say it.
pub enum DType {
    Float32 = 1,
    Float64 = 2,
    Float16 = 3,
    BFloat16 = 4,
    Int8 = 5,
    Int16 = 6,
    Int32 = 7,
    Int64 = 8,
    Uint8 = 9,
    Bool = 10,
    Uint16 = 11,
    Uint32 = 12,
    Uint64 = 13,
}

impl DType {
    /// The type with this code.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        use DType::*;
        const ALL: [DType; 13] = [
            Float32, Float64, Float16, BFloat16, Int8, Int16, Int32, Int64, Uint8, Bool, Uint16,
            Uint32, Uint64,
        ];
        ALL.get((code as usize).checked_sub(1)?).copied()
    }

    /// The bytes of one element.
    #[must_use]
    pub fn size(self) -> usize {
        use DType::*;
        match self {
            Int8 | Uint8 | Bool => 1,
            Float16 | BFloat16 | Int16 | Uint16 => 2,
            Float32 | Int32 | Uint32 => 4,
            Float64 | Int64 | Uint64 => 8,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub dtype: DType,
    pub shape: Vec<u64>,
    pub offset: u64,
    pub size: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub request_id: u64,
    pub status: u32,
    pub flags: u32,
    pub outputs: Vec<Descriptor>,
    pub error: String,
    pub needed: u64,
    pub model_ns: u64,
    pub data_crc: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Welcome {
    pub version: u32,
    pub status: Status,
    pub transport: u32,
    pub slot_count: u32,
    pub slot_stride: u32,
    pub region_size: u64,
    pub data_offset: u64,
    pub text: String,
}

pub(crate) fn align(size: u64) -> u64 {
    (size + ALIGNMENT - 1) & !(ALIGNMENT - 1)
}

/// The bytes of a shape, with every multiplication checked.
pub(crate) fn byte_size(dtype: DType, shape: &[u64]) -> Option<u64> {
    // A zero anywhere makes the size zero, however large the other dimensions are.
    if shape.contains(&0) {
        return Some(0);
    }
    shape
        .iter()
        .try_fold(dtype.size() as u64, |size, dimension| {
            size.checked_mul(*dimension)
        })
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn put_descriptor(out: &mut Vec<u8>, d: &Descriptor) {
    out.extend((d.dtype as u32).to_le_bytes());
    out.extend((d.shape.len() as u32).to_le_bytes());
    for i in 0..MAX_DIMS {
        out.extend(d.shape.get(i).copied().unwrap_or(0).to_le_bytes());
    }
    out.extend(d.offset.to_le_bytes());
    out.extend(d.size.to_le_bytes());
}

/// Appends a whole `InferenceRequest`.
pub(crate) fn put_request(
    out: &mut Vec<u8>,
    request_id: u64,
    model: &str,
    inputs: &[Descriptor],
) -> Result<(), Error> {
    if model.len() >= MODEL_ID_SIZE || model.contains('\0') {
        return Err(Error::InvalidInput(format!(
            "model id {model:?} must be at most {} bytes without NUL",
            MODEL_ID_SIZE - 1
        )));
    }
    if inputs.len() > MAX_TENSORS {
        return Err(Error::InvalidInput(format!(
            "{} inputs; at most {MAX_TENSORS} are allowed",
            inputs.len()
        )));
    }
    if let Some(input) = inputs.iter().find(|input| input.shape.len() > MAX_DIMS) {
        return Err(Error::InvalidInput(format!(
            "{} dimensions; at most {MAX_DIMS} are allowed",
            input.shape.len()
        )));
    }
    let start = out.len();
    let size = REQUEST_PREFIX - HEADER_SIZE + inputs.len() * DESCRIPTOR_SIZE;
    out.extend(MAGIC.to_le_bytes());
    out.extend(VERSION.to_le_bytes());
    out.extend(request_id.to_le_bytes());
    out.extend((size as u32).to_le_bytes());
    out.extend(0u32.to_le_bytes());
    out.extend(model.as_bytes());
    out.resize(start + HEADER_SIZE + MODEL_ID_SIZE, 0);
    out.extend((inputs.len() as u32).to_le_bytes());
    out.extend(0u32.to_le_bytes());
    for input in inputs {
        put_descriptor(out, input);
    }
    let checksum = crc32fast::hash(&out[start + HEADER_SIZE..]);
    out[start + 20..start + 24].copy_from_slice(&checksum.to_le_bytes());
    Ok(())
}

fn damaged<T>(message: String) -> Result<T, Error> {
    Err(Error::Protocol(message))
}

fn descriptor_at(payload: &[u8], at: usize) -> Result<Descriptor, Error> {
    let (code, ndim) = (u32_at(payload, at), u32_at(payload, at + 4) as usize);
    let Some(dtype) = DType::from_code(code) else {
        return damaged(format!("unknown dtype {code}"));
    };
    if ndim > MAX_DIMS {
        return damaged(format!("{ndim} dimensions"));
    }
    let all: Vec<u64> = (0..MAX_DIMS)
        .map(|i| u64_at(payload, at + 8 + 8 * i))
        .collect();
    if all[ndim..].iter().any(|dimension| *dimension != 0) {
        return damaged("a shape with entries past its dimensions".into());
    }
    let d = Descriptor {
        dtype,
        shape: all[..ndim].to_vec(),
        offset: u64_at(payload, at + 72),
        size: u64_at(payload, at + 80),
    };
    if byte_size(dtype, &d.shape) != Some(d.size) {
        return damaged(format!(
            "data_size {} does not fit {dtype:?} and shape {:?}",
            d.size, d.shape
        ));
    }
    Ok(d)
}

/// Reads a whole `InferenceResponse` out of a private copy.
pub(crate) fn decode_response(message: &[u8]) -> Result<Response, Error> {
    if message.len() < RESPONSE_PREFIX {
        return damaged(format!("an answer of {} bytes", message.len()));
    }
    if u32_at(message, 0) != MAGIC {
        return damaged(format!("magic is 0x{:08X}", u32_at(message, 0)));
    }
    if u32_at(message, 4) != VERSION {
        return damaged(format!("version is {}", u32_at(message, 4)));
    }
    let size = u32_at(message, 16) as usize;
    if !(RESPONSE_PREFIX - HEADER_SIZE..=message.len() - HEADER_SIZE).contains(&size) {
        return damaged(format!("payload_size is {size}"));
    }
    let payload = &message[HEADER_SIZE..HEADER_SIZE + size];
    if crc32fast::hash(payload) != u32_at(message, 20) {
        return damaged("the answer's checksum does not match".into());
    }
    let (count, error_size) = (u32_at(payload, 8) as usize, u32_at(payload, 12) as usize);
    let outputs_at = RESPONSE_PREFIX - HEADER_SIZE;
    if count > MAX_TENSORS || outputs_at + count * DESCRIPTOR_SIZE + error_size != size {
        return damaged(format!(
            "{count} outputs and {error_size} bytes of error in {size} bytes"
        ));
    }
    let outputs = (0..count)
        .map(|i| descriptor_at(payload, outputs_at + i * DESCRIPTOR_SIZE))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Response {
        request_id: u64_at(message, 8),
        status: u32_at(payload, 0),
        flags: u32_at(payload, 4),
        outputs,
        error: String::from_utf8_lossy(&payload[outputs_at + count * DESCRIPTOR_SIZE..])
            .into_owned(),
        needed: u64_at(payload, 16),
        model_ns: u64_at(payload, 24),
        data_crc: u32_at(payload, 32),
    })
}

pub(crate) fn put_control(
    out: &mut Vec<u8>,
    opcode: u32,
    flags: u32,
    timeout_ns: u64,
    reply: (u64, u64),
    data_crc: u32,
) {
    out.extend(opcode.to_le_bytes());
    out.extend(flags.to_le_bytes());
    out.extend(timeout_ns.to_le_bytes());
    out.extend(reply.0.to_le_bytes());
    out.extend(reply.1.to_le_bytes());
    out.extend(data_crc.to_le_bytes());
    out.extend(0u32.to_le_bytes());
}

pub(crate) struct Frame {
    pub kind: u32,
    pub opcode: u32,
    pub flags: u32,
    pub timeout_ns: u64,
    pub data_size: u64,
    pub message_size: u32,
    pub data_crc: u32,
}

pub(crate) fn encode_frame(frame: &Frame) -> Vec<u8> {
    let mut out = Vec::with_capacity(FRAME_SIZE);
    out.extend(MAGIC.to_le_bytes());
    out.extend(frame.kind.to_le_bytes());
    out.extend(frame.opcode.to_le_bytes());
    out.extend(frame.flags.to_le_bytes());
    out.extend(frame.timeout_ns.to_le_bytes());
    out.extend(frame.data_size.to_le_bytes());
    out.extend(frame.message_size.to_le_bytes());
    out.extend(frame.data_crc.to_le_bytes());
    out.resize(FRAME_SIZE, 0);
    out
}

pub(crate) fn encode_hello(
    transport: u32,
    slots: u32,
    inline: u32,
    data: u64,
    name: &str,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(HELLO_SIZE);
    out.extend(MAGIC.to_le_bytes());
    out.extend(VERSION.to_le_bytes());
    out.extend(VERSION.to_le_bytes());
    out.extend(transport.to_le_bytes());
    out.extend(slots.to_le_bytes());
    out.extend(inline.to_le_bytes());
    out.extend(data.to_le_bytes());
    out.extend(name.bytes().take(23));
    out.resize(HELLO_SIZE, 0);
    out
}

pub(crate) fn decode_welcome(from: &[u8]) -> Result<Welcome, Error> {
    if from.len() < WELCOME_SIZE || u32_at(from, 0) != MAGIC {
        return Err(Error::Connect {
            message: "what answers does not speak this protocol".into(),
        });
    }
    let text = &from[64..WELCOME_SIZE];
    let end = text
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(text.len());
    Ok(Welcome {
        version: u32_at(from, 4),
        status: Status::from_code(u32_at(from, 8)),
        transport: u32_at(from, 12),
        slot_count: u32_at(from, 16),
        slot_stride: u32_at(from, 20),
        region_size: u64_at(from, 24),
        data_offset: u64_at(from, 40),
        text: String::from_utf8_lossy(&text[..end]).into_owned(),
    })
}

impl Welcome {
    /// Whether the parts of the region fit each other and the file that holds them.
    pub(crate) fn fits(&self, file_size: u64) -> bool {
        let slots_end =
            u64::from(self.slot_count) * u64::from(self.slot_stride) + REGION_SLOTS as u64;
        (1..=MAX_SLOTS).contains(&self.slot_count)
            && self.slot_count.is_power_of_two()
            && (SLOT_INLINE as u32..=SLOT_INLINE as u32 + MAX_INLINE).contains(&self.slot_stride)
            && u64::from(self.slot_stride) % ALIGNMENT == 0
            && self.data_offset == slots_end
            && self.data_offset <= self.region_size
            && self.region_size <= file_size
    }
}
