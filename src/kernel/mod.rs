//! The problems, one per file, and the table of them.
//!
//! A kernel's file says what it takes, cuts it into units, computes one and makes the answer of the whole. It
//! asks for its arguments as plain data ([`Takes`], [`Given`]); only `cli` knows how they are typed. To add a
//! kernel, add its file, its `mod` line and its row.

mod barrier;
mod column_terms;
mod delay;
mod double;
#[cfg_attr(not(feature = "download"), path = "download/absent.rs")]
mod download;
mod factorial;
mod is_prime;
mod li;
mod map_reduce;
mod neighbours;
mod per_number;
mod phi;
mod primes;
mod proofs;
mod ranks;
mod ready;
mod real;
mod riemann_r;
mod square;
mod sum;
mod term_list;
mod term_rows;
mod terms;

use crate::chain::OVERLAP;
use crate::column::Column;
use crate::error::Result;
use crate::math::lanes::Lanes;
use crate::math::patterns::Pattern;
use crate::math::span::Span;
use crate::syntax::Item;
use crate::values::{Amount, Fact, Value};
use crate::work::Job;
pub use barrier::ROUNDS_MAX;
pub use download::{FOLDER, load as load_curl};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What can be typed behind a kernel's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Ranges; without any, those of the default, in which `ranks` stands for their number.
    Ranges(&'static str),
    /// At least one number; a range stands for each of its numbers.
    Numbers,
    /// Exactly two numbers: what they are called, and two that would do.
    Two([&'static str; 2], &'static str),
    /// Numbers and ranges mixed; without any, those of the default.
    Items(&'static str),
    /// Times in seconds; without any, those of the default.
    Seconds(&'static str),
    /// At least one URL.
    Urls,
    /// No words.
    Nothing,
}

/// A kernel's row in the table.
pub struct KernelEntry {
    /// The name of its command.
    pub name: &'static str,
    /// One line for `--help`.
    pub about: &'static str,
    /// What stands behind the name.
    pub takes: Takes,
    /// For the end of its help: what stands behind `pcount`, and what that does.
    pub examples: &'static [(&'static str, &'static str)],
    /// Makes the problem of what was typed, or says what is wrong with it.
    pub open: fn(&Given) -> Result<Opened>,
}

/// What was typed, checked as far as its form goes. A kernel reads what it takes.
#[derive(Clone, Default)]
pub struct Given {
    /// Numbers and ranges.
    pub items: Vec<Item>,
    /// Times.
    pub seconds: Vec<f64>,
    /// URLs.
    pub urls: Vec<String>,
    /// How primes are found; nothing for the quickest way.
    pub method: Option<Method>,
    /// The instruction set; nothing for the best one.
    pub lanes: Option<&'static Lanes>,
    /// Whether whole factorials are wanted however long they are, to be shown or kept.
    pub full: bool,
    /// What factorials are divided by, if only the rest is wanted: 1 to 2^64.
    pub modulus: Option<u128>,
    /// Whether a share is computed twice.
    pub verify: bool,
    /// Whether all is computed by the second of two ways, for a check: numbers are tested instead of sieved, and formulas have other
    /// parameters.
    pub otherwise: bool,
    /// The folder for downloads.
    pub dir: Option<PathBuf>,
    /// Names in that folder that downloads leave free.
    pub taken: Vec<String>,
    /// Seconds without a byte that end a try.
    pub timeout: Option<f64>,
    /// Bytes of a download, at most.
    pub max_size: Option<u64>,
    /// How long a download may take with all tries.
    pub max_time: Option<Duration>,
    /// Whether a download may replace a file.
    pub force: bool,
    /// Whether a download may follow a redirect from https to http.
    pub allow_http: bool,
    /// Seconds between the arrivals of ranks at a barrier.
    pub step: Option<f64>,
    /// How often ranks meet at a barrier to see how long that takes.
    pub rounds: Option<u32>,
    /// What is sought of primes, beside their number.
    pub seeks: Option<Seeks>,
    /// Whether the first primes of the tuplets that are sought are listed.
    pub firsts: bool,
    /// Whether tuplets are counted for each pattern apart.
    pub apart: bool,
    /// Where in a range it is told what there is up to there.
    pub points: Option<Points>,
    /// Whether it is sought when another residue class takes the lead.
    pub race: bool,
    /// Whether the reciprocals of twins are added up.
    pub brun: bool,
    /// Whether proofs are looked for of primes that the test does not prove.
    pub prove: bool,
    /// The power to which primes are raised before they are added up.
    pub power: Option<u32>,
    /// A column of a file whose numbers take the place of the items.
    pub column: Option<Arc<dyn Column>>,
}

impl KernelEntry {
    /// Whether its answers depend on numbers only, so that another run gives the same.
    pub fn lasts(&self) -> bool {
        match self.takes {
            Takes::Ranges(_) | Takes::Numbers | Takes::Two(..) | Takes::Items(_) => true,
            Takes::Seconds(_) | Takes::Urls | Takes::Nothing => false,
        }
    }

    /// How much was given, in the unit that people count it in; `None` if that says little about a problem of so many units.
    pub fn amount(&self, given: &Given, units: u64) -> Option<Amount> {
        let numbers = || given.items.iter().map(|item| item.first_and_count().1 as f64).sum();
        let (all, of) = match self.takes {
            Takes::Ranges(_) | Takes::Items(_) | Takes::Numbers => (numbers(), "numbers"),
            Takes::Urls => (given.urls.len() as f64, "files"),
            Takes::Seconds(_) => (given.seconds.len() as f64, "waits"),
            Takes::Two(..) | Takes::Nothing => return None,
        };
        // A single number can be work for hours.
        (all >= units as f64).then_some(Amount { all, of })
    }
}

impl Given {
    /// Whether primes are listed, which are printed as they are found.
    pub fn lists_primes(&self) -> bool {
        self.seeks == Some(Seeks::Primes) || self.firsts
    }

    /// The items as spans; a number is the span of it alone.
    fn spans(&self) -> Vec<Span> {
        let span = |item: &Item| match item {
            Item::Range(span) => *span,
            Item::Number(n) => Span::new(*n, n.saturating_add(1)).expect("n <= n + 1"),
        };
        self.items.iter().map(span).collect()
    }
}

/// How primes are found, or counted without finding them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By trial division.
    Trial,
    /// By the segmented sieve.
    Sieve,
    /// By Legendre's formula, the first of the combinatorial ones.
    Legendre,
    /// By that of Lagarias, Miller and Odlyzko.
    Lmo,
    /// By Gourdon's, the quick one.
    Gourdon,
}

impl Method {
    /// All of them, the oldest first.
    pub const ALL: [Method; 5] = [Method::Trial, Method::Sieve, Method::Legendre, Method::Lmo, Method::Gourdon];

    /// As people type it, and as reports tell it.
    pub fn name(self) -> &'static str {
        match self {
            Method::Trial => "trial",
            Method::Sieve => "sieve",
            Method::Legendre => "legendre",
            Method::Lmo => "lmo",
            Method::Gourdon => "gourdon",
        }
    }
}

/// Points of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Points {
    /// One after each so many numbers, and the end.
    Every(u128),
    /// These.
    At(Vec<u128>),
}

