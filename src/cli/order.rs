//! An order: a kernel to run, and how.

use super::Output;
use super::downloads;
use super::encoding;
use super::options::{COMPARE, has, option, refuse_not_compared, refuse_options, set, word};
use super::words::{as_typed, understood};
use crate::column::{self, Column};
use crate::error::{Error, Result, without_passwords};
use crate::kernel::{FOLDER, Given, KernelEntry, Method, ROUNDS_MAX, Seeks, Takes, Tuplet};
use crate::math::lanes::{self, Lanes};
use crate::plan::Plan;
use crate::report::FORMATS;
use crate::report::progress::When;
use crate::run::Schedule;
use crate::run::placements::THREADS_MAX;
use crate::run::share::Share;
use crate::streams;
use crate::syntax::{self, RANGES_MAX};
use crate::work::{Job, Work};
use clap::ArgMatches;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How a command is compared with itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// How often each way is run.
    pub repeat: usize,
    /// The methods that are compared too; none if the order's own is the only one.
    pub methods: Vec<Method>,
    /// Whether ranks are started for it.
    pub launch: bool,
    /// Whether the tutorials' Python runs beside it.
    pub python: bool,
}

/// How many rows a list has.
pub enum ListRows {
    /// So many.
    Known(u64),
    /// As many as this work says in the column of this key.
    Counted(Arc<dyn Work>, &'static str),
}

/// A kernel to run, and how.
#[derive(Clone)]
pub struct Order {
    pub(super) entry: &'static KernelEntry,
    /// What stands behind the kernel's name.
    pub(super) words: Vec<String>,
    pub(super) given: Given,
    /// A file with more words, one a line; or with a column of numbers.
    pub(super) list: Option<PathBuf>,
    /// The column of that file, if it is one.
    pub(super) column: Option<String>,
    /// How blocks get to ranks; nothing if the work decides.
    pub schedule: Option<Schedule>,
    /// The share of the plan that is computed; `None` for all of it.
    pub share: Option<Share>,
    /// Whether all is computed twice.
    pub double_check: bool,
    /// Whether the death of a rank is survived.
    pub keep_going: bool,
    /// Compute threads of each rank, if that was said.
    pub threads: Option<usize>,
    /// Where the run file is kept, if it is.
    pub out: Option<PathBuf>,
    /// The folder of answers that were computed before, if it was named.
    pub(super) cache: Option<PathBuf>,
    /// Where it is told how far the run is, if that is wanted.
    pub status_file: Option<PathBuf>,
    /// How often the run file is replaced, and how long the run may take, if that was said.
    pub every: Option<Duration>,
    /// How long the run may take, if that was said.
    pub time_limit: Option<Duration>,
    /// How the answer is printed.
    pub output: Output,
    /// Whether a table of times is printed on stderr.
    pub time: bool,
    /// Whether progress is shown.
    pub progress: When,
    /// Whether the plan is printed and nothing is computed.
    pub dry_run: bool,
    /// What `compare` takes beside the command that it compares.
    pub comparison: Comparison,
    /// Which share of a run's blocks is computed again.
    pub(super) fraction: Option<f64>,
}

impl Order {
    /// The name of the command.
    pub fn command(&self) -> &'static str {
        self.entry.name
    }

    /// The same problem by that method, or as this order says; each is a way to compare.
    pub fn by(&self, method: Option<Method>) -> Order {
        Order { given: Given { method: method.or(self.given.method), ..self.given.clone() }, ..self.clone() }
    }

    /// Looks whether a share has a run file, without which it would be of no use.
    ///
    /// # Errors
    /// If it has none.
    pub(super) fn keeps_its_share(self) -> Result<Order> {
        match (self.share, &self.out) {
            (Some(share), None) => {
                let what = format!("--share {share} is put together with the others by their run files");
                Err(Error::usage(format!("{what}: add --out share{}.h5", share.index)))
            }
            _ => Ok(self),
        }
    }

