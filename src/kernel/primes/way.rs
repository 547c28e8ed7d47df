//! How the primes of each range are counted, and which ranges are sieved as one.

use super::rows::Asked;
use super::sieving::LayOut;
use super::{by_formula, sum_below};
use crate::kernel::{Given, Method};
use crate::math::count::gourdon;
use crate::math::lanes::Lanes;
use crate::math::sieve;
use crate::math::span::Span;
use std::collections::HashMap;

/// If sieving takes fewer picoseconds than this, nothing else can be faster.
const ALWAYS_SIEVED_PS: u128 = 500_000_000;

/// If there are more ranges than this, ranges of about the same height and width are counted by the same method.
const CHOSEN_ALONE_MAX: usize = 64;

/// The method of each range: the one that was asked for, or the cheapest for this range alone.
pub fn ways(given: &Given, spans: &[Span], asked: Asked, lanes: &'static Lanes, lay_out: LayOut) -> Vec<Method> {
    let mut known: HashMap<[u32; 2], Method> = HashMap::new();
    let choose = |span: &Span| {
        let choose = || cheapest(given, *span, asked, lanes, lay_out);
        match spans.len() <= CHOSEN_ALONE_MAX {
            true => choose(),
            false => *known.entry([span.width(), span.end()].map(size)).or_insert_with(choose),
        }
    };
    spans.iter().map(choose).collect()
}

/// Numbers of one size differ by an eighth at most.
fn size(n: u128) -> u32 {
    let bits = n.max(1).ilog2().saturating_sub(3);
    8 * bits + (n >> bits) as u32
}

fn cheapest(given: &Given, span: Span, asked: Asked, lanes: &'static Lanes, lay_out: LayOut) -> Method {
    if let Some(method) = given.method {
        return method;
    }
    if span.width() > sieve::SPAN_WIDTH_MAX {
        return Method::Gourdon;
    }
    // A range that is too high or short needs no comparison.
    let is_reached = match asked {
        Asked::Sums(exponent) => sum_below::reaches(span.end(), exponent),
        _ => span.end() <= gourdon::X_END,
    };
    if given.seeks.is_some() || span.is_empty() || !is_reached {
        return Method::Sieve;
    }
    let sieving = lay_out(span, 0).cost();
    let formula = || match asked {
        Asked::Sums(exponent) => [span.start(), span.end()].map(|edge| sum_below::cost(edge, exponent)).iter().sum(),
        _ => by_formula::cost(span, lanes),
    };
    match sieving >= ALWAYS_SIEVED_PS && formula() < sieving {
        true => Method::Gourdon,
        false => Method::Sieve,
    }
}

/// Ranges that are sieved as one.
pub struct SieveRun {
    /// Where the ranges begin; each but the first begins where the one before ends; and where the last one ends.
    pub edges: Vec<u128>,
    /// The place of each among all ranges.
    pub places: Vec<u32>,
}

/// The ranges in order; those that touch and are not too wide together become one.
pub fn runs(spans: impl IntoIterator<Item = (u32, Span)>) -> Vec<SieveRun> {
    let mut runs: Vec<SieveRun> = vec![];
    for (place, span) in spans {
        let touched = runs.last_mut().filter(|run| {
            run.edges.last() == Some(&span.start()) && span.end() - run.edges[0] <= sieve::SPAN_WIDTH_MAX
        });
        match touched {
            Some(run) => {
                run.edges.push(span.end());
                run.places.push(place);
            }
            None => runs.push(SieveRun { edges: vec![span.start(), span.end()], places: vec![place] }),
        }
    }
    runs
}

/// What ascending ranges from 0 add to those before them: sieved as one, each number is found once.
pub fn pieces(spans: impl IntoIterator<Item = (u32, Span)>) -> impl Iterator<Item = (u32, Span)> {
    let mut end = 0;
    spans.into_iter().map(move |(place, span)| {
        let start = std::mem::replace(&mut end, span.end());
        (place, Span::new(start, end).expect("the ranges ascend"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_are_one_run() {
        let span = |start, end| Span::new(start, end).unwrap();
        let spans = [
            span(0, 5),
            span(5, 5),
            span(5, 9),
            span(9, 20),
            span(8, 9),
            span(9, 1 << 70),
            span(1 << 70, (1 << 70) + 1),
        ];
        let runs = runs((0..).zip(spans));
        let found: Vec<(&[u128], &[u32])> = runs.iter().map(|run| (&run.edges[..], &run.places[..])).collect();
        let far = [9, 1 << 70];
        let beyond = [1 << 70, (1 << 70) + 1];
        assert_eq!(found, [(&[0, 5, 5, 9, 20][..], &[0, 1, 2, 3][..]), (&[8, 9], &[4]), (&far, &[5]), (&beyond, &[6])]);
    }

    #[test]
    fn sizes_are_near() {
        for n in [0u128, 1, 7, 8, 15, 16, 1 << 40, u128::MAX / 2] {
            assert!(size(n) <= size(n + 1) && size(n + n / 7 + 1) > size(n), "{n}");
        }
    }
}
