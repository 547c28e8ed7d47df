//! `--residues Q --race`: whenever another class takes the lead, and by how much it led.
//!
//! Who leads depends on all primes before, which a unit does not know. So a unit, a window, makes of each of its pieces what can be known without
//! them ([`Piece`]). When all units are done, the race is run piece by piece. A piece in which the lead may change is read again, prime by prime:
//! these are few.

use super::Sieving;
use super::by_sieve::BySieve;
use super::in_order::{WORD_WIDTH as WORD, Words, bytes_in_order, expected};
use super::lead::{self, Piece};
use super::sieving::LayOut;
use crate::error::{Error, Result};
use crate::math::approximate;
use crate::math::sieve::{Layout, Residues, Sieve, SievingPrimes, ordered};
use crate::math::span::Span;
use crate::placement::Placement;
use crate::values::{Table, Value};
use crate::wire;
use crate::work::{Answer, Forecast, Kernel, Part, Work};
use std::ops::Range;
use std::sync::Arc;

/// A race of the classes modulo Q in one range.
pub struct Race {
    sieving: Sieving,
    residues: Arc<Residues>,
}

/// The largest modulus of a race: each piece has a few numbers for each class.
pub const RACE_MODULUS_MAX: u64 = 1000;

/// A unit is a whole window.
pub const LAY_OUT: LayOut = |span, _| Layout::in_order(span);

/// Pieces in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pieces {
    pieces: Vec<Piece>,
}

wire::fields! { Pieces { pieces } }

impl Part for Pieces {
    fn merge(mut self, right: Pieces) -> Pieces {
        self.pieces.extend(right.pieces);
        self
    }
}

/// What a thread reads windows with.
pub struct Scratch {
    sieve: Sieve,
    layout: Layout,
    words: Words,
}

/// Of two classes a piece knows exactly what happens in it. Of more it has bounds, which are the better the shorter it is.
const WORDS_OF_TWO: usize = 1 << 16;
const WORDS_OF_MORE: usize = 1 << 14;

/// More classes have longer pieces.
const CLASSES_OF_SHORT: usize = 8;

/// Nanoseconds to read a prime: of two classes, and of more.
const READ_TWO_NS: f64 = 0.3;
const READ_MORE_NS: f64 = 3.0;

/// Bytes of a class of a piece; and how many copies there are on the way to the root and in it.
const COURSE_BYTES: u64 = 24;
const COPIES: u64 = 3;

impl Race {
    /// The race modulo `modulus`. The layout is [`LAY_OUT`].
    pub fn new(sieving: Sieving, modulus: u64) -> Race {
        Race { sieving, residues: Arc::new(Residues::new(modulus)) }
    }

    /// The words of a piece.
    fn words(&self) -> usize {
        match self.residues.count() {
            2 => WORDS_OF_TWO,
            count => WORDS_OF_MORE * count.div_ceil(CLASSES_OF_SHORT),
        }
    }

    /// The pieces of a window.
    fn pieces(&self, window: Span) -> impl Iterator<Item = Span> + use<> {
        let (low, width) = (window.start() / 30 * 30, WORD * self.words() as u128);
        let count = if window.is_empty() { 0 } else { (window.end() - low).div_ceil(width) };
        (0..count).map(move |index| {
            let (start, end) = (low + width * index, low + width * (index + 1));
            Span::new(start.max(window.start()), end.min(window.end())).expect("pieces ascend")
        })
    }

    /// The classes by how far a number is above a multiple of the modulus, up to the last one of a word.
    fn table(&self) -> Vec<Option<usize>> {
        (0..self.residues.modulus() + WORD as u64).map(|above| self.residues.index(above.into())).collect()
    }

    /// The piece of these words, the first of which begins at `start`, and of the primes of the wheel in its span.
    fn piece(&self, span: Span, start: u128, words: &[u64]) -> Piece {
        let modulus = self.residues.modulus();
        if self.residues.count() == 2 && own(span).next().is_none() {
            let class = |bit: usize| self.residues.index(start + u128::from(ordered::OFFSETS[bit]));
            let mask =
                |wanted| (0..64).filter(|&bit| class(bit) == Some(wanted)).fold(0, |mask, bit| mask | 1u64 << bit);
            return Piece::of_two(words, [mask(0), mask(1)]);
        }
        let table = self.table();
        let first = own(span).filter_map(|prime| self.residues.index(prime));
        let mut above = (start % u128::from(modulus)) as usize;
        let rest = words.iter().flat_map(|&word| {
            let table = &table[above..];
            above = (above + WORD as usize) % modulus as usize;
            ordered::ones(word).filter_map(move |bit| table[ordered::OFFSETS[bit] as usize])
        });
        Piece::read(self.residues.count(), first.chain(rest))
    }

