//! The options: one table. A row says how an option is typed, which commands have it, what a resume makes of it, and what it
//! sets. The command line, its help, what `show` and `resume` refuse, and `scripts/attempt` read the table. To add an option,
//! add its row, and use what it sets.

use super::downloads::{dir, max_size, timeout};
use super::options::AtResume::{Anew, FromFile, Refused, Untrusted};
use super::options::Commands::{self, All, Computing, Kernels, Lasting, Only, Printing};
use super::options::Heading::{Below, Own};
use super::options::OptionValue::{Any, Nothing, OneOf, Optional};
use super::options::{CERTIFY, COMPARE, CliOption, Heading, MERGE, PLOT, SELF_TEST, Shown, VERIFY};
use super::order::{
    cache, fraction, lanes, methods, modulus, named, out, power, progress, repeat, rounds, share, status_file, threads,
};
use super::sought::{LARGEST, gaps, list, pointed, points, residues, seek, tuplet};
use crate::error::Result;
use crate::kernel::{Method, Points, Seeks};
use crate::report::FORMATS;
use crate::run::Schedule;
use crate::syntax;

const COMPUTED: Heading = Below("How it is computed");
const KEPT: Heading = Below("What is kept, and when it stops");
const PRINTED: Heading = Below("How it is printed");

const COUNTING: Commands = Kernels(&["primes", "pi"]);
const DOWNLOAD_ONLY: Commands = Only(&["download"]);
const COMPARE_ONLY: Commands = Only(&[COMPARE]);
const PLOT_ONLY: Commands = Only(&[PLOT]);
const VERIFY_ONLY: Commands = Only(&[VERIFY]);