    /// Looks whether the format can show rows of words, as those of this command are.
    ///
    /// # Errors
    /// If it is for rows of numbers.
    pub(super) fn prints_words(self, command: &str) -> Result<Order> {
        match self.output.format.is_whole || self.output.format.is_bytes() {
            true => Err(Error::usage(format!(
                "--format {} is for rows of numbers, which '{command}' has not: write --format csv",
                self.output.format.name
            ))),
            false => Ok(self),
        }
    }

    /// The same, as it was when its run file was kept, which has whole values.
    pub fn as_kept(self) -> Order {
        Order { given: Given { full: true, ..self.given }, ..self }
    }

    /// Whether it can be told which lanes to use.
    pub fn has_lanes(&self) -> bool {
        option("lanes").is_of(self.entry.name)
    }

    /// Whether it can be told its method.
    pub fn has_methods(&self) -> bool {
        option("method").is_of(self.entry.name)
    }

    /// The lanes that it asks for.
    pub fn lanes(&self) -> Option<&'static Lanes> {
        self.given.lanes
    }

    /// The same problem on these lanes.
    pub fn on_lanes(&self, lanes: &'static Lanes) -> Order {
        Order { given: Given { lanes: Some(lanes), ..self.given.clone() }, ..self.clone() }
    }

    /// The same problem, each number by the second of two ways.
    pub fn otherwise(&self) -> Order {
        Order { given: Given { otherwise: true, verify: false, lanes: None, ..self.given.clone() }, ..self.clone() }
    }

    /// The same problem by this method, on the best lanes.
    pub fn all_by(&self, method: Method) -> Order {
        Order {
            given: Given { method: Some(method), lanes: None, verify: false, ..self.given.clone() },
            ..self.clone()
        }
    }

    /// The plan for so many ranks, with the lines of the list if there is one.
    ///
    /// # Errors
    /// If a word is not what the command takes, if the list has no words, or if the kernel refuses the problem.
    pub fn plan(&self, ranks: usize, list: &[String]) -> Result<Plan> {
        let given = self.asked(ranks, list)?;
        self.begins_with_2(&given)?;
        let words = [&self.words[..], list].concat();
        Plan::open(self.entry, &given).map_err(|why| as_typed(why, &words))
    }

    /// The kernel, and what it is given: for so many ranks, with the lines of the list if there is one.
    ///
    /// # Errors
    /// If a word is not what the command takes, or if the list has no words.
    pub fn asked(&self, ranks: usize, list: &[String]) -> Result<Given> {
        // Its numbers are read where they are needed.
        if self.given.column.is_some() {
            return Ok(self.given.clone());
        }
        let words = [&self.words[..], list].concat();
        let given = Given { taken: downloads::taken(self.out.as_deref()), ..self.given.clone() };
        match &self.list {
            Some(list) if words.is_empty() => {
                let list = if list == Path::new(STDIN) { "stdin".into() } else { format!("'{}'", list.display()) };
                Err(Error::usage(format!("--list: {list} has only blank lines and comments")))
            }
            // The other words were looked at before.
            Some(list) => understood(self.entry, &words, given, ranks)
                .map_err(|why| why.at(&format!("--list {}", list.display()))),
            None => understood(self.entry, &words, given, ranks),
        }
    }

    /// The kernel.
    pub fn entry(&self) -> &'static KernelEntry {
        self.entry
    }

    /// The folder of answers that were computed before, and whether this order names it, or else the environment does; `None` if
    /// there is none, or if this command has no answer that lasts.
    pub fn cache(&self) -> Option<(PathBuf, bool)> {
        let named = self.cache.clone().map(|folder| (folder, true));
        let may_be = self.may_be_cached() && self.share.is_none() && !self.double_check;
        let usual = || std::env::var_os(CACHE_VARIABLE).filter(|folder| may_be && !folder.is_empty());
        named.or_else(|| Some((usual()?.into(), false)))
    }

    /// Whether the answer lasts. A list, which is printed while it is computed, is not kept, and what is in a file may change.
    pub fn may_be_cached(&self) -> bool {
        option("cache").is_of(self.entry.name) && !self.has_column() && !self.given.lists_primes()
    }

    /// The order that continues the run in `file`, which was `begun` by another order: the problem is as it was, and everything else as this
    /// order says.
    ///
    /// # Errors
    /// If this order has an option that the run began without and that would change its problem.
    pub fn going_on_with(self, begun: Order, file: &Path) -> Result<Order> {
        let begun_without = |option: &str| {
            Error::usage(format!("--{option}: the run in '{}' was started without it: leave it out", file.display()))
        };
        if self.given.method.is_some() && !option("method").is_of(begun.entry.name) {
            return Err(begun_without("method"));
        }
        if self.given.verify && !begun.given.verify {
            return Err(begun_without("verify"));
        }
        if let (Some(method), Some(seeks)) = (self.given.method, begun.given.seeks)
            && method != Method::Sieve
        {
            let what = format!("--method: the run in '{}' was started with --{}", file.display(), seeks.option());
            return Err(Error::usage(format!("{what}, which needs the sieve: leave --method out")));
        }
        if !begun.is_download() && (self.given.dir.is_some() || self.given.force) {
            return Err(begun_without(if self.given.force { "force" } else { "dir" }));
        }
        let given = Given {
            lanes: self.given.lanes,
            method: self.given.method.or(begun.given.method),
            // A run file may be somebody else's: what is overwritten is not for it to say.
            force: self.given.force,
            dir: self.given.dir.or(begun.given.dir),
            // A run file has them.
            full: true,
            ..begun.given
        };
        let output = Output { full: self.output.full || begun.output.full, ..self.output };
        let list = begun.list.filter(|_| begun.column.is_some());
        let begun = Order { given, list, ..begun };
        let Order { entry, words, given, list, column, share, double_check, .. } = begun;
        Ok(Order { entry, words, given, list, column, share, double_check, output, out: Some(file.into()), ..self })
    }

    /// How many rows the list will have that this order makes: for so many ranks, with the lines of the list if there is one.
    ///
    /// # Errors
    /// As of [`Order::plan`].
    pub fn rows_of_list(&self, ranks: usize, list: &[String]) -> Result<ListRows> {
        let given = self.asked(ranks, list)?;
        if !given.lists_primes() {
            let counts = given.items.iter().map(|item| u64::try_from(item.first_and_count().1).unwrap_or(u64::MAX));
            return Ok(ListRows::Known(counts.fold(0, u64::saturating_add)));
        }
        let (seeks, key) = if given.firsts { (given.seeks, "tuplets") } else { (None, "count") };
        match Plan::open(self.entry, &Given { firsts: false, seeks, ..given })?.job {
            Job::Work(work) => Ok(ListRows::Counted(work, key)),
            Job::Stream(_) | Job::PerRank(_) => Err(Error::wrong("a count is a list")),
        }
    }

    /// Whether the answer is to have an index in each line.
    fn is_numbered(&self) -> bool {
        self.output.format.is_whole && !self.output.format.is_bytes()
    }

    /// Looks whether the answer has a column of integers, if its format prints nothing else.
    ///
    /// # Errors
    /// If it has none, for example because it tells of ranks.
    fn has_numbers(&self) -> Result<()> {
        const OTHERS: [&str; 3] = ["is-prime", "li", "riemann-r"];
        let name = self.output.format.name;
        let has = match self.entry.takes {
            Takes::Seconds(_) | Takes::Urls | Takes::Nothing => false,
            _ => !OTHERS.contains(&self.entry.name),
        };
        if self.output.format.is_bytes() && !has {
            let what = format!("--format {name} prints integers, and those of '{}' are none", self.entry.name);
            return Err(Error::usage(format!("{what}: write --format csv")));
        }
        if self.output.format.is_bytes() && self.dry_run {
            return Err(Error::usage(format!(
                "--format {name} prints numbers, and --dry-run has none: leave one of them out"
            )));
        }
        Ok(())
    }

    /// Looks whether rows have the index that their format shows.
    ///
    /// # Errors
    /// If they are about ranges, for example.
    fn has_an_index(&self) -> Result<()> {
        let has = match self.entry.takes {
            Takes::Numbers | Takes::Items(_) => true,
            _ => self.given.points.is_some() || self.given.lists_primes(),
        };
        match has || !self.is_numbered() {
            true => Ok(()),
            false => {
                let needs = "--format bfile needs rows of a number and a value";
                let such = "such as those of pi, nth-prime, primes --list or primes --every 1e6";
                Err(Error::usage(format!("{needs}, {such}: write --format csv")))
            }
        }
    }

    /// Looks whether a list of primes can be numbered: each prime has its number if the list begins with 2.
    fn begins_with_2(&self, given: &Given) -> Result<()> {
        let begins = matches!(&given.items[..], [item] if item.first_and_count().0 <= 2);
        match begins || !self.is_numbered() || !given.lists_primes() {
            true => Ok(()),
            false => Err(Error::usage("--format bfile numbers the primes from 2 on: list one range that starts at 0")),
        }
    }

    pub(super) fn is_download(&self) -> bool {
        self.entry.takes == Takes::Urls
    }

    /// The folder that files are saved in, if this is about files.
    pub fn folder(&self) -> Option<&Path> {
        self.is_download().then(|| self.given.dir.as_deref().unwrap_or(Path::new(FOLDER)))
    }

    /// Whether somebody said which folder.
    pub fn names_its_folder(&self) -> bool {
        self.given.dir.is_some()
    }

    /// What it will fetch, and where that goes, in a line; nothing if this is not about files.
    pub fn about_to_fetch(&self, list: &[String]) -> Option<String> {
        let folder = self.folder()?;
        let urls: Vec<String> =
            self.words.iter().chain(list).map(|url| format!("'{}'", without_passwords(url))).collect();
        let what = match &urls[..] {
            [first, .., last] => format!("{} URLs, from {first} to {last}", urls.len()),
            urls => urls.concat(),
        };
        Some(format!("fetches what is missing of {what}; saves it in '{}'", folder.display()))
    }

    /// Whether the run file of this order may say where files are saved, when it is resumed.
    ///
    /// # Errors
    /// If it may not.
    pub fn believed_about_its_folder(&self, file: &Path) -> Result<()> {
        self.folder().map_or(Ok(()), |dir| downloads::believed(dir, file))
    }

    /// Whether it should be counted again by another way.
    pub fn verifies(&self) -> bool {
        self.given.verify
    }

    /// Which option needs blocks to resume from, if one was given.
    pub fn wants_attempts(&self) -> Option<&'static str> {
        let wants = [
            ("--for", self.time_limit.is_some()),
            ("--checkpoint-every", self.every.is_some()),
            ("--keep-going", self.keep_going),
            ("--share", self.share.is_some()),
            ("--double-check", self.double_check),
        ];
        wants.into_iter().find(|(_, wanted)| *wanted).map(|(option, _)| option)
    }

    /// What should be known before it is carried out, though it is no mistake.
    pub fn note(&self) -> Option<String> {
        const OTHER_FORMATS: [&str; 10] = ["json", "csv", "tsv", "txt", "text", "md", "xml", "yaml", "npy", "svg"];
        let out = self.out.as_deref()?;
        let ending = out.extension()?.to_str()?.to_lowercase();
        let what = format!("--out {}: the run file is HDF5, whatever its name", out.display());
        let instead = match &*ending {
            "json" | "csv" | "npy" => format!("; for {ending} on stdout write --format {ending}"),
            _ => String::new(),
        };
        OTHER_FORMATS.contains(&&*ending).then(|| format!("{what}{instead}"))
    }

    /// Whether there is a list, which may be long in coming.
    pub fn has_list(&self) -> bool {
        self.list.is_some() && self.column_file().is_none()
    }

    /// The file that ranks read a column of, each for itself, and the name of the column.
    pub fn column_file(&self) -> Option<(&Path, &str)> {
        let list = self.list.as_deref().filter(|list| *list != Path::new(STDIN))?;
        Some((list, self.column.as_deref()?))
    }

    /// The name of a column that comes from stdin.
    pub fn column_from_stdin(&self) -> Option<&str> {
        self.column.as_deref().filter(|_| self.column_file().is_none())
    }

    /// Where the list came from, if its words are numbers that are a column: those of commands that else take ranges, and numbers below 0.
    pub fn lists_numbers(&self, list: &[String]) -> Option<&Path> {
        let may_be = self.column.is_none() && self.words.is_empty() && option("column").is_of(self.entry.name);
        let are_numbers = match self.entry.takes {
            Takes::Ranges(_) => list.first().is_some_and(|word| column::is_number(word)),
            _ => list.iter().any(|word| word.starts_with('-') && column::is_number(word)),
        };
        self.list.as_deref().filter(|_| may_be && are_numbers)
    }

    /// Whether its numbers are those of a column.
    pub fn has_column(&self) -> bool {
        self.given.column.is_some()
    }

    /// Makes the numbers of this column those of the problem.
    pub fn take_column(&mut self, column: Option<Arc<dyn Column>>) {
        self.given.column = column;
    }

    /// Whether its column is in an HDF5 file.
    pub(super) fn has_dataset(&self) -> bool {
        self.column.as_deref().is_some_and(column::is_dataset)
    }

    /// The words of the list, if there is one, without comments: of URLs one a line, of all else as many as stand there.
    ///
    /// # Errors
    /// If the list cannot be read, or is not text.
    pub fn list(&self) -> Result<Vec<String>> {
        let Some(path) = self.list.as_ref().filter(|_| self.column_file().is_none()) else { return Ok(vec![]) };
        if let Some(name) = &self.column {
            return match streams::has_stdin() {
                true => column::numbers_of(&mut std::io::stdin().lock(), name, RANGES_MAX as usize),
                false => Err(Error::usage("--list -: stdin is closed")),
            };
        }
        let text = match path.to_str() {
            Some(STDIN) if !streams::has_stdin() => return Err(Error::usage("--list -: stdin is closed")),
            Some(STDIN) => {
                let mut bytes = vec![];
                std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
            }
            _ => std::fs::read(path),
        };
        if text.as_ref().is_ok_and(|bytes| bytes.starts_with(b"\x89HDF\r\n")) && option("column").is_of(self.entry.name)
        {
            let what = format!("--list {}: it is an HDF5 file", path.display());
            return Err(Error::usage(format!("{what}: name a dataset, as in --column /group/values")));
        }
        let text = text.map_err(|why| why.to_string()).and_then(|bytes| encoding::text(&bytes));
        let text = text.map_err(|why| Error::usage(format!("--list '{}': {why}", path.display())))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(match self.entry.takes {
            Takes::Urls => lines.map(str::to_string).collect(),
            _ => lines.flat_map(str::split_whitespace).map(str::to_string).collect(),
        })
    }
}