    /// Reads a piece again, prime by prime.
    fn read_again(&self, span: Span, sieve: &mut Sieve, race: &mut lead::Race) {
        let (layout, mut words) = (Layout::in_order(span), Words::default());
        let own_base = (layout.bound > self.sieving.base.bound()).then(|| SievingPrimes::up_to(layout.bound));
        let base = own_base.as_ref().unwrap_or(&self.sieving.base);
        base.make(sieve);
        let mut next = |prime| self.residues.index(prime).into_iter().for_each(|class| race.next(prime, class));
        own(span).for_each(&mut next);
        for unit in 0..layout.units() {
            words.fill(sieve, base, &layout, unit);
            words.offsets().for_each(|offset| next(words.start() + u128::from(offset)));
        }
    }

    /// The race of all pieces, which are all there.
    fn run(&self, pieces: &[Piece]) -> Result<lead::Race> {
        let (layout, mut race) = (self.sieving.layout(), lead::Race::of(self.residues.count()));
        let mut sieve = self.sieving.sieve(&Placement::here(0));
        let spans = (0..self.sieving.units()).flat_map(|unit| self.pieces(layout.unit(unit).0));
        for (span, piece) in spans.zip(pieces) {
            if race.skips(piece) {
                continue;
            }
            let before = race.counts().to_vec();
            self.read_again(span, &mut sieve, &mut race);
            let counts = before.iter().zip(&piece.classes).map(|(count, course)| count + course.count);
            if !counts.eq(race.counts().iter().copied()) {
                return Err(Error::wrong(format!("the primes of {span} have two counts")));
            }
        }
        Ok(race)
    }
}

/// The primes of the smallest wheel in a span, which are in no word.
fn own(span: Span) -> impl Iterator<Item = u128> {
    [2, 3, 5].into_iter().filter(move |&prime| span.contains(prime))
}

impl Kernel for Race {
    type Part = Pieces;
    type Scratch = Scratch;

    fn units(&self) -> u64 {
        self.sieving.units()
    }

    fn scratch(&self, placement: &Placement) -> Scratch {
        Scratch { sieve: self.sieving.sieve(placement), layout: self.sieving.layout(), words: Words::default() }
    }

    fn compute(&self, unit: u64, Scratch { sieve, layout, words }: &mut Scratch) -> Result<Pieces> {
        self.sieving.base.make(sieve);
        words.fill(sieve, &self.sieving.base, layout, unit);
        let (start, mut runs) = (words.start(), words.bits().chunks(self.words()));
        let starts = (0..).map(|index: u128| start + index * WORD * self.words() as u128);
        // Behind the last number there are only empty words.
        let pieces = self.pieces(layout.unit(unit).0).zip(starts);
        let pieces = pieces.map(|(span, start)| self.piece(span, start, runs.next().unwrap_or(&[]))).collect();
        Ok(Pieces { pieces })
    }

    fn answer(&self, whole: Pieces) -> Result<Answer> {
        let rows = self.run(&whole.pieces)?.leads.into_iter().map(|lead| {
            let residue = self.residues.coprime()[lead.class];
            vec![Value::integer(lead.after), Value::integer(residue), Value::integer(lead.most)]
        });
        Ok(Answer::rows(Table::of(&["after", "leader", "lead"]).with(rows), "after"))
    }

    fn plausible(&self, units: Range<u64>, part: &Pieces) -> bool {
        const PRIMES_OF_MODULUS: u128 = 4;
        let layout = self.sieving.layout();
        let fits = |(span, piece): (Span, &Piece)| {
            let possible = approximate::possible(span.start(), span.end());
            let primes = u128::from(piece.primes());
            piece.classes.len() == self.residues.count()
                && piece.is_possible()
                && (*possible.start()..=possible.end() + PRIMES_OF_MODULUS).contains(&(primes + PRIMES_OF_MODULUS))
        };
        let spans: Vec<Span> = units.flat_map(|unit| self.pieces(layout.unit(unit).0)).collect();
        spans.len() == part.pieces.len() && spans.into_iter().zip(&part.pieces).all(fits)
    }

