//! The entries of a cache folder: run files, read as those of anybody and written as those of a run, but with a copy of the report that
//! is read at once.

use super::question::{Question, integer};
use crate::error::{Error, Result};
use crate::plan::Plan;
use crate::report::{Report, State, Status};
use crate::run_file::lock::{self, Owner, Writer};
use crate::run_file::{copied, files};
use crate::values::{Role, Value};
use crate::work::Answer;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A cache folder.
pub struct Entries {
    folder: PathBuf,
    damaged: Vec<Damage>,
}

/// What is in the place of an entry and is none.
struct Damage {
    path: PathBuf,
    why: String,
    /// Whether its answer is computed; if it is not, what is there is only removed.
    is_replaced: bool,
}

/// Where an answer came from.
#[derive(Clone)]
pub struct Source {
    /// What it answers, in words.
    pub of: String,
    path: PathBuf,
    when: String,
    by: String,
    /// How it was verified, if it was.
    pub verified: Option<Value>,
}

impl Source {
    /// Where all of them came from, in words.
    pub fn all(sources: &[Source]) -> String {
        let (Some(first), Some(last)) =
            (sources.iter().min_by(|a, b| a.when.cmp(&b.when)), sources.iter().max_by(|a, b| a.when.cmp(&b.when)))
        else {
            return "nothing".into();
        };
        let from = match sources {
            [one] => format!("'{}'", one.path.display()),
            _ => format!("{} files in '{}'", sources.len(), first.path.parent().unwrap_or(Path::new(".")).display()),
        };
        let when = match first.when == last.when {
            true => format!("on {}", last.when),
            false => format!("from {} to {}", first.when, last.when),
        };
        let others = if sources.iter().all(|source| source.by == last.by) { "" } else { " and others" };
        format!("{from}: computed {when} by {}{others}", last.by)
    }
}

impl Entries {
    /// The entries of a folder, which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made, or if it is no folder.
    pub fn open(folder: &Path) -> Result<Entries> {
        let made = fs::create_dir_all(folder);
        match made {
            Ok(()) => Ok(Entries { folder: folder.into(), damaged: vec![] }),
            Err(why) => Err(Error::usage(format!("the cache folder '{}' cannot be made: {why}", folder.display()))),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The names in the folder; none if it cannot be read.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten();
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()
    }

    /// What is wrong with entries that are there, in a line.
    pub fn damage(&self) -> Option<String> {
        let Damage { path, why, is_replaced } = self.damaged.first()?;
        let becomes = if *is_replaced { "replaced" } else { "removed" };
        let more = match self.damaged.len() {
            1 => String::new(),
            count => format!(", and {} entries more", count - 1),
        };
        Some(format!("'{}' is not used, and is {becomes}: {why}{more}", path.display()))
    }

    /// The answer of a question from its entry, if there is one. A program that has not loaded HDF5 knows only those that it can read
    /// without.
    ///
    /// # Errors
    /// If the question has no lasting answer.
    pub fn answer_to(&mut self, question: &Question, plan: &Plan) -> Result<Option<(Answer, Source)>> {
        let path = self.folder.join(question.name(plan)?);
        let there = match fs::symlink_metadata(&path) {
            Err(_) => return Ok(None),
            Ok(there) => there,
        };
        let report = match there.is_file() {
            // A link may lead anywhere.
            false => Err(Error::failed("it is no plain file")),
            true => match (copied(&path), files()) {
                (Some(report), _) => Ok(report),
                (None, Ok(files)) => (files.opened)(&path).map(|opened| opened.report),
                (None, Err(_)) => return Ok(None),
            },
        };
        let answer = match report {
            Ok(report) => checked(&report, question, plan)?.map(|answer| (answer, source(&report, question, &path))),
            Err(why) => Err(why.to_string()),
        };
        Ok(match answer {
            Ok(found) => Some(found),
            Err(why) => {
                if !self.is_damaged(&path) {
                    self.damaged.push(Damage { path, why, is_replaced: true });
                }
                None
            }
        })
    }

    /// Whether there is an entry that is none.
    pub fn has_damage(&self) -> bool {
        !self.damaged.is_empty()
    }

    fn is_damaged(&self, path: &Path) -> bool {
        self.damaged.iter().any(|damage| damage.path == path)
    }

    /// The damaged entry of a question will not be computed.
    ///
    /// # Errors
    /// If the question has no lasting answer.
    pub fn give_up(&mut self, question: &Question) -> Result<()> {
        let path = self.folder.join(question.name(&question.plan()?)?);
        self.damaged.iter_mut().filter(|damage| damage.path == path).for_each(|damage| damage.is_replaced = false);
        Ok(())
    }

    /// Removes the damaged entries that are not replaced.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn remove_damaged(&self) -> Result<()> {
        self.damaged.iter().filter(|damage| !damage.is_replaced).try_for_each(|damage| remove(&damage.path))
    }

