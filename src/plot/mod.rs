//! `plot`: charts of run files.
//!
//! A chart (`charts/`) makes a picture (`picture.rs`) of what a file says (`drawn.rs`); a picture becomes SVG, a page of HTML, PNG or
//! characters. So a chart is made in one place, and looks the same everywhere.

pub mod axis;
pub mod characters;
pub mod charts;
pub mod drawn;
pub mod html;
pub mod palette;
pub mod picture;
#[cfg_attr(not(feature = "hdf5"), path = "no_png.rs")]
pub mod png;
pub mod sheet;
pub mod svg;
pub mod trace;

use crate::error::{Error, Result};
use charts::{CHARTS, Frame, side_by_side};
use drawn::DrawnRun;
use palette::Theme;
use picture::{CELLS, Metrics, PAPER, Picture};
use sheet::Sheet;

/// A kind of file that a picture is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Shapes, sharp at any size.
    Svg,
    /// Pixels.
    Png,
    /// A page for a browser.
    Html,
}

impl Kind {
    /// All, by the endings of their files.
    pub const ALL: [(&str, Kind); 3] = [("svg", Kind::Svg), ("png", Kind::Png), ("html", Kind::Html)];
}

/// The width of a picture in a file, in units of which text has 13.
const WIDTH: f64 = 800.0;

/// The units around a picture.
const MARGIN: f64 = 16.0;

/// Pixels of a unit.
const SCALE: f64 = 2.0;

/// From this width on two charts of characters stand side by side.
const TWO_WIDE: usize = 100;

/// The file of that kind, with the charts of these runs.
///
/// # Errors
/// If there is nothing to draw, or if a picture is too large for its kind.
pub fn file(runs: &[DrawnRun], kind: Kind, theme: Theme) -> Result<Vec<u8>> {
    let each = if runs.len() > 1 { 2 } else { 1 };
    match kind {
        Kind::Svg => Ok(svg::file(&whole(runs, PAPER, WIDTH, each)?, MARGIN).into_bytes()),
        Kind::Png => png::file(&whole(runs, PAPER, WIDTH, each)?, theme, SCALE, MARGIN),
        Kind::Html => {
            let charts = charts(runs, PAPER, WIDTH)?.into_iter().flatten().flatten().collect::<Vec<_>>();
            let (title, lines) = heading(runs);
            Ok(html::page(&title, &lines, &charts).into_bytes())
        }
    }
}

/// The charts in characters, for a terminal of so many columns.
///
/// # Errors
/// If there is nothing to draw.
pub fn text(runs: &[DrawnRun], columns: usize, colours: bool) -> Result<String> {
    let columns = columns.max(COLUMNS_MIN);
    let each = if runs.len() > 1 && columns >= TWO_WIDE { 2 } else { 1 };
    let text = characters::text(&whole(runs, CELLS, columns as f64 * CELLS.glyph, each)?, colours);
    Ok(text.trim_end_matches('\n').to_string() + "\n")
}

/// Nothing is narrower.
const COLUMNS_MIN: usize = 40;

/// The timelines of these runs, for the trace viewers of browsers.
///
/// # Errors
/// If one of them has no timeline.
pub fn trace(runs: &[DrawnRun]) -> Result<String> {
    match runs.iter().find(|run| !run.has_timeline()) {
        Some(run) => Err(Error::usage(format!("--trace: '{}' has no timeline: {}", run.name, why_none(run)))),
        None => Ok(trace::trace(runs)),
    }
}

/// What is not drawn of these runs, in a line each.
pub fn left_out(runs: &[DrawnRun]) -> Vec<String> {
    let without = runs.iter().filter(|run| !run.has_timeline() && run.report.kernel != "compare");
    let line = |run: &DrawnRun| {
        let why = why_none(run);
        format!("'{}' has no timeline, so timeline, balance, progress and cost are not drawn: {why}", run.name)
    };
    without.map(line).collect()
}

fn why_none(run: &DrawnRun) -> &'static str {
    match (&*run.report.kernel, run.report.timeline.is_empty()) {
        ("compare", _) => "it compares many runs",
        (_, true) => "nothing in it was computed in blocks",
        _ => "its attempts are summed up",
    }
}

/// What is written above the charts: a title, and lines.
fn heading(runs: &[DrawnRun]) -> (String, Vec<String>) {
    match runs {
        [run] => (format!("pcount {}", run.what()), vec![format!("{}: {}", run.name, run.how())]),
        runs => {
            let line = |run: &DrawnRun| format!("{}: {}: {}", run.name, run.what(), run.how());
            (format!("pcount: {} runs", runs.len()), runs.iter().map(line).collect())
        }
    }
}

