//! `--tuplet 0,4,6,10`, `--tuplet K` for K from 7 on, and `--tuplet K --patterns`: any patterns of primes, counted together or apart; and with `--list`
//! of all patterns the first prime of each tuplet.
//!
//! Other primes may lie among those of such a pattern. So a unit sieves a few numbers more, those before its window that may be in tuplets with
//! its own, and a tuplet belongs to the unit that has its last prime. Then the results of units need no edges: counts are added up, and lists follow each
//! other.
//!
//! Narrow patterns are counted class by class, on any wheel ([`Sieve::tuplets_in_window`]). All others, and lists, need the numbers in order.

use super::Sieving;
use super::by_residue::places;
use super::in_order::{Words, bytes_in_order, expected};
use super::parted::Parted;
use super::sieving::LayOut;
use crate::error::Result;
use crate::kernel::Tuplet;
use crate::math::patterns::{self, Pattern};
use crate::math::primality::is_prime;
use crate::math::sieve::{self, Layout, PartTuplets, Sieve, TUPLET_WIDTH_END, Wheel};
use crate::math::span::Span;
use crate::placement::Placement;
use crate::values::{Ascending, Table, Value};
use crate::wire;
use crate::work::{Answer, Forecast, Kernel, Known, Part, Work};
use std::ops::Range;

/// Patterns that are looked for in ranges that touch.
pub struct Constellations {
    sieving: Sieving,
    /// Those of a group are counted together. All are equally wide.
    groups: Vec<Vec<Pattern>>,
    search: Search,
    /// Whether each group has rows of its own.
    apart: bool,
}

/// How patterns are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// Class by class.
    Classes,
    /// In the words of all primes in order.
    Words,
}

/// The first primes of all tuplets of these patterns, in one range.
pub struct FirstPrimes(Constellations);

/// How many primes, and how many tuplets of each group; none if nothing was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    primes: u64,
    tuplets: Vec<u64>,
}

wire::fields! { Counts { primes tuplets } }

impl Part for Counts {
    fn merge(mut self, right: Counts) -> Counts {
        self.tuplets.resize(self.tuplets.len().max(right.tuplets.len()), 0);
        self.tuplets.iter_mut().zip(right.tuplets).for_each(|(ours, theirs)| *ours = ours.merge(theirs));
        Counts { primes: self.primes.merge(right.primes), ..self }
    }
}

/// What a thread looks for patterns with.
pub struct Scratch {
    sieve: Sieve,
    layout: Layout,
    primes: Words,
    /// For each group.
    firsts: Vec<Words>,
}

impl Search {
    /// The one for these patterns: where they are counted, and where rows are of single ranges, not of a range and all before.
    pub fn of(asked: Tuplet, counted: bool, single: bool) -> Search {
        let narrow = patterns_of(asked).iter().all(|pattern| pattern.width() < TUPLET_WIDTH_END);
        if narrow && counted && single { Search::Classes } else { Search::Words }
    }

    /// How ranges are laid out for it.
    pub fn lay_out(self) -> LayOut {
        match self {
            Search::Classes => Layout::by_window,
            Search::Words => |span, _| Layout::in_order(span),
        }
    }
}

fn patterns_of(asked: Tuplet) -> Vec<Pattern> {
    match asked {
        Tuplet::Densest(primes) => patterns::densest(primes),
        Tuplet::Of(pattern) => vec![pattern],
    }
}

/// The key of the column of first primes.
pub const FIRST: &str = "first";

/// Nanoseconds that patterns take for every prime, in addition to the sieving.
const CLASSES_NS: f64 = 0.05;
const WORDS_NS: f64 = 0.3;

impl Constellations {
    /// The layout is that of the search.
    pub fn new(sieving: Sieving, asked: Tuplet, search: Search) -> Constellations {
        Constellations { sieving, groups: vec![patterns_of(asked)], search, apart: false }
    }

