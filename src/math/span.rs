//! A span: a half-open range of integers, `start..end`.

use std::fmt;

/// The integers from `start` up to but not `end`; `start <= end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: u128,
    end: u128,
}

impl Span {
    /// `None` if the end lies before the start.
    pub fn new(start: u128, end: u128) -> Option<Span> {
        (start <= end).then_some(Span { start, end })
    }

    pub fn start(&self) -> u128 {
        self.start
    }

    pub fn end(&self) -> u128 {
        self.end
    }

    pub fn width(&self) -> u128 {
        self.end - self.start
    }

    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub fn contains(&self, number: u128) -> bool {
        self.start <= number && number < self.end
    }

    /// `count` spans of equal width, of which the last takes the remainder too.
    pub fn split(&self, count: u128) -> impl Iterator<Item = Span> + use<> {
        let (Span { start, end }, width) = (*self, self.width() / count);
        (0..count).map(move |i| Span {
            start: start + i * width,
            end: if i + 1 == count { end } else { start + (i + 1) * width },
        })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_tile_the_span_and_the_last_takes_the_rest() {
        for (start, end, count) in [(0, 10, 3), (5, 5, 2), (0, 3, 5), (7, 1_000_007, 8)] {
            let span = Span::new(start, end).unwrap();
            let pieces: Vec<Span> = span.split(count).collect();
            assert_eq!(pieces.len(), count as usize);
            assert_eq!((pieces[0].start(), pieces[pieces.len() - 1].end()), (start, end));
            assert!(pieces.windows(2).all(|two| two[0].end() == two[1].start()));
            assert!(pieces[..pieces.len() - 1].iter().all(|p| p.width() == (end - start) / count));
        }
    }

    #[test]
    fn a_span_does_not_run_backwards() {
        assert_eq!(Span::new(3, 2), None);
        assert!(Span::new(3, 3).unwrap().is_empty());
    }
}