    fn seconds(&self) -> f64 {
        let reading = 1e-9 * if self.residues.count() == 2 { READ_TWO_NS } else { READ_MORE_NS };
        self.sieving.forecast().seconds + reading * expected(self.sieving.span())
    }

    fn share(&self, units: Range<u64>) -> f64 {
        self.sieving.share(&units, self.seconds())
    }

    fn forecast(&self) -> Forecast {
        let (span, sieving, classes) = (self.sieving.span(), self.sieving.forecast(), self.residues.count() as u64);
        let pieces = (span.width() / (WORD * self.words() as u128)) as u64 + 2 * self.sieving.units();
        let thread_bytes = sieving.thread_bytes + bytes_in_order(&self.sieving.layout());
        let rank_bytes = sieving.rank_bytes + COPIES * pieces * (32 + COURSE_BYTES * classes);
        Forecast { seconds: self.seconds(), rank_bytes, thread_bytes, ..sieving }
    }

    fn sample(&self) -> Option<Box<dyn Work>> {
        // A race that begins in a narrow range has leaders that change all the time, which takes much longer to tell.
        Some(Box::new(BySieve { sieving: self.sieving.sample(), verify: false }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::PRIMES;
    use crate::kernel::tests::{answer, column, given};
    use crate::kernel::{Given, Seeks};
    use crate::math::{lanes, trial};
    use proptest::prelude::*;

    /// The columns of a race.
    fn race(modulus: u64, range: &str, lanes: &'static lanes::Lanes) -> [Vec<String>; 3] {
        let seeks = Some(Seeks::Residues(modulus));
        let answer = answer((PRIMES.open)(&Given { seeks, race: true, lanes: Some(lanes), ..given(range) }));
        ["after", "leader", "lead"].map(|key| column(&answer, key))
    }

    /// The same by trial division, with all counts compared after each prime.
    fn judged(modulus: u64, start: u64, end: u64) -> [Vec<String>; 3] {
        let coprime = |a: &u64| (2..=modulus).all(|d| !a.is_multiple_of(d) || !modulus.is_multiple_of(d));
        let classes: Vec<u64> = (0..modulus).filter(coprime).collect();
        let mut counts = vec![0u64; classes.len()];
        let mut leads: Vec<(u64, usize, u64)> = vec![];
        for prime in (start..end).filter(|&n| trial::is_prime(n)) {
            let Ok(class) = classes.binary_search(&(prime % modulus)) else { continue };
            counts[class] += 1;
            let mut order: Vec<usize> = (0..classes.len()).collect();
            order.sort_by_key(|&class| std::cmp::Reverse(counts[class]));
            let lead = counts[order[0]] - counts[order[1]];
            match leads.last_mut() {
                _ if lead == 0 => (),
                Some((_, leader, most)) if *leader == order[0] => *most = lead.max(*most),
                _ => leads.push((prime, order[0], lead)),
            }
        }
        let texts =
            |cell: &dyn Fn(&(u64, usize, u64)) -> u64| leads.iter().map(|lead| cell(lead).to_string()).collect();
        [texts(&|lead| lead.0), texts(&|lead| classes[lead.1]), texts(&|lead| lead.2)]
    }

    proptest! {
        #![proptest_config(crate::random::cases(60))]

        #[test]
        fn leads_are_those_of_the_judge(
            start in prop_oneof![3 => 0..30u64, 1 => 0..3_000_000_000u64],
            width in 0..40_000u64,
            modulus in prop_oneof![3..13u64, 3..60u64],
        ) {
            let expect = judged(modulus, start, start + width);
            for lanes in lanes::usable() {
                prop_assert_eq!(&race(modulus, &format!("{start}..{}", start + width), lanes), &expect);
            }
        }
    }

    #[test]
    fn the_first_leads_modulo_4() {
        for lanes in lanes::usable() {
            let [after, leader, _] = race(4, "0..7e5", lanes);
            assert_eq!(after[..4], ["3", "26861", "26879", "616841"]);
            assert_eq!(leader[..4], ["3", "1", "3", "1"]);
        }
        // One window has several pieces here.
        let [after, leader, lead] = race(3, "0..1e8", lanes::pick(None).unwrap());
        assert_eq!((&after[..], &leader[..]), (&["2".to_string()][..], &["2".to_string()][..]));
        assert_eq!(lead.len(), 1);
    }
}