/// The variable that names the folder of answers.
pub const CACHE_VARIABLE: &str = "PCOUNT_CACHE";

/// The name of a list that stands for stdin.
const STDIN: &str = "-";

/// The words, without the one that stands for stdin; and the list, which that may be.
fn words_and_list(matches: &ArgMatches) -> Result<(Vec<String>, Option<PathBuf>)> {
    let typed = matches.try_get_many::<String>("words").ok().flatten().unwrap_or_default();
    let (dashes, words): (Vec<String>, Vec<String>) = typed.cloned().partition(|word| word == STDIN);
    match (&dashes[..], word(matches, "list")) {
        ([], list) => Ok((words, list.map(PathBuf::from))),
        ([_], None) => Ok((words, Some(STDIN.into()))),
        _ => {
            Err(Error::usage("'-' stands for a list from stdin, and only one list is allowed: leave the other one out"))
        }
    }
}

/// What is wrong with `primes --list FILE`, where other kernels have a list of numbers.
fn words_are_files(matches: &ArgMatches, words: &[String]) -> Option<Error> {
    let file = words.iter().find(|word| has(matches, "list") && !word.contains("..") && Path::new(word).exists())?;
    let instead = format!("for ranges from a file write pcount primes - < {file}");
    Some(Error::usage(format!("'{file}' is not a range, and the --list of primes takes no file; {instead}")))
}

