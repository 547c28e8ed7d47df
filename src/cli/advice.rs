//! What would do, where the command line is wrong: the nearest thing that works, or the two nearest, the best first.
//! Whatever is named has been read as a command line before, so it does work.

use super::meant::{self, Operands};
use super::options::{COMPARE, DIFF, MERGE, OF_FILES, SELF_TEST};
use super::pages::{PAGES, page};
use super::works;
use crate::error::{Error, Result};
use crate::kernel::{self, KERNELS};
use crate::syntax;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// A line on what is wrong and what would work.
pub fn in_one_line(slip: &clap::Error, typed: &[String]) -> String {
    let context = |kind| match slip.get(kind) {
        Some(ContextValue::String(word)) => Some(word.as_str()),
        _ => None,
    };
    match (slip.kind(), context(ContextKind::InvalidSubcommand), context(ContextKind::InvalidArg)) {
        (ErrorKind::InvalidSubcommand, Some(word), _) => wrong_command(word, typed),
        (ErrorKind::UnknownArgument, _, Some(word)) if word.starts_with('-') => wrong_option(word, typed),
        (ErrorKind::UnknownArgument, _, Some(word)) => wrong_word(word, typed),
        (ErrorKind::InvalidValue, _, Some(option)) => wrong_value(slip, option, context(ContextKind::InvalidValue)),
        (ErrorKind::TooManyValues, _, Some(option)) => {
            let value = context(ContextKind::InvalidValue).unwrap_or_default();
            let file = if option == "--list" {
                format!("; for ranges from a file: pcount primes - < {value}")
            } else {
                String::new()
            };
            format!("{option}: '{value}' is one word too many: this option takes no value, so write {option}{file}")
        }
        (ErrorKind::WrongNumberOfValues, ..) if command(typed) == Some(DIFF) => DIFF_NEEDS.into(),
        // Only those have something that must be there.
        (ErrorKind::MissingRequiredArgument, ..) => {
            let name = command(typed).unwrap_or(OF_FILES[0]);
            if name == MERGE {
                return "'merge' needs run files and a new one: write pcount merge share1.h5 share2.h5 --out all.h5"
                    .into();
            }
            if name == DIFF {
                return DIFF_NEEDS.into();
            }
            format!("'{name}' needs a run file: write pcount {name} run.h5")
        }
        _ => {
            let text = slip.to_string();
            let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            format!("{first}; {}", see(typed))
        }
    }
}

const DIFF_NEEDS: &str = "'diff' needs two files: write pcount diff a.h5 b.h5";

/// The first word that is a command.
fn command(typed: &[String]) -> Option<&str> {
    let known =
        |word: &&str| [COMPARE, SELF_TEST].contains(word) || OF_FILES.contains(word) || kernel::find(word).is_some();
    typed.iter().map(String::as_str).find(known)
}

fn see(typed: &[String]) -> String {
    match command(typed) {
        Some(name) => format!("see pcount {name} --help"),
        None => "see pcount --help".into(),
    }
}

/// The first two of these lines that work, as advice.
fn write(lines: impl IntoIterator<Item = String>) -> Option<String> {
    let mut working: Vec<String> = vec![];
    for line in lines {
        if working.len() < 2 && !working.contains(&line) && works(&line) {
            working.push(line);
        }
    }
    let lines: Vec<String> = working.iter().map(|line| format!("pcount {line}")).collect();
    (!lines.is_empty()).then(|| format!("write {}", lines.join(", or ")))
}

/// A word that is no command, or none to compare.
fn wrong_command(word: &str, typed: &[String]) -> String {
    let compare = typed.iter().position(|other| other == COMPARE);
    let Some(at) = compare.filter(|&at| word == COMPARE || typed[..at].iter().all(|other| other != word)) else {
        return no_command(word, typed, "");
    };
    match OF_FILES.contains(&word) || [COMPARE, SELF_TEST, "help"].contains(&word) {
        true => format!("'{word}' cannot be compared: write a command that computes, as in pcount compare pi 1e10"),
        false => no_command(word, &typed[at + 1..], "compare "),
    }
}

/// A word that is no command, behind a part of the line that is right.
fn no_command(word: &str, typed: &[String], before: &str) -> String {
    let at = typed.iter().position(|other| other == word).unwrap_or(typed.len());
    let behind = typed.get(at + 1..).unwrap_or_default();
    let operands = Operands::of(behind);
    let what = match (syntax::number(word), word.contains("..")) {
        (Ok(_), _) => format!("'{word}' is a number, not a command"),
        (_, true) => format!("'{word}' is a range, not a command"),
        _ => format!("'{word}' is not a command"),
    };
    let note = meant::note(word).map_or(String::new(), |note| format!(", {note}"));
    let itself = Operands::of(&typed[at.min(typed.len())..]);
    let lines = match itself.first_is(word) {
        true => itself.as_command(),
        false => meant::commands(word, &operands, behind),
    };
    let whole = |lines: Vec<String>| write(lines.into_iter().map(|line| format!("{before}{line}")));
    match whole(lines).or_else(|| whole(meant::examples(word))) {
        Some(advice) => format!("{what}{note}: {advice}"),
        None if before.is_empty() => format!("{what}{note}: {}", see(&[])),
        None => format!("{what}{note}: {}", see(&[COMPARE.into()])),
    }
}

