//! The command line: what was typed, and what it asks for. The only folder that names the clap crate.
//!
//! The commands are the table of kernels, the formats that of the report. Everything is checked here, before
//! MPI and before anything is computed: a wrong word is one line that quotes it and says what would work.

mod advice;
mod commands;
mod downloads;
mod encoding;
mod meant;
mod option_table;
mod options;
mod order;
mod pages;
mod sought;
mod words;

use crate::error::{Error, Result};
use crate::features;
use crate::kernel::{self, KERNELS, Method};
use crate::plot::Kind;
use crate::report::{self, Format};
use crate::syntax;
use clap::ArgMatches;
use clap::builder::StyledStr;
use clap::error::ErrorKind;
use option_table::OPTIONS;
pub use options::question;
use options::{CERTIFY, COMPARE, DIFF, MERGE, OF_FILES, PLOT, SELF_TEST, VERIFY, refuse_options, word};
pub use order::{CACHE_VARIABLE, Comparison, ListRows, Order};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What the command line asks for.
pub enum Request {
    /// A text: help, or the version.
    Say(String),
    /// A long version, which asks the libraries for theirs.
    Version,
    /// A run file printed again.
    Show {
        /// The run file.
        file: PathBuf,
        /// How it is printed.
        output: Output,
    },
    /// A running job shown from outside, by the run file that it saves; its answer at the end.
    Watch {
        /// The run file.
        file: PathBuf,
        /// How the answer is printed.
        output: Output,
    },
    /// The machines to be checked.
    SelfTest(Box<Order>),
    /// Run files to draw.
    Plot(Drawing),
    /// A run whose blocks are to be computed again.
    Verify(Box<Checking>),
    /// A run whose certificate is to be written, and where; nowhere for stdout.
    Certify {
        /// The run file.
        file: PathBuf,
        /// The certificate.
        out: Option<PathBuf>,
    },
    /// Two runs or certificates to be compared.
    Diff {
        /// The files.
        files: Vec<PathBuf>,
        /// How the differences are printed.
        output: Output,
    },
    /// Runs of shares to be put together.
    Merge {
        /// The run files.
        files: Vec<PathBuf>,
        /// The run file of all of them.
        out: PathBuf,
        /// How the answer is printed.
        output: Output,
    },
    /// A kernel to compute, or a plan of it to print.
    Run(Box<Order>),
    /// A kernel to compute in every way, which are compared.
    Compare(Box<Order>),
    /// A resumed run; the order says how, and the file what.
    Resume {
        /// The run file.
        file: PathBuf,
        /// How the run continues.
        order: Box<Order>,
    },
}

impl Request {
    /// Whether ranks are needed: what is only said is said by one of them.
    pub fn needs_ranks(&self) -> bool {
        match self {
            Request::Run(order) => !order.dry_run,
            // It becomes the launcher of its ranks.
            Request::Compare(order) => !order.comparison.launch,
            Request::Resume { .. } | Request::Verify(_) | Request::SelfTest(_) => true,
            Request::Say(_) | Request::Version | Request::Show { .. } | Request::Watch { .. } | Request::Plot(_) => {
                false
            }
            Request::Certify { .. } | Request::Diff { .. } | Request::Merge { .. } => false,
        }
    }

    /// The feature that one rank alone needs for this, and what it needs it for; `None` if it needs none.
    pub fn needs_feature(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Request::Say(_) => None,
            Request::Version => features::names(true).first().map(|&any| (any, "--version -v")),
            Request::Show { .. } => Some(("hdf5", "'show'")),
            Request::Watch { .. } => Some(("hdf5", "'watch'")),
            Request::Plot(_) => Some(("hdf5", "'plot'")),
            Request::SelfTest(_) if !features::is_built_in("hdf5") => None,
            Request::SelfTest(_) => Some(("hdf5", "'self-test'")),
            Request::Verify(_) => Some(("hdf5", "'verify'")),
            Request::Certify { .. } => Some(("hdf5", "'certify'")),
            Request::Diff { .. } => Some(("hdf5", "'diff'")),
            Request::Merge { .. } => Some(("hdf5", "'merge'")),
            Request::Resume { .. } => Some(("hdf5", "'resume'")),
            Request::Compare(order) if order.comparison.launch => None,
            Request::Run(order) | Request::Compare(order) if order.is_download() => Some(("download", "'download'")),
            Request::Run(order) | Request::Compare(order) if order.has_dataset() => Some(("hdf5", "--column /DATASET")),
            Request::Run(order) if order.cache().is_some() => Some(("hdf5", "a cache folder")),
            Request::Run(order) if order.dry_run => None,
            Request::Run(order) | Request::Compare(order) => order.out.as_ref().map(|_| ("hdf5", "--out")),
        }
    }

    /// How long the run may take, if that is said.
    pub fn time_limit(&self) -> Option<Duration> {
        match self {
            Request::Run(order) | Request::Compare(order) | Request::Resume { order, .. } => order.time_limit,
            // Its time is how long it goes on.
            Request::SelfTest(_) => None,
            Request::Verify(checking) => checking.order.time_limit,
            Request::Say(_) | Request::Version | Request::Show { .. } | Request::Watch { .. } | Request::Plot(_) => {
                None
            }
            Request::Certify { .. } | Request::Diff { .. } | Request::Merge { .. } => None,
        }
    }
}

