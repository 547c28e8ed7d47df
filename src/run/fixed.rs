//! The fixed schedule: every rank gets an equal slice of the units at once.
//!
//! This is the tutorials' mpi4py program, made complete: each rank computes its slice, and at the end the root gathers. No rank
//! waits for a block; but if one slice costs more than the others, all wait for it.

use super::{Deal, Dealt};
use std::ops::Range;

/// A slice for each rank. Slices tile the units and differ by at most one unit.
pub struct Slices(Vec<Option<Vec<Range<u64>>>>);

impl Slices {
    /// Cuts these runs of units into one slice for each rank.
    pub fn new(runs: Vec<Range<u64>>, ranks: usize) -> Slices {
        let all: u128 = runs.iter().map(|run| u128::from(run.end - run.start)).sum();
        let edge = |rank: usize| (all * rank as u128 / ranks as u128) as u64;
        Slices((0..ranks).map(|rank| Some(cut(&runs, edge(rank)..edge(rank + 1)))).collect())
    }
}

impl Deal for Slices {
    fn next(&mut self, rank: usize) -> Dealt {
        self.0[rank].take().map_or(Dealt::Over, Dealt::Units)
    }

    fn is_waited_for(&self) -> bool {
        self.0.iter().any(Option::is_some)
    }
}

/// The units with these places in the runs.
fn cut(runs: &[Range<u64>], places: Range<u64>) -> Vec<Range<u64>> {
    let mut before = 0;
    let inside = runs.iter().map(|run| {
        let first = before;
        before += run.end - run.start;
        let place = |place: u64| run.start + place.clamp(first, before) - first;
        place(places.start)..place(places.end)
    });
    inside.filter(|run| !run.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_tile_the_units_and_are_equal() {
        let one = |run: Range<u64>| Vec::from([run]);
        for runs in [vec![], one(0..1), one(5..12), vec![0..3, 64..1064, 2000..2001], one(3..3 + u64::MAX / 2)] {
            let all: u64 = runs.iter().map(|run| run.end - run.start).sum();
            for ranks in [1, 2, 3, 8, 64] {
                let mut slices = Slices::new(runs.clone(), ranks);
                let mut tiled: Vec<Range<u64>> = vec![];
                for rank in 0..ranks {
                    let Dealt::Units(slice) = slices.next(rank) else { panic!("rank {rank} has no slice") };
                    let units: u64 = slice.iter().map(|run| run.end - run.start).sum();
                    assert!(units.abs_diff(all / ranks as u64) <= 1);
                    for run in slice {
                        match tiled.last_mut() {
                            Some(last) if last.end == run.start => last.end = run.end,
                            _ => tiled.push(run),
                        }
                    }
                    assert!(matches!(slices.next(rank), Dealt::Over));
                }
                assert_eq!(tiled, runs);
            }
        }
    }
}
