//! A chunk of a list as HDF5 stores it: the bytes of its numbers, shuffled and deflated.
//!
//! HDF5 would do the same on one thread. Made here, chunks can be made by all threads, are whole before HDF5 sees them, and can be read again without
//! it: a chunk that is not what it should be is found out before it is written anywhere. The only file that names the flate2 crate.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use hdf5::filters::deflate_available;

/// The level of deflate: the first one leaves a quarter more, and those above take longer for little.
pub(super) const LEVEL: u8 = 2;

/// The bytes of values of `each` bytes, shuffled, and deflated if HDF5 can undo that.
pub(super) fn pack(bytes: &[u8], each: usize) -> Vec<u8> {
    let shuffled = shuffled(bytes, each);
    if !deflate_available() {
        return shuffled;
    }
    let mut packed = Vec::with_capacity(most(bytes.len()));
    let done =
        Compress::new(Compression::new(LEVEL.into()), true).compress_vec(&shuffled, &mut packed, FlushCompress::Finish);
    assert!(matches!(done, Ok(Status::StreamEnd)), "there is room for all of it");
    packed
}

/// The `size` bytes of values of `each` bytes that were packed so; `None` if these are no such bytes. Never takes more memory than these.
pub(super) fn unpack(packed: &[u8], size: usize, each: usize) -> Option<Vec<u8>> {
    if !deflate_available() {
        return (packed.len() == size).then(|| unshuffled(packed, each));
    }
    let mut shuffled = Vec::with_capacity(size);
    let mut inflate = Decompress::new(true);
    let done = inflate.decompress_vec(packed, &mut shuffled, FlushDecompress::Finish);
    let is_all = matches!(done, Ok(Status::StreamEnd)) && inflate.total_in() == packed.len() as u64;
    (is_all && shuffled.len() == size).then(|| unshuffled(&shuffled, each))
}

/// So many bytes are never more when they are packed: what cannot be made shorter grows by a few bytes in a thousand.
pub(super) fn most(size: usize) -> usize {
    size + size / 256 + 1024
}

/// The first bytes of all values, then their second bytes, and so on.
fn shuffled(bytes: &[u8], each: usize) -> Vec<u8> {
    let count = bytes.len() / each;
    let mut shuffled = vec![0; bytes.len()];
    for (place, plane) in shuffled.chunks_exact_mut(count.max(1)).enumerate() {
        plane.iter_mut().zip(bytes.chunks_exact(each)).for_each(|(to, value)| *to = value[place]);
    }
    shuffled
}

fn unshuffled(shuffled: &[u8], each: usize) -> Vec<u8> {
    let count = shuffled.len() / each;
    let mut bytes = vec![0; shuffled.len()];
    for (place, plane) in shuffled.chunks_exact(count.max(1)).enumerate() {
        bytes.chunks_exact_mut(each).zip(plane).for_each(|(value, from)| value[place] = *from);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_nothing_else_does() {
        let noise = |n: usize| (n.wrapping_mul(2654435761) >> 13) as u8;
        for each in [1, 8, 39] {
            for plain in [vec![0; 1000 * each], (0..1000 * each).map(noise).collect::<Vec<u8>>()] {
                let packed = pack(&plain, each);
                assert!(packed.len() <= most(plain.len()));
                assert_eq!(unpack(&packed, plain.len(), each).as_ref(), Some(&plain));
                // Too much, too little, something behind it, or half of it.
                for size in [0, plain.len() - each, plain.len() + each] {
                    assert_eq!(unpack(&packed, size, each), None);
                }
                assert_eq!(unpack(&[&packed[..], b"x"].concat(), plain.len(), each), None);
                assert_eq!(unpack(&packed[..packed.len() / 2], plain.len(), each), None);
                assert_eq!(unpack(&plain, plain.len(), each).filter(|_| deflate_available()), None);
            }
        }
    }
}
