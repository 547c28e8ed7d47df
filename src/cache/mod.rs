//! Answers that were computed before, as run files in a folder: `--cache DIR`.
//!
//! A question is a command with what was typed behind it. It falls apart into items, ranges or numbers: each is a question of its own
//! with an entry of its own, a run file. What has an entry is not computed again. The name of an entry has the fingerprint of the
//! plan of its question, so an entry of another version, method or option is not taken for it. An entry is read from the copy
//! of its report, or else as `show` reads a file, and is believed only if it says that it answers this question.
//!
//! Only the root reads and writes the folder. The other ranks learn from it what is left to compute.

mod cover;
mod entries;
mod filled;
mod question;

use crate::error::{Error, Result};
use crate::kernel::{Given, KernelEntry, PlanChoice};
use crate::plan::Plan;
use crate::report::{Report, Status};
use crate::run_file::lock::Owner;
use crate::syntax;
use crate::values::{Fact, Value};
use crate::work::{Answer, Job, Known};
use entries::{Entries, Source};
use filled::Filled;
use question::Question;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A question of more items is answered as a whole, because each entry is a file.
const ITEMS_MAX: usize = 100;

/// The cache folder of a run, at the root.
pub struct Cache {
    entries: Entries,
    question: Question,
    /// Whether each item has an entry of its own.
    apart: bool,
    found: Found,
    sources: Vec<Source>,
    /// How many entries were found and are not used, because not all of the answer was.
    unused: usize,
    computed: ComputedPieces,
}

/// The answers of the pieces that were missing, once they are computed.
type ComputedPieces = Arc<Mutex<Vec<(syntax::Item, Answer)>>>;

/// What was found of an answer.
#[derive(Clone)]
enum Found {
    /// All of it, in one entry.
    Whole(Answer),
    /// Pieces of its items.
    Pieces(Vec<Vec<Piece>>),
}

/// A piece of an item: mostly all of it, but a range may be made of several.
#[derive(Clone)]
struct Piece {
    item: syntax::Item,
    /// Its answer, if that was found.
    answer: Option<Answer>,
}

impl Found {
    fn missing(&self) -> impl Iterator<Item = syntax::Item> {
        let items: &[Vec<Piece>] = match self {
            Found::Whole(_) => &[],
            Found::Pieces(items) => items,
        };
        items.iter().flatten().filter(|piece| piece.answer.is_none()).map(|piece| piece.item)
    }
}

impl Cache {
    /// Looks for what is known of a question. If `all` of it is wanted or nothing, and something is missing, nothing counts as found.
    ///
    /// # Errors
    /// If there is no such folder and none can be made, or if the words make no plan.
    pub fn look(folder: &Path, entry: &'static KernelEntry, given: &Given, all: bool) -> Result<Cache> {
        let mut cache = Cache::open(folder, entry, given)?;
        let nothing = |question: &Question| {
            question.items().iter().map(|&item| vec![Piece { item, answer: None }]).collect::<Vec<_>>()
        };
        let plan = cache.question.plan()?;
        if let Some((answer, source)) = cache.entries.answer_to(&cache.question, &plan)? {
            (cache.found, cache.sources) = (Found::Whole(answer), vec![source]);
        } else if cache.apart && (cache.question.items().len() > 1 || cache.question.adds_up()) {
            let Cache { entries, question, sources, .. } = &mut cache;
            let items = question.items().iter().map(|&item| cover::pieces(entries, question, item, sources));
            cache.found = Found::Pieces(items.collect::<Result<_>>()?);
        } else {
            cache.found = Found::Pieces(nothing(&cache.question));
        }
        if all && cache.found.missing().next().is_some() {
            cache.unused = cache.sources.len();
            (cache.found, cache.sources) = (Found::Pieces(nothing(&cache.question)), vec![]);
        }
        Ok(cache)
    }

    /// A cache that only keeps the answer of a question.
    ///
    /// # Errors
    /// As [`Cache::look`].
    pub fn open(folder: &Path, entry: &'static KernelEntry, given: &Given) -> Result<Cache> {
        let question = Question::new(entry, given);
        let apart = question.items().len() <= ITEMS_MAX && question.falls_apart()?;
        let found = Found::Pieces(vec![]);
        let (entries, computed) = (Entries::open(folder)?, ComputedPieces::default());
        Ok(Cache { entries, question, apart, found, sources: vec![], unused: 0, computed })
    }

    /// What is left to compute, in words; `None` if nothing was found.
    pub fn left(&self) -> Option<Vec<String>> {
        (!self.sources.is_empty()).then(|| self.found.missing().map(|item| item.to_string()).collect())
    }

    /// Whether all was found, and nothing is to be written.
    pub fn has_all(&self) -> bool {
        self.left().is_some_and(|left| left.is_empty()) && !self.entries.has_damage()
    }