impl Order {
    /// The kernel as it is computed if no option says otherwise.
    fn of(entry: &'static KernelEntry) -> Order {
        Order {
            entry,
            words: vec![],
            given: Given::default(),
            list: None,
            column: None,
            schedule: None,
            share: None,
            double_check: false,
            keep_going: false,
            threads: None,
            out: None,
            every: None,
            time_limit: None,
            cache: None,
            status_file: None,
            output: Output { format: &FORMATS[0], quiet: false, full: false },
            time: false,
            progress: When::Auto,
            dry_run: false,
            comparison: Comparison { repeat: 3, methods: vec![], launch: false, python: false },
            fraction: None,
        }
    }

    /// The order that was typed, as far as its options go.
    ///
    /// # Errors
    /// If the command does not have one of them, if a value is wrong, or if two do not go together.
    pub fn with_options(entry: &'static KernelEntry, command: &str, matches: &ArgMatches) -> Result<Order> {
        refuse_options(matches, command)?;
        let mut order = Order::of(entry);
        set(&mut order, matches, command)?;
        if order.output.quiet && order.output.format.name != FORMATS[0].name {
            return Err(Error::usage("--quiet prints bare answers, so it takes no --format: leave one of them out"));
        }
        if order.output.full && order.given.modulus.is_some() {
            return Err(Error::usage("--full prints whole factorials, and --mod computes none: leave one of them out"));
        }
        let twins = Seeks::Tuplets(Tuplet::Densest(2));
        if order.given.brun && (order.given.seeks != Some(twins) || order.given.firsts) {
            return Err(Error::usage(
                "--brun adds up the reciprocals of twins: write --tuplet 2 --brun, without --list",
            ));
        }
        if order.given.race && !matches!(order.given.seeks, Some(Seeks::Residues(_))) {
            return Err(Error::usage("--race needs the modulus of its classes: add --residues 4, say"));
        }
        // A bare answer that is not the whole number would be no answer, and a file that is kept has all that was computed.
        order.given.full = order.output.full || order.output.quiet || order.is_numbered() || order.out.is_some();
        if order.keep_going && order.schedule == Some(Schedule::Fixed) {
            let why =
                "only the farm can deal the blocks of a dead rank again, as --keep-going does: leave one of them out";
            return Err(Error::usage(format!("--schedule fixed: {why}")));
        }
        if order.keep_going {
            order.schedule = Some(Schedule::Farm);
        }
        if order.share.is_some() && order.cache.is_some() {
            return Err(Error::usage("--share has no answer that a cache could keep: leave --cache out"));
        }
        if order.share.is_some() && order.double_check {
            return Err(Error::usage(
                "--double-check is of the whole: leave --share out, and compute each share twice",
            ));
        }
        if order.cache.is_some() && order.double_check {
            return Err(Error::usage(
                "--double-check computes all, and a cache would spare that: leave one of them out",
            ));
        }
        if order.every.is_some() && order.out.is_none() && command != "resume" {
            return Err(Error::usage("--checkpoint-every is about the run file: add --out run.h5, or leave it out"));
        }
        Ok(order)
    }
}

