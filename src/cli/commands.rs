//! The commands, as clap knows them: those of the table of kernels, and those that take a run file.

use super::OtherMethod;
use super::options::{
    CERTIFY, COMPARE, DIFF, MERGE, PLOT, SELF_TEST, VERIFY, global, hidden, hidden_in_comparison, option, own,
};
use super::pages::{
    self, ABOUT_COMPARE, ABOUT_PLOT, EXAMPLES, IN_SHORT, MORE, OF_CERTIFY, OF_COMPARE, OF_DIFF, OF_MERGE, OF_PLOT,
    OF_RESUME, OF_SELF_TEST, OF_SHOW, OF_VERIFY, OF_WATCH, examples,
};
use crate::kernel::{KERNELS, KernelEntry, Takes};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};

/// Help is no wider than this, however wide the terminal is: long lines are hard to read.
const WIDTH: usize = 100;

/// All that can be typed.
pub fn command() -> Command {
    let file = |help: &'static str| Arg::new("file").value_name("FILE.h5").required(true).help(help);
    let show = Command::new("show")
        .about("Print a run file again, in any format")
        .arg(file("A run file that --out kept"))
        .args(hidden("show"))
        .after_help(examples(OF_SHOW));
    let watch = Command::new("watch")
        .about("Show a running job from another terminal or host, by the run file that it saves")
        .arg(file("The run file of the job; it may not be there yet"))
        .args(hidden("watch"))
        .after_help(examples(OF_WATCH));
    let plot = Command::new(PLOT)
        .about("Draw run files: who computed when, progress, costs, counts, speed-ups")
        .arg(file("Run files, also those of compare").num_args(1..).action(ArgAction::Append))
        .arg(
            option("out")
                .arg()
                .value_name("FILE")
                .help_heading(None)
                .help("The picture: FILE.svg, FILE.png or FILE.html; without it, it is drawn in characters"),
        )
        .args(own(PLOT))
        .args(hidden(PLOT))
        .after_help(examples(OF_PLOT))
        .after_long_help(format!("{ABOUT_PLOT}\n\n{}", examples(OF_PLOT)));
    let resume = Command::new("resume")
        .about("Continue a run that was stopped or killed, on any number of ranks and threads")
        .arg(file("The run file; it is replaced as the run goes on"))
        .args(own("resume"))
        .args(hidden("resume"))
        .after_help(examples(OF_RESUME));
    // The commands in it are made only where one of them was typed: this takes as long as to make all others.
    let compare = Command::new(COMPARE)
        .about("Compute the same on threads, ranks and both, and compare the times")
        .args(own(COMPARE).map(|arg| arg.global(true)))
        .args(hidden(COMPARE))
        .disable_help_subcommand(true)
        .subcommand_value_name("COMMAND")
        .subcommand_help_heading("Commands that can be compared")
        .defer(|compare| compare.subcommands(KERNELS.iter().map(compared)))
        .after_help(examples(OF_COMPARE))
        .after_long_help(format!("{ABOUT_COMPARE}\n\n{}", examples(OF_COMPARE)));
    // What it does is done before clap looks; here it has its line.
    let help = Command::new("help")
        .about("A page on ranges, numbers, methods, launches or options, or the help of a command")
        .arg(Arg::new("topic").value_name("TOPIC").help("ranges, numbers, methods, launches, options, or a command"))
        .args(hidden("help"));
    Command::new("pcount")
        .about("Counts primes exactly, on threads, MPI ranks and hosts")
        .after_help(MORE)
        .after_long_help(format!("{IN_SHORT}\n\n{MORE}\n\n{}", examples(EXAMPLES)))
        .args(global())
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .max_term_width(WIDTH)
        .subcommands(KERNELS.iter().map(subcommand))
        .subcommands([compare, plot, resume, show, watch])
        .subcommands(of_trust())
        .subcommand(help)
}

