//! The command line: what was typed, and what it asks for. The only file that names the clap crate.
//!
//! The commands are the table of kernels, the formats that of the report. Everything is checked here, before
//! MPI and before anything is computed: a wrong word is one line that quotes it and says what would do.

use crate::error::{Error, Result};
use crate::kernel::{self, Entry, Given, KERNELS, Method, Opt, Seeks, Takes};
use crate::math::lanes;
use crate::plan::Plan;
use crate::report::progress::When;
use crate::report::{FORMATS, Format};
use crate::run::Schedule;
use crate::run::seats::THREADS_MAX;
use crate::syntax::{self, Item, RANGES_MAX};
use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the command line asks for.
pub enum Request {
    /// A text: help, or the version.
    Say(String),
    /// A long version, which asks the libraries for theirs.
    Version,
    /// A run file printed again.
    Show {
        file: PathBuf,
        output: Output,
    },
    Run(Box<Order>),
    /// A run gone on with; the order says how, and the file what.
    Resume {
        file: PathBuf,
        order: Box<Order>,
    },
}

/// How an answer is said.
#[derive(Clone, Copy)]
pub struct Output {
    pub format: &'static Format,
    /// The bare answers instead.
    pub quiet: bool,
}

/// A kernel to run, and how.
pub struct Order {
    entry: &'static Entry,
    /// What stands behind the kernel's name.
    words: Vec<String>,
    given: Given,
    /// A file with more words, one a line.
    list: Option<PathBuf>,
    pub schedule: Option<Schedule>,
    pub keep_going: bool,
    pub threads: Option<usize>,
    pub out: Option<PathBuf>,
    /// How often the run file is replaced, and how long the run may take, if that was said.
    pub every: Option<Duration>,
    pub time_limit: Option<Duration>,
    pub output: Output,
    pub time: bool,
    pub progress: When,
    pub dry_run: bool,
}

impl Order {
    /// The plan for so many ranks, with the lines of the list if there is one.
    pub fn plan(&self, ranks: usize, list: &[String]) -> Result<Plan> {
        let words = [&self.words[..], list].concat();
        let given = understood(self.entry, &words, self.given.clone(), ranks)?;
        Plan::open(self.entry, &given).map_err(|why| as_typed(why, &words))
    }

    /// The order to go on with the run in `file` that was `begun` so: what makes the plan is as it was, and all else as
    /// this order says.
    pub fn going_on_with(self, begun: Order, file: &Path) -> Result<Order> {
        let begun_without =
            |option: &str| Error::usage(format!("--{option}: the run in '{}' was begun without", file.display()));
        if self.given.full && begun.entry.options.contains(&Opt::Full) && !begun.given.full {
            return Err(begun_without("full"));
        }
        if self.given.method.is_some() && !begun.entry.options.contains(&Opt::Method) {
            return Err(begun_without("method"));
        }
        if self.given.verify && !begun.given.verify {
            return Err(begun_without("verify"));
        }
        if let (Some(method), Some(seeks)) = (self.given.method, begun.given.seeks)
            && method != Method::Sieve
        {
            let what = format!("--method: the run in '{}' was begun with --{}", file.display(), seeks.option());
            return Err(Error::usage(format!("{what}, which is for the sieve: leave it out")));
        }
        let given = Given { lanes: self.given.lanes, method: self.given.method.or(begun.given.method), ..begun.given };
        Ok(Order { entry: begun.entry, words: begun.words, given, list: None, out: Some(file.into()), ..self })
    }

    /// Whether it should be counted again by another way.
    pub fn verifies(&self) -> bool {
        self.given.verify
    }