/// What is sought of the primes of a range, beside their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeks {
    /// How many tuplets.
    Tuplets(Tuplet),
    /// The largest gap.
    Gaps,
    /// Other gaps, as a table.
    GapTable(GapTable),
    /// How many primes each class modulo this number has.
    Residues(u64),
    /// The primes themselves.
    Primes,
}

/// Which tuplets are sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tuplet {
    /// The densest of so many primes: 2 to 12.
    Densest(u64),
    /// Those of a pattern.
    Of(Pattern),
}

/// Which gaps of a range are a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapTable {
    /// Those that are larger than all before.
    Records,
    /// The first of each size.
    First,
    /// How many there are of each size, and the first of them.
    Histogram,
    /// All that are so wide or wider.
    AtLeast(u128),
}

impl GapTable {
    /// Those with a name.
    pub const NAMED: [GapTable; 3] = [GapTable::Records, GapTable::First, GapTable::Histogram];

    /// As people type it.
    pub fn name(self) -> String {
        match self {
            GapTable::Records => "records".into(),
            GapTable::First => "first".into(),
            GapTable::Histogram => "histogram".into(),
            GapTable::AtLeast(least) => least.to_string(),
        }
    }
}

impl Seeks {
    /// The option that asks for it.
    pub fn option(self) -> &'static str {
        match self {
            Seeks::Tuplets(_) => "tuplet",
            Seeks::Gaps | Seeks::GapTable(_) => "gaps",
            Seeks::Residues(_) => "residues",
            Seeks::Primes => "list",
        }
    }

    fn value(self) -> Value {
        match self {
            Seeks::Tuplets(Tuplet::Densest(k)) | Seeks::Residues(k) => Value::text(k.to_string()),
            Seeks::Tuplets(Tuplet::Of(pattern)) => Value::text(pattern.to_string()),
            Seeks::GapTable(table) => Value::text(table.name()),
            Seeks::Gaps | Seeks::Primes => Value::text("yes"),
        }
    }
}

