//! What `compare` found: how long each way took, how many times as fast it was as one thread, and what part of the ideal that is,
//! with the laws that were fitted.

use super::Frame;
use crate::compare::laws::Law;
use crate::escaped;
use crate::plot::axis::{Axis, number, time_unit};
use crate::plot::drawn::DrawnRun;
use crate::plot::palette::Ink;
use crate::plot::picture::{Anchor, Mark, Picture, Stroke};
use crate::plot::sheet::{Key, Plot, Sample, Sheet};
use crate::values::Value;

/// A way that was compared.
struct Way {
    mode: String,
    schedule: String,
    ranks: u64,
    threads: u64,
    seconds: f64,
    speedup: Option<f64>,
}

impl Way {
    fn workers(&self) -> f64 {
        (self.ranks.saturating_mul(self.threads)) as f64
    }

    /// What is drawn in one colour: one thread alone belongs to all.
    fn series(&self) -> String {
        match self.mode.strip_suffix("sequential") {
            Some(method) => format!("{method}one thread"),
            // Those of Python have no schedule.
            None if self.ranks > 1 && !self.schedule.is_empty() => format!("{}, {}", self.mode, self.schedule),
            None => self.mode.clone(),
        }
    }

    fn name(&self) -> String {
        let Way { mode, ranks, threads, schedule, .. } = self;
        // The numbers say it shorter: a name that is cut would not tell them.
        let mode = mode.replace("ranks+threads", "ranks");
        match (ranks, threads) {
            (1, 1) => mode,
            (1, _) => format!("{mode} {threads}"),
            _ => format!("{mode} {ranks} × {threads} {schedule}").trim_end().into(),
        }
    }
}

/// The rows of a comparison; `None` if the run is none.
fn ways(run: &DrawnRun) -> Option<Vec<Way>> {
    let table = &run.report.table;
    let column = |key: &str| table.column(key);
    let (mode, ranks, threads) = (column("mode")?, column("ranks")?, column("threads")?);
    let (schedule, seconds, speedup) = (column("schedule")?, column("seconds")?, column("speedup")?);
    let count = |value: &Value| if let Value::Count(count) = value { *count } else { 0 };
    let real = |value: &Value| match value {
        Value::Seconds(number) | Value::Ratio(number) => Some(*number).filter(|number| *number > 0.0),
        _ => None,
    };
    let way = |row: &Vec<Value>| {
        Some(Way {
            mode: escaped::line(&row[mode].to_string()).into(),
            schedule: escaped::line(&row[schedule].to_string()).into(),
            ranks: count(&row[ranks]).max(1),
            threads: count(&row[threads]).max(1),
            seconds: real(&row[seconds])?,
            speedup: real(&row[speedup]),
        })
    };
    let ways: Vec<Way> = table.rows.iter().filter_map(way).collect();
    (!ways.is_empty()).then_some(ways)
}

/// How long each way took.
pub fn seconds(run: &DrawnRun, frame: &Frame) -> Option<Picture> {
    let ways = ways(run)?;
    let bars: Vec<(String, f64)> = ways.iter().map(|way| (way.name(), way.seconds)).collect();
    Some(bars_of_time("Time of each way", &bars, frame))
}

/// Bars with a label before and a time behind each.
pub fn bars_of_time(title: &str, bars: &[(String, f64)], frame: &Frame) -> Picture {
    let metrics = frame.metrics;
    let longest = bars.iter().map(|(_, seconds)| *seconds).fold(0.0, f64::max);
    let (unit, name) = time_unit(longest);
    let mut sheet = Sheet::new(metrics, frame.width, title);
    let labels = bars.iter().enumerate().map(|(at, (label, _))| (at as f64 + 0.5, label.clone())).collect();
    let y = Axis::labelled("", bars.len() as f64, labels);
    // The longest bar leaves room for its time.
    let x = Axis::linear(format!("time ({name})"), 0.0, longest / unit * 1.15);
    let plot = sheet.plot(metrics.line * bars.len() as f64, x, y);
    for (at, (label, seconds)) in bars.iter().enumerate() {
        let (y, right) = (plot.top + metrics.line * at as f64, plot.x(seconds / unit));
        let inset = if metrics.in_cells { 0.0 } else { 2.5 };
        let size = ((right - plot.left).max(0.5), metrics.line - 2.0 * inset);
        sheet.rect((plot.left, y + inset), size, Ink::Series(0), Some(format!("{label}: {seconds:.6} s")));
        let text = number(seconds / unit, seconds / unit / 100.0);
        let at = metrics.snapped(right + metrics.glyph / 2.0);
        sheet.text((at, y), Anchor::Start, Ink::Text, false, text);
    }
    sheet.done()
}

/// How many times as fast each way was as one thread.
pub fn speedup(run: &DrawnRun, frame: &Frame) -> Option<Picture> {
    let kind = Kind { title: "Speed-up", y: "times as fast as one thread", of: |_, speedup| speedup, least: 1.0 };
    against_workers(run, frame, &kind)
}