/// The order that was typed.
///
/// # Errors
/// If an option or a word is not understood, or if options exclude each other. Words in a list are not looked at.
pub fn order(entry: &'static KernelEntry, matches: &ArgMatches) -> Result<Order> {
    let (words, list) = words_and_list(matches)?;
    let order = Order { words, list, ..Order::with_options(entry, entry.name, matches)? };
    order.has_an_index()?;
    order.has_numbers()?;
    if order.column.is_some() {
        with_column(&order)?;
        return Ok(order);
    }
    let listed = words_are_files(matches, &order.words);
    understood_without_its_list(&order, listed)?;
    Ok(order)
}

/// Whether an order for a column makes sense: its numbers are all there is, and stdin has no datasets.
fn with_column(order: &Order) -> Result<()> {
    let column = order.column.as_deref().unwrap_or_default();
    match (&order.list, order.words.first()) {
        (None, _) => {
            let file = if column::is_dataset(column) { "FILE.h5" } else { "FILE.csv" };
            Err(Error::usage(format!("--column {column} needs a file that has it: add --list {file}")))
        }
        (_, Some(word)) => Err(Error::usage(format!(
            "'{word}' and --column exclude each other: the numbers of a column are all there are"
        ))),
        (Some(_), None) if order.has_dataset() && order.column_from_stdin().is_some() => {
            Err(Error::usage("--list -: a dataset is read in slices, so it must be in a file: write --list FILE.h5"))
        }
        _ => Ok(()),
    }
}