    /// The same, with a row for each pattern.
    pub fn apart(sieving: Sieving, asked: Tuplet, search: Search) -> Constellations {
        let groups = patterns_of(asked).into_iter().map(|pattern| vec![pattern]).collect();
        Constellations { sieving, groups, search, apart: true }
    }

    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.groups.iter().flatten()
    }

    fn width(&self) -> u128 {
        self.patterns().map(Pattern::width).max().unwrap_or(0).into()
    }

    /// The smallest number that may begin a tuplet whose last prime is `start` or later, in a range of this index.
    fn firsts_from(&self, range: usize, start: u128) -> u128 {
        // Where rows are of a range and all before, tuplets go across.
        let range = if self.sieving.rows.cumulative { 0 } else { range };
        self.sieving.edges[range].max(start.saturating_sub(self.width()))
    }

    /// The tuplets of a group that begin with a prime of the wheel, which is in no class: with one that is `from` or later, if the last prime is in
    /// `last`.
    fn beside_the_wheel<'a>(
        &'a self,
        group: &'a [Pattern],
        wheel: &'static Wheel,
        from: u128,
        last: &'a Range<u128>,
    ) -> impl Iterator<Item = u128> + 'a {
        let own = wheel.primes.iter().map(|&prime| u128::from(prime));
        let own = own.filter(move |&prime| prime >= from && last.contains(&(prime + self.width())));
        own.filter(|&first| group.iter().any(|pattern| pattern.is_at(first)))
    }

    /// What a unit has in each of its ranges, class by class.
    fn by_class(&self, unit: u64, Scratch { sieve, layout, .. }: &mut Scratch) -> Vec<Counts> {
        self.sieving.base.make(sieve);
        let (window, _) = layout.unit(unit);
        let (range, borders) = self.sieving.borders(window);
        let from = self.firsts_from(range, window.start());
        let wide = Span::new(from, window.end()).expect("it begins no later");
        let above = self.patterns().map(|pattern| pattern.distances().skip(1).map(|above| above as u32).collect());
        let above: Vec<Vec<u32>> = above.collect();
        let above: Vec<&[u32]> = above.iter().map(Vec::as_slice).collect();
        let found = sieve.tuplets_in_window((&self.sieving.base, layout), wide, borders, &above);
        let counts = |PartTuplets { primes, tuplets, .. }| {
            let mut each = tuplets.into_iter();
            let of = |group: &Vec<Pattern>| each.by_ref().take(group.len()).sum();
            Counts { primes, tuplets: self.groups.iter().map(of).collect() }
        };
        let mut counts: Vec<Counts> = found.into_iter().map(counts).collect();
        // Those before the window are not its own.
        let own = |number: u128| layout.wheel.primes.iter().any(|&prime| u128::from(prime) == number);
        counts[0].primes -= (from..window.start()).filter(|&number| is_prime(number) && !own(number)).count() as u64;
        counts
    }

    /// The same, from the words.
    fn by_words(&self, unit: u64, scratch: &mut Scratch) -> Vec<Counts> {
        self.fill(unit, scratch, true);
        let (lanes, (window, _)) = (self.sieving.lanes, scratch.layout.unit(unit));
        let parts = self.edges(window).map(|(range, part)| {
            let (from, end) = (self.firsts_from(range, part.start), part.end.saturating_sub(self.width()));
            let tuplets = scratch.firsts.iter().map(|firsts| firsts.count(from, end, lanes)).collect();
            Counts { primes: scratch.primes.count(part.start, part.end, lanes), tuplets }
        });
        parts.collect()
    }

    /// The ranges in which a window has numbers, and its part of each.
    fn edges(&self, window: Span) -> impl Iterator<Item = (usize, Range<u128>)> {
        let (first, borders) = self.sieving.borders(window);
        let edges = [&[window.start()], borders, &[window.end()]].concat();
        (0..edges.len() - 1).map(move |index| (first + index, edges[index]..edges[index + 1]))
    }

    fn scratch(&self, placement: &Placement) -> Scratch {
        let (sieve, layout) = (self.sieving.sieve(placement), self.sieving.layout());
        let firsts = self.groups.iter().map(|_| Words::default()).collect();
        Scratch { sieve, layout, primes: Words::default(), firsts }
    }

    /// Fills the words of a unit and of the numbers before it. Returns whether all are primes.
    fn fill(&self, unit: u64, scratch: &mut Scratch, tests: bool) -> bool {
        let Scratch { sieve, layout, primes, firsts } = scratch;
        self.sieving.base.make(sieve);
        let (window, _) = layout.unit(unit);
        let from = self.firsts_from(self.sieving.borders(window).0, window.start());
        let wide = Span::new(from, window.end()).expect("it begins no later");
        primes.begin();
        firsts.iter_mut().for_each(Words::begin);
        let base = (&*self.sieving.base, layout.bound);
        let are_primes = sieve.patterns_in_order(base, wide, &self.groups, tests, |start, some, first| {
            primes.push(start, some);
            firsts.iter_mut().zip(first).for_each(|(firsts, &word)| firsts.push(start, word));
        });
        primes.end();
        firsts.iter_mut().for_each(Words::end);
        are_primes
    }

    fn forecast(&self) -> Forecast {
        let (span, sieving, layout) = (self.sieving.span(), self.sieving.forecast(), self.sieving.layout());
        let (reading, own_bytes) = match self.search {
            Search::Classes => (CLASSES_NS, sieve::tuplets_memory(&layout)),
            Search::Words => (WORDS_NS, (1 + self.groups.len() as u64) * bytes_in_order(&layout)),
        };
        Forecast {
            seconds: sieving.seconds + 1e-9 * reading * expected(span),
            thread_bytes: sieving.thread_bytes + own_bytes,
            ..sieving
        }
    }

    fn sample(&self) -> Constellations {
        Constellations { sieving: self.sieving.sample(), groups: self.groups.clone(), ..*self }
    }

    fn row(&self) -> impl Fn(Span, Counts) -> Result<Answer> {
        let (rows, apart) = (self.sieving.rows, self.apart);
        let groups = self.groups.clone();
        move |span, Counts { primes, mut tuplets }| {
            tuplets.resize(groups.len(), 0);
            let each = groups.iter().zip(tuplets).enumerate().map(|(index, (group, tuplets))| {
                let tuplets = ("tuplets", Value::integer(tuplets));
                Ok(match apart {
                    false => rows.answer(span, primes, &[tuplets], "tuplets"),
                    // The total is that of the primes, which all rows of a range have in common.
                    true => {
                        let of = if index == 0 { primes } else { 0 };
                        rows.row(
                            span,
                            vec![("pattern", Value::text(group[0].to_string())), tuplets],
                            of.into(),
                            "tuplets",
                        )
                    }
                })
            });
            Answer::one_after_the_other(each)
        }
    }

    /// How many rows a range has.
    fn rows_each(&self) -> usize {
        if self.apart { self.groups.len() } else { 1 }
    }
}

