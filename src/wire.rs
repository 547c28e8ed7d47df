//! How values become bytes and come back: between ranks, in the ledger, in the run file.
//!
//! Little-endian and length-prefixed, without names or versions: both ends are the same program, as `world::agree` has checked. A
//! length is never believed beyond the bytes that are there.

use crate::error::{Error, Result, STOPPED};
use std::borrow::Cow;

/// A value with a byte form. `take` reads what `put` wrote from the front of `bytes` and moves past it.
pub trait Wire: Sized {
    /// Appends the value's bytes to `out`.
    fn put(&self, out: &mut Vec<u8>);
    /// Reads a value from the front of `bytes` and moves past it.
    ///
    /// # Errors
    /// If the bytes end too early or are not the bytes of such a value.
    fn take(bytes: &mut &[u8]) -> Result<Self>;
}

/// The bytes of a value.
pub fn bytes<T: Wire>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    value.put(&mut out);
    out
}

/// The value whose bytes these are.
///
/// # Errors
/// If they are not the bytes of such a value, or if bytes are left.
pub fn value<T: Wire>(mut bytes: &[u8]) -> Result<T> {
    let value = T::take(&mut bytes)?;
    match bytes.is_empty() {
        true => Ok(value),
        false => Err(Error::failed(format!("{} bytes are left after a message", bytes.len()))),
    }
}

/// Removes the first `count` bytes and returns them.
///
/// # Errors
/// If there are fewer bytes.
pub fn split<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    let (head, tail) = bytes
        .split_at_checked(count)
        .ok_or_else(|| Error::failed(format!("a message ends {count} bytes too early")))?;
    *bytes = tail;
    Ok(head)
}

/// The byte form of a struct: its fields, in the order given.
macro_rules! fields {
    ($($t:ident { $($field:ident)* })*) => {$(
        impl $crate::wire::Wire for $t {
            fn put(&self, out: &mut Vec<u8>) {
                $($crate::wire::Wire::put(&self.$field, out);)*
            }
            fn take(bytes: &mut &[u8]) -> $crate::error::Result<$t> {
                Ok($t { $($field: $crate::wire::Wire::take(bytes)?),* })
            }
        }
    )*};
}
pub(crate) use fields;

macro_rules! numbers {
    ($($t:ty)*) => {$(
        impl Wire for $t {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend(self.to_le_bytes());
            }
            fn take(bytes: &mut &[u8]) -> Result<Self> {
                let (head, tail) = bytes
                    .split_first_chunk()
                    .ok_or_else(|| Error::failed("a message ends within a number"))?;
                *bytes = tail;
                Ok(<$t>::from_le_bytes(*head))
            }
        }
    )*};
}
numbers! { u8 u16 u32 u64 u128 i64 i128 f64 }

impl Wire for usize {
    fn put(&self, out: &mut Vec<u8>) {
        (*self as u64).put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<usize> {
        Ok(u64::take(bytes)? as usize)
    }
}

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn take(bytes: &mut &[u8]) -> Result<bool> {
        Ok(u8::take(bytes)? != 0)
    }
}

impl Wire for String {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        out.extend(self.as_bytes());
    }
    fn take(bytes: &mut &[u8]) -> Result<String> {
        let count = usize::take(bytes)?;
        let text = split(bytes, count)?.to_vec();
        String::from_utf8(text).map_err(|_| Error::failed("a message holds text that is not UTF-8"))
    }
}

impl Wire for Cow<'static, str> {
    fn put(&self, out: &mut Vec<u8>) {
        self.to_string().put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<Self> {
        String::take(bytes).map(Cow::Owned)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
    fn take(bytes: &mut &[u8]) -> Result<Option<T>> {
        bool::take(bytes)?.then(|| T::take(bytes)).transpose()
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.len().put(out);
        for value in self {
            value.put(out);
        }
    }
    fn take(bytes: &mut &[u8]) -> Result<Vec<T>> {
        (0..usize::take(bytes)?).map(|_| T::take(bytes)).collect()
    }
}

/// Bytes as one value. In a `Vec<u8>` each byte would be a value of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Wire for Bytes {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.len().put(out);
        out.extend(&self.0);
    }
    fn take(bytes: &mut &[u8]) -> Result<Bytes> {
        let count = usize::take(bytes)?;
        Ok(Bytes(split(bytes, count)?.to_vec()))
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
    fn take(bytes: &mut &[u8]) -> Result<(A, B)> {
        Ok((A::take(bytes)?, B::take(bytes)?))
    }
}

/// The byte form of an error: its code and its message.
impl Wire for Error {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.code());
        self.to_string().put(out);
    }

    fn take(bytes: &mut &[u8]) -> Result<Error> {
        let code = split(bytes, 1)?[0];
        let what = String::take(bytes)?;
        match code {
            1 => Ok(Error::Failed(what)),
            2 => Ok(Error::Usage(what)),
            3 => Ok(Error::Wrong(what)),
            4 => Ok(Error::Launch(what)),
            STOPPED => Ok(Error::Stopped(what)),
            _ => Err(Error::Failed(format!("an error with the unknown code {code}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Everything = (Vec<(u64, Option<String>)>, ((u128, f64), Bytes));

    #[test]
    fn what_is_put_comes_back() {
        let everything: Everything =
            (vec![(7, None), (u64::MAX, Some("größer".into()))], ((u128::MAX, -0.5), Bytes(vec![0, 255])));
        assert_eq!(value::<Everything>(&bytes(&everything)).unwrap(), everything);
    }

    #[test]
    fn a_message_cut_short_or_too_long_is_an_error() {
        let whole = bytes(&vec!["one".to_string(), "two".to_string()]);
        for cut in 0..whole.len() {
            assert!(value::<Vec<String>>(&whole[..cut]).is_err(), "cut at {cut}");
        }
        assert!(value::<Vec<String>>(&[&whole[..], &[0]].concat()).is_err());
        // A length that no message can have must not be believed.
        assert!(value::<Vec<u8>>(&u64::MAX.to_le_bytes()).is_err());
    }
}