fn wrong_option(word: &str, typed: &[String]) -> String {
    let what = format!("'{word}' is not an option");
    let Some((at, name, attached)) = found(word, typed) else { return format!("{what}; {}", see(typed)) };
    let what = if attached.is_none() { format!("'{name}' is not an option") } else { what };
    let value = attached.or(typed.get(at + 1).map(String::as_str));
    let (mut lines, mut examples) = (vec![], vec![]);
    let command_of = command(typed);
    let operands = Operands::of(&typed[at..]).or(Operands::of(&typed[..at]));
    if let Some(ranks) = meant::ranks(&name, value) {
        let rest = without(typed, at, true);
        let rest = if works(&rest.join(" ")) { rest.join(" ") } else { "primes 0..1e9".into() };
        return format!("{what}: write mpirun -n {ranks} pcount {rest}");
    }
    // What is a command here may be an option elsewhere.
    let behind: Vec<String> = operands.words().filter(|word| command_of != Some(word)).map(str::to_string).collect();
    let commands =
        [&*name, name.trim_start_matches('-')].map(|word| meant::commands(word, &operands, &behind)).concat();
    let is_command = !meant::is_option(&name) && meant::is_command(name.trim_start_matches('-'));
    if let Some(advice) = write(commands.clone()).filter(|_| is_command) {
        return format!("{what}: {advice}");
    }
    for (option, takes_value) in meant::options(&name, value, command_of) {
        let option: Vec<String> = option.split(' ').map(str::to_string).collect();
        let mut line = without(typed, at, takes_value && attached.is_none());
        line.splice(at.min(line.len())..at.min(line.len()), option.clone());
        if works(&line.join(" ")) {
            return format!("{what}: write {}", meant::short(&option.join(" ")));
        }
        let primes = [&["primes".to_string()], &line[..]].concat().join(" ");
        lines.extend(command_of.is_none().then_some(primes));
        examples.push(format!("primes {} {}", operands.range(), option.join(" ")));
    }
    match write(lines).or_else(|| write(examples)).or_else(|| write(commands)) {
        Some(advice) => format!("{what}{}: {advice}", command_of.map_or(String::new(), |name| format!(" of '{name}'"))),
        None => format!("{what}; {}", see(typed)),
    }
}

/// Where the option was typed, its whole name, and what is attached to it.
fn found<'a>(word: &str, typed: &'a [String]) -> Option<(usize, String, Option<&'a str>)> {
    let long = word.starts_with("--");
    let at = typed.iter().position(|other| match long {
        true => other.split('=').next() == Some(word),
        false => other.starts_with(word),
    })?;
    let rest = &typed[at][word.len()..];
    match (long, rest.trim_start_matches('=')) {
        (_, "") => Some((at, word.into(), None)),
        // A short option has its value behind it, or is the first letter of a word with one dash.
        (false, rest) if rest.starts_with(char::is_alphabetic) => Some((at, typed[at].clone(), None)),
        (_, rest) => Some((at, word.into(), Some(rest))),
    }
}

/// The words without that one, and without its value.
fn without(typed: &[String], at: usize, value: bool) -> Vec<String> {
    let behind = at + 1 + usize::from(value);
    [&typed[..at], typed.get(behind..).unwrap_or_default()].concat()
}

/// A word that stands where none can.
fn wrong_word(word: &str, typed: &[String]) -> String {
    match command(typed) {
        _ if typed.first().is_some_and(|word| word == "help") => {
            format!("'{word}' is one word too many: 'help' takes one topic")
        }
        Some(name) if OF_FILES.contains(&name) => format!("'{word}' is one word too many: '{name}' takes one run file"),
        Some(name) => format!("'{word}' is one word too many: '{name}' takes no words; {}", see(typed)),
        None => format!("'{word}' is one word too many; {}", see(typed)),
    }
}

/// A value that its option does not take, or none.
fn wrong_value(slip: &clap::Error, option: &str, value: Option<&str>) -> String {
    let (whole, option) = (option.replace(['<', '>'], ""), option.split(' ').next().unwrap_or_default());
    let known: Vec<&str> = match slip.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(known)) => known.iter().map(String::as_str).collect(),
        _ => vec![],
    };
    let all = known.join(", ");
    let given = match value.filter(|value| !value.is_empty()) {
        Some(value) => format!("{option}: '{value}' is not one of its values"),
        None => format!("'{option}' needs a value"),
    };
    let typed = value.unwrap_or_default();
    match meant::value(option, typed).or(meant::nearest(typed, known.iter().copied()).first().copied()) {
        Some(near) => format!("{given}: write {option} {near} (all are {all})"),
        None if all.is_empty() => format!("{given}, as in {whole}"),
        None => format!("{given}: write one of {all}"),
    }
}

/// What `help` prints on the topic, or what it could.
///
/// # Errors
/// If there is no such topic. The error names those that there are.
pub fn help(topic: Option<&str>) -> Result<clap::builder::StyledStr> {
    let mut command = super::commands::command();
    command.build();
    let Some(topic) = topic else { return Ok(command.render_long_help()) };
    if topic.trim_end_matches('s') == "option" {
        return Ok(super::options::page().into());
    }
    if let Some(page) = page(topic) {
        return Ok(super::commands::wrapped(page.text));
    }
    if let Some(command) = command.find_subcommand_mut(topic) {
        return Ok(command.render_long_help());
    }
    let names = PAGES
        .iter()
        .map(|page| page.name)
        .chain(["options"])
        .chain(KERNELS.iter().map(|entry| entry.name))
        .chain([COMPARE, SELF_TEST])
        .chain(OF_FILES);
    let pages = PAGES.map(|page| page.name).join(", ") + ", options";
    Err(Error::usage(match meant::nearest(topic, names).first() {
        Some(near) => format!("'{topic}' has no page: write pcount help {near}"),
        None => format!("'{topic}' has no page: there are {pages}, and each command has one"),
    }))
}