impl Kernel for Constellations {
    type Part = Parted<Counts>;
    type Scratch = Scratch;

    fn units(&self) -> u64 {
        self.sieving.units()
    }

    fn scratch(&self, placement: &Placement) -> Scratch {
        Constellations::scratch(self, placement)
    }

    fn compute(&self, unit: u64, scratch: &mut Scratch) -> Result<Parted<Counts>> {
        let counts = match self.search {
            Search::Classes => self.by_class(unit, scratch),
            Search::Words => self.by_words(unit, scratch),
        };
        let (window, wheel) = (scratch.layout.unit(unit).0, scratch.layout.wheel);
        let parts = self.edges(window).zip(counts).map(|((range, part), counts)| {
            let own = wheel.primes.iter().filter(|&&prime| part.contains(&u128::from(prime))).count() as u64;
            let from = self.firsts_from(range, part.start);
            let beside =
                self.groups.iter().map(|group| self.beside_the_wheel(group, wheel, from, &part).count() as u64);
            counts.merge(Counts { primes: own, tuplets: beside.collect() })
        });
        Ok(Parted { first: self.sieving.borders(window).0 as u64, parts: parts.collect() })
    }

    fn answer(&self, whole: Parted<Counts>) -> Result<Answer> {
        let ranges = self.sieving.ranges();
        let whole = if self.sieving.rows.cumulative { whole.running_totals(ranges) } else { whole };
        self.sieving.answer(whole, self.row())
    }

    fn stages(&self) -> Vec<u64> {
        self.sieving.stages()
    }

    fn known(&self, runs: Vec<(Range<u64>, Parted<Counts>)>) -> Result<Known> {
        if !self.sieving.rows.cumulative {
            let known = self.sieving.known(runs, self.row())?;
            return Ok(Known { places: places(known.places, self.rows_each()), ..known });
        }
        self.sieving.known_from_the_first(runs, self.row())
    }

    fn plausible(&self, units: Range<u64>, part: &Parted<Counts>) -> bool {
        // A tuplet may begin before the first of the primes.
        let fits = |found: &Counts, _, possible: &std::ops::RangeInclusive<u128>| {
            possible.contains(&u128::from(found.primes))
                && found.tuplets.len() == self.groups.len()
                && found.tuplets.iter().all(|&tuplets| tuplets <= found.primes)
        };
        self.sieving.plausible(&units, part, fits)
    }

    fn forecast(&self) -> Forecast {
        Constellations::forecast(self)
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        Some(Box::new(Constellations::sample(self)))
    }
}

impl FirstPrimes {
    /// The same patterns in one range.
    pub fn new(sieving: Sieving, asked: Tuplet) -> FirstPrimes {
        FirstPrimes(Constellations::new(sieving, asked, Search::Words))
    }
}

impl Kernel for FirstPrimes {
    type Part = Parted<Ascending>;
    type Scratch = Scratch;