    /// Whether something was asked for that needs blocks to go on with, in the words of whoever asked.
    pub fn wants_legs(&self) -> Option<&'static str> {
        let wants = [
            ("--for", self.time_limit.is_some()),
            ("--checkpoint-every", self.every.is_some()),
            ("--keep-going", self.keep_going),
        ];
        wants.into_iter().find(|(_, wanted)| *wanted).map(|(option, _)| option)
    }

    /// The lines of the list, if there is one, without blank ones and comments.
    pub fn list(&self) -> Result<Vec<String>> {
        let Some(path) = &self.list else { return Ok(vec![]) };
        let text = match path.to_str() {
            Some("-") => std::io::read_to_string(std::io::stdin()),
            _ => std::fs::read_to_string(path),
        };
        let text = text.map_err(|why| Error::usage(format!("--list '{}': {why}", path.display())))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(lines.map(str::to_string).collect())
    }
}

/// Understands the command line.
pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Request> {
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some(word) = args.iter().skip(1).find(|word| word.to_str().is_none()) {
        return Err(Error::usage(format!("'{}' is not text in UTF-8", word.to_string_lossy())));
    }
    // clap would take these for options.
    let negative =
        |word: &str| word.starts_with('-') && word[1..].starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if let Some(word) = args.iter().skip(1).filter_map(|word| word.to_str()).find(|word| negative(word)) {
        return Err(Error::usage(format!("'{word}' is negative: numbers start at 0")));
    }
    let typed: Vec<String> = args.iter().skip(1).filter_map(|word| word.to_str()).map(str::to_string).collect();
    match command().try_get_matches_from(args) {
        Ok(matches) => request(&matches),
        Err(slip) if slip.kind() == ErrorKind::DisplayHelp => Ok(Request::Say(slip.to_string())),
        Err(slip) => Err(Error::usage(in_one_line(&slip, &typed))),
    }
}

/// Understands a command line that was understood before, maybe on another machine: lanes that it forced may not be here,
/// and where its run file was may now be a folder.
pub fn read_again(words: &[String]) -> Result<Request> {
    let (mut kept, mut words) = (vec![OsString::from("pcount")], words.iter());
    while let Some(word) = words.next() {
        match word.as_str() {
            word if ELSEWHERE.contains(&word) => drop(words.next()),
            word if word.split_once('=').is_some_and(|(option, _)| ELSEWHERE.contains(&option)) => (),
            word => kept.push(word.into()),
        }
    }
    read(kept)
}

/// Options that say nothing where a run is gone on with. Without a run file there is no `--checkpoint-every` either.
const ELSEWHERE: [&str; 3] = ["--lanes", "--out", "--checkpoint-every"];

fn request(root: &ArgMatches) -> Result<Request> {
    // Options stand before or behind the command: clap hands those before it on to the command's matches.
    let (name, matches) = root.subcommand().unwrap_or((KERNELS[0].name, root));
    let flag = |name: &str| matches.get_flag(name);
    if flag("version") {
        let text = format!("pcount {}\n", env!("CARGO_PKG_VERSION"));
        return Ok(if flag("verbose") { Request::Version } else { Request::Say(text) });
    }
    if flag("verbose") {
        return Err(Error::usage("-v goes with --version; for the times of a run write --time"));
    }
    let format = word(matches, "format");
    if flag("quiet") && format.is_some_and(|name| name != "text") {
        return Err(Error::usage("--quiet prints bare answers, so there is no --format to it: leave one out"));
    }
    let format = FORMATS.iter().find(|known| Some(known.name) == format).unwrap_or(&FORMATS[0]);
    let output = Output { format, quiet: flag("quiet") };
    if name == "show" {
        refuse_options(matches, name, &refused(name))?;
        let file = word(matches, "file").expect("clap asks for the file");
        return Ok(Request::Show { file: file.into(), output });
    }
    if name == "resume" {
        refuse_options(matches, name, &refused(name))?;
        let file = word(matches, "file").expect("clap asks for the file");
        let order = Order { words: vec![], ..order(&KERNELS[0], matches, output)? };
        return Ok(Request::Resume { file: file.into(), order: Box::new(order) });
    }
    let entry = kernel::find(name).expect("clap knows the kernels");
    Ok(Request::Run(Box::new(order(entry, matches, output)?)))
}