/// A problem ready to be computed; cheap to have: tables are made when the run starts.
pub struct Opened {
    /// What is to be computed.
    pub job: Job,
    /// What identifies the problem, in the order in which it is shown.
    pub facts: Vec<Fact>,
    /// How it is computed, where the kernel has a choice.
    pub how: Vec<PlanChoice>,
}

/// A choice of how a problem is computed. None changes the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanChoice {
    /// As the report has it.
    pub fact: Fact,
    /// Whether it decides how units are cut. Then a run is resumed with this choice only.
    pub cuts: bool,
}

impl PlanChoice {
    /// A choice that decides how units are cut.
    pub fn cutting(fact: Fact) -> PlanChoice {
        PlanChoice { fact, cuts: true }
    }

    /// A choice that changes nothing in the units.
    pub fn free(fact: Fact) -> PlanChoice {
        PlanChoice { fact, cuts: false }
    }
}

/// All kernels, in the order of `--help`; the first is what a bare `pcount` does.
pub const KERNELS: &[KernelEntry] = &[
    primes::PRIMES,
    primes::PI,
    primes::SUMS,
    primes::NTH,
    is_prime::IS_PRIME,
    neighbours::NEXT_PRIME,
    neighbours::PREV_PRIME,
    phi::PHI,
    li::LI,
    riemann_r::RIEMANN_R,
    factorial::FACTORIAL,
    square::SQUARE,
    double::DOUBLE,
    sum::SUM,
    map_reduce::MAP_REDUCE,
    delay::DELAY,
    download::DOWNLOAD,
    barrier::BARRIER,
    ranks::RANKS,
];

/// What a report says of ranges that overlap, if they do.
pub fn overlap_fact(overlap: bool) -> Option<PlanChoice> {
    overlap.then(|| PlanChoice::cutting(Fact::new("note", Value::text(OVERLAP))))
}