    fn units(&self) -> u64 {
        self.0.sieving.units()
    }

    fn scratch(&self, placement: &Placement) -> Scratch {
        self.0.scratch(placement)
    }

    /// Where a sieve leaves candidates, only those of whole patterns are tested.
    fn compute(&self, unit: u64, scratch: &mut Scratch) -> Result<Parted<Ascending>> {
        let FirstPrimes(all) = self;
        let are_primes = all.fill(unit, scratch, false);
        let (window, _) = scratch.layout.unit(unit);
        let from = all.firsts_from(0, window.start());
        let mut found = Ascending::default();
        let last = window.start()..window.end();
        all.beside_the_wheel(&all.groups[0], scratch.layout.wheel, from, &last).for_each(|first| found.push(first));
        let end = window.end().saturating_sub(all.width());
        if from < end {
            let words = scratch.firsts[0].part(from, end);
            let number = |offset: u64| words.start() + u128::from(offset);
            let is = |offset: &u64| are_primes || all.patterns().any(|pattern| pattern.is_at(number(*offset)));
            let count = all.sieving.lanes.ones(words.bits()) as usize;
            found.extend(words.start(), words.offsets().filter(is), if are_primes { count } else { 0 });
        }
        Ok(Parted::one(0, found))
    }

    fn answer(&self, whole: Parted<Ascending>) -> Result<Answer> {
        let rows = whole.parts.into_iter().flat_map(Ascending::into_numbers).map(|first| vec![Value::integer(first)]);
        Ok(Answer::rows(Table::of(&[FIRST]).with(rows), FIRST))
    }

    fn forecast(&self) -> Forecast {
        self.0.forecast()
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        Some(Box::new(FirstPrimes(self.0.sample())))
    }
}

#[cfg(test)]
mod tests {
    use super::super::PRIMES;
    use crate::kernel::tests::{answer, column, given};
    use crate::kernel::{Given, Points, Seeks, Tuplet};
    use crate::math::lanes;
    use crate::math::patterns::{Pattern, densest};
    use crate::math::trial;
    use proptest::prelude::*;

    fn asked(tuplet: Tuplet, ranges: &str) -> Given {
        Given { seeks: Some(Seeks::Tuplets(tuplet)), ..given(ranges) }
    }

    fn of(distances: &[u64]) -> Tuplet {
        Tuplet::Of(Pattern::new(distances).unwrap())
    }

    /// The numbers that begin one of the patterns in a range, by trial division.
    fn judged(tuplet: Tuplet, start: u64, end: u64) -> Vec<u64> {
        let patterns = match tuplet {
            Tuplet::Densest(primes) => densest(primes),
            Tuplet::Of(pattern) => vec![pattern],
        };
        let is = |n: &u64| {
            let all = |pattern: &Pattern| pattern.distances().all(|above| trial::is_prime(n + above));
            patterns.iter().any(|pattern| n + pattern.width() < end && all(pattern))
        };
        (start..end).filter(is).collect()
    }

    fn numbers(answer: &crate::work::Answer, key: &str) -> Vec<u64> {
        column(answer, key).iter().map(|cell| cell.parse().unwrap()).collect()
    }

    fn tuplets() -> impl Strategy<Value = Tuplet> {
        let steps = prop::collection::vec(1..20u64, 1..5);
        let admissible = steps.prop_filter_map("an admissible pattern", |steps| {
            let above = steps.iter().scan(0, |above, step| {
                *above += 2 * step;
                Some(*above)
            });
            let pattern = Pattern::new(&[0].into_iter().chain(above).collect::<Vec<_>>()).unwrap();
            pattern.obstacle().is_none().then_some(Tuplet::Of(pattern))
        });
        prop_oneof![3 => admissible, 1 => (2..=12u64).prop_map(Tuplet::Densest), 1 => Just(of(&[0, 210])), 1 => Just(of(&[0, 996]))]
    }