fn order(entry: &'static Entry, matches: &ArgMatches, output: Output) -> Result<Order> {
    if word(matches, "file").is_none() {
        refuse_options(matches, entry.name, &refused(entry.name))?;
    }
    let seconds = |name| word(matches, name).map(|text| named(name, syntax::seconds(text))).transpose();
    let timeout = seconds("timeout")?;
    if timeout == Some(0.0) {
        return Err(Error::usage("--timeout: '0' is no time at all: write seconds, such as 30"));
    }
    let method = word(matches, "method").and_then(|name| match name {
        "trial" => Some(Method::Trial),
        "sieve" => Some(Method::Sieve),
        "leaves" => Some(Method::Leaves),
        _ => None,
    });
    let given = Given {
        method,
        lanes: word(matches, "lanes").map(|name| lanes::pick(Some(name))).transpose()?,
        // A bare answer that is not the whole number would be no answer.
        full: has(matches, "full") || output.quiet,
        verify: has(matches, "verify"),
        dir: word(matches, "dir").map(PathBuf::from),
        timeout,
        step: seconds("step")?,
        seeks: seeks(matches)?,
        ..Given::default()
    };
    let keep_going = matches.get_flag("keep-going");
    let schedule = word(matches, "schedule").and_then(|name| match name {
        "fixed" => Some(Schedule::Fixed),
        "farm" => Some(Schedule::Farm),
        _ => None,
    });
    if keep_going && schedule == Some(Schedule::Fixed) {
        return Err(Error::usage(
            "--schedule fixed: --keep-going deals a dead rank's blocks again, which only the farm can: leave one out",
        ));
    }
    let order = Order {
        entry,
        words: matches.try_get_many::<String>("words").ok().flatten().unwrap_or_default().cloned().collect(),
        given,
        list: word(matches, "list").map(PathBuf::from),
        schedule: if keep_going { Some(Schedule::Farm) } else { schedule },
        keep_going,
        threads: word(matches, "threads").map(threads).transpose()?,
        out: word(matches, "out").map(out).transpose()?,
        every: duration(matches, "checkpoint-every")?,
        time_limit: duration(matches, "for")?,
        output,
        time: matches.get_flag("time"),
        progress: match word(matches, "progress") {
            Some("always") => When::Always,
            Some("never") => When::Never,
            _ => When::Auto,
        },
        dry_run: matches.get_flag("dry-run"),
    };
    if order.every.is_some() && order.out.is_none() && word(matches, "file").is_none() {
        return Err(Error::usage("--checkpoint-every is about the run file: add --out run.h5, or leave it out"));
    }
    // What can be understood without the list should be wrong before a job has waited for its nodes.
    match order.list {
        Some(_) => order
            .words
            .iter()
            .try_for_each(|word| understood(entry, std::slice::from_ref(word), Given::default(), 1).map(drop))?,
        None => drop(understood(entry, &order.words, Given::default(), 1)?),
    }
    Ok(order)
}

