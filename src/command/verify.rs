//! `verify`: computes a share of the blocks of a run again, and says what that proves; or the whole answer by another method.

use super::checked::{Ticks, report_of};
use super::verify_whole;
use super::{code, rendered, run};
use crate::cli::{Checking, OtherMethod};
use crate::error::{Error, Result, WRONG};
use crate::math::lanes;
use crate::report::certificate::{Claim, Told};
use crate::report::progress::Progress;
use crate::report::{self, Status};
use crate::run::stop::Stops;
use crate::run::{self as running, Course, placements, room};
use crate::streams;
use crate::trust::claims::{self, Asked, ClaimRead};
use crate::trust::recount::{Recount, choice};
use crate::values::{Fact, Value};
use crate::wire;
use crate::work::{Answer, Work};
use crate::world::{World, agree, from_root};
use std::ops::Range;
use std::sync::Arc;

/// Which share of the blocks is computed again, if nothing is said.
const FRACTION: f64 = 0.01;

/// How sure the statement is that is made of what was found.
const SURE: f64 = 0.95;

/// What all ranks need to know of the claim.
#[derive(Clone)]
struct Task {
    words: Vec<String>,
    list: Vec<String>,
    ranks: u64,
    fingerprint: u64,
    units: u64,
    level: u32,
    lanes: Option<String>,
    /// The blocks that are computed again, by their units.
    chosen: Vec<((u64, u64), Told)>,
}

wire::fields! { Task { words list ranks fingerprint units level lanes chosen } }

/// Computes blocks of the run or certificate again. Returns the exit code of all ranks: 3 if one comes to something else.
///
/// # Errors
/// On every rank: if the file cannot be read, if its numbers contradict each other, if this program would not compute the same units, or
/// if a unit cannot be computed.
pub fn verify(world: &dyn World, checking: &Checking, stops: &Stops) -> Result<u8> {
    let (_, clock) = run::began(world)?;
    let read = agree(world, world.is_root().then(|| begin(checking)).transpose(), |_| 0)?;
    let task: Task = from_root(world, || {
        let (claim, chosen, _) = read.as_ref().expect("the root has read it");
        let chosen = chosen.iter().map(|&index| {
            let (units, told) = &claim.blocks[index];
            ((units.start, units.end), told.clone())
        });
        Ok(task(claim, chosen.collect()))
    })?;
    let (asked, by) = match agree(world, again(&task, checking), |_| 0)? {
        Again::Blocks(asked, by) => (asked, by),
        Again::All(work, by) => {
            let claim = read.map(|(claim, ..)| claim);
            return verify_whole::verify(world, checking, stops, (work, &by), claim);
        }
    };
    let again = Arc::new(Recount::new(asked, task.level, chosen(&task)));
    let recount: Arc<dyn Work> = again.clone();
    let (placement, placements) = placements::take(world, checking.order.threads)?;
    room::check(world, &placements, &recount.forecast())?;
    let mut watch = Ticks(Progress::new(checking.order.progress, world.is_root()));
    let course = Course::new(checking.order.schedule, stops);
    let outcome = running::run(world, &recount, &placement, course, &mut watch);
    recount.abandon();
    let outcome = outcome?;
    watch.0.finish(outcome.as_ref().is_none_or(|outcome| outcome.whole.is_some()));
    let said = read.zip(outcome).map(|((claim, _, adds_up), outcome)| {
        let Some(whole) = outcome.whole else {
            let after = report::people::duration(clock.elapsed().as_secs_f64());
            streams::remark(&format!(
                "stopped after {after}: nothing is known yet; a smaller --fraction takes less time"
            ));
            return Ok(code(Status::Partial));
        };
        let answers = match again.answer(&whole)?.filter(|_| claim.answer.is_some()) {
            Some(answer) => Answers::of(claim.answers(&answer.table, total(&answer).as_deref())),
            None if adds_up => Answers::Sums,
            None => Answers::Unknown,
        };
        conclude(
            checking,
            &claim,
            &Findings { count: task.chosen.len(), answer: recount.close(&whole)?, answers, by: &by },
        )
    });
    Ok(world.all_max(agree(world, said.transpose(), |_| 0)?.unwrap_or(0).into()) as u8)
}

/// Whether what was computed makes the answer that is claimed.
enum Answers {
    /// All blocks were computed again, and make it.
    Computed,
    /// All blocks were computed again, and make another one.
    Wrong,
    /// The sums of what is told of the blocks make it.
    Sums,
    /// That is not known: what is told of blocks is a digest, or there is no answer yet.
    Unknown,
}

impl Answers {
    fn of(right: bool) -> Answers {
        if right { Answers::Computed } else { Answers::Wrong }
    }
}

/// What was found.
struct Findings<'a> {
    /// How many blocks were computed again.
    count: usize,
    /// Those that differ.
    answer: Answer,
    answers: Answers,
    /// How they were computed.
    by: &'a str,
}

