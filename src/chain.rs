//! A chain: a work made of works, their units laid end to end.
//!
//! A command over several ranges is a chain; so is one whose ranges want different methods. The run side
//! never knows. A chain's part is the list of the parts of its links, and its answer their rows in order
//! with their totals added.

use crate::block::Block;
use crate::error::{Error, Result};
use crate::seat::Seat;
use crate::wire::{self, Bytes};
use crate::work::{Answer, Forecast, Hand, Temper, Work};
use std::ops::Range;

pub struct Chain {
    links: Vec<Box<dyn Work>>,
    /// Where each link's units end, counted along the chain.
    ends: Vec<u64>,
}

/// Seconds of a unit below which it does not matter who computes it.
const NOTHING: f64 = 1e-3;

/// The parts of a run of links, in order: which link, and its part.
type Parts = Vec<(u64, Bytes)>;

impl Chain {
    /// # Errors
    /// If there is no link, or if the links have more units together than can be numbered.
    pub fn new(links: Vec<Box<dyn Work>>) -> Result<Chain> {
        let mut end = 0u64;
        let ends = links.iter().map(|link| {
            end = end.checked_add(link.units()).filter(|end| *end < 1 << 62)?;
            Some(end)
        });
        match ends.collect::<Option<Vec<u64>>>() {
            Some(ends) if !ends.is_empty() => Ok(Chain { links, ends }),
            _ => Err(Error::usage("there is nothing to do, or too much for one run")),
        }
    }

    /// What each link came to, of those that have units in the part.
    pub fn parts(part: &[u8]) -> Result<Vec<Vec<u8>>> {
        Ok(wire::value::<Parts>(part)?.into_iter().map(|(_, part)| part.0).collect())
    }

    /// The links that have units in `units`, each with those units as it numbers them itself.
    fn cover(&self, units: Range<u64>) -> impl Iterator<Item = (usize, Range<u64>)> {
        let from = self.ends.partition_point(|&end| end <= units.start);
        let to = self.ends.partition_point(|&end| end < units.end) + 1;
        (from..to.min(self.links.len())).filter_map(move |link| {
            let start = if link == 0 { 0 } else { self.ends[link - 1] };
            let inside = units.start.max(start) - start..units.end.min(self.ends[link]) - start;
            // Links without units may stand between those that have some.
            (!inside.is_empty()).then_some((link, inside))
        })
    }
}

impl Work for Chain {
    fn units(&self) -> u64 {
        self.ends[self.ends.len() - 1]
    }

    fn hand(&self, seat: &Seat) -> Box<dyn Hand + '_> {
        Box::new(ChainHand { chain: self, seat: seat.clone(), at: None })
    }

    fn empty(&self) -> Vec<u8> {
        wire::bytes(&Parts::new())
    }

    fn join(&self, left: &[u8], right: &[u8]) -> Result<Vec<u8>> {
        let (mut parts, right) = (wire::value::<Parts>(left)?, wire::value::<Parts>(right)?);
        for (link, part) in right {
            match parts.last_mut() {
                // The cut went through this link: its two sides are neighbours.
                Some((last, side)) if *last == link => {
                    side.0 = self.links[link as usize].join(&side.0, &part.0)?;
                }
                _ => parts.push((link, part)),
            }
        }
        Ok(wire::bytes(&parts))
    }

    fn close(&self, whole: &[u8]) -> Result<Answer> {
        let mut parts = wire::value::<Parts>(whole)?.into_iter().peekable();
        let answers = self.links.iter().enumerate().map(|(index, link)| {
            // A link without units has left no part.
            match parts.next_if(|(at, _)| *at == index as u64) {
                Some((_, part)) => link.close(&part.0),
                None => link.close(&link.empty()),
            }
        });
        let answers = answers.collect::<Result<Vec<Answer>>>()?;
        Ok(answers.into_iter().reduce(Answer::then).expect("a chain has a link"))
    }

    fn forecast(&self) -> Forecast {
        self.links.iter().map(|link| link.forecast()).fold(Forecast::default(), Forecast::then)
    }

    fn temper(&self) -> Temper {
        let links = self.links.iter().filter(|link| link.units() > 0);
        if let Some(link) = links.clone().find(|link| link.temper() != Temper::Even) {
            return link.temper();
        }
        // Each link's units cost the same, but do they from link to link?
        let seconds = links.map(|link| link.forecast().seconds / link.units() as f64);
        let (least, most) = seconds.fold((f64::MAX, 0f64), |(a, b), s| (a.min(s), b.max(s)));
        match most <= 2.0 * least || most < NOTHING {
            true => Temper::Even,
            false => Temper::Uneven,
        }
    }
}

/// Works on one link at a time: a scratch can be large, and neighbouring blocks share a link.
struct ChainHand<'a> {
    chain: &'a Chain,
    seat: Seat,
    at: Option<(usize, Box<dyn Hand + 'a>)>,
}

impl Hand for ChainHand<'_> {
    fn block(&mut self, block: Block) -> Result<Vec<u8>> {
        let mut parts = Parts::new();
        for (link, units) in self.chain.cover(block.units()) {
            let work = &self.chain.links[link];
            let hand = match self.at.take() {
                Some((at, hand)) if at == link => hand,
                _ => work.hand(&self.seat),
            };
            let (_, hand) = self.at.insert((link, hand));
            let mut sides = Block::tiling(units, u32::MAX).map(|block| hand.block(block));
            let first = sides.next().expect("a link in the block has units there")?;
            let part = sides.try_fold(first, |left, right| work.join(&left, &right?))?;
            parts.push((link as u64, Bytes(part)));
        }
        Ok(wire::bytes(&parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::tests::Spell;

    fn chain(lengths: &[u64]) -> Chain {
        let mut start = 0;
        let links = lengths.iter().map(|&count| {
            let link: Box<dyn Work> = Box::new(Spell { start, count });
            start += count;
            link
        });
        Chain::new(links.collect()).unwrap()
    }

    #[test]
    fn however_a_chain_is_cut_its_answer_is_the_same() {
        for lengths in [&[3u64, 0, 5, 1][..], &[0], &[0, 0, 7], &[16, 16]] {
            let chain = chain(lengths);
            let units: u64 = lengths.iter().sum();
            let expect: Vec<String> = (0..units).map(|unit| unit.to_string()).collect();
            let seat = Seat::here(0);
            for level in 0..6 {
                let mut hand = chain.hand(&seat);
                let mut whole = chain.empty();
                for block in Block::tiling(0..units, level) {
                    whole = chain.join(&whole, &hand.block(block).unwrap()).unwrap();
                }
                let answer = chain.close(&whole).unwrap();
                let words = answer.table.rows.iter().map(|row| row[0].to_string());
                assert_eq!(words.collect::<Vec<_>>(), expect, "{lengths:?} at level {level}");
            }
        }
    }
}
