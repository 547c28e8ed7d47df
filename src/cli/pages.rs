//! The pages of `pcount help` that are about no command, and what stands at the end of the others.

/// A page: its name, what it is about, its text. Lines of a table are short, that they need not be broken.
pub struct Page {
    /// As it is typed behind `help`.
    pub name: &'static str,
    /// One line on it.
    pub about: &'static str,
    /// The page.
    pub text: &'static str,
}

/// All pages.
pub const PAGES: [Page; 4] = [
    Page { name: "ranges", about: "how ranges are written", text: RANGES },
    Page { name: "numbers", about: "how numbers and times are written", text: NUMBERS },
    Page { name: "methods", about: "how primes are found and counted", text: METHODS },
    Page { name: "launches", about: "how ranks are started, and which variables are read", text: LAUNCHES },
];

/// The page of that name; one letter less is no matter.
pub fn page(name: &str) -> Option<&'static Page> {
    PAGES.iter().find(|page| page.name == name || page.name.trim_end_matches('s') == name)
}

const RANGES: &str = "\
How ranges are written

  A..B      from A up to B, but without B
  A..=B     from A up to B, with B
  A..+L     L numbers from A on
  A..B/N    N ranges of equal width, one after the other

In the answer a range has its start and its end; the end is never part of it: 0..=97 is shown as 0 98. \
If N does not divide the width, the last range takes the remainder. If that would more than double the last range, the first \
ranges take one number more each instead.

An empty range counts 0. Each range has a row of its own, even where ranges touch or overlap.

Where a command takes numbers, a range stands for each of its numbers: pi 1..=10.

The word - stands for stdin, and --list FILE for a file: numbers and ranges, separated by blanks or line breaks. Lines that \
begin with # are comments. For the command primes, --list prints the primes, so it reads ranges from stdin only.

Examples:
  pcount primes 0..1e9
  pcount primes 1e18..+1e9 0..=100
  pcount pi 1..=20
  seq 1 30000 | pcount nth-prime -
";

const NUMBERS: &str = "\
How numbers and times are written

  1000000  1_000_000  1e6  1.5e6  10^6  10**6
  2^64-1   3*10^6     1e18+1e9

Numbers are integers from 0 on. Sums, differences and products are written without blanks, and are computed exactly. 1.5e6 is \
an integer, 1.5 is not. Only _ may separate thousands: 1,000 and 1.000 are refused, because they mean 1 in some countries.

Times are seconds, or numbers with units:

  90  0.2  90s  500ms  1.5h  3h50m  2d12h

Examples:
  pcount pi 10^14
  pcount primes 2^64-1000..2^64
  pcount primes 0..1e15 --for 3h50m --out run.h5
";

const METHODS: &str = "\
How primes are found and counted

  --method auto      the quickest of the others
  --method trial     divides each number, as in tutorials
  --method sieve     finds all primes by the segmented sieve
  --method legendre  counts by Legendre's formula (1808),
                     without finding the primes
  --method lmo       counts by the formula of Lagarias, Miller
                     and Odlyzko (1985), on one thread
  --method gourdon   counts by Gourdon's formula (2001),
                     the quickest one

The time of the sieve grows as the width of the range does, and that of Gourdon's formula about as the 2/3-th power of its end. \
So auto counts a wide range by that formula, and sieves a narrow one. All methods give the same answers. --dry-run says which method \
is used, and how long it should take.

sum-primes adds up by the same two ways, and takes the quicker one.

Gourdon's formula goes up to 10^25, those before it up to 10^15, trial division up to 2^64, and the sieve up to 2^127. Above \
3.3*10^24 the rows of the sieve say whether their primes are proven, and --prove looks for proofs.

--verify counts again in another way and compares. If the counts differ, pcount ends with code 3.

Examples:
  pcount pi 1e12 --method gourdon
  pcount primes 0..1e9 --method sieve --verify
  pcount primes 0..1e18 --dry-run
";

const LAUNCHES: &str = "\
How ranks are started

  pcount ...               one rank, its threads on all cores,
                           without MPI
  mpirun -n 8 pcount ...   eight ranks
  srun --mpi=pmix pcount   the tasks of a Slurm job

pcount does not start MPI if the launcher starts one rank only, or if pcount is typed in a shell that the launcher started \
(srun --pty, salloc).

Each rank waits for the others when it starts. It says so after 10 s, and ends with code 4 after 60 s and half a second more \
for each rank. If a rank starts pcount once more, that pcount waits in vain: clear the launcher's variables for it, as in \
env -u OMPI_COMM_WORLD_RANK -u OMPI_COMM_WORLD_SIZE pcount ...

Environment variables:

  PCOUNT_THREADS         threads of each rank, as --threads
  OMP_NUM_THREADS        the same, if PCOUNT_THREADS is not set
  PCOUNT_CACHE           a folder of answers, as --cache
  PCOUNT_START_TIMEOUT   how long a rank waits for the others, such as 10m
  PCOUNT_MPIRUN          the launcher of compare --launch [default: mpirun]
  NO_COLOR, CLICOLOR     no colours; colours

Examples:
  mpirun -n 8 pcount primes 0..1e12
  PCOUNT_START_TIMEOUT=10m mpirun -n 4096 pcount pi 1e20
";