/// Which part of the ideal speed-up each way has.
pub fn efficiency(run: &DrawnRun, frame: &Frame) -> Option<Picture> {
    let of = |workers: f64, speedup: f64| speedup / workers;
    let kind = Kind { title: "Efficiency", y: "speed-up, divided by ranks times threads", of, least: 1.1 };
    against_workers(run, frame, &kind)
}

/// What is drawn against the number of workers.
struct Kind {
    title: &'static str,
    y: &'static str,
    of: fn(f64, f64) -> f64,
    /// The vertical axis goes at least so far.
    least: f64,
}

fn against_workers(run: &DrawnRun, frame: &Frame, kind: &Kind) -> Option<Picture> {
    let ways: Vec<Way> = ways(run)?.into_iter().filter(|way| way.speedup.is_some()).collect();
    if ways.is_empty() {
        return None;
    }
    let most = ways.iter().map(Way::workers).fold(1.0, f64::max);
    let value = |way: &Way| (kind.of)(way.workers(), way.speedup.unwrap_or(0.0));
    let highest = ways.iter().map(value).fold((kind.of)(most, most).max(kind.least), f64::max);
    let mut series: Vec<String> = vec![];
    ways.iter().map(Way::series).for_each(|name| {
        if !series.contains(&name) {
            series.push(name);
        }
    });
    let mut keys: Vec<Key> =
        (0..).zip(&series).map(|(at, name)| (Sample::Mark(Mark::of(at)), Ink::Series(at), name.clone())).collect();
    keys.push((Sample::Line(Stroke::Dashed), Ink::Muted, "ideal".into()));
    let laws = laws(run);
    keys.extend(laws.iter().map(|law| (Sample::Line(Stroke::Data), law.ink, law.name.clone())));
    let mut sheet = Sheet::new(frame.metrics, frame.width, kind.title);
    sheet.legend(&keys);
    let x = Axis::whole("ranks times threads", 0.0, most * 1.05);
    let plot = sheet.plot(11.0 * frame.metrics.line, x, Axis::linear(kind.y, 0.0, highest * 1.05));
    curve(&mut sheet, &plot, most, (Ink::Muted, Stroke::Dashed), |workers| (kind.of)(workers, workers));
    for law in &laws {
        curve(&mut sheet, &plot, most, (law.ink, Stroke::Data), |workers| (kind.of)(workers, law.law.speedup(workers)));
    }
    for way in &ways {
        let at = series.iter().position(|name| *name == way.series()).unwrap_or(0);
        sheet.dot((plot.x(way.workers()), plot.y(value(way))), Ink::Series(at), Mark::of(at));
    }
    Some(sheet.done())
}

/// A line from one worker to the most.
fn curve(sheet: &mut Sheet, plot: &Plot, most: f64, (ink, stroke): (Ink, Stroke), y: impl Fn(f64) -> f64) {
    let workers = (0..=60).map(|step| 1.0 + (most - 1.0) * f64::from(step) / 60.0);
    let through: Vec<_> = workers.map(|workers| (plot.x(workers), plot.y(y(workers)))).collect();
    sheet.line(&through, ink, stroke);
}

/// A law of speed-ups, as `compare` fitted it.
struct FittedLaw {
    name: String,
    ink: Ink,
    law: Law,
}