/// All options, in the order of the help.
pub const OPTIONS: &[CliOption] = &[
    CliOption {
        name: "threads",
        short: Some('t'),
        value: Any("N"),
        help: "Compute threads of each rank [default: PCOUNT_THREADS, else OMP_NUM_THREADS, else its share of the cores]",
        heading: COMPUTED,
        commands: Computing,
        resume: Anew,
        set: |order, text| put(&mut order.threads, Some(threads(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "method",
        value: OneOf("NAME", || ["auto"].into_iter().chain(Method::ALL.map(Method::name)).collect()),
        help: "How primes are found: auto, trial, sieve, legendre, lmo or gourdon [default: auto]",
        heading: COMPUTED,
        commands: COUNTING,
        resume: Anew,
        other_in: &[VERIFY],
        set: |order, text| put(&mut order.given.method, Method::ALL.into_iter().find(|method| method.name() == text)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "verify",
        value: Nothing,
        help: "Count again in another way, all of a formula and a share of a sieve; end with code 3 if the counts differ",
        heading: COMPUTED,
        shown: Shown::LongHelp,
        commands: COUNTING,
        resume: Anew,
        set: |order, _| put(&mut order.given.verify, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "double-check",
        value: Nothing,
        help: "Compute all units twice, on other lanes, mostly on other ranks, and compare them as they come; code 3 if they differ",
        heading: COMPUTED,
        shown: Shown::LongHelp,
        commands: Lasting,
        resume: Refused,
        compared: false,
        set: |order, _| put(&mut order.double_check, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "schedule",
        value: OneOf("NAME", || ["auto"].into_iter().chain(Schedule::ALL.map(Schedule::name)).collect()),
        help: "How blocks get to ranks: fixed (an equal slice for each), farm (rank 0 deals them) or auto [default: auto]",
        heading: COMPUTED,
        shown: Shown::LongHelp,
        commands: Computing,
        resume: Anew,
        set: |order, text| put(&mut order.schedule, Schedule::ALL.into_iter().find(|schedule| schedule.name() == text)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "lanes",
        value: Any("NAME"),
        help: "Force an instruction set: avx512, avx2 or scalar [default: the best there is]",
        heading: COMPUTED,
        shown: Shown::LongHelp,
        commands: Kernels(&["primes", "pi", "sum-primes", "nth-prime", "sum", "map-reduce"]),
        resume: Anew,
        of_one_machine: true,
        set: |order, text| put(&mut order.given.lanes, Some(lanes(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "keep-going",
        value: Nothing,
        help: "When a rank other than 0 dies, continue without it, on the farm; under mpirun --with-ft ulfm of Open MPI 5",
        heading: COMPUTED,
        shown: Shown::LongHelp,
        commands: Computing,
        resume: Anew,
        compared: false,
        set: |order, _| put(&mut order.keep_going, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "out",
        short: Some('o'),
        value: Any("FILE.h5"),
        help: "Keep the run file there, while the run goes on and when it is over: HDF5, whatever its name",
        heading: KEPT,
        commands: Computing,
        resume: Refused,
        of_one_machine: true,
        other_in: &[PLOT, CERTIFY, MERGE],
        set: |order, text| put(&mut order.out, Some(out(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "for",
        value: Any("TIME"),
        help: "Stop before so much time is over, with code 85 if work is left: 3h50m, 90s",
        heading: KEPT,
        commands: Computing,
        other_in: &[SELF_TEST],
        resume: Anew,
        set: |order, text| put(&mut order.time_limit, Some(named("for", syntax::duration(text))?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "checkpoint-every",
        value: Any("TIME"),
        help: "How often the run file is replaced: 60s, 5m [default: 60s]",
        heading: KEPT,
        shown: Shown::LongHelp,
        commands: Computing,
        resume: Anew,
        of_one_machine: true,
        compared: false,
        set: |order, text| put(&mut order.every, Some(named("checkpoint-every", syntax::duration(text))?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "share",
        value: Any("I/N"),
        help: "Compute the I-th of N equal shares only, into --out; 'merge' puts the files of all shares together",
        heading: KEPT,
        shown: Shown::LongHelp,
        commands: Lasting,
        resume: Refused,
        compared: false,
        set: |order, text| put(&mut order.share, Some(share(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "fraction",
        value: Any("F"),
        help: "Compute this share of the blocks again [default: 0.01]",
        commands: VERIFY_ONLY,
        set: |order, text| put(&mut order.fraction, Some(fraction(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "cache",
        value: Any("DIR"),
        help: "Take from the run files there what was computed before, and keep there what is computed now [default: PCOUNT_CACHE]",
        heading: KEPT,
        shown: Shown::LongHelp,
        commands: Lasting,
        resume: Anew,
        of_one_machine: true,
        compared: false,
        set: |order, text| put(&mut order.cache, Some(cache(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "status-file",
        value: Any("FILE.json"),
        help: "Say there how far the run is: JSON, replaced every two seconds",
        heading: KEPT,
        shown: Shown::LongHelp,
        commands: Computing,
        resume: Anew,
        of_one_machine: true,
        compared: false,
        set: |order, text| put(&mut order.status_file, Some(status_file(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "format",
        short: Some('f'),
        value: OneOf("NAME", || FORMATS.iter().map(|format| format.name).collect()),
        help: "The answer on stdout as text, json, csv or, where rows are numbers, bfile, npy or raw [default: text]",
        heading: PRINTED,
        commands: Printing,
        resume: Anew,
        set: |order, text| {
            FORMATS.iter().filter(|format| format.name == text).for_each(|format| order.output.format = format);
            Ok(())
        },
        ..CliOption::PLAIN
    },
    CliOption {
        name: "quiet",
        short: Some('q'),
        value: Nothing,
        help: "The bare answers, one a line: count, value, tuplets, gap, sha256, host ...",
        heading: PRINTED,
        commands: Printing,
        resume: Anew,
        set: |order, _| put(&mut order.output.quiet, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "full",
        value: Nothing,
        help: "Factorials with all their digits, not only those of up to 60",
        heading: PRINTED,
        commands: Kernels(&["factorial", "show"]),
        resume: Anew,
        set: |order, _| put(&mut order.output.full, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "dry-run",
        value: Nothing,
        help: "Print the plan and compute nothing",
        heading: PRINTED,
        commands: Computing,
        resume: Refused,
        compared: false,
        set: |order, _| put(&mut order.dry_run, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "time",
        value: Nothing,
        help: "A table of times on stderr",
        heading: PRINTED,
        shown: Shown::LongHelp,
        commands: Computing,
        resume: Anew,
        compared: false,
        set: |order, _| put(&mut order.time, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "progress",
        value: OneOf("WHEN", || vec!["auto", "always", "never"]),
        help: "How far the run is, on stderr: auto (a bar on a terminal, else a line every 10 s, doubling to 10 min), \
               always (lines sooner) or never [default: auto]",
        heading: PRINTED,
        shown: Shown::LongHelp,
        commands: Computing,
        resume: Anew,
        set: |order, text| put(&mut order.progress, progress(text)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "version",
        short: Some('V'),
        value: Nothing,
        help: "Print the version; with -v also those of the libraries",
        heading: PRINTED,
        commands: All,
        resume: FromFile,
        // It is looked at before there is an order.
        set: |_, _| Ok(()),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "verbose",
        short: Some('v'),
        value: Nothing,
        help: "With --version: more",
        shown: Shown::Never,
        commands: All,
        resume: FromFile,
        set: |_, _| Ok(()),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "tuplet",
        value: Any("K|0,4,..."),
        help: "Count tuplets too: the densest of K primes, 2 for twins, 3 for triplets, up to 12; or those of a pattern, as 0,4,6,10; \
               with --list print the first prime of each",
        heading: Own,
        commands: Only(&["primes"]),
        resume: FromFile,
        set: |order, text| seek(order, Seeks::Tuplets(tuplet(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "power",
        value: Any("K"),
        help: "Add up the K-th powers of the primes, from 0 to 3 [default: 1]",
        heading: Own,
        commands: Only(&["sum-primes"]),
        resume: FromFile,
        set: |order, text| put(&mut order.given.power, Some(power(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "mod",
        value: Any("M"),
        help: "Give n! modulo M, for M from 1 to 2^64 and n up to 10^12",
        heading: Own,
        commands: Only(&["factorial"]),
        resume: FromFile,
        set: |order, text| put(&mut order.given.modulus, Some(modulus(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "gaps",
        value: Optional("WHICH", LARGEST),
        help: "Find the largest gap between neighbouring primes of each range, and where it is; or, of one range, records, \
               the first of each size, a histogram, or all of N and more: --gaps records, first, histogram, N",
        heading: Own,
        commands: Only(&["primes"]),
        resume: FromFile,
        set: |order, text| seek(order, gaps(text)?),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "every",
        value: Any("STEP"),
        help: "Of one range: what there is up to its start + STEP, + 2 STEP, and so on to its end",
        heading: Own,
        commands: Only(&["primes", "sum-primes"]),
        resume: FromFile,
        set: |order, text| pointed(order, Points::Every(named("every", syntax::number(text))?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "points",
        value: Any("X,Y,..."),
        help: "Of one range: what there is up to each of these numbers",
        heading: Own,
        commands: Only(&["primes", "sum-primes"]),
        resume: FromFile,
        set: |order, text| pointed(order, Points::At(points(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "residues",
        value: Any("Q"),
        help: "Count the primes of each class modulo Q that is coprime to Q, up to 10^6",
        heading: Own,
        commands: Only(&["primes"]),
        resume: FromFile,
        set: |order, text| seek(order, Seeks::Residues(residues(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "patterns",
        value: Nothing,
        help: "With --tuplet K: count each of the densest patterns of K primes apart",
        heading: Own,
        commands: Only(&["primes"]),
        resume: FromFile,
        set: |order, _| put(&mut order.given.apart, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "brun",
        value: Nothing,
        help: "With --tuplet 2: the sum of the reciprocals of all twins, between two bounds",
        heading: Own,
        commands: Only(&["primes"]),
        resume: FromFile,
        set: |order, _| put(&mut order.given.brun, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "prove",
        value: Nothing,
        help: "Above 3.3*10^24, look for a proof of each prime, which takes some milliseconds",
        heading: Own,
        commands: Only(&["primes", "is-prime", "next-prime", "prev-prime"]),
        resume: FromFile,
        set: |order, _| put(&mut order.given.prove, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "race",
        value: Nothing,
        help: "With --residues: say whenever another class has the most primes, and by how many it led",
        heading: Own,
        commands: Only(&["primes"]),
        resume: FromFile,
        set: |order, _| put(&mut order.given.race, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "list",
        value: Nothing,
        help: "Print the primes themselves, in order",
        heading: Own,
        commands: Only(&["primes"]),
        resume: FromFile,
        set: |order, _| list(order),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "column",
        value: Any("NAME"),
        help: "A column of the table --list FILE.csv, by its name or its number; or /DATASET of --list FILE.h5",
        heading: Own,
        commands: Only(&["square", "double", "sum", "map-reduce"]),
        resume: FromFile,
        set: |order, text| put(&mut order.column, Some(text.to_string())),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "step",
        value: Any("TIME"),
        help: "Between one rank's arrival and the next's [default: 50ms]",
        heading: Own,
        commands: Only(&["barrier"]),
        resume: FromFile,
        set: |order, text| put(&mut order.given.step, Some(named("step", syntax::seconds(text))?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "rounds",
        value: Any("N"),
        help: "Meet N times without steps, and show how long each time took",
        heading: Own,
        commands: Only(&["barrier"]),
        resume: FromFile,
        set: |order, text| put(&mut order.given.rounds, Some(rounds(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "dir",
        value: Any("DIR"),
        help: "The folder for the files [default: pcount-downloads]",
        heading: Own,
        commands: DOWNLOAD_ONLY,
        resume: Untrusted("The folder for a download's files, where the run file is not believed"),
        set: |order, text| put(&mut order.given.dir, Some(dir(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "timeout",
        value: Any("TIME"),
        help: "Give up a try when nothing arrives for so long [default: 30s]",
        heading: Own,
        commands: DOWNLOAD_ONLY,
        resume: FromFile,
        set: |order, text| put(&mut order.given.timeout, Some(timeout(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "max-size",
        value: Any("SIZE"),
        help: "Bytes of a file: 500MB, 2GiB [default: 100GB]",
        heading: Own,
        commands: DOWNLOAD_ONLY,
        resume: FromFile,
        set: |order, text| put(&mut order.given.max_size, Some(max_size(text)?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "max-time",
        value: Any("TIME"),
        help: "How long a file may take with all tries [default: 24h]",
        heading: Own,
        commands: DOWNLOAD_ONLY,
        resume: FromFile,
        set: |order, text| put(&mut order.given.max_time, Some(named("max-time", syntax::duration(text))?)),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "force",
        value: Nothing,
        help: "Replace files that are there already and have another content",
        heading: Own,
        commands: DOWNLOAD_ONLY,
        resume: Untrusted("Replace files of a download"),
        set: |order, _| put(&mut order.given.force, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "allow-http",
        value: Nothing,
        help: "Follow redirects from https to http, which all can read",
        heading: Own,
        commands: DOWNLOAD_ONLY,
        resume: FromFile,
        set: |order, _| put(&mut order.given.allow_http, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "repeat",
        value: Any("N"),
        help: "Run each way so often, and take the median of its times [default: 3]",
        heading: Own,
        commands: COMPARE_ONLY,
        resume: FromFile,
        set: |order, text| put(&mut order.comparison.repeat, repeat(text)?),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "methods",
        value: Any("NAMES"),
        help: "Compare these methods of primes and pi too: trial,sieve,gourdon",
        heading: Own,
        commands: COMPARE_ONLY,
        resume: FromFile,
        set: |order, text| put(&mut order.comparison.methods, methods(text)?),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "python",
        value: Nothing,
        help: "Run the tutorials' Python beside it: threading, multiprocessing, joblib, Ray, mpi4py and others, as far as they can be imported",
        heading: Own,
        commands: COMPARE_ONLY,
        resume: FromFile,
        set: |order, _| put(&mut order.comparison.python, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "launch",
        value: Nothing,
        help: "Start ranks with this machine's mpirun, or with PCOUNT_MPIRUN: one for each core, two at least",
        heading: Own,
        commands: COMPARE_ONLY,
        resume: FromFile,
        set: |order, _| put(&mut order.comparison.launch, true),
        ..CliOption::PLAIN
    },
    CliOption {
        name: "trace",
        value: Any("FILE.json"),
        help: "Write the timeline there, for the trace viewers of Perfetto and Chrome",
        heading: Own,
        commands: PLOT_ONLY,
        // `plot` has no order: it is looked at with the files.
        ..CliOption::PLAIN
    },
    CliOption {
        name: "dark",
        value: Nothing,
        help: "A PNG on dark ground; SVG and HTML are as their reader has it",
        heading: Own,
        commands: PLOT_ONLY,
        ..CliOption::PLAIN
    },
];

/// Puts a value in its place.
fn put<T>(place: &mut T, value: T) -> Result<()> {
    *place = value;
    Ok(())
}