/// What stands at the end of the short help.
pub const MORE: &str = "\
Without a command: pcount primes.
On ranks: mpirun -n 8 pcount COMMAND ...
More: pcount --help, pcount COMMAND --help,
      pcount help ranges (numbers, methods, launches, options)";

/// The same of the long one.
pub const IN_SHORT: &str = "\
Ranges: A..B (without B)  A..=B  A..+L  A..B/N
Numbers: 1000000  1_000_000  1e6  1.5e6  10^6  2^64-1";

/// Examples of `pcount --help`.
pub const EXAMPLES: &[(&str, &str)] = &[
    ("pi 1e14", "how many primes there are up to 10^14"),
    ("primes 0..1e9", "and in a range"),
    ("nth-prime 1e9", "the billionth prime"),
    ("primes 0..100 --list", "the primes themselves"),
    ("primes 0..1e18 --dry-run", "what that would take"),
];

/// Examples of the commands that take a run file.
pub const OF_SHOW: &[(&str, &str)] =
    &[("show run.h5", "its answer, or how far it is"), ("show run.h5 -f json", "for a script")];
/// Examples of `watch`.
pub const OF_WATCH: &[(&str, &str)] = &[
    ("watch run.h5", "how far the run is, and its answer when it is over"),
    ("watch run.h5 -q", "waits for the bare answer; code 85 says that the run has stopped"),
];
/// Examples of `resume`.
pub const OF_RESUME: &[(&str, &str)] = &[
    ("resume run.h5", "continues where the run was stopped"),
    ("resume run.h5 --for 3h50m", "for at most this time; code 85 says that work is left"),
];

/// Examples of `verify`.
pub const OF_VERIFY: &[(&str, &str)] = &[
    ("verify run.h5", "one block in a hundred, on other lanes than the run had"),
    ("verify answer.cert --fraction 0.1", "what somebody else computed"),
    ("verify run.h5 --method other", "by primality tests instead of the sieve"),
    ("verify run.h5 --method lmo", "the whole answer by an older formula"),
];
/// Examples of `certify`.
pub const OF_CERTIFY: &[(&str, &str)] = &[("certify run.h5 -o answer.cert", "for whoever wants to check the answer")];
/// Examples of `diff`.
pub const OF_DIFF: &[(&str, &str)] = &[("diff a.h5 b.cert", "code 3 says that they differ")];
/// Examples of `merge`.
pub const OF_MERGE: &[(&str, &str)] = &[
    ("primes 0..1e13 --share 3/10 --out share3.h5", "one of ten shares, on a machine of its own"),
    ("merge share*.h5 --out all.h5", "the answer, from all of them; code 85 says that some is missing"),
];

/// Examples of `self-test`.
pub const OF_SELF_TEST: &[(&str, &str)] = &[
    ("self-test", "a minute; code 3 says that something is wrong"),
    ("self-test --for 8h", "a night; a bad core is named, with the time"),
];

/// Examples of `plot`.
pub const OF_PLOT: &[(&str, &str)] = &[
    ("plot run.h5", "on the terminal"),
    ("plot run.h5 -o run.html", "for a browser"),
    ("plot fixed.h5 farm.h5 -o both.svg", "two runs side by side"),
    ("plot run.h5 --trace run.json", "for ui.perfetto.dev and chrome://tracing"),
];

/// The page of `plot`.
pub const ABOUT_PLOT: &str = "\
Draws what the files have:

  timeline    which thread computed when, and when it waited
  balance     how much each thread computed
  progress    how much was done when, saves, and attempts
  cost        the time of a unit, along the range
  density     counts of primes beside 1/ln x
  gaps        beside the square of ln x
  residues    counts of residue classes beside their mean
  comparison  times, speed-up and efficiency, with the ideal
              and the laws that were fitted

SVG and HTML are single files, light or dark as their reader has it.";

/// Examples of `compare`.
pub const OF_COMPARE: &[(&str, &str)] = &[
    ("compare pi 1e12", "one thread, two, and so on"),
    ("compare pi 1e12 --launch", "ranks too, which mpirun starts"),
    ("compare primes 0..1e7 --methods trial,sieve", "by two methods"),
    ("compare delay 0.1 0.1 0.1 0.1", "threads that wait need no cores"),
];

/// The page of `compare`.
pub const ABOUT_COMPARE: &str = "\
The same problem is computed by one thread, by 2, 3 ... threads of one rank, by 1, 2 ... ranks of one thread, and by ranks with \
several threads; on several ranks by the schedules fixed and farm. Every answer must be the same, or pcount ends with code 3. \
Alone it compares threads. Under mpirun -n N it compares ranks too: the first 1, 2 ... of them compute, and the others sleep.

  seconds     the median of --repeat runs, in turn
  speedup     the time of one thread, divided by that
  efficiency  the speed-up, divided by ranks times threads
  serial      the part that is not parallel, as Karp and
              Flatt (1990) compute it from one speed-up

Below the rows, Amdahl's law and Gunther's universal scalability law are fitted to the speed-ups, of ways in which each worker \
has a core of its own.";

/// Examples, each a line with what it does on the next.
pub fn examples(examples: &[(&str, &str)]) -> String {
    let each = examples.iter().map(|(line, what)| format!("\n  pcount {line}\n      {what}"));
    format!("Examples:{}", each.collect::<String>())
}