    proptest! {
        #![proptest_config(crate::random::cases(60))]

        #[test]
        fn however_ranges_are_cut_the_tuplets_are_those_of_the_judge(
            tuplet in tuplets(),
            start in prop_oneof![2 => 0..40u64, 1 => 0..3_000_000_000u64],
            width in prop_oneof![1 => 0..60u64, 3 => 0..20_000u64],
            cuts in prop::collection::vec(0..=1000u64, 0..6),
        ) {
            let end = start + width;
            let mut edges: Vec<u64> = cuts.iter().map(|cut| start + width * cut / 1000).chain([start, end]).collect();
            edges.sort_unstable();
            let ranges: Vec<String> = edges.windows(2).map(|two| format!("{}..{}", two[0], two[1])).collect();
            let primes = |start, end| (start..end).filter(|&n| trial::is_prime(n)).count() as u64;
            let each = |of: &dyn Fn(u64, u64) -> u64| edges.windows(2).map(|two| of(two[0], two[1])).collect::<Vec<_>>();
            let counted = answer((PRIMES.open)(&asked(tuplet, &ranges.join(" "))));
            prop_assert_eq!(numbers(&counted, "count"), each(&primes));
            prop_assert_eq!(numbers(&counted, "tuplets"), each(&|start, end| judged(tuplet, start, end).len() as u64));
            let listed = answer((PRIMES.open)(&Given { firsts: true, ..asked(tuplet, &ranges.join(" ")) }));
            let all: Vec<u64> = edges.windows(2).flat_map(|two| judged(tuplet, two[0], two[1])).collect();
            prop_assert_eq!(numbers(&listed, "first"), all);
            // A prime at the end is not in the range, and no point.
            let last = if width > 0 && trial::is_prime(end) { end - 1 } else { end };
            edges.iter_mut().for_each(|edge| *edge = last.min(*edge));
            let points = Some(Points::At(edges.iter().map(|&edge| edge.into()).collect()));
            let up_to = answer((PRIMES.open)(&Given { points, ..asked(tuplet, &format!("{start}..{end}")) }));
            edges.dedup();
            let expect = edges.iter().map(|&point| judged(tuplet, start, end.min(point + 1)).len() as u64);
            prop_assert_eq!(numbers(&up_to, "tuplets"), expect.collect::<Vec<u64>>());
        }
    }

    /// Many windows, and ranges that touch within them.
    #[test]
    fn patterns_of_the_densest_are_the_densest() {
        for lanes in lanes::usable() {
            for (tuplet, other) in [
                (of(&[0, 2]), Tuplet::Densest(2)),
                (of(&[0, 2, 6, 8]), Tuplet::Densest(4)),
                (of(&[0, 4, 6, 10, 12, 16]), Tuplet::Densest(6)),
            ] {
                let found = [tuplet, other].map(|tuplet| {
                    let given =
                        Given { lanes: Some(lanes), ..asked(tuplet, "0..1e8 1e8..1e8+1e5 1e8+1e5..2e8 1e12..+1e6") };
                    let answer = answer((PRIMES.open)(&given));
                    (numbers(&answer, "count"), numbers(&answer, "tuplets"))
                });
                assert_eq!(found[0], found[1]);
            }
        }
    }

    #[test]
    fn patterns_apart_are_those_that_are_counted_alone() {
        let ranges = "0..40 40..20000 1e6..3e6 2^64..+1e4 10^25..+3000";
        for k in [2, 3, 5, 8, 9, 11] {
            let together = answer((PRIMES.open)(&asked(Tuplet::Densest(k), ranges)));
            let apart = answer((PRIMES.open)(&Given { apart: true, ..asked(Tuplet::Densest(k), ranges) }));
            let patterns = densest(k);
            assert_eq!(apart.total, together.total);
            for (index, pattern) in patterns.iter().enumerate() {
                let alone = answer((PRIMES.open)(&asked(Tuplet::Of(*pattern), ranges)));
                for key in ["start", "tuplets", "certainty"] {
                    let mine: Vec<String> =
                        column(&apart, key).into_iter().skip(index).step_by(patterns.len()).collect();
                    assert_eq!(mine, column(&alone, key), "{pattern}");
                }
                assert_eq!(column(&apart, "pattern")[index], pattern.to_string());
            }
            for (range, all) in numbers(&together, "tuplets").into_iter().enumerate() {
                let mine = &numbers(&apart, "tuplets")[range * patterns.len()..][..patterns.len()];
                assert_eq!(mine.iter().sum::<u64>(), all);
            }
        }
    }

    /// Where candidates remain that are tested.
    #[test]
    fn beyond_the_sieve_first_primes_are_those_that_count() {
        for (tuplet, range) in
            [(of(&[0, 2]), "2^64..+3e5"), (of(&[0, 6, 12]), "1e18..+3e5"), (of(&[0, 30]), "10^24..+3e4")]
        {
            let counted = answer((PRIMES.open)(&asked(tuplet, range)));
            let listed = answer((PRIMES.open)(&Given { firsts: true, ..asked(tuplet, range) }));
            assert!(listed.table.rows.len() > 3);
            assert_eq!(column(&counted, "tuplets"), [listed.table.rows.len().to_string()]);
        }
    }
}