/// The total of an answer, as reports have it.
fn total(answer: &Answer) -> Option<String> {
    answer.total.as_ref().map(ToString::to_string)
}

/// Reads the claim, looks whether its numbers fit each other, and chooses blocks. Also tells whether they make the answer.
fn begin(checking: &Checking) -> Result<(Claim, Vec<usize>, bool)> {
    let ClaimRead { claim, report } = claims::read(&checking.file)?;
    let at = |why: Error| why.at(&format!("'{}'", checking.file.display()));
    if report.is_none() {
        claims::names_no_file(&claim).map_err(at)?;
    }
    let adds_up = sums(&claim).map_err(at)?;
    if claim.blocks.is_empty() && (claim.units > 0 || claim.answer.is_none()) {
        return Err(at(Error::usage("it says nothing of any block: there is nothing that can be checked")));
    }
    if claim.answer.is_none() && verify_whole::is_of(checking.method, &claims::plan(&claim)?.1.facts) {
        let why = "it is of a run that is not over, and this method computes the whole answer: resume it first";
        return Err(at(Error::usage(why)));
    }
    let count = (claim.blocks.len() as f64 * checking.fraction.unwrap_or(FRACTION)).ceil() as usize;
    let chosen = choice(claim.fingerprint, claim.blocks.len(), count.max(1));
    Ok((claim, chosen, adds_up))
}

/// Looks whether the blocks make the answer.
///
/// # Errors
/// [`Error::Wrong`] if they do not.
pub(super) fn sums(claim: &Claim) -> Result<bool> {
    let (_, plan) = claims::plan(claim)?;
    // The fingerprint is made with the version, so it is this one.
    if claim.version != env!("CARGO_PKG_VERSION") {
        return Err(Error::Wrong("its version is not that of its fingerprint".into()));
    }
    if !claim.asks(&plan.facts) || claim.kernel != plan.kernel {
        return Err(Error::Wrong("its problem is not what its words ask for".into()));
    }
    if claim.answer.is_none() {
        return Ok(false);
    }
    if !claims::are_all(claim) {
        return Err(Error::Wrong("it does not say what each of its blocks came to".into()));
    }
    let Some(answer) = claims::answer(claim, &Asked::of(&plan)?)? else { return Ok(false) };
    match claim.answers(&answer.table, total(&answer).as_deref()) {
        true => Ok(true),
        false => Err(Error::Wrong("what its blocks came to does not make its answer".into())),
    }
}

fn task(claim: &Claim, chosen: Vec<((u64, u64), Told)>) -> Task {
    let Claim { words, list, ranks, fingerprint, units, level, .. } = claim.clone();
    Task { words, list, ranks, fingerprint, units, level, lanes: claim.lanes(), chosen }
}

fn chosen(task: &Task) -> Vec<(Range<u64>, Told)> {
    task.chosen.iter().map(|((start, end), told)| (*start..*end, told.clone())).collect()
}

/// What is computed again, and how, in words.
enum Again {
    /// Chosen blocks.
    Blocks(Asked, String),
    /// All of it, in other units.
    All(Arc<dyn Work>, String),
}

/// What is computed again of the claim: by the method that was asked for, or else on other lanes than it was computed with, if there are some.
fn again(task: &Task, checking: &Checking) -> Result<Again> {
    let Task { words, list, ranks, fingerprint, units, level, .. } = task.clone();
    let claim = Claim {
        kernel: String::new(),
        problem: String::new(),
        words,
        list,
        ranks,
        answer: None,
        version: String::new(),
        fingerprint,
        units,
        level,
        attempts: vec![],
        blocks: vec![],
    };
    let others = || lanes::usable().find(|lanes| task.lanes.as_deref().is_some_and(|theirs| theirs != lanes.name));
    let (order, mut plan) = claims::plan(&claim)?;
    let ranks = usize::try_from(ranks).unwrap_or(usize::MAX);
    if let Some(method) = checking.method {
        let named = |why: Error| why.at(&format!("--method {}", method.name()));
        let otherwise = || order.otherwise().plan(ranks, &claim.list).map_err(named);
        verify_whole::fits(method, &order, &plan, otherwise)?;
        if verify_whole::is_of(Some(method), &plan.facts) {
            let fraction = checking.fraction.is_some().then_some("--fraction is for a share of the blocks, and");
            if let Some(what) = fraction {
                return Err(Error::usage(format!("{what} this method computes the whole answer: leave it out")));
            }
            let (other, by) = match method {
                OtherMethod::By(by) => {
                    let plan = order.all_by(by).plan(ranks, &claim.list).map_err(named)?;
                    (plan, format!("method {}", by.name()))
                }
                OtherMethod::Other => {
                    let by = match verify_whole::methods(&plan.facts) {
                        Some(_) => "other parameters of the formula",
                        None => "another way",
                    };
                    (otherwise()?, by.into())
                }
            };
            return Ok(Again::All(Asked::of(&other)?.inside(), by));
        }
        return Ok(Again::Blocks(Asked::of(&otherwise()?)?, "tests of each number".into()));
    }
    let asked = checking.order.lanes();
    let mut by = "the same code".to_string();
    if let Some(lanes) = asked.or_else(others).filter(|_| order.has_lanes()) {
        plan = order.on_lanes(lanes).plan(ranks, &claim.list)?;
        let same = task.lanes.as_deref() == Some(lanes.name);
        by = format!("{}{} lanes", if same { "the same " } else { "" }, lanes.name);
    } else if asked.is_some() {
        return Err(Error::usage(format!("--lanes is not for '{}': leave it out", order.command())));
    }
    Ok(Again::Blocks(Asked::of(&plan)?, by))
}

