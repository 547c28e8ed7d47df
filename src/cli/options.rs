//! What a row of the table of options says, and what is made of the table: the arguments as clap knows them, what commands
//! refuse, and the page `pcount help options`, which `scripts/attempt` reads.

use super::option_table::OPTIONS;
use super::order::Order;
use crate::error::{Error, Result};
use crate::kernel::KERNELS;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches};

/// A row of the table.
pub struct CliOption {
    /// As it is typed behind `--`.
    pub name: &'static str,
    /// As it is typed behind `-`, if that is possible.
    pub short: Option<char>,
    /// What stands behind it.
    pub value: OptionValue,
    /// Its line in the help.
    pub help: &'static str,
    /// Below which heading that line stands.
    pub heading: Heading,
    /// Which help has that line.
    pub shown: Shown,
    /// Which commands have it.
    pub commands: Commands,
    /// What a resume makes of it.
    pub resume: AtResume,
    /// Whether what was typed at the beginning may be wrong on the machine of a resume.
    pub of_one_machine: bool,
    /// Whether `compare` takes it for a command that has it.
    pub compared: bool,
    /// Commands that have another option of this name, which they explain themselves.
    pub other_in: &'static [&'static str],
    /// Puts what was typed into the order; the text of a flag is empty.
    pub set: fn(&mut Order, &str) -> Result<()>,
}

/// What stands behind an option.
pub enum OptionValue {
    Nothing,
    /// Anything; in the help it has this name.
    Any(&'static str),
    /// Anything behind `=`, by this name, or nothing, which stands for this word.
    Optional(&'static str, &'static str),
    /// One of some names.
    OneOf(&'static str, fn() -> Vec<&'static str>),
}
use OptionValue::{Any, Nothing, OneOf, Optional};

/// Where an option stands in the help.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Heading {
    /// Above the others, without a heading: it is this command's own.
    Own,
    /// Below a heading of this text.
    Below(&'static str),
}

/// Which help shows an option.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// That of `-h` and that of `--help`.
    Always,
    /// Only that of `--help`.
    LongHelp,
    /// None.
    Never,
}

/// Which commands have an option.
pub enum Commands {
    All,
    /// Those that print an answer: all kernels, `resume`, `show` and `watch`.
    Printing,
    /// Those that compute: all kernels and `resume`.
    Computing,
    /// Some kernels, and `resume`, which takes it if the run began as one of them. Other commands know it, and refuse it.
    Kernels(&'static [&'static str]),
    /// Kernels whose answer depends on numbers only, and `resume`.
    Lasting,
    /// Some kernels' own, which no other command knows.
    Only(&'static [&'static str]),
}
use Commands::{All, Computing, Kernels, Lasting, Only, Printing};

/// What a resume makes of an option.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AtResume {
    /// It says how to compute, and may be typed anew. What was typed at the beginning says nothing; but a resume keeps the method, what
    /// is verified, and whether factorials have all their digits ([`Order::going_on_with`]).
    Anew,
    /// It says what is computed: the run file has it.
    FromFile,
    /// A run file is not believed about it: it is typed again. This is the help of `resume`.
    Untrusted(&'static str),
    /// It is not for `resume`.
    Refused,
}
use AtResume::{Anew, FromFile, Refused, Untrusted};

/// Commands that take a run file.
pub const OF_FILES: [&str; 8] = ["show", "watch", "resume", PLOT, VERIFY, CERTIFY, DIFF, MERGE];

/// The command that draws them.
pub const PLOT: &str = "plot";

/// The command that computes a share of a run again.
pub const VERIFY: &str = "verify";

/// The command that writes what a run claims.
pub const CERTIFY: &str = "certify";

/// The command that compares two runs.
pub const DIFF: &str = "diff";

/// The command that puts shares together.
pub const MERGE: &str = "merge";

/// The command that checks machines.
pub const SELF_TEST: &str = "self-test";

/// What `verify` takes of how a run is computed.
const OF_VERIFY: [&str; 5] = ["threads", "schedule", "lanes", "progress", "for"];

/// The command that takes another one.
pub const COMPARE: &str = "compare";

impl CliOption {
    /// What most options are: one without a letter that every help shows and that is right on any machine. A row says the rest itself.
    pub const PLAIN: CliOption = CliOption {
        name: "",
        short: None,
        value: Nothing,
        help: "",
        heading: Heading::Own,
        shown: Shown::Always,
        commands: All,
        resume: Refused,
        of_one_machine: false,
        compared: true,
        other_in: &[],
        set: |_, _| Ok(()),
    };

    /// Whether the command has it.
    pub fn is_of(&self, command: &str) -> bool {
        let resumes = command == "resume";
        if resumes && self.resume == Refused {
            return false;
        }
        if command == VERIFY && OF_VERIFY.contains(&self.name) {
            return true;
        }
        match self.commands {
            All => true,
            Printing => !["help", PLOT, CERTIFY].contains(&command),
            Computing if command == COMPARE => self.compared,
            Computing => resumes || KERNELS.iter().any(|kernel| kernel.name == command),
            Lasting => resumes || KERNELS.iter().any(|kernel| kernel.name == command && kernel.lasts()),
            Kernels(names) => resumes || names.contains(&command),
            Only(names) => names.contains(&command) || resumes && matches!(self.resume, Untrusted(_)),
        }
    }

