//! The rows of a comparison, and the lines below them.

use super::laws::{Law, Point, karp_flatt};
use super::measure::{Measured, PythonRuns, median};
use super::python::{Crew, FRAMEWORKS, Framework};
use super::ways::Way;
use crate::values::{Fact, Table, Value};

/// What the rows and the lines are made of.
pub struct Findings<'a> {
    /// The ways.
    pub ways: &'a [Way],
    /// Their times.
    pub measured: &'a Measured,
    /// The names of the methods; empty if there is one.
    pub methods: &'a [&'static str],
    /// Whether units wait rather than compute.
    pub waits: bool,
    /// How many cores the ranks have together.
    pub cores: usize,
    /// How many workers Python's frameworks have.
    pub python_workers: usize,
}

/// A way with what was measured.
struct Row<'a> {
    way: &'a Way,
    seconds: f64,
    /// The speed-up over the sequential way of its method.
    point: Option<Point>,
}

impl Findings<'_> {
    /// A row for each way that was run.
    pub fn table(&self) -> Table {
        let columns = ["mode", "ranks", "threads", "schedule", "seconds s", "speedup", "efficiency", "serial"];
        let ratio =
            |number: Option<f64>| number.filter(|number| number.is_finite()).map_or(Value::Nothing, Value::Ratio);
        let cells = |row: Row| {
            vec![
                Value::text(self.mode(row.way)),
                Value::count(row.way.ranks),
                Value::count(row.way.threads),
                Value::text(row.way.schedule.name()),
                Value::Seconds(row.seconds),
                ratio(row.point.map(|point| point.speedup)),
                ratio(row.point.map(|point| point.speedup / point.workers)),
                ratio(row.point.and_then(karp_flatt)),
            ]
        };
        let python = self.measured.python.iter().filter_map(|PythonRuns { framework, seconds, .. }| {
            let (ranks, threads) = self.python_workers(*framework);
            let seconds = median(seconds)?;
            let point =
                self.python(0).map(|alone| Point { workers: (ranks * threads) as f64, speedup: alone / seconds });
            Some(vec![
                Value::text(format!("Python {}", framework.name)),
                Value::count(ranks),
                Value::count(threads),
                Value::Nothing,
                Value::Seconds(seconds),
                ratio(point.map(|point| point.speedup)),
                ratio(point.map(|point| point.speedup / point.workers)),
                ratio(point.and_then(karp_flatt)),
            ])
        });
        Table::of(&columns).with(self.rows().map(cells)).with(python)
    }

    /// The processes of a framework, and the threads of each.
    fn python_workers(&self, framework: Framework) -> (usize, usize) {
        match framework.crew {
            _ if framework == FRAMEWORKS[0] => (1, 1),
            Crew::Threads => (1, self.python_workers),
            Crew::Processes | Crew::Ranks => (self.python_workers, 1),
        }
    }

    /// The seconds of that framework.
    fn python(&self, at: usize) -> Option<f64> {
        self.measured.python.get(at).and_then(|runs| median(&runs.seconds))
    }

    /// How much faster one thread here is than Python's, and what could not be run.
    fn beside_python(&self) -> Option<String> {
        let (theirs, ours) = (self.python(0)?, self.sequential(0)?);
        let absent = |runs: &PythonRuns| Some((runs.absent.clone()?, runs.framework.name));
        let absent: Vec<(String, &str)> = self.measured.python.iter().filter_map(absent).collect();
        let alike = absent.chunk_by(|(one, _), (other, _)| one == other);
        let left_out = alike.map(|alike| {
            let names: Vec<&str> = alike.iter().map(|(_, name)| *name).collect();
            format!("; left out, as {}: {}", alike[0].0, names.join(", "))
        });
        let left_out: String = left_out.collect();
        Some(format!("One thread is {} times as fast as sequential Python{left_out}", digits(theirs / ours)))
    }

    /// Why Python's threads are as fast as they are.
    fn gil(&self) -> Option<String> {
        // In less time it is the start of threads that counts.
        const LEAST_SECONDS: f64 = 0.02;
        // With two threads that compute, or with a Python that has no such lock, it would be more.
        const NO_FASTER: f64 = 1.25;
        let alone = self.python(0).filter(|seconds| *seconds >= LEAST_SECONDS)?;
        let is_threads = |at: &usize| *at > 0 && FRAMEWORKS[*at].crew == Crew::Threads;
        let times = (0..self.measured.python.len()).filter(is_threads).filter_map(|at| self.python(at));
        let speedup = alone / times.min_by(f64::total_cmp)?;
        let lock = "Python's global interpreter lock (GIL)";
        match (self.waits, speedup < NO_FASTER) {
            (false, true) => Some(format!(
                "Python's threads are no faster than one of them: {lock} lets one compute at a time. Each of its processes has a lock of its own"
            )),
            (true, false) => Some(format!("Python's threads do well here: one that waits gives {lock} away")),
            _ => None,
        }
    }

    fn mode(&self, way: &Way) -> String {
        match self.methods.get(way.method) {
            None => way.mode().into(),
            Some(method) => format!("{method} {}", way.mode()),
        }
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.ways.iter().enumerate().filter_map(|(at, way)| {
            let seconds = self.measured.median(at)?;
            let speedup = self.sequential(way.method).map(|alone| alone / seconds);
            let point = speedup.map(|speedup| Point { workers: way.workers() as f64, speedup });
            Some(Row { way, seconds, point })
        })
    }

    /// The seconds of one thread.
    fn sequential(&self, method: usize) -> Option<f64> {
        let at = self.ways.iter().position(|way| way.method == method && way.workers() == 1)?;
        self.measured.median(at)
    }

    /// What the rows say, as facts: numbers, and lines for people, whose names end with `.means`.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![];
        for method in 0..self.methods.len().max(1) {
            let points: Vec<Point> = self
                .rows()
                .filter(|row| row.way.method == method && row.way.has_room)
                .filter_map(|row| row.point)
                .collect();
            let name = self.methods.get(method);
            let group = |law: &str| name.map_or(law.to_string(), |name| format!("{name}_{law}"));
            let line = |text: String| Value::text(name.map_or(text.clone(), |name| format!("{name}: {text}")));
            let Some(amdahl) = Law::amdahl(&points) else { continue };
            facts.push(Fact::new(format!("{}.parallel", group("amdahl")), Value::Ratio(1.0 - amdahl.contention)));
            facts.push(Fact::new(format!("{}.means", group("amdahl")), line(self.amdahl(&amdahl, &points))));
            let universal = Law::universal(&points);
            if let Some(Law { contention, crosstalk }) = universal {
                facts.push(Fact::new(format!("{}.contention", group("usl")), Value::Ratio(contention)));
                facts.push(Fact::new(format!("{}.crosstalk", group("usl")), Value::Ratio(crosstalk)));
            }
            facts.push(Fact::new(format!("{}.means", group("usl")), line(self.universal(universal.as_ref(), &points))));
        }
        let notes = [
            ("methods.means", self.methods()),
            ("python.means", self.beside_python()),
            ("gil.means", self.gil()),
            ("waiting.means", self.waiting()),
            ("cores.means", self.shared()),
            ("other_work.means", self.other_work()),
            ("chance.means", self.chance()),
        ];
        facts.extend(notes.into_iter().filter_map(|(name, text)| Some(Fact::new(name, Value::text(text?)))));
        facts
    }

    fn amdahl(&self, law: &Law, points: &[Point]) -> String {
        let (more, parallel) = (further(points), 100.0 * (1.0 - law.contention));
        let least = 1.0 / law.contention;
        let end = if least > 1e4 { String::new() } else { format!(", and no number more than {}", digits(least)) };
        let would = format!("{more} {} would give {}", self.workers(), digits(law.speedup(more)));
        format!("Amdahl's law: {parallel:.1} % of it is parallel: {would}{end}")
    }

    fn universal(&self, law: Option<&Law>, points: &[Point]) -> String {
        let what = "Universal scalability law";
        let Some(law) = law else {
            return format!("{what}: not known, as it needs three numbers of {} with a core each", self.workers());
        };
        let terms = format!("{:.1} % contention, {:.2} % crosstalk", 100.0 * law.contention, 100.0 * law.crosstalk);
        let (more, workers) = (further(points), self.workers());
        match law.best() {
            // Far beyond what was measured, a number would only be a guess.
            Some(best) if best < 100.0 * more => {
                let best = best.round();
                format!("{what}: {terms}: best with {best} {workers}, which would give {}", digits(law.speedup(best)))
            }
            _ => format!("{what}: {terms}: {more} {workers} would give {}", digits(law.speedup(more))),
        }
    }

    /// What is counted.
    fn workers(&self) -> &'static str {
        if self.ways.iter().any(|way| way.ranks > 1) { "ranks or threads" } else { "threads" }
    }

    /// How much faster than the slowest method the others are.
    fn methods(&self) -> Option<String> {
        let mut times: Vec<(f64, &str)> =
            self.methods.iter().enumerate().filter_map(|(at, name)| Some((self.sequential(at)?, *name))).collect();
        times.sort_by(|one, other| other.0.total_cmp(&one.0));
        let (slowest, others) = times.split_first().filter(|(_, others)| !others.is_empty())?;
        let each = others.iter().map(|(seconds, name)| format!("{name} {} times", digits(slowest.0 / seconds)));
        let each = each.collect::<Vec<_>>().join(", ");
        Some(format!("One thread against one: {each} as fast as {}", slowest.1))
    }

    /// Why threads do well where nothing is computed.
    fn waiting(&self) -> Option<String> {
        let several = self.rows().filter(|row| row.way.ranks == 1 && row.way.threads > 1);
        let best = several.filter_map(|row| row.point);
        let best = best.max_by(|one, other| one.speedup.total_cmp(&other.speedup)).filter(|_| self.waits)?;
        let cores = match self.cores {
            1 => "1 core".into(),
            cores => format!("{cores} cores"),
        };
        let Point { workers, speedup } = best;
        let fast = digits(speedup);
        Some(format!(
            "It waits rather than computes, and threads that wait need no core: {workers} are {fast} times as fast as one, on {cores}"
        ))
    }

    /// Whether threads had to share their cores with other processes, so that the times say little.
    fn other_work(&self) -> Option<String> {
        // Clocks and caches of idle machines take no tenth.
        const IDLE_SHARE: f64 = 0.9;
        let (computed, took) = self.measured.computed;
        let share = computed / took;
        (share < IDLE_SHARE && !self.waits).then(|| {
            let had = format!("the threads had a core for {:.0} % of the time that their work took", 100.0 * share);
            format!("Other processes used these cores: {had}. These times say little; compare again on an idle machine")
        })
    }

    /// Whether a row is faster than its workers can be.
    fn chance(&self) -> Option<String> {
        // Clocks and caches differ by some percent.
        const TRUE_MAX: f64 = 1.1;
        let above = self.rows().filter_map(|row| row.point).any(|point| point.speedup > TRUE_MAX * point.workers);
        above.then(|| {
            let why = "these runs are too short, or the machine is not idle";
            format!("A speed-up above the number of {} is chance: {why}", self.workers())
        })
    }

    /// Which rows have more workers than cores.
    fn shared(&self) -> Option<String> {
        let crowded = self.rows().any(|row| !row.way.has_room) && !self.waits;
        let cores = if self.cores == 1 { "1 core".into() } else { format!("{} cores", self.cores) };
        crowded.then(|| {
            format!("Rows with more ranks and threads than the {cores} here cannot be faster; no law is fitted to them")
        })
    }
}