/// The order of a command to compare that was typed.
///
/// # Errors
/// As of [`order`], and if the command has no methods to compare.
pub fn compared(entry: &'static KernelEntry, matches: &ArgMatches) -> Result<Order> {
    refuse_not_compared(matches)?;
    let mut order = order(entry, matches)?;
    set(&mut order, matches, COMPARE)?;
    if order.output.format.is_bytes() {
        let name = order.output.format.name;
        return Err(Error::usage(format!(
            "--format {name} is not for '{COMPARE}', whose rows are more than a number: write --format csv"
        )));
    }
    let Comparison { methods, python, .. } = &order.comparison;
    if let (true, Some(seeks)) = (python, order.given.seeks) {
        let what = format!("--python has nothing for --{}", seeks.option());
        return Err(Error::usage(format!("{what}: leave one of them out")));
    }
    if *python && order.given.points.is_some() {
        return Err(Error::usage("--python has nothing for --every and --points: leave one of them out"));
    }
    if *python && order.given.modulus.is_some() {
        return Err(Error::usage("--python has nothing for --mod: leave one of them out"));
    }
    if *python && order.column.is_some() {
        return Err(Error::usage("--python has nothing for --column: leave one of them out"));
    }
    if !methods.is_empty() && !option("method").is_of(entry.name) {
        return Err(Error::usage(format!("--methods is not for '{}', which has one way: leave it out", entry.name)));
    }
    if !methods.is_empty() && order.given.method.is_some() {
        return Err(Error::usage("--method and --methods exclude each other: leave one of them out"));
    }
    Ok(order)
}