    /// Whether other commands know it, if only to refuse it.
    fn is_global(&self) -> bool {
        !matches!(self.commands, Only(_))
    }

    /// As clap knows it.
    pub fn arg(&self) -> Arg {
        let arg = Arg::new(self.name).long(self.name).help(self.help);
        let arg = if let Some(letter) = self.short { arg.short(letter) } else { arg };
        let arg = match self.value {
            Nothing => arg.action(ArgAction::SetTrue),
            Any(value) => arg.value_name(value),
            // `read` puts what belongs to it behind a `=`: any word may be a range.
            Optional(value, without) => {
                arg.value_name(value).num_args(0..=1).require_equals(true).default_missing_value(without)
            }
            OneOf(value, names) => {
                arg.value_name(value).value_parser(PossibleValuesParser::new(names())).hide_possible_values(true)
            }
        };
        let arg = match self.heading {
            Heading::Own => arg,
            Heading::Below(heading) => arg.help_heading(heading),
        };
        arg.hide_short_help(self.shown == Shown::LongHelp).hide(self.shown == Shown::Never)
    }

    /// As clap knows it where it is refused.
    fn hidden(&self) -> Arg {
        let place = OPTIONS.iter().position(|option| option.name == self.name).unwrap_or(0);
        self.arg().global(true).display_order(100 + place).hide(true).help_heading(None)
    }
}

/// The option of that name.
pub fn option(name: &str) -> &'static CliOption {
    OPTIONS.iter().find(|option| option.name == name).expect("it is in the table")
}

/// The options that all commands know, below those of one command.
pub fn global() -> impl Iterator<Item = Arg> {
    let global = OPTIONS.iter().filter(|option| option.is_global());
    global.enumerate().map(|(index, option)| option.arg().global(true).display_order(100 + index))
}

/// The command's own options.
pub fn own(command: &str) -> impl Iterator<Item = Arg> {
    let own = OPTIONS.iter().filter(move |option| !option.is_global() && option.is_of(command));
    own.map(move |option| match option.resume {
        Untrusted(help) if command == "resume" => option.arg().help(help).display_order(10),
        _ => option.arg(),
    })
}

/// The options that the command knows and refuses.
pub fn refused(command: &str) -> impl Iterator<Item = &'static CliOption> {
    let refused = move |option: &&CliOption| !option.is_of(command) && !option.other_in.contains(&command);
    OPTIONS.iter().filter(|option| option.is_global()).filter(refused)
}

/// These as clap knows them: out of the command's help.
pub fn hidden(command: &str) -> impl Iterator<Item = Arg> {
    refused(command).map(CliOption::hidden)
}

/// The options of a command that `compare` refuses, as clap knows them in its help of that command.
pub fn hidden_in_comparison(command: &str) -> impl Iterator<Item = Arg> {
    not_compared().filter(move |option| option.is_of(command)).map(CliOption::hidden)
}

/// Options that other commands know and that `compare` refuses, whatever it compares.
pub fn not_compared() -> impl Iterator<Item = &'static CliOption> {
    OPTIONS.iter().filter(|option| !option.compared)
}

/// Refuses the options that are not for the command.
///
/// # Errors
/// If one of them was typed. The error names it.
pub fn refuse_options(matches: &ArgMatches, command: &str) -> Result<()> {
    refuse(refused(command), matches, command)
}

/// Refuses the options that are not for `compare`.
///
/// # Errors
/// If one of them was typed. The error names it.
pub fn refuse_not_compared(matches: &ArgMatches) -> Result<()> {
    refuse(not_compared(), matches, COMPARE)
}

fn refuse(mut refused: impl Iterator<Item = &'static CliOption>, matches: &ArgMatches, command: &str) -> Result<()> {
    match refused.find(|option| has(matches, option.name)) {
        None => Ok(()),
        Some(option) => Err(Error::usage(format!("--{} is not for '{command}': leave it out", option.name))),
    }
}

/// Puts all options of the command that were typed into the order.
///
/// # Errors
/// If a value is not one that its option takes.
pub fn set(order: &mut Order, matches: &ArgMatches, command: &str) -> Result<()> {
    // What has the name of another command's option may be another one: `--list` of `primes`, and `--list FILE` of `pi`.
    for option in OPTIONS.iter().filter(|option| option.is_of(command) && has(matches, option.name)) {
        match option.value {
            Nothing => (option.set)(order, "")?,
            Any(_) | Optional(..) | OneOf(..) => {
                word(matches, option.name).map_or(Ok(()), |text| (option.set)(order, text))?
            }
        }
    }
    Ok(())
}

