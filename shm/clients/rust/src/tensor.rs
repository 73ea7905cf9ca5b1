//! Tensors as the protocol sees them.

use std::borrow::Cow;

use crate::error::Error;
use crate::layout::{byte_size, DType, Descriptor};
use crate::region::Buffer;

/// A Rust type that has a [`DType`].
///
/// # Safety
///
/// Every bit pattern of `size_of::<Self>()` bytes must be a value, and there must be no padding.
pub unsafe trait Element: Copy {
    /// The type's code.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($rust:ty => $dtype:ident),*) => {
        // SAFETY: plain numbers have no padding and every bit pattern is a value.
        $(unsafe impl Element for $rust { const DTYPE: DType = DType::$dtype; })*
    };
}
elements!(f32 => Float32, f64 => Float64, i8 => Int8, i16 => Int16, i32 => Int32, i64 => Int64,
          u8 => Uint8, u16 => Uint16, u32 => Uint32, u64 => Uint64);

/// C-contiguous bytes of a shape, borrowed or owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor<'a> {
    /// The element type.
    pub dtype: DType,
    /// The dimensions, outermost first.
    pub shape: Vec<usize>,
    /// The elements' bytes, little-endian.
    pub data: Cow<'a, [u8]>,
}

impl<'a> Tensor<'a> {
    /// A tensor over values, which are not copied.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] when the shape does not hold `values.len()` elements.
    pub fn of<T: Element>(values: &'a [T], shape: &[usize]) -> Result<Self, Error> {
        // SAFETY: an Element has no padding, so its bytes are initialised; the length is the slice's own.
        let data = unsafe {
            std::slice::from_raw_parts(values.as_ptr().cast::<u8>(), std::mem::size_of_val(values))
        };
        Self::from_bytes(T::DTYPE, shape, data)
    }

    /// A tensor over bytes, which are not copied.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] when the bytes are not what the shape takes.
    pub fn from_bytes(dtype: DType, shape: &[usize], data: &'a [u8]) -> Result<Self, Error> {
        let tensor = Tensor {
            dtype,
            shape: shape.to_vec(),
            data: Cow::Borrowed(data),
        };
        tensor.describe(0)?;
        Ok(tensor)
    }

    /// The elements.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] when `T` is not the tensor's type.
    pub fn values<T: Element>(&self) -> Result<Vec<T>, Error> {
        if self.dtype != T::DTYPE {
            return Err(Error::InvalidInput(format!(
                "the tensor holds {:?}, not {:?}",
                self.dtype,
                T::DTYPE
            )));
        }
        let count = self.data.len() / std::mem::size_of::<T>();
        let mut out = Vec::<T>::with_capacity(count);
        // SAFETY: the bytes fit the capacity, and every bit pattern is a T.
        unsafe {
            std::ptr::copy_nonoverlapping(
                self.data.as_ptr(),
                out.as_mut_ptr().cast::<u8>(),
                count * std::mem::size_of::<T>(),
            );
            out.set_len(count);
        }
        Ok(out)
    }

    pub(crate) fn describe(&self, offset: u64) -> Result<Descriptor, Error> {
        let shape: Vec<u64> = self
            .shape
            .iter()
            .map(|dimension| *dimension as u64)
            .collect();
        match byte_size(self.dtype, &shape) {
            Some(size) if size == self.data.len() as u64 => Ok(Descriptor {
                dtype: self.dtype,
                shape,
                offset,
                size,
            }),
            _ => Err(Error::InvalidInput(format!(
                "{} bytes do not fit {:?} and shape {:?}",
                self.data.len(),
                self.dtype,
                self.shape
            ))),
        }
    }
}

/// An input of a call: a tensor that is copied into shared memory, or a buffer that lies there already.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Copied into the region.
    Tensor(&'a Tensor<'a>),
    /// In the region already.
    Buffer(&'a Buffer),
}

impl<'a> From<&'a Tensor<'a>> for Input<'a> {
    fn from(tensor: &'a Tensor<'a>) -> Self {
        Input::Tensor(tensor)
    }
}

impl<'a> From<&'a Buffer> for Input<'a> {
    fn from(buffer: &'a Buffer) -> Self {
        Input::Buffer(buffer)
    }
}

/// What a model answered.
#[derive(Clone, Debug)]
pub struct Inference {
    /// The output tensors.
    pub outputs: Vec<Tensor<'static>>,
    /// Nanoseconds that the model itself took.
    pub model_ns: u64,
    pub(crate) more: bool,
}