/// Looks at the words of an order, as far as that goes without its list.
fn understood_without_its_list(order: &Order, listed: Option<Error>) -> Result<()> {
    let entry = order.entry;
    // What can be understood without the list should be wrong before a job has waited for its nodes.
    match order.list {
        Some(_) if matches!(entry.takes, Takes::Two(..)) => (),
        Some(_) => order
            .words
            .iter()
            .try_for_each(|word| understood(entry, std::slice::from_ref(word), Given::default(), 1).map(drop))?,
        None => drop(understood(entry, &order.words, Given::default(), 1).map_err(|why| listed.unwrap_or(why))?),
    }
    Ok(())
}

/// The lanes of that name.
///
/// # Errors
/// If there are no such lanes, or if this processor does not have them.
pub fn lanes(text: &str) -> Result<&'static Lanes> {
    lanes::pick(Some(text))
}

/// When progress is shown, by the names that the command line takes.
pub fn progress(text: &str) -> When {
    match text {
        "always" => When::Always,
        "never" => When::Never,
        _ => When::Auto,
    }
}

/// The value of an option; an error names the option.
///
/// # Errors
/// That of `value`, with the option in front of it.
pub fn named<T>(option: &str, value: Result<T>) -> Result<T> {
    value.map_err(|why| why.at(&format!("--{option}")))
}

/// Compute threads of a rank.
///
/// # Errors
/// If the text is not a number from 1 to [`THREADS_MAX`].
pub fn threads(text: &str) -> Result<usize> {
    match named("threads", syntax::number(text))? {
        n if (1..=THREADS_MAX as u128).contains(&n) => Ok(n as usize),
        _ => Err(Error::usage(format!("--threads: '{text}' is not between 1 and {THREADS_MAX}"))),
    }
}

/// The name of a run file.
///
/// # Errors
/// If the text is not the name of a file, for example because it is a folder.
pub fn out(text: &str) -> Result<PathBuf> {
    named_file(text, "--out", "run.h5")
}

/// The name of a status file.
///
/// # Errors
/// As of [`out`].
pub fn cache(text: &str) -> Result<PathBuf> {
    match text.is_empty() {
        true => Err(Error::usage("--cache: '' is not a folder: write --cache DIR")),
        false => Ok(text.into()),
    }
}