/// The page of all options, which `scripts/attempt` reads: names, the value or `-`, what a resume makes of it, and which
/// commands have it.
pub fn page() -> String {
    let rows = OPTIONS.iter().filter(|option| option.shown != Shown::Never).map(|option| {
        let names = option.short.map_or(format!("--{}", option.name), |short| format!("--{},-{short}", option.name));
        let value = match option.value {
            Nothing => "-",
            // The word behind it may be another's.
            Optional(..) => "-",
            Any(value) | OneOf(value, _) => value,
        };
        let resume = match option.resume {
            Anew => "anew",
            FromFile => "kept",
            Untrusted(_) => "again",
            Refused => "never",
        };
        let commands = match option.commands {
            All => "all commands".into(),
            Printing => "all that print an answer".into(),
            Computing => "all that compute".into(),
            Lasting => "all that compute with numbers".into(),
            Kernels(names) | Only(names) => names.join(", "),
        };
        format!("  {names:<20} {value:<8} {resume:<6} {commands}\n")
    });
    let rows: String = rows.collect();
    format!(
        "All options\n\n{rows}\nThe third column says what pcount resume makes of an option:\n\n\
           \u{20} anew   it may be typed anew, and says how the run continues\n\
           \u{20} kept   the run file has it\n\
           \u{20} again  it must be typed again: a run file is not trusted with it\n\
           \u{20} never  resume does not take it\n"
    )
}

/// The words of a command line that say what is computed, without those that say how, where, or which share of it.
pub fn question(words: &[String]) -> Vec<String> {
    let named = |name: &str| OPTIONS.iter().find(|option| option.name == name);
    let by_letter = |letter: char| OPTIONS.iter().find(|option| option.short == Some(letter));
    let says_what = |option: &CliOption| match option.name {
        "method" | "verify" | "list" => true,
        "share" | "double-check" => false,
        _ => option.resume == FromFile,
    };
    let (mut kept, mut words) = (vec![], words.iter());
    while let Some(word) = words.next() {
        let (option, has_value) = match (word.strip_prefix("--"), word.strip_prefix('-')) {
            (Some(name), _) => (named(name.split('=').next().unwrap_or_default()), name.contains('=')),
            (None, Some(letters)) => (letters.chars().next().and_then(by_letter), letters.chars().count() > 1),
            (None, None) => (None, false),
        };
        let is_kept = option.is_none_or(says_what);
        // What may stand behind `--list` or `--gaps` is kept in any case.
        let value = option
            .filter(|option| !matches!(option.value, Nothing | Optional(..)) && !has_value)
            .and_then(|_| words.next());
        if is_kept {
            kept.push(word.clone());
            kept.extend(value.cloned());
        }
    }
    kept
}

/// The value of an option.
pub fn word<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a str> {
    matches.try_get_one::<String>(name).ok().flatten().map(String::as_str)
}

/// Whether the option was typed.
pub fn has(matches: &ArgMatches, name: &str) -> bool {
    matches!(matches.try_get_raw(name), Ok(Some(_)))
        && matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{self, FOLDER};

    #[test]
    fn rows_name_kernels_that_there_are_and_no_option_twice() {
        for (index, option) in OPTIONS.iter().enumerate() {
            if let Kernels(names) | Only(names) = option.commands {
                let is_command = |name: &&str| {
                    [COMPARE, SELF_TEST].contains(name) || OF_FILES.contains(name) || kernel::find(name).is_some()
                };
                assert!(names.iter().all(is_command), "--{}", option.name);
            }
            assert!(OPTIONS[..index].iter().all(|other| other.name != option.name), "--{} twice", option.name);
            let shorts = OPTIONS[..index].iter().filter(|other| option.short.is_some() && other.short == option.short);
            assert_eq!(shorts.count(), 0, "-{:?} twice", option.short);
        }
        assert!(option("dir").help.contains(FOLDER));
    }

    #[test]
    fn a_question_has_no_words_of_how_or_where() {
        let asked = |line: &str| question(&line.split(' ').map(String::from).collect::<Vec<_>>()).join(" ");
        assert_eq!(asked("-t4 primes 0..9 -o run.h5 --tuplet 2 --threads=2 -q"), "primes 0..9 --tuplet 2");
        assert_eq!(asked("pi 1e9 --share 1/2 --double-check --for 3h --method=lmo -o=x.h5"), "pi 1e9 --method=lmo");
        assert_eq!(asked("sum --list some.csv --column b -f json"), "sum --list some.csv --column b");
        assert_eq!(asked("--method sieve primes --list 0..9 --lanes avx2"), "--method sieve primes --list 0..9");
    }

    #[test]
    fn the_page_has_a_line_of_each_option() {
        let page = page();
        for option in OPTIONS.iter().filter(|option| option.shown != Shown::Never) {
            let row = page.lines().find(|line| line.split([' ', ',']).any(|word| word == format!("--{}", option.name)));
            assert!(row.is_some_and(|row| row.split_whitespace().count() > 3), "--{}", option.name);
        }
    }
}