/// A number of workers beyond those measured, as people think of them.
fn further(points: &[Point]) -> f64 {
    let most = points.iter().map(|point| point.workers).fold(1.0, f64::max);
    (4.0 * most).log2().floor().exp2().max(8.0)
}

/// A speed-up for people: three digits.
fn digits(number: f64) -> String {
    match number {
        _ if number < 9.995 => format!("{number:.2}"),
        _ if number < 99.95 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::ways::{Choice, Machine, ways};

    /// The table and the lines, of ways with these seconds.
    fn said(
        machine: &[usize],
        choice: Choice,
        methods: &[&'static str],
        seconds: &[f64],
    ) -> (Vec<String>, Vec<String>) {
        let ways = ways(&Machine { threads: machine.to_vec() }, &choice);
        assert_eq!(ways.len(), seconds.len());
        let measured = Measured { seconds: seconds.iter().map(|&s| vec![s]).collect(), ..Measured::default() };
        let waits = choice.at_once.is_some();
        let findings =
            Findings { ways: &ways, measured: &measured, methods, waits, cores: machine[0], python_workers: 2 };
        let row = |row: &Vec<Value>| row.iter().map(Value::to_string).collect::<Vec<_>>().join(" ");
        let lines = findings.facts().into_iter().filter(|fact| fact.name.ends_with(".means"));
        (findings.table().rows.iter().map(row).collect(), lines.map(|fact| fact.value.to_string()).collect())
    }

    const ONE: Choice = Choice { methods: 1, threads: None, schedule: None, units: 100, at_once: None };

    #[test]
    fn rows_and_laws_say_how_parallel_it_is() {
        // 5 % of it is serial.
        let seconds = [1, 2, 3, 4].map(|p| 10.0 * (0.05 + 0.95 / f64::from(p)));
        let (rows, lines) = said(&[4], ONE, &[], &seconds);
        assert_eq!(rows[0], "sequential 1 1 fixed 10.000000 1.000 1.000 ");
        assert_eq!(rows[3], "threads 1 4 fixed 2.875000 3.478 0.870 0.050");
        assert_eq!(
            lines,
            [
                "Amdahl's law: 95.0 % of it is parallel: 16 threads would give 9.14, and no number more than 20.0",
                "Universal scalability law: 5.0 % contention, 0.00 % crosstalk: 16 threads would give 9.14"
            ]
        );
    }

    #[test]
    fn where_more_workers_are_slower_it_says_which_number_is_best() {
        let law = Law { contention: 0.02, crosstalk: 0.01 };
        let seconds: Vec<f64> = (1..=8).map(|p| 1.0 / law.speedup(p.into())).collect();
        let (_, lines) = said(&[8], ONE, &[], &seconds);
        assert!(
            lines[1].ends_with("2.0 % contention, 1.00 % crosstalk: best with 10 threads, which would give 4.81"),
            "{lines:?}"
        );
    }

    #[test]
    fn two_cores_are_too_few_for_one_law_and_crowded_rows_for_both() {
        let (rows, lines) = said(&[2, 1, 0], ONE, &[], &[8.0, 4.0, 4.0, 4.0, 4.0, 4.0]);
        assert_eq!(
            (&*rows[2], &*rows[5]),
            ("ranks 2 1 fixed 4.000000 2.000 1.000 0.000", "ranks 3 1 farm 4.000000 2.000 0.667 0.250")
        );
        assert!(lines[0].contains("100.0 % of it is parallel: 8 ranks or threads would give 8.00"), "{lines:?}");
        assert!(!lines[0].contains("no number"), "{lines:?}");
        assert!(lines[1].contains("not known, as it needs three numbers of ranks or threads"), "{lines:?}");
        assert!(lines[2].starts_with("Rows with more ranks and threads than the 2 cores here"), "{lines:?}");
    }

    #[test]
    fn threads_that_wait_need_no_cores_and_it_says_so() {
        let (_, lines) = said(&[1], Choice { units: 4, at_once: Some(9), ..ONE }, &[], &[0.4, 0.2, 0.2, 0.1]);
        assert!(lines[2].ends_with("need no core: 4 are 4.00 times as fast as one, on 1 core"), "{lines:?}");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn each_method_has_its_own_speed_ups() {
        let (rows, lines) = said(&[2], Choice { methods: 2, ..ONE }, &["trial", "sieve"], &[8.0, 5.0, 0.02, 0.01]);
        assert_eq!(rows[1], "trial threads 1 2 fixed 5.000000 1.600 0.800 0.250");
        assert_eq!(rows[3], "sieve threads 1 2 fixed 0.010000 2.000 1.000 0.000");
        assert!(
            lines[0].starts_with("trial: Amdahl's law: 75.0 %") && lines[2].starts_with("sieve: Amdahl's"),
            "{lines:?}"
        );
        assert_eq!(lines[4], "One thread against one: sieve 400 times as fast as trial");
    }

    #[test]
    fn python_has_rows_of_its_own() {
        let ways = ways(&Machine { threads: vec![2] }, &ONE);
        let seconds = [Ok(8.0), Ok(8.0), Err("it cannot"), Err("it cannot"), Ok(4.0), Err("there is no room")];
        let python = FRAMEWORKS.into_iter().zip(seconds).map(|(framework, ran)| PythonRuns {
            seconds: ran.into_iter().collect(),
            absent: ran.err().map(String::from),
            ..PythonRuns::none(framework)
        });
        let measured =
            Measured { seconds: vec![vec![0.5], vec![0.25]], python: python.collect(), ..Measured::default() };
        let findings =
            Findings { ways: &ways, measured: &measured, methods: &[], waits: false, cores: 2, python_workers: 2 };
        let row = |row: &Vec<Value>| row.iter().map(Value::to_string).collect::<Vec<_>>().join(" ");
        let rows: Vec<String> = findings.table().rows.iter().map(row).collect();
        assert_eq!(rows.len(), 5);
        assert_eq!(rows[3], "Python threading 1 2  8.000000 1.000 0.500 1.000");
        assert_eq!(rows[4], "Python multiprocessing.Pool 2 1  4.000000 2.000 1.000 0.000");
        let line = findings.beside_python().unwrap();
        assert_eq!(
            line,
            "One thread is 16.0 times as fast as sequential Python; left out, as it cannot: ThreadPoolExecutor, asyncio; \
             left out, as there is no room: ProcessPoolExecutor"
        );
        let workers = |at: usize| findings.python_workers(FRAMEWORKS[at]);
        assert_eq!([workers(0), workers(1), workers(4), workers(9)], [(1, 1), (1, 2), (2, 1), (2, 1)]);
    }

    #[test]
    fn the_lock_of_python_is_named_where_it_explains_a_row() {
        let ways = ways(&Machine { threads: vec![2] }, &ONE);
        let line = |waits: bool, seconds: [f64; 3]| {
            let python = FRAMEWORKS.into_iter().zip(seconds);
            let python = python.map(|(framework, s)| PythonRuns { seconds: vec![s], ..PythonRuns::none(framework) });
            let measured = Measured { python: python.collect(), ..Measured::default() };
            let findings =
                Findings { ways: &ways, measured: &measured, methods: &[], waits, cores: 2, python_workers: 2 };
            let line = findings.facts().into_iter().find(|fact| fact.name == "gil.means");
            line.map(|fact| fact.value.to_string())
        };
        assert!(line(false, [2.0, 2.1, 1.9]).unwrap().contains("(GIL) lets one compute at a time"));
        assert!(
            line(true, [0.4, 0.2, 0.3])
                .unwrap()
                .ends_with("one that waits gives Python's global interpreter lock (GIL) away")
        );
        // A Python without the lock; waits that cannot be shared; what takes no time.
        assert_eq!(
            [line(false, [2.0, 2.0, 1.1]), line(true, [0.4, 0.4, 0.4]), line(false, [0.01, 0.02, 0.02])],
            [None, None, None]
        );
    }

    #[test]
    fn a_machine_with_other_work_is_told() {
        let ways = ways(&Machine { threads: vec![2] }, &ONE);
        let line = |computed: (f64, f64), waits: bool| {
            let measured = Measured { seconds: vec![vec![2.0], vec![1.0]], computed, ..Measured::default() };
            Findings { ways: &ways, measured: &measured, methods: &[], waits, cores: 2, python_workers: 2 }.other_work()
        };
        assert_eq!([line((3.9, 4.0), false), line((0.1, 4.0), true), line((0.0, 0.0), false)], [None, None, None]);
        assert!(line((2.2, 4.0), false).unwrap().contains("had a core for 55 % of the time"));
    }

    #[test]
    fn a_speed_up_that_cannot_be_is_called_chance() {
        let ways = ways(&Machine { threads: vec![2] }, &ONE);
        let line = |two: f64| {
            let measured = Measured { seconds: vec![vec![2.0], vec![two]], ..Measured::default() };
            Findings { ways: &ways, measured: &measured, methods: &[], waits: false, cores: 2, python_workers: 2 }
                .chance()
        };
        assert_eq!([line(2.1), line(1.0), line(0.95)], [None, None, None]);
        assert!(line(0.8).unwrap().starts_with("A speed-up above the number of threads is chance: "));
    }

    #[test]
    fn what_was_stopped_has_the_rows_that_there_are() {
        let ways = ways(&Machine { threads: vec![2] }, &ONE);
        let measured = Measured { seconds: vec![vec![], vec![3.0]], ..Measured::default() };
        let findings =
            Findings { ways: &ways, measured: &measured, methods: &[], waits: false, cores: 2, python_workers: 2 };
        let row = &findings.table().rows[0];
        assert_eq!((row[2].clone(), row[5].clone()), (Value::Count(2), Value::Nothing));
        assert_eq!(findings.facts(), []);
    }
}