/// The words behind a kernel's name, as what it takes; on so many ranks.
fn understood(entry: &Entry, words: &[String], mut given: Given, ranks: usize) -> Result<Given> {
    let default = match entry.takes {
        Takes::Ranges(default) | Takes::Range(default) | Takes::Items(default) | Takes::Seconds(default) => default,
        Takes::Numbers | Takes::Two(..) | Takes::Urls | Takes::Nothing => "",
    };
    let default = default.split_whitespace().map(|word| word.replace("ranks", &ranks.to_string())).collect();
    let words: Vec<String> = if words.is_empty() { default } else { words.to_vec() };
    let all = |parse: fn(&str) -> Result<Vec<Item>>| -> Result<Vec<Item>> {
        let mut all = vec![];
        for word in &words {
            all.extend(parse(word)?);
            if all.len() as u128 > RANGES_MAX {
                let why = format!("'{word}' makes it {} numbers and ranges: {RANGES_MAX} are the most", all.len());
                return Err(Error::usage(why));
            }
        }
        Ok(all)
    };
    let ranges = |word: &str| Ok(syntax::ranges(word)?.into_iter().map(Item::Range).collect());
    match entry.takes {
        Takes::Ranges(_) | Takes::Range(_) => given.items = all(ranges)?,
        Takes::Numbers | Takes::Two(..) => given.items = all(|word| Ok(vec![Item::Number(syntax::number(word)?)]))?,
        Takes::Items(_) => given.items = all(syntax::items)?,
        Takes::Seconds(_) => given.seconds = words.iter().map(|word| syntax::seconds(word)).collect::<Result<_>>()?,
        Takes::Urls => given.urls = words.clone(),
        Takes::Nothing => (),
    }
    let needs = match entry.takes {
        Takes::Numbers if given.items.is_empty() => format!("a number: write pcount {} 1e9", entry.name),
        Takes::Two([one, other], such) if given.items.len() != 2 => {
            let typed = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
            let not = if typed.is_empty() { String::new() } else { format!(", not {typed}") };
            format!("two numbers, {one} and {other}{not}: write pcount {} {such}", entry.name)
        }
        Takes::Urls if given.urls.is_empty() => "a URL: write pcount download https://host/path, or --list FILE".into(),
        _ => return Ok(given),
    };
    Err(Error::usage(format!("'{}' needs {needs}", entry.name)))
}

/// A kernel quotes what it could not take as it knows it; whoever typed it should find it too.
fn as_typed(why: Error, words: &[String]) -> Error {
    let text = why.to_string();
    let quoted = text.strip_prefix('\'').and_then(|rest| rest.split('\'').next()).unwrap_or_default();
    let means =
        |word: &&String| syntax::items(word).is_ok_and(|items| items.iter().any(|item| item.to_string() == quoted));
    match words.iter().find(means) {
        Some(word) if word != quoted => why.at(&format!("in '{word}'")),
        _ => why,
    }
}

fn word<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a str> {
    matches.try_get_one::<String>(name).ok().flatten().map(String::as_str)
}

/// Whether the option was typed.
fn has(matches: &ArgMatches, name: &str) -> bool {
    matches!(matches.try_get_raw(name), Ok(Some(_)))
        && matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine)
}

fn named<T>(option: &str, value: Result<T>) -> Result<T> {
    value.map_err(|why| why.at(&format!("--{option}")))
}

fn duration(matches: &ArgMatches, name: &str) -> Result<Option<Duration>> {
    word(matches, name).map(|text| named(name, syntax::duration(text))).transpose()
}

fn threads(text: &str) -> Result<usize> {
    match named("threads", syntax::number(text))? {
        n if (1..=THREADS_MAX as u128).contains(&n) => Ok(n as usize),
        _ => Err(Error::usage(format!("--threads: '{text}' is not between 1 and {THREADS_MAX}"))),
    }
}

fn out(text: &str) -> Result<PathBuf> {
    let path = PathBuf::from(text);
    match path.file_name() {
        Some(_) if !path.is_dir() && !text.ends_with('/') && !text.ends_with("/.") => Ok(path),
        _ => Err(Error::usage(format!("--out: '{text}' is not a file name: write --out run.h5"))),
    }
}

/// What the primes are sought for: one thing at a time.
fn seeks(matches: &ArgMatches) -> Result<Option<Seeks>> {
    let tuplets = word(matches, "tuplet").map(tuplet).transpose()?.map(Seeks::Tuplets);
    let gaps = has(matches, "gaps").then_some(Seeks::Gaps);
    let primes = has(matches, "primes").then_some(Seeks::Primes);
    let asked: Vec<Seeks> = [tuplets, gaps, primes].into_iter().flatten().collect();
    match asked[..] {
        [one, other, ..] => {
            let (one, other) = (one.option(), other.option());
            Err(Error::usage(format!("--{one} and --{other} are two questions: ask one at a time")))
        }
        _ => Ok(asked.first().copied()),
    }
}

