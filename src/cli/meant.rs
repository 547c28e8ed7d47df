//! What people type who come from other programs, and what they mean. The only file that names the strsim crate.

use super::options::{COMPARE, OF_FILES, SELF_TEST};
use super::{commands, works};
use crate::kernel::KERNELS;
use crate::syntax;

/// Command names of other programs and other people. In the lines, `{n}` stands for the number that was typed, `{r}` for
/// the range, or the numbers up to that number, and `{}` for all that stands behind the command.
const COMMANDS: &[(&[&str], &[&str])] = &[
    (
        &["count", "counts", "number", "how-many", "howmany", "primepi", "prime-pi", "primecount"],
        &["pi {n}", "primes {r}"],
    ),
    (&["prime", "isprime", "is_prime", "test", "check"], &["is-prime {n}", "nth-prime {n}", "primes {r}"]),
    (&["list", "print", "generate", "gen", "enumerate", "list-primes", "primesieve"], &["primes {r} --list"]),
    (&["twins", "twin", "twin-primes"], &["primes {r} --tuplet 2"]),
    (&["triplets", "triplet"], &["primes {r} --tuplet 3"]),
    (&["quadruplets", "quadruplet"], &["primes {r} --tuplet 4"]),
    (&["quintuplets", "quintuplet"], &["primes {r} --tuplet 5"]),
    (&["sextuplets", "sextuplet"], &["primes {r} --tuplet 6"]),
    (&["tuplets", "tuplet", "k-tuplets"], &["primes {r} --tuplet 2"]),
    (&["gaps", "gap", "max-gap", "prime-gaps"], &["primes {r} --gaps"]),
    (&["sieve", "eratosthenes"], &["primes {r} --method sieve"]),
    (&["trial"], &["primes {r} --method trial"]),
    (&["factor", "factors", "factorize", "factorise", "factoring"], &["is-prime {n}", "factorial {n}"]),
    (&["nth", "nthprime", "prime-nth", "nth_prime"], &["nth-prime {}"]),
    (&["next", "nextprime", "next_prime"], &["next-prime {n}"]),
    (&["prev", "previous", "prevprime", "prev_prime", "precprime", "previous-prime"], &["prev-prime {n}"]),
    (&["sumprimes", "primesum", "prime-sum", "sum_primes", "--sum"], &["sum-primes {r}"]),
    (&["fact", "n!"], &["factorial {}"]),
    (&["squares", "pow"], &["square {}"]),
    (&["sleep", "wait"], &["delay {}"]),
    (&["fetch", "get", "curl", "wget"], &["download {}"]),
    (&["legendre"], &["phi {}"]),
    (&["logint", "logarithmic-integral"], &["li {}"]),
    (&["riemann", "r"], &["riemann-r {}"]),
    (&["continue", "restart", "go-on"], &["resume {}"]),
    (&["open", "cat", "info"], &["show {}"]),
    (&["hosts", "whoami", "nodes"], &["ranks"]),
    (&["version"], &["--version"]),
    (&["usage", "?"], &["--help"]),
];

/// What to say of some of these beside.
const NOTES: &[(&[&str], &str)] =
    &[(&["factor", "factors", "factorize", "factorise", "factoring"], "and factors are not among what pcount finds")];

/// Options of other programs, and the one here; `{}` stands for the value that was typed.
const OTHER_OPTIONS: &[(&[&str], &str)] = &[
    (&["--json", "--csv", "--text"], "--format {name}"),
    (&["--twins", "--twin"], "--tuplet 2"),
    (&["--triplets", "--triplet"], "--tuplet 3"),
    (&["--quadruplets", "--quadruplet"], "--tuplet 4"),
    (&["--gap", "--gaps"], "--gaps"),
    (&["--tuplet", "--tuplets"], "--tuplet {}"),
    (&["--list", "--primes", "--print", "-l", "-p"], "--list"),
    (&["-j", "--jobs", "--cores", "--cpus", "--nthreads", "--num-threads", "--workers", "-c", "-T"], "--threads {}"),
    (&["--output", "--save", "--file", "--hdf5"], "--out {}"),
    (&["--sieve", "--trial", "--gourdon", "--legendre", "--lmo"], "--method {name}"),
    (&["-m", "--algorithm", "--algo"], "--method {}"),
    (&["--silent", "-s"], "--quiet"),
    (&["--timeout", "--time-limit", "--limit", "--max-time", "--walltime"], "--for {}"),
    (&["--checkpoint", "--save-every", "--interval"], "--checkpoint-every {}"),
    (&["--no-progress"], "--progress never"),
    (&["--status", "--bar"], "--progress always"),
    (&["--check", "--double-check"], "--verify"),
    (&["--plan", "--estimate"], "--dry-run"),
    (&["--timing", "--times", "--stats"], "--time"),
];

