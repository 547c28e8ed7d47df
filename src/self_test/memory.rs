//! Patterns in memory: what is written is read again, and what differs is told to the bit.

/// Memory that is filled with one pattern after the other.
pub struct Memory {
    words: Vec<u64>,
}

/// How many patterns there are: the four constant ones, each word its own number and its complement, and random ones.
pub const PATTERNS: u64 = 8;

impl Memory {
    /// So many bytes.
    pub fn new(bytes: usize) -> Memory {
        Memory { words: vec![0; bytes / 8] }
    }

    /// Writes a pattern, which a round chooses, into all words, and reads it. Returns what is wrong first.
    pub fn round(&mut self, round: u64) -> Option<String> {
        self.write(round);
        self.wrong(round)
    }

    fn write(&mut self, round: u64) {
        for (place, word) in (0u64..).zip(&mut self.words) {
            *word = pattern(round, place);
        }
        // The compiler must not know what was written.
        std::hint::black_box(&mut self.words);
    }

    fn wrong(&self, round: u64) -> Option<String> {
        let (place, word) = (0u64..).zip(&self.words).find(|(place, word)| **word != pattern(round, *place))?;
        let due = pattern(round, place);
        let bit = (word ^ due).trailing_zeros();
        let flipped = (word ^ due).count_ones();
        let more = if flipped > 1 { format!(", and {} more of this word", flipped - 1) } else { String::new() };
        let at = 8 * place + u64::from(bit / 8);
        let (read, wrote) = (word >> bit & 1, due >> bit & 1);
        Some(format!(
            "bit {} of byte {at} of this thread's memory was written as {wrote} and read as {read}{more}",
            bit % 8
        ))
    }
}

/// The word at a place.
#[inline]
fn pattern(round: u64, place: u64) -> u64 {
    match round % PATTERNS {
        0 => 0,
        1 => u64::MAX,
        2 => 0x5555_5555_5555_5555,
        3 => 0xaaaa_aaaa_aaaa_aaaa,
        4 => place,
        5 => !place,
        _ => mixed(place ^ round.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
    }
}

/// Bits that look random: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
#[inline]
fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flipped_bit_is_found_and_told() {
        let mut memory = Memory::new(1 << 16);
        assert_eq!(memory.words.len(), 1 << 13);
        for round in 0..2 * PATTERNS {
            assert_eq!(memory.round(round), None);
            for (place, bit) in [(0, 0), (77, 13), (8191, 63)] {
                memory.write(round);
                let was = memory.words[place] >> bit & 1;
                memory.words[place] ^= 1 << bit;
                let byte = 8 * place + bit / 8;
                let told = format!(
                    "bit {} of byte {byte} of this thread's memory was written as {was} and read as {}",
                    bit % 8,
                    1 - was
                );
                assert_eq!(memory.wrong(round), Some(told));
            }
            memory.write(round);
            memory.words[5] ^= 0b111;
            assert!(memory.wrong(round).unwrap().ends_with(", and 2 more of this word"));
        }
    }
}