fn tuplet(text: &str) -> Result<u64> {
    match named("tuplet", syntax::number(text))? {
        k @ 2..=6 => Ok(k as u64),
        _ => Err(Error::usage(format!("--tuplet: '{text}' is not between 2, for twins, and 6, for sextuplets"))),
    }
}

/// Options that not every kernel has, and their names.
const OPTIONS: [(Opt, &str); 4] =
    [(Opt::Method, "method"), (Opt::Lanes, "lanes"), (Opt::Full, "full"), (Opt::Verify, "verify")];

/// What printing a run file again has no use for.
const SHOW_REFUSES: [&str; 13] = [
    "method",
    "lanes",
    "full",
    "verify",
    "schedule",
    "keep-going",
    "threads",
    "out",
    "checkpoint-every",
    "for",
    "time",
    "progress",
    "dry-run",
];

/// A resume writes the file that it reads.
const RESUME_REFUSES: [&str; 2] = ["out", "dry-run"];

/// Commands that take a run file.
const OF_FILES: [&str; 2] = ["show", "resume"];

/// The options of all commands that this one has no use for: it does not show them, and does not take them.
fn refused(command: &str) -> Vec<&'static str> {
    match kernel::find(command) {
        Some(entry) => OPTIONS.iter().filter(|(opt, _)| !entry.options.contains(opt)).map(|(_, name)| *name).collect(),
        None if command == "resume" => RESUME_REFUSES.to_vec(),
        None => SHOW_REFUSES.to_vec(),
    }
}

fn refuse_options(matches: &ArgMatches, command: &str, options: &[&str]) -> Result<()> {
    match options.iter().find(|name| has(matches, name)) {
        None => Ok(()),
        Some(name) => Err(Error::usage(format!("--{name} is not for '{command}': leave it out"))),
    }
}

/// clap's message without its heading, usage and advice to read them.
fn in_one_line(slip: &clap::Error, typed: &[String]) -> String {
    let text = slip.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default().trim_start_matches("error: ").to_string();
    let rest = lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let tips = rest.map(|line| line.trim_start_matches("tip: ").to_string());
    // Nothing that pcount takes begins with a dash.
    let mut tips: Vec<String> = tips.filter(|tip| !tip.contains("as a value, use")).collect();
    let of_files = |word: &str| OF_FILES.iter().find(|name| **name == word);
    let command = typed.iter().find(|word| of_files(word).is_some() || kernel::find(word).is_some());
    let hint = match (slip.kind(), command) {
        // Only those have something that must be there.
        (ErrorKind::MissingRequiredArgument, Some(name)) => {
            return format!("'{name}' needs a run file: write pcount {name} run.h5");
        }
        (ErrorKind::InvalidSubcommand, _) if first.contains("..") => {
            "to count primes there write pcount primes RANGE".into()
        }
        (ErrorKind::UnknownArgument, None) if OF_PRIMES.iter().any(|name| first.contains(name)) => {
            tips.clear();
            format!("write pcount primes {}", typed.join(" "))
        }
        (_, Some(command)) => format!("see pcount {command} --help"),
        (_, None) => "see pcount --help".into(),
    };
    [vec![first], tips, vec![hint]].concat().join("; ")
}

/// Options of `primes` that are missed where no command is named.
const OF_PRIMES: [&str; 3] = ["'--tuplet'", "'--gaps'", "'--list'"];

