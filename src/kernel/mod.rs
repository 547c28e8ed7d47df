//! The problems, one per file, and the table of them.
//!
//! A kernel's file says what it takes, cuts it into units, computes one and makes the answer of the whole. It
//! asks for its arguments as plain data ([`Takes`], [`Given`]); only `cli` knows how they are typed. To add a
//! kernel, add its file, its `mod` line and its row.

mod barrier;
mod delay;
mod double;
mod download;
mod factorial;
mod li;
mod map_reduce;
mod phi;
mod primes;
mod ranks;
mod riemann_r;
mod square;
mod sum;
mod terms;
mod values;

use crate::error::Result;
use crate::math::lanes::Lanes;
use crate::math::span::Span;
use crate::report::{Fact, Value};
use crate::syntax::Item;
use crate::work::Job;
use std::path::PathBuf;

/// What can be typed behind a kernel's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Ranges; without any, those of the default.
    Ranges(&'static str),
    /// At most one range; without it, that of the default, in which `ranks` stands for their number.
    Range(&'static str),
    /// At least one number.
    Numbers,
    /// Exactly two numbers: what they are called, and two that would do.
    Two([&'static str; 2], &'static str),
    /// Numbers and ranges mixed; without any, those of the default.
    Items(&'static str),
    /// Times in seconds; without any, those of the default.
    Seconds(&'static str),
    /// At least one URL.
    Urls,
    Nothing,
}

/// An option that not all kernels have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opt {
    Method,
    Lanes,
    Full,
    Verify,
    Dir,
    List,
    Timeout,
    Step,
    Tuplet,
    Gaps,
    Primes,
}

/// A kernel's row in the table.
pub struct Entry {
    pub name: &'static str,
    /// One line for `--help`.
    pub about: &'static str,
    pub takes: Takes,
    pub options: &'static [Opt],
    pub open: fn(&Given) -> Result<Opened>,
}

/// What was typed, checked as far as its form goes. A kernel reads what it takes.
#[derive(Clone, Default)]
pub struct Given {
    pub items: Vec<Item>,
    pub seconds: Vec<f64>,
    pub urls: Vec<String>,
    pub method: Option<Method>,
    pub lanes: Option<&'static Lanes>,
    /// Whether whole factorials are wanted however long they are.
    pub full: bool,
    /// Whether a share is computed twice.
    pub verify: bool,
    pub dir: Option<PathBuf>,
    pub timeout: Option<f64>,
    pub step: Option<f64>,
    pub seeks: Option<Seeks>,
}

impl Given {
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
    Trial,
    Sieve,
    Leaves,
}

/// What is sought of the primes of a range, beside their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeks {
    /// How many tuplets of so many primes: 2 to 6.
    Tuplets(u64),
    /// The largest gap.
    Gaps,
    /// The primes themselves.
    Primes,
}

impl Seeks {
    /// The option that asks for it.
    pub fn option(self) -> &'static str {
        match self {
            Seeks::Tuplets(_) => "tuplet",
            Seeks::Gaps => "gaps",
            Seeks::Primes => "list",
        }
    }

    fn value(self) -> Value {
        match self {
            Seeks::Tuplets(k) => Value::text(k.to_string()),
            Seeks::Gaps | Seeks::Primes => Value::text("yes"),
        }
    }
}

/// A problem ready to be computed; cheap to have: tables are made when the run starts.
pub struct Opened {
    pub job: Job,
    /// What identifies the problem, in the order it is told.
    pub facts: Vec<Fact>,
    /// How it is computed, where the kernel has a choice.
    pub how: Vec<Fact>,
}

/// All kernels, in the order of `--help`; the first is what a bare `pcount` does.
pub const KERNELS: &[Entry] = &[
    primes::PRIMES,
    primes::PI,
    primes::SUMS,
    primes::NTH,
    phi::ENTRY,
    li::ENTRY,
    riemann_r::ENTRY,
    factorial::ENTRY,
    square::ENTRY,
    double::ENTRY,
    sum::ENTRY,
    map_reduce::ENTRY,
    delay::ENTRY,
    download::ENTRY,
    barrier::ENTRY,
    ranks::ENTRY,
];

/// The kernel of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    KERNELS.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::syntax;
    use crate::work::{Answer, tests::whole};

    /// What `text` says as numbers and ranges.
    pub(crate) fn given(text: &str) -> Given {
        let items = text.split_whitespace().flat_map(|word| syntax::items(word).unwrap());
        Given { items: items.collect(), ..Given::default() }
    }

    /// The answer of a problem, computed by one hand.
    pub(crate) fn answer(opened: Result<Opened>) -> Answer {
        match opened.unwrap().job {
            Job::Work(work) => whole(&*work),
            Job::Stream(stream) => whole(&*stream.work),
            Job::Roll(_) => panic!("a roll has no units"),
        }
    }

    /// The cells of one column.
    pub(crate) fn column(answer: &Answer, key: &str) -> Vec<String> {
        let column = answer.table.column(key).unwrap();
        answer.table.rows.iter().map(|row| row[column].to_string()).collect()
    }

    #[test]
    fn names_and_bare_answers_are_there() {
        for (index, entry) in KERNELS.iter().enumerate() {
            assert!(!entry.about.is_empty() && !entry.about.ends_with('.'), "{}", entry.name);
            assert!(KERNELS[..index].iter().all(|other| other.name != entry.name), "{} twice", entry.name);
        }
    }
}