/// Says what was found. Returns the exit code.
fn conclude(checking: &Checking, claim: &Claim, found: &Findings) -> Result<u8> {
    let Findings { count, answer, answers, by } = found;
    let differ = answer.table.rows.len();
    let is_wrong = differ > 0 || matches!(answers, Answers::Wrong);
    let facts = vec![
        Fact::new("blocks", Value::count(claim.blocks.len())),
        Fact::new("recomputed", Value::count(*count)),
        Fact::new("by", Value::text(*by)),
    ];
    let report = report_of(checking, claim, is_wrong, answer.table.clone(), facts);
    let output = checking.order.output;
    if differ > 0 || output.format.has_head() {
        report::say_bytes(&rendered(&report, output)?)?;
    }
    let file = checking.file.display();
    if differ > 0 {
        let what = match count {
            1 => format!("the block that was computed again by {by}"),
            _ => format!("{differ} of {} that were computed again by {by}", blocks(*count)),
        };
        streams::remark(&format!("'{file}': {what} came to something else"));
    } else if is_wrong {
        streams::remark(&format!(
            "'{file}': its answer is not what its blocks make, which were computed again by {by}"
        ));
    } else if !output.quiet {
        streams::remark(&proven(claim, found));
    }
    Ok(if is_wrong { WRONG } else { 0 })
}

/// So many blocks, in words.
pub(super) fn blocks(count: usize) -> String {
    if count == 1 { "1 block".into() } else { format!("{count} blocks") }
}

fn were(count: usize) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// What it proves that so many blocks agree.
fn proven(claim: &Claim, Findings { count, answers, by, .. }: &Findings) -> String {
    let (count, all) = (*count, claim.blocks.len());
    let done: u64 = claim.blocks.iter().map(|(units, _)| units.end - units.start).sum();
    let agree = if count == 1 { "agrees" } else { "agree" };
    let of = match claim.answer {
        Some(_) => String::new(),
        None => format!(", of a run that has {done} of {} units", claim.units),
    };
    let answer = match answers {
        Answers::Computed if count == 1 => "; it makes the answer",
        Answers::Computed => "; they make the answer",
        Answers::Sums => "; the sums of all blocks make the answer",
        Answers::Wrong => "",
        Answers::Unknown if claim.answer.is_none() => "",
        Answers::Unknown => "; the answer itself was not compared: --fraction 1 does that",
    };
    let again = format!("{} computed again by {by} and {agree}{of}{answer}", were(count));
    match count {
        1 if all == 1 => return format!("the only block {again}"),
        _ if count >= all => return format!("all {} {again}", blocks(count)),
        _ => (),
    }
    let told = format!("{count} of {} ({:.1} %) {again}", blocks(all), 100.0 * count as f64 / all as f64);
    match one_in(count) {
        m @ 2.. => format!(
            "{told}; a run with one block in {m} wrong would have been found with probability {:.0} %",
            100.0 * SURE
        ),
        _ => format!("{told}; that is too few to say much: --fraction 1 computes all"),
    }
}

/// If one block in so many is wrong, one of `count` blocks that anybody chose is wrong with probability [`SURE`]:
/// `1 - (1 - 1/m)^count >= SURE` for `m <= 1 / (1 - (1 - SURE)^(1/count))`.
fn one_in(count: usize) -> u64 {
    (1.0 / (1.0 - (1.0 - SURE).powf(1.0 / count as f64))) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sample_proves_is_said_right() {
        for count in [1, 2, 3, 10, 100, 1024] {
            let found = |m: u64| 1.0 - (1.0 - 1.0 / m as f64).powi(count as i32);
            let m = one_in(count);
            assert!(found(m) >= SURE && found(m + 1) < SURE, "{count}: {m}");
        }
        assert_eq!((one_in(1), one_in(10), one_in(100)), (1, 3, 33));
    }
}