/// The options of all commands.
fn options() -> impl Iterator<Item = Arg> {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let one_of = |arg: Arg, names: Vec<&'static str>| arg.value_parser(PossibleValuesParser::new(names));
    let formats = FORMATS.iter().map(|format| format.name).collect();
    let options = [
        one_of(option("method", "NAME", "How primes are found [default: auto]"), vec!["auto", "trial", "sieve", "leaves"]),
        option("lanes", "NAME", "Force an instruction set: avx512, avx2 or scalar [default: the best there is]"),
        one_of(
            option(
                "schedule",
                "NAME",
                "How blocks get to ranks: fixed (an equal slice for each), farm (rank 0 deals them),\nor auto [default: auto]",
            ),
            vec!["auto", "fixed", "farm"],
        )
        .hide_possible_values(true),
        flag(
            "keep-going",
            "When a rank other than 0 dies, go on without it, on the farm; under mpirun --with-ft ulfm of Open MPI 5",
        ),
        option(
            "threads",
            "N",
            "Compute threads of each rank\n[default: PCOUNT_THREADS, else OMP_NUM_THREADS, else its share of the cores]",
        ),
        option("out", "FILE.h5", "Keep the run file there, while the run goes on and when it is over"),
        option("checkpoint-every", "TIME", "How often the run file is replaced: 60s, 5m [default: 60s]"),
        option("for", "TIME", "Stop before so much time is over, with code 85 if work is left: 3h50m, 90s"),
        one_of(option("format", "NAME", "Of the answer on stdout [default: text]"), formats),
        flag("quiet", "The bare answers, one a line: count, value, tuplets, gap, sha256, host ...").short('q'),
        flag("full", "Factorials with all their digits, not only those of up to 60"),
        flag("verify", "Count again by another way, all of a formula and a share of a sieve; end with code 3 if it differs"),
        flag("time", "A table of times on stderr"),
        one_of(
            option(
                "progress",
                "WHEN",
                "How far the run is, on stderr: auto (a bar on a terminal, else a line every 10 s,\n\
                 doubling to 10 min), always (lines sooner) or never [default: auto]",
            ),
            vec!["auto", "always", "never"],
        )
        .hide_possible_values(true),
        flag("dry-run", "Print the plan and compute nothing"),
        flag("version", "Print the version; with -v also those of the libraries").short('V'),
        flag("verbose", "With --version: more").short('v').long("verbose").hide(true),
    ];
    // Those of one command stand above them.
    options.into_iter().enumerate().map(|(index, arg)| arg.global(true).display_order(100 + index))
}

fn command() -> Command {
    let show = Command::new("show")
        .about("Print a run file again, in any format")
        .arg(Arg::new("file").value_name("FILE.h5").required(true).help("A run file that --out kept"))
        .args(hidden("show"));
    let resume = Command::new("resume")
        .about("Go on with a run that was stopped or killed, on any number of ranks and threads")
        .arg(
            Arg::new("file")
                .value_name("FILE.h5")
                .required(true)
                .help("The run file; it is replaced as the run goes on"),
        )
        .args(hidden("resume"));
    Command::new("pcount")
        .about("Counts primes exactly, on threads, MPI ranks and hosts")
        .after_help(format!("Without a command: pcount primes.\n\n{RANGES}\n{NUMBERS}\n\n{AFTER}"))
        .args(options())
        .disable_version_flag(true)
        .subcommands(KERNELS.iter().map(subcommand))
        .subcommand(resume)
        .subcommand(show)
}

/// The options of all commands that this one refuses.
fn hidden(command: &str) -> impl Iterator<Item = Arg> {
    let refused = refused(command);
    options().filter(move |arg| refused.contains(&arg.get_id().as_str())).map(|arg| arg.hide(true))
}

const RANGES: &str = "\
Ranges: A..B (B not included), A..=B, A..+L (L numbers), and A..B/N: N equal ranges,
        of which the last takes the remainder.";

const NUMBERS: &str = "\
Numbers: 1000000, 1_000_000, 1e6, 1.5e6, 10^6, 10**6, and sums, differences and products
        of those, without spaces: 1e9+7, 2^127-100, 3*10^6.";

const AFTER: &str = "\
On ranks: mpirun -n 8 pcount COMMAND ...
pcount COMMAND --help shows a command's own options.";