/// How an answer is said.
#[derive(Clone, Copy)]
pub struct Output {
    /// The format of the answer.
    pub format: &'static Format,
    /// The bare answers instead.
    pub quiet: bool,
    /// Whether factorials are shown with all their digits.
    pub full: bool,
}

/// What is computed again, and how.
pub struct Checking {
    /// The run file or certificate.
    pub file: PathBuf,
    /// Which share of its blocks, if that was said.
    pub fraction: Option<f64>,
    /// The method, if it is not that of the run.
    pub method: Option<OtherMethod>,
    /// How they are computed, and how the answer is printed.
    pub order: Order,
}

/// Another method than that of a run, to check it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherMethod {
    /// Each number that was sieved is tested, and formulas have other parameters.
    Other,
    /// Everything by this method.
    By(Method),
}

impl OtherMethod {
    /// Each of them.
    pub fn all() -> impl Iterator<Item = OtherMethod> {
        [OtherMethod::Other].into_iter().chain(Method::ALL.map(OtherMethod::By))
    }

    /// As people type it.
    pub fn name(self) -> &'static str {
        match self {
            OtherMethod::Other => "other",
            OtherMethod::By(method) => method.name(),
        }
    }

    /// Their names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        OtherMethod::all().map(OtherMethod::name)
    }
}

/// What is drawn, and where.
#[derive(Debug, PartialEq)]
pub struct Drawing {
    /// The run files.
    pub files: Vec<PathBuf>,
    /// The file of the picture; without it, it is drawn in characters.
    pub picture: Option<(PathBuf, Kind)>,
    /// The file of the timeline for trace viewers.
    pub trace: Option<PathBuf>,
    /// Whether a PNG has dark ground.
    pub dark: bool,
}

/// Understands the command line.
///
/// # Errors
/// If a word is not understood. The error quotes it and says what would work.
pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Request> {
    read_but(args, false)
}

/// The same, as if options that are about one machine had not been typed if this is another one.
fn read_but(args: impl IntoIterator<Item = OsString>, elsewhere: bool) -> Result<Request> {
    let args = with_values_joined(args.into_iter().collect());
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
    match commands::command().try_get_matches_from(args) {
        Ok(matches) => request(matches, elsewhere),
        Err(slip) if slip.kind() == ErrorKind::DisplayHelp => Ok(Request::Say(shown(&slip.render()))),
        Err(slip) => Err(Error::usage(advice::in_one_line(&slip, &typed))),
    }
}

/// `--gaps records` as `--gaps=records`. clap would take the word behind `--gaps` for its value whatever it is, or never: but it may be a range. A range
/// has `..`, and a number alone is none; nor is a word of letters, which is no command either where one was typed before.
fn with_values_joined(args: Vec<OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = vec![];
    for arg in args {
        let has_command = joined.iter().any(|word| *word == *"primes");
        let is_word = |word: &str| has_command && !word.is_empty() && word.chars().all(char::is_alphabetic);
        let belongs = arg.to_str().is_some_and(|word| sought::says_which_gaps(word) || is_word(word));
        match joined.last_mut() {
            Some(option) if *option == *"--gaps" && belongs => option.push(format!("={}", arg.to_string_lossy())),
            _ => joined.push(arg),
        }
    }
    joined
}

/// Whether this would be taken, whatever else would.
fn works(line: &str) -> bool {
    let words = ["pcount"].into_iter().chain(line.split_whitespace()).map(OsString::from);
    match commands::command().try_get_matches_from(with_values_joined(words.collect())) {
        Ok(matches) => request(matches, false).is_ok(),
        Err(slip) => slip.kind() == ErrorKind::DisplayHelp,
    }
}

