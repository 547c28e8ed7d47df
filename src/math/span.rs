//! A span: a half-open range of integers, `start..end`.

use std::fmt;

/// The integers from `start` up to but not `end`; `start <= end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: u128,
    end: u128,
}

impl Span {
    /// `None` if the end is before the start.
    pub fn new(start: u128, end: u128) -> Option<Span> {
        (start <= end).then_some(Span { start, end })
    }

    /// The first number.
    pub fn start(&self) -> u128 {
        self.start
    }

    /// The number behind the last.
    pub fn end(&self) -> u128 {
        self.end
    }

    /// How many numbers there are.
    pub fn width(&self) -> u128 {
        self.end - self.start
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether the number is one of them.
    pub fn contains(&self, number: u128) -> bool {
        self.start <= number && number < self.end
    }

    /// `count` spans of equal width; the last one also takes the remainder. If that made it more than twice as wide as the
    /// others, the first ones take one number of the remainder each instead.
    pub fn split(&self, count: u128) -> impl Iterator<Item = Span> + use<> {
        let (Span { start, end }, width, rest) = (*self, self.width() / count, self.width() % count);
        let spread = if rest > width { rest } else { 0 };
        let edge = move |i: u128| if i == count { end } else { start + i * width + i.min(spread) };
        (0..count).map(move |i| Span { start: edge(i), end: edge(i + 1) })
    }
}

/// Whether a number is in two of the spans.
pub fn overlap(spans: impl IntoIterator<Item = Span>) -> bool {
    let mut spans: Vec<Span> = spans.into_iter().filter(|span| !span.is_empty()).collect();
    spans.sort_unstable_by_key(|span| span.start);
    spans.windows(2).any(|two| two[1].start < two[0].end)
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
        for (start, end, count) in [(0, 10, 3), (5, 5, 2), (7, 1_000_007, 8), (0, 11, 3), (u128::MAX - 7, u128::MAX, 2)]
        {
            let span = Span::new(start, end).unwrap();
            let pieces: Vec<Span> = span.split(count).collect();
            assert_eq!(pieces.len(), count as usize);
            assert_eq!((pieces[0].start(), pieces[pieces.len() - 1].end()), (start, end));
            assert!(pieces.windows(2).all(|two| two[0].end() == two[1].start()));
            assert!(pieces[..pieces.len() - 1].iter().all(|p| p.width() == (end - start) / count));
        }
    }

    #[test]
    fn what_divides_badly_is_cut_as_equally_as_can_be() {
        for (start, end, count) in [(0, 10, 20), (0, 3, 5), (3, 32, 15), (0, 999, 500), (u128::MAX - 7, u128::MAX, 4)] {
            let span = Span::new(start, end).unwrap();
            let pieces: Vec<Span> = span.split(count).collect();
            assert_eq!((pieces.len() as u128, pieces[0].start(), pieces[pieces.len() - 1].end()), (count, start, end));
            assert!(pieces.windows(2).all(|two| two[0].end() == two[1].start()));
            let width = span.width() / count;
            assert!(pieces.iter().all(|piece| piece.width() == width || piece.width() == width + 1), "{pieces:?}");
        }
    }

    #[test]
    fn spans_overlap_where_a_number_is_in_two() {
        let spans = |ends: &[(u128, u128)]| ends.iter().map(|&(start, end)| Span { start, end }).collect::<Vec<_>>();
        for apart in [&[(0, 5), (5, 9)][..], &[(5, 9), (0, 5)], &[(0, 9), (5, 5)], &[]] {
            assert!(!overlap(spans(apart)), "{apart:?}");
        }
        for other in [&[(0, 5), (4, 9)][..], &[(0, 5), (0, 5)], &[(7, 8), (20, 30), (0, 10)]] {
            assert!(overlap(spans(other)), "{other:?}");
        }
    }

    #[test]
    fn a_span_does_not_run_backwards() {
        assert_eq!(Span::new(3, 2), None);
        assert!(Span::new(3, 3).unwrap().is_empty());
    }
}
