//! A chain: several works as one. The units of each follow those of the one before.
//!
//! A command over several ranges is a chain; so is one whose ranges are counted by different methods. The run side does not know.
//! The part of a chain is the list of the parts of its links. Its answer has their rows, in the order that was asked for, which
//! may differ from the order of the units, and their totals added.

use crate::block::Block;
use crate::error::{Error, Result};
use crate::placement::Placement;
use crate::wire::{self, Bytes, Wire};
use crate::work::{self, Answer, Forecast, Known, NamedIntegers, UnitCost, Work, Worker};
use std::borrow::Cow;
use std::ops::Range;

/// Several works as one: the units of each stand behind those of the one before.
pub struct Chain {
    links: Vec<Box<dyn Work>>,
    /// Where the units of each link end, counted along the chain.
    ends: Vec<u64>,
    /// The place of each row in the answer, in the order of the links; empty if they are equal. And where the rows of each link begin
    /// among these.
    places: Vec<u32>,
    firsts: Vec<u32>,
    /// A note on the answer.
    note: Option<&'static str>,
}

/// The note on the total if ranges overlap.
pub const OVERLAP: &str = "ranges overlap: the total counts a number once for each range that it is in";

/// If a unit takes fewer seconds than this, it does not matter who computes it.
const NOTHING: f64 = 1e-3;

/// How many links may be open at once on a rank: one that ends, one that begins, and one that a worker came back to.
const LINKS_OPEN_MAX: u64 = 3;

/// The parts of a run of links, in order: the index of the link, and its part.
type LinkParts = Vec<(u64, Bytes)>;

impl Chain {
    /// A chain whose rows are in the order of its links.
    ///
    /// # Errors
    /// If there is no link, or if the links have more units together than can be numbered.
    pub fn new(links: Vec<Box<dyn Work>>) -> Result<Chain> {
        let mut end = 0u64;
        let ends = links.iter().map(|link| {
            end = end.checked_add(link.units()).filter(|end| *end < 1 << 62)?;
            Some(end)
        });
        match ends.collect::<Option<Vec<u64>>>() {
            Some(ends) if !ends.is_empty() => Ok(Chain { links, ends, places: vec![], firsts: vec![], note: None }),
            _ => Err(Error::usage("there is nothing to do, or too much for one run")),
        }
    }

    /// A chain of links in the order in which they are computed. Each has the places of its rows in the answer.
    ///
    /// # Errors
    /// As of [`Chain::new`].
    pub fn in_turns(links: impl IntoIterator<Item = (Box<dyn Work>, Vec<u32>)>) -> Result<Chain> {
        let (mut works, mut places, mut firsts) = (vec![], vec![], vec![]);
        for (link, rows) in links {
            works.push(link);
            firsts.push(places.len() as u32);
            places.extend(rows);
        }
        let in_order = places.iter().copied().eq(0..places.len() as u32);
        let chain = Chain::new(works)?;
        Ok(if in_order { chain } else { Chain { places, firsts, ..chain } })
    }

    /// The same, with the note for ranges that overlap, if they do.
    pub fn overlapping(self, overlap: bool) -> Chain {
        Chain { note: overlap.then_some(OVERLAP), ..self }
    }

    /// The parts of those links that have units in the part of the chain.
    ///
    /// # Errors
    /// If these bytes are not the part of a chain.
    pub fn parts(part: &[u8]) -> Result<Vec<&[u8]>> {
        Ok(link_parts(part)?.into_iter().map(|(_, part)| part).collect())
    }

    fn start(&self, link: usize) -> u64 {
        if link == 0 { 0 } else { self.ends[link - 1] }
    }

    /// The links that have units in `units`, each with its own units, counted from its first.
    fn cover(&self, units: Range<u64>) -> impl Iterator<Item = (usize, Range<u64>)> {
        let from = self.ends.partition_point(|&end| end <= units.start);
        let to = self.ends.partition_point(|&end| end < units.end) + 1;
        (from..to.min(self.links.len())).filter_map(move |link| {
            let start = self.start(link);
            let inside = units.start.max(start) - start..units.end.min(self.ends[link]) - start;
            // Links without units may stand between them.
            (!inside.is_empty()).then_some((link, inside))
        })
    }