/// A page of help, with colours where there may be some.
fn shown(page: &StyledStr) -> String {
    let text = if report::colours() { page.ansi().to_string() } else { page.to_string() };
    text.trim_end().to_string() + "\n"
}

/// Understands a command line that was understood before, maybe on another machine: lanes that it forced may not be here,
/// and where its run file was may now be a folder.
///
/// # Errors
/// If this version does not understand a word.
pub fn read_again(words: &[String]) -> Result<Request> {
    read_but(std::iter::once("pcount").chain(words.iter().map(String::as_str)).map(OsString::from), true)
}

fn request(mut root: ArgMatches, elsewhere: bool) -> Result<Request> {
    // Options stand before or behind the command: clap hands those before it on to the command's matches.
    let (name, mut matches) = match root.remove_subcommand() {
        Some((name, matches)) => (name, matches),
        None => (KERNELS[0].name.into(), root),
    };
    let compares = name == COMPARE;
    let (name, mut matches) = match compares.then(|| matches.remove_subcommand()).flatten() {
        Some((name, matches)) => (name, matches),
        None => (name, matches),
    };
    for option in OPTIONS.iter().filter(|option| elsewhere && option.of_one_machine) {
        let _ = matches.try_remove_one::<String>(option.name);
    }
    let (name, matches) = (name.as_str(), &matches);
    let flag = |name: &str| matches.get_flag(name);
    if flag("version") {
        let without = features::names(false).join(", ");
        let without = if without.is_empty() { without } else { format!(" (built without {without})") };
        let text = format!("pcount {}{without}\n", env!("CARGO_PKG_VERSION"));
        return Ok(if flag("verbose") { Request::Version } else { Request::Say(text) });
    }
    if flag("verbose") {
        return Err(Error::usage("-v goes with --version; for the times of a run write --time"));
    }
    if name == "help" {
        refuse_options(matches, name)?;
        return Ok(Request::Say(shown(&advice::help(word(matches, "topic"))?)));
    }
    if name == SELF_TEST {
        let mut order = Order::with_options(&KERNELS[0], name, matches)?.prints_words(name)?;
        order.time_limit = word(matches, "for").map(|text| order::named("for", syntax::duration(text))).transpose()?;
        return Ok(Request::SelfTest(Box::new(order)));
    }
    if name == PLOT {
        return drawing(matches).map(Request::Plot);
    }
    if OF_FILES.contains(&name) {
        return of_files(name, matches);
    }
    let Some(entry) = kernel::find(name) else {
        let what = format!("'{COMPARE}' needs a command to compare: write pcount {COMPARE} pi 1e10");
        return Err(Error::usage(what));
    };
    Ok(match compares {
        true => Request::Compare(Box::new(order::compared(entry, matches)?)),
        // Where it was kept is not told again.
        false if elsewhere => Request::Run(Box::new(order::order(entry, matches)?)),
        false => Request::Run(Box::new(order::order(entry, matches)?.keeps_its_share()?)),
    })
}

/// What is asked of run files.
///
/// # Errors
/// If the command does not have an option that was typed, or if a value is wrong.
fn of_files(name: &str, matches: &ArgMatches) -> Result<Request> {
    // Which kernel it is, the file says.
    let order = Order::with_options(&KERNELS[0], name, matches)?;
    let files: Vec<PathBuf> = matches.get_many::<String>("file").into_iter().flatten().map(PathBuf::from).collect();
    let file = files.first().cloned().expect("clap asks for the file");
    let output = order.output;
    let out = |example: &str| word(matches, "out").map(|text| order::named_file(text, "--out", example)).transpose();
    Ok(match name {
        "show" => Request::Show { file, output },
        "watch" => Request::Watch { file, output },
        VERIFY => {
            let order = order.prints_words(name)?;
            let named = word(matches, "method");
            let method = OtherMethod::all().find(|method| named == Some(method.name()));
            if let (Some(method), true) = (method, order.lanes().is_some()) {
                return Err(Error::usage(format!(
                    "--lanes is not for --method {}: leave one of them out",
                    method.name()
                )));
            }
            Request::Verify(Box::new(Checking { file, fraction: order.fraction, method, order }))
        }
        CERTIFY => Request::Certify { file, out: out("answer.cert")? },
        DIFF => Request::Diff { files, output: order.prints_words(name)?.output },
        MERGE => Request::Merge { files, out: out("all.h5")?.expect("clap asks for it"), output },
        _ => Request::Resume { file, order: Box::new(order) },
    })
}