/// The charts, those of one kind in a row: one for each run, and nothing where a run has none of that kind.
///
/// # Errors
/// If there is none.
fn charts(runs: &[DrawnRun], metrics: Metrics, width: f64) -> Result<Vec<Vec<Option<Picture>>>> {
    let seconds = runs.iter().map(DrawnRun::seconds).fold(0.0, f64::max);
    let frame = Frame { metrics, width, seconds };
    let several = runs.len() > 1;
    let drawn = |run: &DrawnRun, draw: fn(&DrawnRun, &Frame) -> Option<Picture>| {
        draw(run, &frame).map(|chart| if several { named(&run.name, chart, metrics) } else { chart })
    };
    let rows = CHARTS.iter().map(|chart| runs.iter().map(|run| drawn(run, chart.draw)).collect::<Vec<_>>());
    let mut rows: Vec<Vec<Option<Picture>>> = rows.filter(|row| row.iter().any(Option::is_some)).collect();
    if rows.is_empty() {
        let names: Vec<String> = runs.iter().map(|run| format!("'{}'", run.name)).collect();
        let what = "no timeline, counts, gaps or comparison, so there is nothing to draw";
        return Err(Error::usage(format!("{}: {what}", names.join(", "))));
    }
    if several {
        rows.insert(0, vec![Some(side_by_side(runs, &frame))]);
    }
    Ok(rows)
}

/// The chart with the name of its run above it.
fn named(name: &str, chart: Picture, metrics: Metrics) -> Picture {
    let mut sheet = Sheet::new(metrics, chart.width, &format!("{}: {name}", chart.title));
    // The chart's own title is the first thing that it draws.
    let items = chart.items.into_iter().skip(1).collect();
    sheet.picture.height = chart.height;
    sheet.picture.items.extend::<Vec<_>>(items);
    sheet.picture
}

