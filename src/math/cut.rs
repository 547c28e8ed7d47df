//! Cuts a span into pieces of about equal expected cost.
//!
//! High numbers cost more than low ones, so with equal widths the last rank would finish long after the others. The
//! cost of a number is taken as constant between the points (8+j)·2^k, which are 9 % apart at most. So the cost of all
//! numbers below a point is a sum of a few hundred products, and its inverse takes one division. Everything is done in
//! integers: floats may differ between hosts, and if two ranks cut differently, some number is counted twice.

use super::span::Span;

/// A span cut into pieces of about equal cost.
pub struct Cut {
    span: Span,
    /// Where a new cost begins, and the cost of everything before.
    steps: Vec<CostStep>,
    whole: u128,
    pieces: u64,
}

struct CostStep {
    start: u128,
    before: u128,
    each: u64,
}

impl Cut {
    /// Cuts `span` into `pieces`, where one number near n costs `cost(n)`. There is at least one piece, and there are no more
    /// pieces than numbers. The costs of all numbers together must stay below 2^64 times 2^50.
    pub fn new(span: Span, cost: impl Fn(u128) -> u64, pieces: u64) -> Cut {
        Cut::by_cost(span, cost, |_| pieces)
    }

    /// The same, but the number of pieces follows from the cost of the whole span.
    pub fn by_cost(span: Span, cost: impl Fn(u128) -> u64, pieces: impl FnOnce(u128) -> u64) -> Cut {
        let (mut steps, mut at, mut before) = (Vec::new(), span.start(), 0u128);
        while at < span.end() {
            let end = next_point(at).min(span.end());
            let each = cost(at + (end - at) / 2).max(1);
            steps.push(CostStep { start: at, before, each });
            before += (end - at) * u128::from(each);
            at = end;
        }
        let most = u64::try_from(span.width()).unwrap_or(u64::MAX).max(1);
        Cut { span, steps, whole: before, pieces: pieces(before).clamp(1, most) }
    }

    /// The cost of the whole span, in the units of `cost`.
    pub fn whole(&self) -> u128 {
        self.whole
    }

    /// How many pieces there are, at least one.
    pub fn pieces(&self) -> u64 {
        self.pieces
    }

    /// Piece number `index`; the pieces in order tile the span.
    pub fn piece(&self, index: u64) -> Span {
        let edge = |index| if index == self.pieces { self.span.end() } else { self.point(index) };
        Span::new(edge(index), edge(index + 1)).expect("edges grow with their number")
    }

    /// The number below which the numbers cost as much as `index` pieces.
    fn point(&self, index: u64) -> u128 {
        let below = share(self.whole, index, self.pieces);
        let step = match self.steps.partition_point(|step| step.before <= below) {
            0 => return self.span.start(),
            after => &self.steps[after - 1],
        };
        step.start + (below - step.before) / u128::from(step.each)
    }
}

/// ⌊whole · part / parts⌋; the product may need more than 128 bits.
fn share(whole: u128, part: u64, parts: u64) -> u128 {
    let (part, parts) = (u128::from(part), u128::from(parts));
    whole / parts * part + whole % parts * part / parts
}

/// The first point (8+j)·2^k above `n`.
fn next_point(n: u128) -> u128 {
    let k = (128 - n.leading_zeros()).saturating_sub(4);
    ((n >> k) + 1).saturating_mul(1 << k)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_tile_the_span() {
        let cost = |n: u128| 10 + n.isqrt() as u64;
        for (start, end) in [(0, 0), (0, 1), (3, 17), (0, 1_000_000), (1 << 63, (1 << 63) + 12345), (0, 1 << 64)] {
            for pieces in [1, 2, 3, 7, 64, 1000] {
                let span = Span::new(start, end).unwrap();
                let cut = Cut::new(span, cost, pieces);
                let mut at = start;
                for index in 0..cut.pieces() {
                    let piece = cut.piece(index);
                    assert_eq!(piece.start(), at, "{span} in {pieces}");
                    at = piece.end();
                }
                assert_eq!(at, end, "{span} in {pieces}");
            }
        }
    }

    #[test]
    fn the_pieces_cost_the_same() {
        let cost = |n: u128| 10 + n.isqrt() as u64;
        let span = Span::new(0, 10_000_000).unwrap();
        let cut = Cut::new(span, cost, 50);
        let costs = (0..cut.pieces()).map(|index| {
            let piece = cut.piece(index);
            (piece.start()..piece.end()).map(|n| u128::from(cost(n))).sum::<u128>()
        });
        let costs: Vec<f64> = costs.map(|cost| cost as f64).collect();
        let mean = costs.iter().sum::<f64>() / costs.len() as f64;
        for each in costs {
            approx::assert_relative_eq!(each, mean, max_relative = 0.05);
        }
    }

    #[test]
    fn points_are_close() {
        for n in [0u128, 1, 15, 16, 17, 1 << 40, (1 << 64) - 1, u128::MAX - 1] {
            let next = next_point(n);
            assert!(next > n && (next - n) * 8 <= n.max(8), "{n} to {next}");
        }
    }
}