/// The kernel of that name.
pub fn find(name: &str) -> Option<&'static KernelEntry> {
    KERNELS.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::placement::Placement;
    use crate::syntax;
    use crate::work::{Answer, Work, tests::whole};
    use crate::{block::Block, wire};

    /// What `text` says as numbers and ranges.
    pub(crate) fn given(text: &str) -> Given {
        let items = text.split_whitespace().flat_map(|word| syntax::items(word).unwrap());
        Given { items: items.collect(), ..Given::default() }
    }

    /// The same of kernels that take numbers: a range stands for each of its own.
    pub(crate) fn numbers(text: &str) -> Given {
        let numbers = given(text).items.into_iter().flat_map(|item| {
            let (first, count) = item.first_and_count();
            (0..count).map(move |index| Item::Number(first + index))
        });
        Given { items: numbers.collect(), ..Given::default() }
    }

    /// The answer of a problem, computed by one worker.
    pub(crate) fn answer(opened: Result<Opened>) -> Answer {
        match opened.unwrap().job {
            Job::Work(work) => whole(&*work),
            Job::Stream(stream) => whole(&*stream.work),
            Job::PerRank(_) => panic!("a problem that runs once on every rank has no units"),
        }
    }

    /// The cells of one column.
    pub(crate) fn column(answer: &Answer, key: &str) -> Vec<String> {
        let column = answer.table.column(key).unwrap();
        answer.table.rows.iter().map(|row| row[column].to_string()).collect()
    }

    /// The work of a kernel, with what was typed.
    fn work(kernel: &str, given: &Given) -> Arc<dyn Work> {
        match (find(kernel).unwrap().open)(given).unwrap().job {
            Job::Work(work) => work,
            _ => panic!("{kernel} has no ledger"),
        }
    }

    /// One of each that has a ledger, and whether a part of it that differs in a bit is always seen.
    fn ledgers() -> Vec<(&'static str, bool, Given)> {
        let by = |method, text| Given { method: Some(method), ..given(text) };
        let residues = |text, modulus| Given { modulus: Some(modulus), ..given(text) };
        let seeking = |seeks, text| Given { seeks: Some(seeks), ..given(text) };
        vec![
            ("primes", false, by(Method::Trial, "0..1e5 1e9..+1e5/3")),
            ("primes", false, by(Method::Sieve, "0..3e7 1e10..+1e8 2^64..+1e5 7..7 0..2")),
            ("primes", false, Given { verify: true, ..by(Method::Gourdon, "0..3e7 3e7..1e9 5..6") }),
            ("primes", false, seeking(Seeks::Tuplets(Tuplet::Densest(2)), "0..3e6 7..8 1e12..+1e6 24..28")),
            ("primes", false, seeking(Seeks::Tuplets(Tuplet::Densest(6)), "0..3e6 7..8 1e12..+1e6 24..28")),
            ("primes", false, seeking(Seeks::Tuplets(Tuplet::Densest(7)), "0..3e6 7..8 1e12..+1e6 24..28")),
            ("primes", false, seeking(Seeks::Gaps, "0..3e6 7..8 24..28 1e12..+1e6 2^64..+1e4")),
            ("primes", false, seeking(Seeks::GapTable(GapTable::Records), "0..3e7")),
            ("primes", false, seeking(Seeks::GapTable(GapTable::Histogram), "1e10..+1e7")),
            ("primes", false, seeking(Seeks::GapTable(GapTable::AtLeast(100)), "0..3e7")),
            ("primes", false, seeking(Seeks::GapTable(GapTable::AtLeast(300)), "0..1e8")),
            ("primes", false, seeking(Seeks::Residues(12), "1e10..+1e7 0..3e7 24..28 7..7")),
            ("primes", false, seeking(Seeks::Residues(1001), "0..3e6 3e6..4e6")),
            ("primes", false, Given { race: true, ..seeking(Seeks::Residues(4), "0..3e7") }),
            ("primes", false, Given { race: true, ..seeking(Seeks::Residues(60), "5..3e6") }),
            ("primes", false, Given { points: Some(Points::Every(1_000_000)), ..given("1e7..3e7") }),
            ("sum-primes", false, given("0..3e7 1e10..+1e8 24..28")),
            ("pi", false, by(Method::Gourdon, "10 1e9")),
            ("primes", false, by(Method::Legendre, "0..100 1e9..2e9 5..5")),
            ("pi", false, Given { verify: true, ..by(Method::Lmo, "1e9 0 100") }),
            ("nth-prime", false, given("7 1e6 1e8")),
            ("is-prime", true, numbers("0..16 2^127-1")),
            ("is-prime", true, Given { prove: true, ..numbers("2^89-1 2^89+1") }),
            ("primes", false, Given { prove: true, ..given("1e25..+9000 10..3000") }),
            ("next-prime", false, numbers("0..300 2^100")),
            ("prev-prime", true, numbers("3..19 2^64")),
            ("phi", false, given("1e9 100")),
            ("phi", false, given("1e10 1e6")),
            ("phi", false, given("1e11 1000")),
            ("li", false, given("0..100 1e20")),
            ("riemann-r", false, given("1..40")),
            ("factorial", false, given("0..100")),
            ("factorial", true, given("60000")),
            ("factorial", false, residues("1000..9000", 1_000_003 * 999_983)),
            ("factorial", false, residues("3000000..3000900 7", 1_000_000_007)),
            ("square", true, given("0..10000 2^100")),
            ("double", true, given("0..10000")),
            ("sum", false, given("0..1e7 5..5")),
            ("map-reduce", false, given("0..1e7")),
            ("delay", false, Given { seconds: vec![0.001, 0.0], ..Given::default() }),
        ]
    }

    #[test]
    fn what_units_come_to_is_plausible_however_they_are_put_together() {
        for (kernel, _, given) in ledgers() {
            let work = work(kernel, &given);
            let mut worker = work.worker(&Placement::here(0));
            for level in [0, 1, 4, 63] {
                for block in Block::tiling(0..work.units(), level) {
                    let part = worker.block(block).unwrap();
                    assert!(work.plausible(block.units(), &part), "{kernel} {:?}: {block:?}", given.items);
                }
            }
        }
    }

    #[test]
    fn what_units_cannot_come_to_is_refused() {
        for (kernel, exact, given) in ledgers() {
            let work = work(kernel, &given);
            let mut worker = work.worker(&Placement::here(0));
            let parts: Vec<_> =
                (0..work.units().min(40)).map(|unit| worker.block(Block { level: 0, index: unit }).unwrap()).collect();
            let (mut flipped, mut refused) = (0, 0);
            for (unit, part) in (0..).zip(&parts) {
                let is = |bytes: &[u8]| work.plausible(unit..unit + 1, bytes);
                assert!(!is(&part[..part.len() - 1]) && !is(&[part, &[0][..]].concat()), "{kernel}: not that long");
                for at in (0..part.len()).step_by(1 + part.len() / 200) {
                    let mut other = part.clone();
                    other[at] ^= 1 << (at % 8);
                    (flipped, refused) = (flipped + 1, refused + i32::from(!is(&other)));
                }
                // Nothing that is said of no units is said of some, nor the other way round.
                assert!(!work.plausible(unit..unit, part), "{kernel}: of no units");
            }
            assert!(
                if exact { refused == flipped } else { 4 * refused >= flipped },
                "{kernel}: {refused} of {flipped}"
            );
        }
    }

    #[test]
    fn gaps_that_are_none_and_tuplets_that_cannot_be_are_refused() {
        type Gaps = (u64, (Option<(u128, u128)>, Option<(u128, u128)>));
        let gaps = work("primes", &Given { seeks: Some(Seeks::Gaps), ..given("0..100") });
        let is = |primes: u64, ends: (u128, u128), gap: (u128, u128)| {
            let part: Gaps = (primes, (Some(ends), Some(gap)));
            gaps.plausible(0..1, &wire::bytes(&vec![(0u64, wire::Bytes(wire::bytes(&(0u64, vec![part]))))]))
        };
        assert!(is(25, (2, 97), (8, 89)));
        for (primes, ends, gap) in [
            (25, (2, 97), (8, 53)),
            (25, (2, 97), (10, 87)),
            (25, (2, 97), (12, 47)),
            (25, (2, 97), (2, 3)),
            (25, (2, 97), (u128::MAX, 89)),
            (25, (3, 97), (8, 89)),
            (25, (2, 89), (8, 89)),
            (101, (2, 97), (8, 89)),
            (u64::MAX, (2, 97), (8, 89)),
        ] {
            assert!(!is(primes, ends, gap), "{primes} {ends:?} {gap:?}");
        }
        let twins = work("primes", &Given { seeks: Some(Seeks::Tuplets(Tuplet::Densest(2))), ..given("0..100") });
        let is = |primes: u64, tuplets: u64, first: u128, last: u128| {
            let part = ((primes, tuplets), (vec![first], vec![last]));
            twins.plausible(0..1, &wire::bytes(&vec![(0u64, wire::Bytes(wire::bytes(&(0u64, vec![part]))))]))
        };
        assert!(is(25, 8, 2, 97));
        assert!(!is(25, 25, 2, 97) && !is(25, 8, 2, 101) && !is(25, 8, 5, 97) && !is(0, 0, 2, 97) && !is(1, 0, 2, 97));
    }

    #[test]
    fn names_are_there_and_differ() {
        for (index, entry) in KERNELS.iter().enumerate() {
            assert!(!entry.about.is_empty() && !entry.about.ends_with('.'), "{}", entry.name);
            assert!(
                entry.examples.iter().any(|(line, _)| line.starts_with(entry.name)),
                "{} has no example",
                entry.name
            );
            assert!(KERNELS[..index].iter().all(|other| other.name != entry.name), "{} twice", entry.name);
        }
    }

    #[test]
    fn every_bare_answer_is_a_column_or_the_total() {
        for (kernel, _, given) in ledgers() {
            let answer = whole(&*work(kernel, &given));
            match answer.table.columns.is_empty() {
                true => assert!(answer.total.is_some() && answer.bare == "total", "{kernel}"),
                false => assert!(answer.table.column(answer.bare).is_some(), "{kernel}: no column '{}'", answer.bare),
            }
        }
    }
}