fn subcommand(entry: &Entry) -> Command {
    let words = |name: &'static str, help: String| {
        // No number of words is too many, but for one range.
        let many = if matches!(entry.takes, Takes::Range(_)) { 0..=1 } else { 0..=usize::MAX - 1 };
        Some(Arg::new("words").value_name(name).num_args(many).help(help))
    };
    let default = |what: &str, default: &str| format!("{what} [default: {default}]");
    let after = match entry.takes {
        Takes::Ranges(_) => {
            format!("{RANGES}\n        In the answer, end is not included: 0..=97 is shown as 0 98.\n{NUMBERS}")
        }
        Takes::Range(_) | Takes::Items(_) => format!("{RANGES}\n{NUMBERS}"),
        Takes::Numbers | Takes::Two(..) => NUMBERS.into(),
        Takes::Seconds(_) | Takes::Urls | Takes::Nothing => String::new(),
    };
    let words = match entry.takes {
        Takes::Ranges(d) => words("RANGES", default("Such as 0..1e9 or 1e18..+1e9", d)),
        Takes::Range(d) => words("RANGE", default("Such as 0..1e6", d)),
        Takes::Numbers => words("NUMBERS", "Such as 1e9".into()),
        Takes::Two([one, other], such) => words("NUMBERS", format!("{one} and {other}, such as {such}")),
        Takes::Items(d) => words("NUMBERS", default("Numbers and ranges, such as 10 12 100..200", d)),
        Takes::Seconds(d) => words("SECONDS", default("Such as 0.2", d)),
        Takes::Urls => words("URLS", "Such as https://host/path".into()),
        Takes::Nothing => None,
    };
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let option = |opt: &Opt| match opt {
        Opt::List => Some(Arg::new("list").long("list").value_name("FILE").help("URLs, one a line; - for stdin")),
        Opt::Dir => Some(Arg::new("dir").long("dir").value_name("DIR").help("The folder for the files [default: .]")),
        Opt::Timeout => Some(
            Arg::new("timeout")
                .long("timeout")
                .value_name("SECONDS")
                .help("Give up a try when nothing came for so long [default: 30]"),
        ),
        Opt::Step => Some(
            Arg::new("step")
                .long("step")
                .value_name("SECONDS")
                .help("Between one rank's arrival and the next's [default: 0.05]"),
        ),
        Opt::Tuplet => Some(
            Arg::new("tuplet")
                .long("tuplet")
                .value_name("K")
                .help("Count the k-tuplets too: 2 for twins, 3 for triplets, up to 6"),
        ),
        Opt::Gaps => {
            Some(flag("gaps").help("Find the largest gap between neighbouring primes of each range, and where it is"))
        }
        Opt::Primes => Some(flag("primes").long("list").help("Print the primes themselves, in order")),
        // These stand with the options of all commands.
        Opt::Method | Opt::Lanes | Opt::Full | Opt::Verify => None,
    };
    Command::new(entry.name)
        .about(entry.about)
        .args(words)
        .args(entry.options.iter().filter_map(option))
        .args(hidden(entry.name))
        .after_help(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_(line: &str) -> Result<Request> {
        read(["pcount"].into_iter().chain(line.split_whitespace()).map(OsString::from))
    }

    fn order_(line: &str) -> Order {
        match read_(line) {
            Ok(Request::Run(order)) => *order,
            Ok(_) => panic!("'{line}' runs nothing"),
            Err(why) => panic!("'{line}': {why}"),
        }
    }

    #[test]
    fn clap_finds_no_fault_in_the_table() {
        command().debug_assert();
    }

    #[test]
    fn options_stand_before_or_behind_the_command() {
        for line in ["--threads 3 primes 0..10 --format json", "primes --threads 3 --format json 0..10"] {
            let order = order_(line);
            assert_eq!((order.entry.name, order.threads, order.output.format.name), ("primes", Some(3), "json"));
            assert_eq!(order.words, ["0..10"]);
        }
        assert_eq!(order_("--method trial").given.method, Some(Method::Trial));
        assert_eq!(order_("--schedule farm primes").schedule, Some(Schedule::Farm));
    }

    #[test]
    fn defaults_are_the_tutorials() {
        let facts = |line: &str, ranks| order_(line).plan(ranks, &[]).unwrap().facts[0].value.clone();
        use crate::report::Value;
        assert_eq!(facts("", 1), Value::texts(["0..1000000", "1000000..2000000", "2000000..3000000"]));
        assert_eq!(facts("sum", 4), Value::texts(["0..40"]));
        assert_eq!(facts("factorial", 1), Value::texts(["1000..2000"]));
        assert_eq!(facts("delay", 1), Value::List(vec![Value::Seconds(0.2); 2]));
    }

    #[test]
    fn help_and_version_are_texts() {
        for (line, part) in [("--help", "pcount COMMAND"), ("primes --help", "RANGES"), ("-V", "pcount ")] {
            let Ok(Request::Say(text)) = read_(line) else { panic!("'{line}' is no text") };
            assert!(text.contains(part), "{text}");
        }
        assert!(matches!(read_("--version -v"), Ok(Request::Version)));
        assert!(matches!(read_("show run.h5 --format csv"), Ok(Request::Show { .. })));
    }

    fn resumed(begun: &str, how: &str) -> Result<Order> {
        let Ok(Request::Resume { order, .. }) = read_(&format!("resume run.h5 {how}")) else { panic!("'{how}'") };
        let words: Vec<String> = begun.split_whitespace().map(str::to_string).collect();
        let Request::Run(begun) = read_again(&words)? else { panic!("'{begun}'") };
        order.going_on_with(*begun, Path::new("run.h5"))
    }

    #[test]
    fn a_resume_asks_how_and_the_file_what() {
        let begun = "primes 0..1e9/3 --lanes none-such --threads 7 --format json --for 2h --out there.h5";
        let order = resumed(begun, "--schedule farm --checkpoint-every 5m").unwrap();
        assert_eq!((order.entry.name, &*order.words), ("primes", &["0..1e9/3".to_string()][..]));
        assert_eq!((order.threads, order.time_limit, order.schedule), (None, None, Some(Schedule::Farm)));
        assert_eq!((order.out, order.every), (Some("run.h5".into()), Some(Duration::from_secs(300))));
        // Where the run file was there may be a folder now.
        for begun in ["primes 0..9 --out /tmp --checkpoint-every=5m", "--checkpoint-every 5m primes --out=/tmp 0..9"] {
            assert_eq!(resumed(begun, "").unwrap().words, ["0..9"]);
        }
        assert!(resumed("factorial 5 -q", "").unwrap().given.full);
        assert!(resumed("pi 1e9 --verify", "").unwrap().given.verify);
        let refused =
            [("factorial 5", "--full"), ("factorial 5", "-q"), ("sum 0..9", "--method trial"), ("pi 9", "--verify")];
        for (begun, how) in refused {
            assert!(resumed(begun, how).err().unwrap().to_string().ends_with("'run.h5' was begun without"), "{begun}");
        }
        let other = resumed("primes 0..9 --gaps", "--method trial").err().unwrap().to_string();
        assert!(other.starts_with("--method: the run in 'run.h5' was begun with --gaps"), "{other}");
        assert!(resumed("primes 0..9 --gaps", "--method sieve").is_ok());
        let order = resumed("primes 0..9 --schedule fixed", "--keep-going").unwrap();
        assert!(order.keep_going && order.schedule == Some(Schedule::Farm));
        assert!(!resumed("primes 0..9 --keep-going", "").unwrap().keep_going);
        assert!(matches!(read_("resume run.h5 --out other.h5"), Err(Error::Usage(what)) if what.contains("--out")));
    }

    #[test]
    fn a_quiet_factorial_is_whole() {
        assert!(order_("-q factorial 100").given.full);
        assert!(!order_("factorial 100").given.full);
    }
}