/// What `plot` draws.
///
/// # Errors
/// If it does not have an option that was typed, or if a name does not end as its kind of file does.
fn drawing(matches: &ArgMatches) -> Result<Drawing> {
    refuse_options(matches, PLOT)?;
    let files = matches.get_many::<String>("file").into_iter().flatten().map(PathBuf::from).collect();
    let picture = word(matches, "out").map(picture).transpose()?;
    let trace = word(matches, "trace").map(|text| match text.to_lowercase().ends_with(".json") {
        true => order::named_file(text, "--trace", "timeline.json"),
        false => Err(Error::usage(format!("--trace: '{text}' does not end in .json: write --trace timeline.json"))),
    });
    let (trace, dark) = (trace.transpose()?, matches.get_flag("dark"));
    if dark && picture.as_ref().is_none_or(|(_, kind)| *kind != Kind::Png) {
        return Err(Error::usage("--dark is for a PNG: write -o run.png, or leave it out"));
    }
    Ok(Drawing { files, picture, trace, dark })
}

/// The file of a picture, and its kind, which its name tells.
fn picture(text: &str) -> Result<(PathBuf, Kind)> {
    let path = order::named_file(text, "--out", "run.svg")?;
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    match Kind::ALL.into_iter().find(|(known, _)| *known == ending) {
        Some((_, kind)) => Ok((path, kind)),
        None => Err(Error::usage(format!(
            "--out: '{text}' does not end in .svg, .png or .html, which say what is drawn: write -o run.svg"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{GapTable, Method, Seeks};
    use crate::run::Schedule;
    use std::path::Path;
    use std::time::Duration;

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
        commands::command().debug_assert();
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
    fn the_word_behind_gaps_belongs_to_it_unless_it_is_a_range() {
        let table = |line: &str| (order_(line).given.seeks.unwrap(), order_(line).words);
        let [all, million] = [vec!["0..1e6".to_string()], vec!["1e6..2e6".to_string()]];
        assert_eq!(table("primes --gaps 0..1e6"), (Seeks::Gaps, all.clone()));
        assert_eq!(table("primes 0..1e6 --gaps"), (Seeks::Gaps, all.clone()));
        assert_eq!(table("primes 0..1e6 --gaps largest"), (Seeks::Gaps, all.clone()));
        for line in ["primes --gaps 1e2 1e6..2e6", "primes 1e6..2e6 --gaps 100", "primes --gaps=10^2 1e6..2e6"] {
            assert_eq!(table(line), (Seeks::GapTable(GapTable::AtLeast(100)), million.clone()));
        }
        for asked in GapTable::NAMED {
            assert_eq!(table(&format!("primes --gaps {} 0..1e6", asked.name())), (Seeks::GapTable(asked), all.clone()));
        }
        let why = |line: &str| read_(line).err().unwrap().to_string();
        for word in ["record", "histgram", "0", "bogus"] {
            assert!(
                why(&format!("primes --gaps {word} 0..1e6"))
                    .contains(&format!("--gaps: '{word}' is not largest, records"))
            );
        }
        assert!(why("primes --gaps=x 0..1e6").contains("'x' is not largest"));
        assert!(why("primes --gaps records first 0..1e6").contains("'first' is not a range"));
        assert!(why("primes --gaps records 0..1e6 --tuplet 2").contains("exclude each other"));
    }

    #[test]
    fn defaults_are_the_tutorials() {
        let facts = |line: &str, ranks| order_(line).plan(ranks, &[]).unwrap().facts[0].value.clone();
        use crate::values::Value;
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
        for begun in [
            "primes 0..9 --out /tmp --checkpoint-every=5m",
            "--checkpoint-every 5m primes --out=/tmp 0..9",
            "primes 0..9 -o /tmp",
            "primes -qo/tmp 0..9 --lanes none-such",
        ] {
            assert_eq!(resumed(begun, "").unwrap().words, ["0..9"]);
        }
        // A run file has whole values, and whether they are shown may be asked anew.
        assert!(["", "--full", "-q"].iter().all(|how| resumed("factorial 5", how).unwrap().given.full));
        assert!(resumed("factorial 5 --full", "").unwrap().output.full);
        assert!(!resumed("factorial 5", "").unwrap().output.full);
        assert!(resumed("pi 1e9 --verify", "").unwrap().given.verify);
        assert_eq!(resumed("factorial 5 --mod 7", "-q").unwrap().given.modulus, Some(7));
        let refused = [("sum 0..9", "--method trial"), ("pi 9", "--verify")];
        for (begun, how) in refused {
            assert!(
                resumed(begun, how)
                    .err()
                    .unwrap()
                    .to_string()
                    .ends_with("'run.h5' was started without it: leave it out"),
                "{begun}"
            );
        }
        let other = resumed("primes 0..9 --gaps", "--method trial").err().unwrap().to_string();
        assert!(other.starts_with("--method: the run in 'run.h5' was started with --gaps"), "{other}");
        assert!(resumed("primes 0..9 --gaps", "--method sieve").is_ok());
        let order = resumed("primes 0..9 --schedule fixed", "--keep-going").unwrap();
        assert!(order.keep_going && order.schedule == Some(Schedule::Farm));
        assert!(!resumed("primes 0..9 --keep-going", "").unwrap().keep_going);
        assert!(matches!(read_("resume run.h5 --out other.h5"), Err(Error::Usage(what)) if what.contains("--out")));
    }

    #[test]
    fn a_comparison_has_a_command_and_its_options() {
        for line in [
            "compare primes 0..9 --repeat 5 --methods sieve,trial -f json",
            "-f json compare --repeat 5 --methods sieve,trial primes 0..9",
        ] {
            let Ok(Request::Compare(order)) = read_(line) else { panic!("'{line}' compares nothing") };
            let methods = vec![Method::Sieve, Method::Trial];
            assert_eq!(order.comparison, Comparison { repeat: 5, methods, launch: false, python: false });
            assert_eq!(
                (order.command(), &*order.words, order.output.format.name),
                ("primes", &["0..9".to_string()][..], "json")
            );
        }
        assert!(
            read_("compare pi 9 --launch")
                .is_ok_and(|request| !request.needs_ranks() && request.needs_feature().is_none())
        );
        assert!(read_("compare pi 9").is_ok_and(|request| request.needs_ranks()));
        assert!(read_("pi 9").is_ok_and(|request| matches!(request, Request::Run(_))));
        for (line, what) in [
            ("compare", "'compare' needs a command to compare: write pcount compare pi 1e10"),
            ("compare resume x", "'resume' cannot be compared: write a command that computes"),
            ("compare compare pi 9", "'compare' cannot be compared"),
            ("compare help", "'help' cannot be compared"),
            ("compare 1e9", "'1e9' is a number, not a command: write pcount compare pi 1e9"),
            ("compare piii 1e9", "'piii' is not a command: write pcount compare "),
            ("compar pi 1e9", "'compar' is not a command: write pcount compare pi 1e9"),
            ("foo compare pi", "'foo' is not a command: see pcount --help"),
            ("compare pi 9 --repeat 0", "--repeat: '0' is not between 1 and 1000"),
            ("compare primes --methods foo", "--methods: 'foo' is not a method: write some of trial,sieve,"),
            ("compare primes --methods sieve,sieve", "--methods: 'sieve' is there twice"),
            ("compare primes --methods sieve --method trial", "--method and --methods exclude each other"),
            ("compare square --methods sieve", "--methods is not for 'square'"),
            ("compare pi 9 --dry-run", "--dry-run is not for 'compare'"),
            ("compare --keep-going pi 9", "--keep-going is not for 'compare'"),
            ("compare pi 9 --full", "--full is not for 'pi'"),
            ("compare pi", "'pi' needs a number"),
            ("pi 9 --repeat 3", "'--repeat' is not an option"),
        ] {
            let why = read_(line).err().unwrap_or_else(|| panic!("'{line}' is taken"));
            assert_eq!(why.code(), 2);
            assert!(why.to_string().starts_with(what), "'{line}': {why}");
        }
        let Ok(Request::Say(help)) = read_("compare --help") else { panic!("there is no help") };
        let has = |text: &str| help.contains(text);
        assert!(
            has("--methods") && has("riemann-r") && has("Karp") && !has("--dry-run") && !has("--keep-going"),
            "{help}"
        );
        let Ok(Request::Say(help)) = read_("compare pi --help") else { panic!("there is no help") };
        assert!(help.contains("--repeat") && !help.contains("--dry-run"), "{help}");
    }

    #[test]
    fn a_quiet_factorial_is_whole() {
        assert!(order_("-q factorial 100").given.full);
        assert!(!order_("factorial 100").given.full);
        // A file keeps whole values, and shows no more than else.
        let kept = order_("factorial 100 --out run.h5");
        assert!(kept.given.full && !kept.output.full);
    }
}