/// The laws in the file: for each method one or two.
fn laws(run: &DrawnRun) -> Vec<FittedLaw> {
    let facts = || {
        run.report.run.iter().filter_map(|fact| match fact.value {
            Value::Ratio(number) => Some((&*fact.name, number)),
            _ => None,
        })
    };
    let find = |name: &str| facts().find(|(other, _)| *other == name).map(|(_, number)| number);
    let mut laws: Vec<FittedLaw> = vec![];
    for (name, number) in facts() {
        // Each has a colour of its own.
        let ink = Ink::Series(3 + laws.len());
        let named = |method: &str, law: &str| match method.trim_end_matches('_') {
            "" => law.into(),
            method => format!("{method}, {law}"),
        };
        if let Some(method) = name.strip_suffix("amdahl.parallel") {
            let law = Law { contention: 1.0 - number, crosstalk: 0.0 };
            laws.push(FittedLaw { name: named(method, "Amdahl's law"), ink, law });
        } else if let Some(method) = name.strip_suffix("usl.contention") {
            let crosstalk = find(&format!("{method}usl.crosstalk")).unwrap_or(0.0);
            let law = Law { contention: number, crosstalk };
            laws.push(FittedLaw { name: named(method, "universal scalability law"), ink, law });
        }
    }
    laws
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FRAME, attempt, bars, close, dots, lines, place_of, run, texts};
    use super::*;
    use crate::values::{Fact, Table};

    /// Four threads of which a tenth is serial, and two ranks.
    fn compared() -> DrawnRun {
        let columns = ["mode", "ranks", "threads", "schedule", "seconds s", "speedup"];
        let row = |mode: &str, ranks: u64, threads: u64, schedule: &str, seconds: f64| {
            let size = [ranks, threads].map(Value::Count);
            let cells = [Value::text(schedule), Value::Seconds(seconds), Value::Ratio(8.0 / seconds)];
            [&[Value::text(mode)][..], &size, &cells].concat()
        };
        let mut laws = attempt(1, 4, 30.0);
        laws.extend([
            Fact::new("amdahl.parallel", Value::Ratio(0.9)),
            Fact::new("usl.contention", Value::Ratio(0.1)),
            Fact::new("usl.crosstalk", Value::Ratio(0.05)),
        ]);
        let mut drawn = run(&[laws], &[], 1);
        drawn.report.kernel = "compare".into();
        drawn.report.table = Table::of(&columns).with([
            row("sequential", 1, 1, "fixed", 8.0),
            row("threads", 1, 2, "fixed", 5.0),
            row("threads", 1, 4, "fixed", 2.5),
            row("ranks", 2, 1, "farm", 4.0),
        ]);
        drawn
    }

    #[test]
    fn names_of_ways_are_short() {
        let name = |mode: &str, ranks: u64, threads: u64, schedule: &str| {
            let (mode, schedule) = (mode.to_string(), schedule.to_string());
            Way { mode, schedule, ranks, threads, seconds: 1.0, speedup: None }.name()
        };
        assert_eq!(name("sequential", 1, 1, "fixed"), "sequential");
        assert_eq!(name("threads", 1, 8, "fixed"), "threads 8");
        assert_eq!(name("ranks", 4, 1, "farm"), "ranks 4 × 1 farm");
        assert_eq!(name("ranks+threads", 2, 3, "fixed"), "ranks 2 × 3 fixed");
        assert_eq!(name("Python mpi4py", 2, 1, ""), "Python mpi4py 2 × 1");
    }

    #[test]
    fn each_way_has_a_bar_as_long_as_its_time() {
        let picture = seconds(&compared(), &FRAME).unwrap();
        let [zero, eight] = ["0", "8"].map(|label| place_of(&picture, label, true));
        let drawn = bars(&picture, Ink::Series(0));
        let names = ["sequential", "threads 2", "threads 4", "ranks 2 × 1 farm"];
        assert_eq!(drawn.len(), names.len());
        for ((place, size, _), (name, seconds)) in drawn.into_iter().zip(names.into_iter().zip([8.0, 5.0, 2.5, 4.0])) {
            assert!(close(size.0, (eight - zero) * seconds / 8.0) && close(place.0, zero), "{name}");
            assert!(close(place.1 + size.1 / 2.0, place_of(&picture, name, false)), "{name}");
        }
        assert!(texts(&picture).contains(&"2.50"), "{:?}", texts(&picture));
    }

    #[test]
    fn points_are_where_they_were_measured_and_laws_where_they_say() {
        for (draw, values, laws) in [
            (speedup as fn(&DrawnRun, &Frame) -> _, [1.0, 1.6, 3.2, 2.0], [4.0, 4.0 / 1.3, 4.0 / 1.9]),
            (efficiency, [1.0, 0.8, 0.8, 1.0], [1.0, 1.0 / 1.3, 1.0 / 1.9]),
        ] {
            let picture: Picture = draw(&compared(), &FRAME).unwrap();
            let [zero, four] = ["0", "4"].map(|label| place_of(&picture, label, true));
            let [none, one] = ["0.0", "1.0"].map(|label| {
                let found = texts(&picture).contains(&label);
                place_of(&picture, if found { label } else { &label[..1] }, false)
            });
            let at = |workers: f64, value: f64| (zero + (four - zero) * workers / 4.0, none - (none - one) * value);
            let drawn: Vec<_> = (0..3).map(|series| dots(&picture, Ink::Series(series))).collect();
            // Each series has one in the legend.
            let shown = [drawn[0][1], drawn[1][1], drawn[1][2], drawn[2][1]];
            for (dot, (workers, value)) in shown.into_iter().zip([1.0, 2.0, 4.0, 2.0].into_iter().zip(values)) {
                let place = at(workers, value);
                assert!(close(dot.0, place.0) && close(dot.1, place.1), "{dot:?} {place:?}");
            }
            for (ink, value) in [Ink::Muted, Ink::Series(3), Ink::Series(4)].into_iter().zip(laws) {
                let (end, place) = (*lines(&picture, ink).last().unwrap().last().unwrap(), at(4.0, value));
                assert!(close(end.0, place.0) && close(end.1, place.1), "{ink:?}: {end:?} {place:?}");
            }
        }
        assert!(speedup(&run(&[attempt(1, 1, 1.0)], &[], 1), &FRAME).is_none());
    }
}