/// All charts in one picture, `each` of a row side by side.
fn whole(runs: &[DrawnRun], metrics: Metrics, width: f64, each: usize) -> Result<Picture> {
    let gap = 3.0 * metrics.glyph;
    let narrow = ((width - gap * (each - 1) as f64) / each as f64 / metrics.glyph).floor() * metrics.glyph;
    let (title, lines) = heading(runs);
    let mut sheet = Sheet::new(metrics, width, &title);
    lines.iter().for_each(|line| sheet.note(line));
    let mut whole = sheet.done();
    for row in charts(runs, metrics, narrow)? {
        for some in row.chunks(each) {
            let top = whole.height;
            for (at, chart) in some.iter().enumerate() {
                let left = (narrow + gap) * at as f64;
                chart.iter().for_each(|chart| whole.put(chart.clone(), (left, top)));
            }
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::charts::tests::{attempt, run};
    use super::palette::Ink;
    use super::picture::{Anchor, Item};
    use super::*;
    use crate::values::{Fact, Table, Value};

    /// Runs of every kind and size.
    fn all() -> Vec<DrawnRun> {
        let many = |ranks: u64, threads: u64| {
            let told: Vec<_> = (0..ranks * threads)
                .flat_map(|worker| {
                    let (rank, thread) = (worker / threads, worker % threads);
                    (0..20).map(move |block| {
                        let start = block as f64 / 2.0;
                        (0, rank, thread, start, 0.3 + (worker % 7) as f64 / 40.0, 20 * worker + block, 1)
                    })
                })
                .collect();
            run(&[attempt(ranks, threads, 10.0)], &told, 20 * ranks * threads)
        };
        let attempts: Vec<Vec<Fact>> = (0..30).map(|number| attempt(1 + number % 3, 2, 0.3)).collect();
        let told: Vec<_> = (0..30).map(|number| (number, 0, 0, 0.1, 0.1, number, 1)).collect();
        let mut primes = many(3, 2);
        primes.report.kernel = "primes".into();
        let row = |n: u64| {
            [n * 1_000_000, (n + 1) * 1_000_000, 60_000 + n, 100 + n, n * 1_000_000 + 77].map(Value::integer).to_vec()
        };
        primes.report.table = Table::of(&["start", "end", "count", "gap", "after"]).with((0..3000).map(row));
        let mut compare = run(&[attempt(1, 1, 1.0)], &[], 1);
        let way = |n: u64| {
            let (mode, size) = (Value::text("gourdon ranks+threads"), [1 + n / 4, 1 + n % 4].map(Value::Count));
            [&[mode][..], &size, &[Value::text("fixed"), Value::Seconds(1.0 / n as f64), Value::Ratio(n as f64)]]
                .concat()
        };
        compare.report.table =
            Table::of(&["mode", "ranks", "threads", "schedule", "seconds", "speedup"]).with((1..20).map(way));
        vec![many(1, 1), many(3, 2), many(40, 1), many(512, 2), run(&attempts, &told, 30), primes, compare]
    }

    /// The left, upper, right and lower edges of the texts of a picture.
    fn boxes(picture: &Picture, metrics: Metrics) -> Vec<(f64, f64, f64, f64, &str)> {
        let bounds = |item| match item {
            &Item::Text { at: (x, y), anchor, ref text, .. } => {
                let wide = metrics.width(text);
                let left = match anchor {
                    Anchor::Start => x,
                    Anchor::Middle => x - wide / 2.0,
                    Anchor::End => x - wide,
                };
                // Letters are lower than their lines.
                Some((left, y + metrics.line / 6.0, left + wide, y + metrics.line * 5.0 / 6.0, text.as_str()))
            }
            _ => None,
        };
        picture.items.iter().filter_map(bounds).collect()
    }

    #[test]
    fn no_text_touches_another_or_leaves_the_picture() {
        for run in all() {
            for (metrics, width) in [(PAPER, 380.0), (PAPER, 800.0), (CELLS, 320.0), (CELLS, 480.0), (CELLS, 1600.0)] {
                let frame = Frame { metrics, width, seconds: run.seconds() };
                for picture in CHARTS.iter().filter_map(|chart| (chart.draw)(&run, &frame)) {
                    let boxes = boxes(&picture, metrics);
                    for (at, one) in boxes.iter().enumerate() {
                        let inside = one.0 >= -0.01 && one.2 <= width + 0.01 && one.3 <= picture.height;
                        assert!(inside, "{} at {width}: {one:?}", picture.title);
                        for other in &boxes[..at] {
                            let apart = one.0 >= other.2 || other.0 >= one.2 || one.1 >= other.3 || other.1 >= one.3;
                            assert!(apart, "{} at {width}: {one:?} and {other:?}", picture.title);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_is_drawn_beyond_the_edges_and_files_stay_small() {
        for run in all() {
            let picture = whole(std::slice::from_ref(&run), PAPER, WIDTH, 1).unwrap();
            for item in &picture.items {
                if let Item::Rect { at, size, .. } = item {
                    let inside =
                        at.0 >= 0.0 && at.0 + size.0 <= WIDTH && at.1 >= 0.0 && at.1 + size.1 <= picture.height;
                    assert!(inside && size.0 >= 0.0 && size.1 >= 0.0, "{item:?}");
                }
            }
            for (_, kind) in Kind::ALL.into_iter().filter(|(_, kind)| *kind != Kind::Png) {
                let file = file(std::slice::from_ref(&run), kind, Theme::Light).unwrap();
                assert!(file.len() < 1_000_000, "{} bytes", file.len());
                assert!(!String::from_utf8_lossy(&file).contains("NaN"));
            }
        }
    }

    #[test]
    fn characters_are_as_wide_as_the_terminal_and_say_the_same() {
        for run in all() {
            for columns in [60, 100] {
                let text = text(std::slice::from_ref(&run), columns, false).unwrap();
                assert!(text.lines().all(|line| line.chars().count() <= columns), "{text}");
                assert!(!text.contains('\u{1b}') && text.starts_with("pcount "), "{text}");
            }
            let colours = text(std::slice::from_ref(&run), 80, true).unwrap();
            let plain = text(std::slice::from_ref(&run), 80, false).unwrap();
            let without: String = colours
                .split('\u{1b}')
                .enumerate()
                .map(|(at, part)| if at == 0 { part } else { &part[part.find('m').unwrap() + 1..] })
                .collect();
            assert!(colours.contains("\u{1b}[38;5;32m") && without == plain);
        }
    }

    #[test]
    fn runs_stand_side_by_side_on_one_scale() {
        let two = || {
            vec![
                run(&[attempt(1, 1, 5.0)], &[(0, 0, 0, 0.0, 5.0, 0, 1)], 1),
                run(&[attempt(1, 1, 10.0)], &[(0, 0, 0, 0.0, 10.0, 0, 1)], 1),
            ]
        };
        let picture = whole(&two(), PAPER, WIDTH, 2).unwrap();
        let bars: Vec<(f64, f64)> = picture
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Rect { at, size, ink: Ink::Series(0), about: Some(about) }
                    if about.starts_with("rank 0, thread 0") =>
                {
                    Some((at.0, size.0))
                }
                _ => None,
            })
            .collect();
        assert!(bars.len() == 2 && bars[1].0 > WIDTH / 2.0 && bars[0].0 < WIDTH / 2.0, "{bars:?}");
        assert!((bars[1].1 / bars[0].1 - 2.0).abs() < 0.02, "{bars:?}");
    }

    #[test]
    fn what_has_nothing_to_draw_says_so() {
        let empty = || vec![run(&[attempt(1, 1, 1.0)], &[], 1)];
        let why = text(&empty(), 80, false).unwrap_err();
        assert_eq!((why.code(), why.to_string().starts_with("'run.h5': no timeline, ")), (2, true), "{why}");
        assert!(trace(&empty()).unwrap_err().to_string().contains("'run.h5' has no timeline"));
        assert_eq!(left_out(&empty()).len(), 1);
    }
}
