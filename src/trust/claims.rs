//! What run files and certificates claim, in one form.

use crate::attempt::Question;
use crate::block::Block;
use crate::cli::{self, Order, Request, question};
use crate::digest::{Sha256, hex};
use crate::error::{Error, Result};
use crate::features;
use crate::math::integer::Integer;
use crate::plan::Plan;
use crate::report::certificate::{BEGINS, BYTES_MAX, Claim, Told};
use crate::report::{Report, State, Status};
use crate::run::ledger::Ledger;
use crate::run_file::files;
use crate::values::{Fact, Value};
use crate::wire::{self, Bytes};
use crate::witness::{self, Witness};
use crate::work::{Answer, Job, Work};
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A claim, and the file that it was read from.
pub struct ClaimRead {
    /// What the run claims.
    pub claim: Claim,
    /// The report of the run; `None` if it was a certificate.
    pub report: Option<Report>,
}

/// What a run file or a certificate claims.
///
/// # Errors
/// If the file cannot be read, is damaged, or has nothing to be checked.
pub fn read(path: &Path) -> Result<ClaimRead> {
    let at = |why: Error| why.at(&format!("'{}'", path.display()));
    // A certificate would do, but the commands that take one take run files, too: they are refused alike.
    if !features::is_built_in("hdf5") {
        (files()?.opened)(path)?;
    }
    match certificate(path)? {
        Some(text) => {
            let claim = Claim::read(&text).map_err(at)?;
            is_well_formed(&claim).map_err(at)?;
            Ok(ClaimRead { claim, report: None })
        }
        None => {
            let report = (files()?.opened)(path)?.report;
            let claim = of_report(&report).map_err(at)?;
            Ok(ClaimRead { claim, report: Some(report) })
        }
    }
}

/// Whether there is a plain file that begins as certificates do.
pub fn is_certificate(path: &Path) -> bool {
    matches!(certificate(path), Ok(Some(_)))
}

/// The text of the file, if it begins as certificates do. What is no plain file might keep its reader waiting, and may be read only once.
fn certificate(path: &Path) -> Result<Option<String>> {
    let failed = |why: std::io::Error| match why.kind() {
        std::io::ErrorKind::NotFound => Error::usage(format!("'{}': there is no such file", path.display())),
        _ => Error::failed(format!("cannot read '{}': {why}", path.display())),
    };
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(Error::usage(format!("'{}' is not a plain file: put what it has into one", path.display())));
    }
    let mut file = File::open(path).map_err(failed)?;
    let mut bytes = vec![0; BEGINS.len()];
    if file.read_exact(&mut bytes).is_err() || bytes != BEGINS.as_bytes() {
        return Ok(None);
    }
    file.take(BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    let text = String::from_utf8(bytes).map_err(|_| Error::failed(format!("'{}' is not text", path.display())))?;
    Ok(Some(text))
}

/// What a report claims.
///
/// # Errors
/// If it has no units, or if this program would cut it into others.
pub fn of_report(report: &Report) -> Result<Claim> {
    let none = |why: &str| Error::usage(format!("{why}: there is nothing that can be checked"));
    if report.list.is_some() {
        return Err(none("its answer is a list, which is not kept in blocks"));
    }
    let state = report.state.as_ref().ok_or_else(|| none("it has no units"))?;
    let (_, plan) = planned(report, state)?;
    let asked = Asked::of(&plan)?;
    let damaged = |why: Error| why.at("the file is damaged");
    let witnesses = match state.done == state.units {
        true => state.blocks.clone(),
        // Of an unfinished run, what its parts have.
        false => {
            Ledger::check(&*asked.work, &state.blocks).map_err(damaged)?;
            let of = state.blocks.iter().map(|(_, part)| asked.work.witnesses(&part.0)).collect::<Result<Vec<_>>>()?;
            of.concat()
        }
    };
    if witnesses.is_empty() && state.units > 0 {
        return Err(none("it has no whole block yet"));
    }
    let inside = asked.inside();
    let blocks = witnesses.iter().map(|(block, bytes)| {
        let units = block.first()..block.units().end.min(state.units);
        match wire::value::<Witness>(&bytes.0).map_err(damaged)? {
            Witness::Part(part) if !inside.plausible(units.clone(), &part) => {
                let what = format!("what units {}..{} came to is impossible", units.start, units.end);
                Err(damaged(Error::failed(what)))
            }
            witness => Ok((units, asked.told_of(&witness))),
        }
    });
    let claim =
        Claim::of(report, question(&state.arguments), witness::level(state.units), blocks.collect::<Result<_>>()?);
    claim.ok_or_else(|| none("it has no units"))
}