    /// Writes the entry of a question in the place of a damaged one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn mend(&self, question: &Question, answer: &Answer, report: &Report, me: &Owner) -> Result<()> {
        match self.is_damaged(&self.folder.join(question.name(&question.plan()?)?)) {
            true => self.keep(question, answer, report, me),
            false => Ok(()),
        }
    }

    /// Writes the entry of a question. What is there already stays, unless it is damaged.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, question: &Question, answer: &Answer, report: &Report, me: &Owner) -> Result<()> {
        let plan = question.plan()?;
        let path = self.folder.join(question.name(&plan)?);
        if self.is_damaged(&path) {
            remove(&path)?;
        }
        // Another job has just computed the same.
        if fs::symlink_metadata(&path).is_ok() {
            return Ok(());
        }
        // The lock file of a job that was killed may look like that of one that writes, so the lock is tried first.
        let mut file = match (files()?.draft)(&path, me) {
            Err(_) if lock::writer(&path, me).is_ok_and(|writer| matches!(writer, Writer::Alive(_))) => return Ok(()),
            file => file?,
        };
        file.save_with_copy(&entry(report, &plan, answer))
    }
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => {
            Err(Error::failed(format!("'{}' cannot be removed: {why}", path.display())))
        }
        _ => Ok(()),
    }
}

/// The report of an answer that a run has computed, maybe with others.
fn entry(report: &Report, plan: &Plan, answer: &Answer) -> Report {
    let units = plan.units();
    let state = |state: &State| State {
        fingerprint: plan.fingerprint(),
        units,
        done: units,
        blocks: vec![],
        list: vec![],
        ..state.clone()
    };
    Report {
        status: Status::Complete,
        problem: plan.facts.clone(),
        table: answer.table.clone(),
        total: answer.total.as_ref().map(ToString::to_string),
        bare: answer.bare.into(),
        run: report.run.iter().filter(|fact| !fact.name.starts_with("cache.")).cloned().collect(),
        attempts: vec![],
        timeline: vec![],
        list: None,
        state: report.state.as_ref().map(state),
        ..report.clone()
    }
}

/// The answer in a report, if the report is one of this question. The second result says why it is not.
fn checked(report: &Report, question: &Question, plan: &Plan) -> Result<std::result::Result<Answer, String>> {
    let shape = match question.items().first() {
        Some(&item) => question.shape(item)?,
        None => return Ok(Err("there is no question".into())),
    };
    let state = report.state.as_ref().map(|state| (state.fingerprint, state.units));
    let refused = |what: &str| Ok(Err(what.to_string()));
    if report.status != Status::Complete || report.list.is_some() {
        return refused("its run is not over");
    }
    if report.kernel != plan.kernel || report.problem != plan.facts || state != Some((plan.fingerprint(), plan.units()))
    {
        return refused("it answers another question");
    }
    if report.version().map(ToString::to_string).as_deref() != Some(env!("CARGO_PKG_VERSION")) {
        return refused("another version of pcount answered it");
    }
    if question.verifies() && report.verification().is_none() {
        return refused("it was not verified");
    }
    if report.bare != shape.bare || !rows_fit(report, question, &shape) {
        return refused("its rows do not answer the question");
    }
    let total = report.total.as_deref().and_then(crate::math::integer::decimal);
    if total.is_some() != shape.total.is_some() || !total_fits(report, total.as_ref()) {
        return refused("its total is not that of its rows");
    }
    Ok(Ok(Answer { total, ..Answer::rows(report.table.clone(), shape.bare) }))
}

/// Whether the rows are those that were asked for, by the cells that repeat the question.
fn rows_fit(report: &Report, question: &Question, shape: &Answer) -> bool {
    let (table, columns) = (&report.table, &shape.table.columns);
    if columns.is_empty() {
        return table.columns.is_empty() && table.rows.is_empty();
    }
    let is_whole = |row: &Vec<Value>| row.len() == table.columns.len();
    if question.is_a_table() {
        return table.columns == *columns && table.rows.iter().all(is_whole);
    }
    // Of several items some may have a column more than the first.
    let alike = table.columns == *columns || question.items().len() > 1 && table.columns.len() > columns.len();
    let places = |role| (0..table.columns.len()).filter(move |&place| table.columns[place].role() == role);
    let asked: Vec<Vec<Value>> = match question.asks_two() {
        true => vec![question.items().iter().flat_map(|&item| question.asked(item, 0)).collect()],
        false => question
            .items()
            .iter()
            .flat_map(|&item| (0..question.rows_of(item)).map(move |row| question.asked(item, row)))
            .collect(),
    };
    let fits = |(row, asked): (&Vec<Value>, &Vec<Value>)| match question.asks_two() {
        true => row[..2] == asked[..],
        false => places(Role::Asked).map(|place| &row[place]).eq(asked.iter()),
    };
    let is_full =
        |row: &Vec<Value>| !question.is_full() || places(Role::Long).all(|place| row[place] != Value::Nothing);
    alike
        && table.rows.len() == asked.len()
        && table.rows.iter().all(|row| is_whole(row) && is_full(row))
        && table.rows.iter().zip(&asked).all(fits)
}

fn total_fits(report: &Report, total: Option<&crate::math::integer::Integer>) -> bool {
    match (total, report.table.summed()) {
        (Some(total), Some(column)) => {
            let sum = report.table.rows.iter().map(|row| integer(&row[column])).sum::<Option<_>>();
            sum.as_ref() == Some(total)
        }
        _ => true,
    }
}

fn source(report: &Report, question: &Question, path: &Path) -> Source {
    let fact = |name: &str| report.of_the_run(name).map(ToString::to_string);
    let when = fact("ended").or(fact("started")).unwrap_or("a day that it does not say".into());
    let version = fact("version").unwrap_or_default();
    let hosts = fact("hosts").map_or(String::new(), |hosts| format!(" on {hosts}"));
    let of = question.items().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let (by, verified) = (format!("pcount {version}{hosts}"), report.verification().cloned());
    Source { of, path: path.into(), when, by, verified }
}