/// Values of options under other names: the option, the names, and the value here.
const VALUES: &[(&str, &[&str], &str)] = &[
    ("--method", &["leaves", "formula", "combinatorial", "deleglise-rivat"], "gourdon"),
    ("--method", &["eratosthenes", "primesieve"], "sieve"),
    ("--format", &["numpy", "np"], "npy"),
    ("--format", &["binary", "bin", "bytes", "u64"], "raw"),
];

/// The value that another name of it means.
pub fn value(option: &str, name: &str) -> Option<&'static str> {
    VALUES.iter().find(|(of, names, _)| *of == option && names.contains(&name)).map(|(.., value)| *value)
}

/// How other programs get the number of ranks.
const RANK_OPTIONS: [&str; 7] = ["-n", "-np", "--np", "--ranks", "--procs", "--processes", "--ntasks"];

/// What stands behind a command: the first number, the first range, everything.
pub struct Operands {
    number: Option<String>,
    range: Option<String>,
    all: Vec<String>,
}

impl Operands {
    /// Those among the words.
    pub fn of(words: &[String]) -> Operands {
        let all: Vec<String> = words.iter().filter(|word| !word.starts_with('-')).cloned().collect();
        let number = |word: &String| syntax::number(word).map(|_| word.clone()).ok().or_else(|| syntax::guess(word));
        Operands {
            number: all.iter().find_map(number),
            range: all.iter().find(|word| word.contains("..") && syntax::ranges(word).is_ok()).cloned(),
            all,
        }
    }

    /// These if there are any, or else the others.
    pub fn or(self, other: Operands) -> Operands {
        if self.number.is_some() || self.range.is_some() { self } else { other }
    }

    /// All of them.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(String::as_str)
    }

    /// The range, or that from 0 to the number, or an example.
    pub fn range(&self) -> String {
        match (&self.range, &self.number) {
            (Some(range), _) => range.clone(),
            (None, Some(number)) => format!("0..={number}"),
            (None, None) => "0..1e9".into(),
        }
    }

    /// Whether the word is a number or range itself, where a command should stand.
    pub fn first_is(&self, word: &str) -> bool {
        self.all.first().is_some_and(|first| first == word)
            && (self.range.as_deref() == Some(word) || syntax::number(word).is_ok() || syntax::guess(word).is_some())
    }

    /// What someone wants who typed no command before them.
    pub fn as_command(&self) -> Vec<String> {
        match (&self.range, &self.number) {
            (Some(range), _) => vec![format!("primes {range}")],
            (None, Some(number)) => vec![format!("pi {number}"), format!("primes 0..={number}")],
            (None, None) => vec![],
        }
    }

    /// A line of the tables with what was typed in it.
    fn fill(&self, line: &str) -> String {
        let number = self.number.as_deref().unwrap_or("97");
        line.replace("{n}", number).replace("{r}", &self.range()).replace("{}", &self.all.join(" "))
    }
}

/// Whether some program has a command of that name.
pub fn is_command(word: &str) -> bool {
    COMMANDS.iter().any(|(names, _)| names.contains(&word)) || KERNELS.iter().any(|entry| entry.name == word)
}

/// Whether some program has an option of that name.
pub fn is_option(name: &str) -> bool {
    OTHER_OPTIONS.iter().any(|(names, _)| names.contains(&name))
}