/// The file of `--status-file`.
///
/// # Errors
/// If it has no name.
pub fn status_file(text: &str) -> Result<PathBuf> {
    named_file(text, "--status-file", "status.json")
}

/// The name of a file behind that option.
///
/// # Errors
/// If the text is not the name of a file, for example because it is a folder.
pub fn named_file(text: &str, option: &str, example: &str) -> Result<PathBuf> {
    let path = PathBuf::from(text);
    match path.file_name() {
        Some(_) if !path.is_dir() && !text.ends_with('/') && !text.ends_with("/.") => Ok(path),
        _ => Err(Error::usage(format!("{option}: '{text}' is not a file name: write {option} {example}"))),
    }
}

/// How often a way is run that is compared with others.
///
/// # Errors
/// If the text is not a number from 1 to 1000.
pub fn repeat(text: &str) -> Result<usize> {
    match named("repeat", syntax::number(text))? {
        n @ 1..=1000 => Ok(n as usize),
        _ => Err(Error::usage(format!("--repeat: '{text}' is not between 1 and 1000"))),
    }
}

/// Methods to compare, separated by commas.
///
/// # Errors
/// If one of them is no method, or is there twice.
pub fn methods(text: &str) -> Result<Vec<Method>> {
    let all = Method::ALL.map(Method::name).join(",");
    let mut methods = vec![];
    for name in text.split(',').map(str::trim) {
        match Method::ALL.into_iter().find(|method| method.name() == name) {
            Some(method) if methods.contains(&method) => {
                return Err(Error::usage(format!("--methods: '{name}' is there twice: name it once")));
            }
            Some(method) => methods.push(method),
            None => {
                return Err(Error::usage(format!("--methods: '{name}' is not a method: write some of {all}")));
            }
        }
    }
    Ok(methods)
}

/// A share of a plan.
///
/// # Errors
/// If the text is not two numbers with a / between them, of which the first is from 1 to the second.
pub fn share(text: &str) -> Result<Share> {
    Share::parse(text).ok_or_else(|| {
        let such = "write --share 3/10 for the third of ten, of at most 10^6";
        Error::usage(format!("--share: '{text}' is not a share: {such}"))
    })
}

/// A share of blocks.
///
/// # Errors
/// If the text is not a number above 0 and up to 1.
pub fn fraction(text: &str) -> Result<f64> {
    match text.parse() {
        Ok(fraction) if fraction > 0.0 && fraction <= 1.0 => Ok(fraction),
        _ => Err(Error::usage(format!("--fraction: '{text}' is not above 0 and up to 1: write --fraction 0.01"))),
    }
}

/// What factorials are divided by.
///
/// # Errors
/// [`Error::Usage`] if it is not a number from 1 to 2^64.
pub fn modulus(text: &str) -> Result<u128> {
    const LARGEST: u128 = 1 << 64;
    match named("mod", syntax::number(text))? {
        modulus @ 1..=LARGEST => Ok(modulus),
        _ => Err(Error::usage(format!("--mod: '{text}' is not between 1 and 2^64"))),
    }
}

/// How often ranks meet.
///
/// # Errors
/// [`Error::Usage`] if it is not a number from 1 to [`ROUNDS_MAX`].
pub fn rounds(text: &str) -> Result<u32> {
    match named("rounds", syntax::number(text))? {
        rounds if (1..=u128::from(ROUNDS_MAX)).contains(&rounds) => Ok(rounds as u32),
        _ => Err(Error::usage(format!("--rounds: '{text}' is not from 1 to {ROUNDS_MAX}"))),
    }
}

/// The power to which primes are raised.
///
/// # Errors
/// [`Error::Usage`] if it is not a number from 0 to 3.
pub fn power(text: &str) -> Result<u32> {
    match named("power", syntax::number(text))? {
        power @ 0..=3 => Ok(power as u32),
        _ => Err(Error::usage(format!("--power: '{text}' is not 0, 1, 2 or 3"))),
    }
}
