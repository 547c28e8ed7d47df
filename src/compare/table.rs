//! The rows of a comparison, and the lines below them.

use super::laws::{Law, Point, karp_flatt};
use super::measure::Measured;
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
        Table::of(&columns).with(self.rows().map(cells))
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
        let notes =
            [("methods.means", self.methods()), ("waiting.means", self.waiting()), ("cores.means", self.shared())];
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
        let best = self.rows().filter(|row| row.way.ranks == 1).filter_map(|row| row.point);
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