    /// The place in the answer of a row of a link.
    fn place(&self, link: usize, row: u32) -> u32 {
        match self.firsts.get(link) {
            Some(first) => self.places[(first + row) as usize],
            // Rows are in the order of their links.
            None => row,
        }
    }
}

/// The parts of links, as [`LinkParts`] are sent. Those of lists are long, so they are not copied.
fn link_parts(mut part: &[u8]) -> Result<Vec<(u64, &[u8])>> {
    let bytes = &mut part;
    let parts = (0..usize::take(bytes)?).map(|_| {
        let (link, length) = <(u64, usize)>::take(bytes)?;
        Ok((link, wire::split(bytes, length)?))
    });
    let parts = parts.collect::<Result<Vec<_>>>()?;
    match part.is_empty() {
        true => Ok(parts),
        false => Err(Error::failed("the part of a chain has bytes behind it")),
    }
}

impl Work for Chain {
    fn units(&self) -> u64 {
        self.ends[self.ends.len() - 1]
    }

    fn worker(&self, placement: &Placement) -> Box<dyn Worker + '_> {
        Box::new(ChainWorker { chain: self, placement: placement.clone(), at: None })
    }

    fn empty(&self) -> Vec<u8> {
        wire::bytes(&LinkParts::new())
    }

    fn join(&self, left: &[u8], right: &[u8], threads: usize) -> Result<Vec<u8>> {
        let mut parts: Vec<(u64, Cow<[u8]>)> = vec![];
        for (link, part) in link_parts(left)?.into_iter().chain(link_parts(right)?) {
            match parts.last_mut() {
                // The cut went through this link: its two parts are neighbours.
                Some((last, side)) if *last == link => {
                    *side = self.links[link as usize].join(side, part, threads)?.into();
                }
                _ => parts.push((link, part.into())),
            }
        }
        let mut out = Vec::with_capacity(left.len() + right.len());
        parts.len().put(&mut out);
        for (link, part) in parts {
            link.put(&mut out);
            part.len().put(&mut out);
            out.extend_from_slice(&part);
        }
        Ok(out)
    }

    fn close(&self, whole: &[u8]) -> Result<Answer> {
        let mut parts = wire::value::<LinkParts>(whole)?.into_iter().peekable();
        let answers = self.links.iter().enumerate().map(|(index, link)| {
            // A link without units has no part.
            match parts.next_if(|(at, _)| *at == index as u64) {
                Some((_, part)) => link.close(&part.0),
                None => link.close(&link.empty()),
            }
        });
        let answer = Answer { note: self.note, ..Answer::one_after_the_other(answers)? };
        match self.places.is_empty() {
            true => Ok(answer),
            false => Ok(Known { places: self.places.clone(), rows: Some(answer) }.in_order().expect("it has rows")),
        }
    }

    fn known(&self, runs: Vec<(Range<u64>, Vec<u8>)>) -> Result<Known> {
        let mut of_links: Vec<(usize, Range<u64>, Vec<u8>)> = Vec::new();
        for (units, part) in runs {
            let parts = wire::value::<LinkParts>(&part)?;
            of_links.extend(self.cover(units).zip(parts).map(|((link, units), (_, part))| (link, units, part.0)));
        }
        let (mut of_links, mut known) = (of_links.into_iter().peekable(), Known::default());
        // Without places of its own the rows of a link stand behind all of those before: nobody knows where while one of these misses rows.
        let mut misses = false;
        for (index, link) in self.links.iter().enumerate() {
            let mut runs = vec![];
            while let Some((_, units, part)) = of_links.next_if(|(at, ..)| *at == index) {
                runs.push((units, part));
            }
            if misses && self.places.is_empty() {
                break;
            }
            misses = runs.iter().map(|(units, _)| units.end - units.start).sum::<u64>() < link.units();
            let rows = match (link.units(), runs.is_empty()) {
                // It needs no units.
                (0, _) => Known::all(link.close(&link.empty())?),
                (_, true) => continue,
                (_, false) => link.known(work::joined(&**link, runs)?)?,
            };
            let before = known.places.len() as u32;
            known.then(rows, |row| if self.places.is_empty() { before + row } else { self.place(index, row) });
        }
        Ok(known)
    }

    fn forecast(&self) -> Forecast {
        let links = || self.links.iter().map(|link| link.forecast());
        let all = links().fold(Forecast::default(), Forecast::then);
        let open: u64 = links().map(|link| link.open_bytes).sum();
        Forecast { open_bytes: open.min(LINKS_OPEN_MAX * all.open_bytes), ..all }
    }

    fn seconds_of(&self, units: Range<u64>) -> f64 {
        self.cover(units).map(|(link, units)| self.links[link].seconds_of(units)).sum()
    }

    fn abandon(&self) {
        self.links.iter().for_each(|link| link.abandon());
    }

    /// The sample of the link that takes longest.
    fn sample(&self) -> Option<Box<dyn Work>> {
        let links = self.links.iter().map(|link| (link.forecast().seconds, link));
        links.max_by(|a, b| a.0.total_cmp(&b.0))?.1.sample()
    }

    fn plausible(&self, units: Range<u64>, part: &[u8]) -> bool {
        let Ok(parts) = wire::value::<LinkParts>(part) else { return false };
        let links: Vec<_> = self.cover(units).collect();
        let fits = |((at, part), (link, units)): (&(u64, Bytes), &(usize, Range<u64>))| {
            *at == *link as u64 && self.links[*link].plausible(units.clone(), &part.0)
        };
        parts.len() == links.len() && parts.iter().zip(&links).all(fits)
    }

    fn numbers(&self, part: &[u8]) -> Option<NamedIntegers> {
        let parts = link_parts(part).ok()?;
        let of = parts.into_iter().map(|(link, part)| self.links.get(link as usize)?.numbers(part));
        Some(of.collect::<Option<Vec<_>>>()?.concat())
    }

    fn part_of(&self, numbers: &NamedIntegers) -> Option<Vec<u8>> {
        let links = self.links.iter().enumerate();
        let parts = links.filter_map(|(link, work)| Some((link as u64, Bytes(work.part_of(numbers)?))));
        let parts: LinkParts = parts.collect();
        let part = wire::bytes(&parts);
        // All names must be of some link, and each of one only.
        let sorted = |numbers: &NamedIntegers| {
            let mut all = numbers.clone();
            all.sort();
            all
        };
        let fits = !numbers.is_empty() && sorted(&self.numbers(&part)?) == sorted(numbers);
        fits.then_some(part)
    }

    fn unit_cost(&self) -> UnitCost {
        let links = self.links.iter().filter(|link| link.units() > 0);
        if let Some(link) = links.clone().find(|link| link.unit_cost() != UnitCost::Uniform) {
            return link.unit_cost();
        }
        // The units of each link cost the same; this is whether they cost the same in all links.
        let seconds = links.map(|link| link.forecast().seconds / link.units() as f64);
        let (least, most) = seconds.fold((f64::MAX, 0f64), |(a, b), s| (a.min(s), b.max(s)));
        match most <= 2.0 * least || most < NOTHING {
            true => UnitCost::Uniform,
            false => UnitCost::Varying,
        }
    }

    fn stages(&self) -> Vec<u64> {
        let links = self.links.iter().enumerate();
        work::stages_of(links.flat_map(|(index, link)| {
            let start = self.start(index);
            link.stages().into_iter().map(move |end| start + end)
        }))
    }
}

