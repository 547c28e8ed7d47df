//! Reads the eight classes of the smallest wheel in the order of their numbers.
//!
//! A class has every thirtieth number, so the numbers of a window in order take one bit from each of the eight classes in
//! turn. Eight bytes, one from each class, are an 8×8 matrix of bits. Its transpose has the next 240 numbers in order.

/// Classes of the smallest wheel.
pub const CLASSES: [u64; 8] = [1, 7, 11, 13, 17, 19, 23, 29];

/// The numbers that 64 bits stand for, from a multiple of 30 on: the classes of each 30 numbers.
pub const OFFSETS: [u64; 64] = {
    let mut offsets = [0; 64];
    let mut bit = 0;
    while bit < 64 {
        offsets[bit] = 30 * (bit as u64 / 8) + CLASSES[bit % 8];
        bit += 1;
    }
    offsets
};

/// For each 240 numbers, in order: their start, counted from the first number of the classes, and 64 bits, eight for each 30
/// numbers, in the order of [`CLASSES`].
pub fn words(bitmaps: [&[u64]; 8]) -> impl Iterator<Item = (u64, u64)> {
    let length = bitmaps.iter().map(|bitmap| bitmap.len()).min().unwrap_or(0);
    (0..length).flat_map(move |index| {
        let bytes = bitmaps.map(|bitmap| bitmap[index].to_le_bytes());
        (0..8).map(move |byte| {
            let matrix = u64::from_le_bytes(bytes.map(|bitmap| bitmap[byte]));
            (240 * (8 * index + byte) as u64, transposed(matrix))
        })
    })
}

/// The numbers whose bits are set; `start` is the number that the bits begin with.
pub fn numbers(start: u128, word: u64) -> impl Iterator<Item = u128> {
    ones(word).map(move |bit| start + u128::from(OFFSETS[bit]))
}

/// The places of the bits that are set, ascending.
pub fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(bit)
    })
}

/// The transpose of an 8×8 matrix of bits, by exchanging blocks of 1, 2 and 4 bits (Warren, Hacker's Delight, 7-3).
fn transposed(mut matrix: u64) -> u64 {
    for (shift, mask) in [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)] {
        let change = (matrix ^ matrix >> shift) & mask;
        matrix ^= change ^ change << shift;
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_of_a_class_is_its_number() {
        for class in 0..8 {
            for bit in [0usize, 1, 7, 8, 63, 64, 100] {
                let mut bitmaps = vec![vec![0u64; 2]; 8];
                bitmaps[class][bit / 64] |= 1 << (bit % 64);
                let bitmaps: [&[u64]; 8] = std::array::from_fn(|index| &bitmaps[index][..]);
                let found: Vec<u128> = words(bitmaps).flat_map(|(start, word)| numbers(start.into(), word)).collect();
                assert_eq!(found, [u128::from(30 * bit as u64 + CLASSES[class])]);
            }
        }
    }

    #[test]
    fn all_bits_are_all_numbers_in_order() {
        let full = [u64::MAX; 3];
        let found: Vec<u128> = words([&full[..]; 8]).flat_map(|(start, word)| numbers(start.into(), word)).collect();
        let expect: Vec<u128> = (0..30 * 192).filter(|n| CLASSES.contains(&((n % 30) as u64))).collect();
        assert_eq!(found, expect);
    }
}