/// Those that check runs and machines, or put runs together.
fn of_trust() -> [Command; 5] {
    let file = |help: &'static str| Arg::new("file").value_name("FILE.h5").required(true).help(help);
    let written =
        |help: &'static str, name: &'static str| option("out").arg().value_name(name).help_heading(None).help(help);
    let verify = Command::new(VERIFY)
        .about("Compute a share of a run's blocks again, by other code, and compare")
        .arg(file("A run file that --out kept, or a certificate"))
        .args(own(VERIFY))
        .arg(
            Arg::new("method")
                .long("method")
                .value_name("NAME")
                .value_parser(PossibleValuesParser::new(OtherMethod::names()))
                .help(
                    "Compute by another method: other (test each number that was sieved; other parameters in a formula), \
                     or the whole answer by trial, sieve, legendre, lmo or gourdon",
                ),
        )
        .args(hidden(VERIFY))
        .after_help(examples(OF_VERIFY));
    let certify = Command::new(CERTIFY)
        .about("Write what a run claims as a short text that others can check")
        .arg(file("A run file of a run that is over"))
        .arg(written("The certificate; without it, it is printed", "FILE"))
        .args(hidden(CERTIFY))
        .after_help(examples(OF_CERTIFY));
    let diff = Command::new(DIFF)
        .about("Say whether two runs, or certificates, agree, and which blocks do not")
        .arg(file("Two run files or certificates").num_args(2).action(ArgAction::Append))
        .args(hidden(DIFF))
        .after_help(examples(OF_DIFF));
    let merge = Command::new(MERGE)
        .about("Put runs of shares of one plan together")
        .arg(file("Run files of --share").num_args(1..).action(ArgAction::Append))
        .arg(written("The run file of all of them", "FILE.h5").required(true))
        .args(hidden(MERGE))
        .after_help(examples(OF_MERGE));
    let self_test = Command::new(SELF_TEST)
        .about("Check that this machine computes right: lanes, schedules, a resume, each core, memory")
        .arg(
            option("for")
                .arg()
                .help_heading(None)
                .help("How long all cores go on, after the checks that are done once [default: 60s]"),
        )
        .args(hidden(SELF_TEST))
        .after_help(examples(OF_SELF_TEST));
    [verify, certify, diff, merge, self_test]
}

/// A text as wide as help is.
pub fn wrapped(text: &'static str) -> clap::builder::StyledStr {
    Command::new("page").max_term_width(WIDTH).help_template("{about}").about(text).render_help()
}

fn subcommand(entry: &KernelEntry) -> Command {
    Command::new(entry.name)
        .about(entry.about)
        .args(words(entry))
        .args(list(entry))
        .args(own(entry.name))
        .args(hidden(entry.name))
        .after_help(examples(entry.examples))
        .after_long_help(format!("{}{}", more(entry), examples(entry.examples)))
}

/// The command in `compare`. What takes nothing is about the ranks themselves: it is known there to be refused.
fn compared(entry: &KernelEntry) -> Command {
    subcommand(entry).args(hidden_in_comparison(entry.name)).hide(entry.takes == Takes::Nothing)
}

/// The pages that say more of what a command takes.
fn more(entry: &KernelEntry) -> String {
    let names: &[&str] = match entry.takes {
        Takes::Ranges(_) | Takes::Items(_) | Takes::Numbers => &["ranges", "numbers"],
        Takes::Two(..) | Takes::Seconds(_) => &["numbers"],
        Takes::Urls | Takes::Nothing => &[],
    };
    let methods: &[&str] = if option("method").is_of(entry.name) { &["methods"] } else { &[] };
    let line = |name: &&str| format!("pcount help {name}: {}\n", pages::page(name).expect("it is a page").about);
    let lines: String = names.iter().chain(methods).map(line).collect();
    if lines.is_empty() { lines } else { lines + "\n" }
}

/// What stands behind the name of a kernel.
fn words(entry: &KernelEntry) -> Option<Arg> {
    let words = |name: &'static str, help: String| {
        // No number of words is too many, and options may stand between them.
        Some(Arg::new("words").value_name(name).num_args(0..).action(ArgAction::Append).help(help))
    };
    let default = |what: &str, default: &str| format!("{what} [default: {default}]");
    match entry.takes {
        Takes::Ranges(d) => words("RANGES", default("Such as 0..1e9 or 1e18..+1e9; - for those from stdin", d)),
        Takes::Numbers => words("NUMBERS", "Such as 1e9 or 1..=10; - for those from stdin".into()),
        Takes::Two([one, other], such) => words("NUMBERS", format!("{one} and {other}, such as {such}")),
        Takes::Items(d) => words("NUMBERS", default("Such as 10 12 100..200; - for those from stdin", d)),
        Takes::Seconds(d) => words("TIMES", default("Such as 0.2, 1s or 500ms; - for those from stdin", d)),
        Takes::Urls => words("URLS", "Such as https://host/path; - for those from stdin".into()),
        Takes::Nothing => None,
    }
}

/// The file with more of it. `primes` has another `--list`, and takes it from stdin only.
fn list(entry: &KernelEntry) -> Option<Arg> {
    let help = match entry.takes {
        Takes::Nothing => return None,
        Takes::Urls => "A file with URLs, one a line; - for stdin",
        _ => "A file with more of them, between blanks or line breaks; - for stdin",
    };
    let list = Arg::new("list").long("list").value_name("FILE").help(help);
    (!option("list").is_of(entry.name)).then_some(list)
}