/// Command lines that may be meant by the command `word`, the likeliest first.
pub fn commands(word: &str, operands: &Operands, behind: &[String]) -> Vec<String> {
    let lower = word.to_lowercase();
    let known = COMMANDS.iter().find(|(names, _)| names.contains(&&*lower));
    let mut lines: Vec<String> = vec![];
    let names = KERNELS.iter().map(|entry| entry.name).chain(OF_FILES).chain([COMPARE, SELF_TEST, "help"]);
    if let Some((_, known)) = known {
        // A range is counted, a number looked up.
        let fits = |line: &&&str| operands.range.is_none() || operands.number.is_some() || !line.contains("{n}");
        lines.extend(known.iter().filter(fits).map(|line| operands.fill(line)));
    } else if word.ends_with(".h5") {
        lines.extend([format!("show {word}"), format!("resume {word}")]);
    }
    for name in nearest(&lower, names).into_iter().filter(|_| known.is_none()) {
        // With what was typed if that will do, else as its help has it.
        let line = [&[name.to_string()], behind].concat().join(" ");
        let example = KERNELS.iter().find(|entry| entry.name == name).map(|entry| entry.examples[0].0.to_string());
        lines.push(if works(&line) { line } else { example.unwrap_or(line) });
    }
    lines
}

/// The same with examples for what was typed behind it.
pub fn examples(word: &str) -> Vec<String> {
    commands(word, &Operands::of(&[]), &[])
}

/// What is to be said of a command that there is not.
pub fn note(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    NOTES.iter().find(|(names, _)| names.contains(&&*lower)).map(|(_, note)| *note)
}

/// Options that may be meant by one of that name, the likeliest first, and whether they take the value behind it.
pub fn options(name: &str, value: Option<&str>, command: Option<&str>) -> Vec<(String, bool)> {
    let known = OTHER_OPTIONS.iter().find(|(names, _)| names.contains(&name));
    let known = known.map(|(_, option)| option.replace("{name}", name.trim_start_matches('-')));
    let mut all = commands::command();
    all.build();
    let options = all.find_subcommand(command.unwrap_or(KERNELS[0].name)).into_iter().flat_map(|command| {
        let args = command.get_arguments().filter(|arg| !arg.is_hide_set());
        args.filter_map(|arg| Some((arg.get_long()?.to_string(), arg.get_action().takes_values())))
    });
    let options: Vec<(String, bool)> = options.collect();
    let near = nearest(name.trim_start_matches('-'), options.iter().map(|(long, _)| long.as_str()));
    let near = near.into_iter().map(|long| {
        let takes = options.iter().any(|(other, takes)| other == long && *takes);
        if takes { format!("--{long} {{}}") } else { format!("--{long}") }
    });
    let filled = |option: String| {
        let takes = option.contains("{}");
        (option.replace("{}", value.filter(|value| !value.starts_with('-')).unwrap_or("2")), takes)
    };
    let long = name.starts_with("--");
    known.into_iter().chain(near.filter(|_| long)).map(filled).collect()
}

/// How many ranks, if the option is one by which other programs get them.
pub fn ranks(name: &str, value: Option<&str>) -> Option<usize> {
    RANK_OPTIONS.contains(&name).then(|| value.and_then(|value| value.parse().ok()).unwrap_or(4))
}

/// The option with its short form, if it has one.
pub fn short(option: &str) -> String {
    let (name, value) = option.split_once(' ').unwrap_or((option, ""));
    let command = commands::command();
    let arg = command.get_arguments().find(|arg| arg.get_long() == name.strip_prefix("--"));
    match arg.and_then(|arg| arg.get_short()) {
        Some(letter) => format!("{option}, or -{letter} {value}").trim_end().to_string(),
        None => option.into(),
    }
}

/// Whether the name is a slip of the finger away, or begins so.
pub fn is_near(word: &str, name: &str) -> bool {
    !nearest(word, [name].into_iter()).is_empty()
}

/// Those that are a slip of the finger away, the nearest first.
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = word.to_lowercase();
    let mut near: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let distance = strsim::damerau_levenshtein(&lower, name);
            let begins = lower.len() >= 4 && name.starts_with(&lower);
            // A letter in three may be wrong.
            (distance <= lower.chars().count().div_ceil(3).min(3) || begins).then_some((distance, name))
        })
        .collect();
    near.sort();
    // Only the case was wrong.
    near.truncate(if near.first().is_some_and(|(distance, _)| *distance == 0) { 1 } else { near.len() });
    near.into_iter().map(|(_, name)| name).collect()
}