/// A worker at one link at a time, because a scratch can be large and neighbouring blocks are mostly in one link.
struct ChainWorker<'a> {
    chain: &'a Chain,
    placement: Placement,
    at: Option<(usize, Box<dyn Worker + 'a>)>,
}

impl Worker for ChainWorker<'_> {
    fn block(&mut self, block: Block) -> Result<Vec<u8>> {
        let mut parts = LinkParts::new();
        for (link, units) in self.chain.cover(block.units()) {
            let work = &self.chain.links[link];
            let worker = match self.at.take() {
                Some((at, worker)) if at == link => worker,
                _ => work.worker(&self.placement),
            };
            let (_, worker) = self.at.insert((link, worker));
            let mut sides = Block::tiling(units, u32::MAX).map(|block| worker.block(block));
            let first = sides.next().expect("a link in the block has units there")?;
            let part = sides.try_fold(first, |left, right| work.join(&left, &right?, 1))?;
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

    /// Which of the rows are known stands nowhere but in their places.
    #[test]
    fn no_row_has_the_place_of_one_that_is_not_known() {
        let chain = chain(&[3, 4, 0, 2]);
        let mut worker = chain.worker(&Placement::here(0));
        let mut part = |units: Range<u64>| {
            let parts = units.clone().map(|index| worker.block(Block { level: 0, index }).unwrap());
            (units, parts.reduce(|left, right| chain.join(&left, &right, 1).unwrap()).unwrap())
        };
        for (runs, expect) in [
            (&[(3, 7)][..], &[][..]),
            (&[(0, 2), (3, 9)], &[]),
            (&[(0, 3), (7, 9)], &[0, 1, 2]),
            (&[(0, 7), (8, 9)], &[0, 1, 2, 3, 4, 5, 6]),
            (&[(0, 9)], &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ] {
            let known = chain.known(runs.iter().map(|&(start, end)| part(start..end)).collect()).unwrap();
            assert_eq!(known.places, expect, "{runs:?}");
            let rows = known.rows.map_or(vec![], |answer| answer.table.rows);
            let rows: Vec<String> = rows.iter().map(|row| row[0].to_string()).collect();
            assert_eq!(rows, expect.iter().map(u32::to_string).collect::<Vec<_>>(), "{runs:?}");
        }
    }

    #[test]
    fn the_expected_time_of_units_is_that_of_their_links() {
        struct Dear(Spell, f64);
        impl work::Kernel for Dear {
            type Part = Vec<u64>;
            type Scratch = ();
            fn units(&self) -> u64 {
                self.0.count
            }
            fn scratch(&self, _: &Placement) {}
            fn compute(&self, unit: u64, scratch: &mut ()) -> Result<Vec<u64>> {
                work::Kernel::compute(&self.0, unit, scratch)
            }
            fn answer(&self, whole: Vec<u64>) -> Result<Answer> {
                work::Kernel::answer(&self.0, whole)
            }
            fn forecast(&self) -> Forecast {
                Forecast { seconds: self.1, ..Forecast::default() }
            }
        }
        let link = |count, seconds| -> Box<dyn Work> { Box::new(Dear(Spell { start: 0, count }, seconds)) };
        let chain = Chain::new(vec![link(4, 8.0), link(0, 0.0), link(10, 5.0), link(1, 100.0)]).unwrap();
        for (units, seconds) in [(0..15, 113.0), (0..4, 8.0), (3..6, 3.0), (13..15, 100.5), (7..7, 0.0)] {
            approx::assert_relative_eq!(chain.seconds_of(units), seconds, max_relative = 1e-12);
        }
        // What workers count is the same.
        let counter = std::sync::Arc::new(work::UnitCounter::default());
        work::count_units_in(counter.clone());
        chain.worker(&Placement::here(0)).block(Block { level: 4, index: 0 }).unwrap();
        assert_eq!(counter.computed(), work::Computed { units: 15, nanos: 113_000_000_000 });
    }

    #[test]
    fn however_a_chain_is_cut_its_answer_is_the_same() {
        for lengths in [&[3u64, 0, 5, 1][..], &[0], &[0, 0, 7], &[16, 16]] {
            let chain = chain(lengths);
            let units: u64 = lengths.iter().sum();
            let expect: Vec<String> = (0..units).map(|unit| unit.to_string()).collect();
            let placement = Placement::here(0);
            for level in 0..6 {
                let mut worker = chain.worker(&placement);
                let mut whole = chain.empty();
                for block in Block::tiling(0..units, level) {
                    whole = chain.join(&whole, &worker.block(block).unwrap(), 1).unwrap();
                }
                let answer = chain.close(&whole).unwrap();
                let words = answer.table.rows.iter().map(|row| row[0].to_string());
                assert_eq!(words.collect::<Vec<_>>(), expect, "{lengths:?} at level {level}");
            }
        }
    }
}