    /// What was found, in one line; and what is wrong with entries, in another.
    pub fn remarks(&self) -> Vec<String> {
        let rest = match self.found.missing().collect::<Vec<_>>()[..] {
            [] => String::new(),
            [one] => format!("; {one} is computed"),
            [one, ..] => format!("; {one} and {} more are computed", self.found.missing().count() - 1),
        };
        let verified = if self.question.verifies() { ", and verified then" } else { "" };
        let found =
            (!self.sources.is_empty()).then(|| format!("answered from {}{verified}{rest}", Source::all(&self.sources)));
        let unused = (self.unused > 0).then(|| {
            let files = if self.unused == 1 { "a file".into() } else { format!("{} files", self.unused) };
            format!(
                "{files} in the cache could answer a part of this, but a run file must have all that a resume needs: with --out all is computed"
            )
        });
        self.entries.damage().into_iter().chain(found).chain(unused).collect()
    }

    /// What a report says of the cache.
    fn facts(&self) -> Vec<PlanChoice> {
        let facts = [
            ("cache.folder", Value::text(self.entries.folder().display().to_string())),
            ("cache.found", Value::texts(self.sources.iter().map(|source| source.of.clone()))),
            ("cache.computed", Value::texts(self.found.missing())),
        ];
        facts.map(|(name, value)| PlanChoice::free(Fact::new(name, value))).into()
    }

    /// How what was found was verified, if all of it had to be.
    fn verification(&self) -> Option<PlanChoice> {
        let mut ways: Vec<&Value> = self.sources.iter().filter_map(|source| source.verified.as_ref()).collect();
        ways.dedup();
        let way = match ways[..] {
            [] => return None,
            [one] => one.clone(),
            _ => Value::texts(ways.iter().map(ToString::to_string)),
        };
        self.question.verifies().then(|| PlanChoice::free(Fact::new("verify", way)))
    }

    /// Keeps what is known of the answer and has no entry. `report` says who computed it.
    ///
    /// # Errors
    /// If an entry cannot be written. The answer is none the worse.
    pub fn keep(&self, report: &Report, known: &Known, me: &Owner) -> Result<()> {
        self.entries.remove_damaged()?;
        if !self.sources.is_empty() && self.found.missing().next().is_none() && !self.entries.has_damage() {
            return Ok(());
        }
        for (item, answer) in self.computed.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            self.entries.mend(&self.question.of(&[*item]), answer, report, me)?;
        }
        let total = report.total.as_deref();
        let apart = if self.apart { self.question.apart(known, total)? } else { None };
        let Some(answers) = apart else {
            let over = report.status == Status::Complete;
            let Some(answer) = self.question.whole(known, total, over)? else { return Ok(()) };
            return self.entries.keep(&self.question, &answer, report, me);
        };
        for (index, answer) in answers.into_iter().enumerate() {
            let is_there = match &self.found {
                Found::Pieces(items) => {
                    items.get(index).is_some_and(|item| matches!(item[..], [Piece { answer: Some(_), .. }]))
                }
                Found::Whole(_) => true,
            };
            if let Some(answer) = answer.filter(|_| !is_there) {
                self.entries.keep(&self.question.of(&[self.question.items()[index]]), &answer, report, me)?;
            }
        }
        Ok(())
    }
}

/// The plan of what is left of a question, with the answer of the whole question. Only the root has what was found.
///
/// # Errors
/// If the items that are left make no plan.
pub fn plan_of_the_rest(
    entry: &'static KernelEntry,
    given: &Given,
    whole: Plan,
    left: &[String],
    cache: Option<&Cache>,
) -> Result<Plan> {
    let question = Question::new(entry, given);
    let items = left.iter().map(|text| syntax::items(text)).collect::<Result<Vec<_>>>()?.concat();
    let rest = (!items.is_empty()).then(|| question.of(&items).plan()).transpose()?;
    let (work, amount, mut how) = match rest {
        Some(Plan { job: Job::Work(work), amount, how, .. }) => (Some(work), amount, how),
        Some(_) => return Err(Error::failed("what is left of the question is no work")),
        None => (None, whole.amount, vec![]),
    };
    let overlap = question.overlap();
    how.retain(|choice| overlap.as_ref() != Some(choice));
    how.extend(overlap.iter().cloned());
    if how.iter().all(|choice| choice.fact.name != "verify") {
        how.extend(cache.and_then(Cache::verification));
    }
    how.extend(cache.map_or(vec![], Cache::facts));
    let found = cache.map_or(Found::Pieces(vec![]), |cache| cache.found.clone());
    let computed = cache.map_or(ComputedPieces::default(), |cache| cache.computed.clone());
    let filled = Filled::new(work, question, found, computed)?;
    Ok(Plan { kernel: whole.kernel, job: Job::work(filled), facts: whole.facts, how, amount, once: None })
}

/// All rows of a complete answer.
pub fn all_known(report: &Report) -> Known {
    Known::all(Answer::rows(report.table.clone(), ""))
}