/// The order of a run and its plan, as this program makes it.
///
/// # Errors
/// If it makes none, or another one, and why that may be.
pub fn planned(report: &Report, state: &State) -> Result<(Order, Plan)> {
    let question = Question { words: &state.arguments, list: &state.list, ranks: state.ranks };
    let (order, plan) = question.planned(may_be_asked_again)?;
    let is_over = report.status != Status::Partial;
    match fits(&plan, state.fingerprint, state.units) {
        // Until then its units are those of both counts.
        Err(_) if order.double_check && !is_over => {
            Err(Error::usage("it is of a --double-check that is not over: resume it first"))
        }
        Err(_) if is_over && state.blocks.is_empty() => {
            Err(Error::usage("it has no blocks, as it was answered from a cache: there is nothing that can be checked"))
        }
        fits => fits.map(|()| (order, plan)),
    }
}

/// Whether a question that a file asks may be planned here: what it does must depend on numbers only.
pub(super) fn may_be_asked_again(order: &Order) -> bool {
    order.entry().lasts()
}

/// The order of a claim, and its plan as this program makes it.
///
/// # Errors
/// If it makes none, or another one.
pub fn plan(claim: &Claim) -> Result<(Order, Plan)> {
    let question = Question { words: &claim.words, list: &claim.list, ranks: claim.ranks };
    let (order, plan) = question.planned(may_be_asked_again)?;
    fits(&plan, claim.fingerprint, claim.units)?;
    Ok((order, plan))
}

/// Looks whether the words of a certificate name no file: it is for a run file, made here, to say which file is read.
///
/// # Errors
/// If they do.
pub fn names_no_file(claim: &Claim) -> Result<()> {
    match cli::read_again(&claim.words)? {
        Request::Run(order) if order.column_file().is_some() => Err(Error::usage(
            "its numbers are in a file of the machine that computed it: its run file can be checked there",
        )),
        _ => Ok(()),
    }
}

/// The work of a plan, and how its parts are told.
#[derive(Clone)]
pub struct Asked {
    /// The work; it has witnesses.
    pub work: Arc<dyn Work>,
    /// Whether parts may be told as integers. If a range is asked for twice, two of these would have one name.
    named: bool,
    /// How many ranges or numbers it asks about.
    rows: usize,
}

impl Asked {
    /// What a plan asks for.
    ///
    /// # Errors
    /// If it has no units.
    pub fn of(plan: &Plan) -> Result<Asked> {
        match &plan.job {
            Job::Work(work) => {
                let asked = asked_for(&plan.facts);
                let twice = asked.windows(2).any(|two| two[0] == two[1]);
                Ok(Asked { work: work.clone(), named: !twice, rows: asked.len() })
            }
            Job::Stream(_) | Job::PerRank(_) => Err(Error::usage(format!("'{}' has no blocks to check", plan.kernel))),
        }
    }

    /// The work without witnesses.
    pub fn inside(&self) -> Arc<dyn Work> {
        self.work.without_witnesses().unwrap_or_else(|| self.work.clone())
    }

    /// What a part is told as.
    pub fn told(&self, part: &[u8]) -> Told {
        self.told_of(&Witness::of(part))
    }

    fn told_of(&self, witness: &Witness) -> Told {
        match witness {
            Witness::Digest(digest) => Told::Digest(hex(digest)),
            Witness::Part(part) => match self.work.numbers(part).filter(|_| self.named) {
                Some(mut numbers) => {
                    numbers.sort();
                    Told::Numbers(numbers)
                }
                None => Told::Part(part.clone()),
            },
        }
    }
}

/// The ranges or numbers that are asked about, sorted.
fn asked_for(facts: &[Fact]) -> Vec<String> {
    let Some(Value::List(asked)) = facts.first().map(|fact| &fact.value) else { return vec![] };
    let mut asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
    asked.sort();
    asked
}

pub(super) fn fits(plan: &Plan, fingerprint: u64, units: u64) -> Result<()> {
    match plan.fingerprint() == fingerprint && plan.units() == units {
        true => Ok(()),
        false => Err(Error::usage(
            "another build of pcount made it, or its words ask for something else: the build that made it can check it",
        )),
    }
}

/// Looks whether the blocks are some of those that a run of so many units has, in order.
fn is_well_formed(claim: &Claim) -> Result<()> {
    let mut due = ranges(claim.units);
    let are_some = claim.blocks.iter().all(|(units, _)| due.any(|range| range == *units));
    match claim.level == witness::level(claim.units) && are_some {
        true => Ok(()),
        false => Err(Error::Wrong("its blocks are not those of a run of so many units".into())),
    }
}

/// Whether the blocks of a claim are all that there are, each once and in order.
pub fn are_all(claim: &Claim) -> bool {
    ranges(claim.units).eq(claim.blocks.iter().map(|(units, _)| units.clone()))
}

/// The units of the blocks that a run of so many units has.
pub fn ranges(units: u64) -> impl Iterator<Item = Range<u64>> {
    witness::blocks(units).map(move |block| block.first()..block.units().end.min(units))
}

/// An answer of at most so many ranges or numbers has short parts only, unless one of its parts is nearly as long as parts are kept.
const SHORT_ROWS: usize = 8;

/// Looks whether digests stand only where parts can be long: a forger may put one in the place of a number, so that nothing can be added up.
///
/// # Errors
/// Names the first block whose digest hides what it came to.
fn hides_nothing(claim: &Claim, asked: &Asked) -> Result<()> {
    let is_short = |told: &Told| match told {
        Told::Part(part) => part.len() <= witness::PART_MAX / 4,
        Told::Numbers(_) => true,
        Told::Digest(_) => false,
    };
    let mut others =
        claim.blocks.iter().map(|(_, told)| told).filter(|told| !matches!(told, Told::Digest(_))).peekable();
    let are_short = others.peek().is_some() && others.all(is_short);
    let hidden = claim.blocks.iter().find(|(_, told)| matches!(told, Told::Digest(_)));
    match hidden.filter(|_| asked.rows <= SHORT_ROWS && are_short) {
        None => Ok(()),
        Some((units, _)) => Err(Error::Wrong(format!(
            "units {}..{} are told by a SHA-256, which stands only for what is long: what they came to is hidden",
            units.start, units.end
        ))),
    }
}

/// The answer that the blocks come to; `None` if some are only told by their digest.
///
/// # Errors
/// If they cannot be parts of this work, if they contradict each other, or if a digest hides one that must be short.
pub fn answer(claim: &Claim, asked: &Asked) -> Result<Option<Answer>> {
    let inside = asked.inside();
    let wrong = |units: &Range<u64>| {
        Error::Wrong(format!("units {}..{} cannot have come to what is said of them", units.start, units.end))
    };
    hides_nothing(claim, asked)?;
    let mut parts = vec![];
    for (index, (units, told)) in claim.blocks.iter().enumerate() {
        let part = match told {
            Told::Digest(_) => return Ok(None),
            Told::Part(part) => part.clone(),
            Told::Numbers(numbers) if numbers.is_empty() => inside.empty(),
            Told::Numbers(numbers) => inside.part_of(numbers).ok_or_else(|| wrong(units))?,
        };
        if !inside.plausible(units.clone(), &part) {
            return Err(wrong(units));
        }
        parts.push((Block { level: claim.level, index: index as u64 }, Bytes(part)));
    }
    if parts.is_empty() {
        return inside.close(&inside.empty()).map(Some);
    }
    // Put together as the run did it, so that even what depends on the order is the same.
    let ledger = Ledger::restored(&*inside, Block::root(inside.units()), parts)?;
    let whole = ledger.whole().ok_or_else(|| Error::Wrong("some of its blocks are missing".into()))?;
    inside.close(whole).map(Some)
}

/// What is said of a block, in a few words.
pub fn shown(told: &Told) -> String {
    match told {
        Told::Digest(digest) => format!("sha256 {digest}"),
        Told::Part(part) => format!("{} bytes with sha256 {}", part.len(), hex(&Sha256::of(part))),
        Told::Numbers(numbers) => {
            let each = |(name, value): &(String, Integer)| format!("{name} = {value}");
            numbers.iter().map(each).collect::<Vec<_>>().join(", ")
        }
    }
}

/// The facts that name a problem, of a report that says something about claims.
pub fn named(claim: &Claim, file: &Path) -> Vec<Fact> {
    let mut named = vec![
        Fact::new("file", Value::text(file.display().to_string())),
        Fact::new("command", Value::text(claim.kernel.clone())),
    ];
    named.extend(claim.asked());
    named
}
