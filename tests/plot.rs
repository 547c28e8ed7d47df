//! `plot`: real run files, drawn into files and on the terminal. What charts show of data is tested beside each chart.

mod common;

use common::{Folder, Run, alone, mpirun, pcount, run};
use std::fs;
use std::path::Path;

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// A run of that command line, kept in a new file of the folder.
fn kept(folder: &Folder, name: &str, line: &str) -> String {
    let file = folder.file(name);
    let run = alone(&[&words(line)[..], &["-o", &file]].concat());
    assert!(matches!(run.code, Some(0 | 85)), "{line}: {run:?}");
    file
}

fn drawn(args: &[&str]) -> Run {
    let run = alone(&[&["plot"], args].concat());
    assert_eq!(run.code, Some(0), "{args:?}: {run:?}");
    run
}

/// The texts of an SVG, in order.
fn texts(svg: &str) -> Vec<&str> {
    svg.split("<text ").skip(1).map(|rest| rest.split_once('>').unwrap().1.split('<').next().unwrap()).collect()
}

#[test]
fn a_picture_is_one_file_of_each_kind_and_replaces_the_one_before() {
    let folder = Folder::new("plot-kinds");
    let file = kept(&folder, "run.h5", "primes 0..1e8/10 --method sieve --threads 2");
    for (name, head) in [("x.svg", &b"<svg "[..]), ("x.png", b"\x89PNG\r\n\x1a\n"), ("X.HTML", b"<!DOCTYPE html>")] {
        let out = folder.file(name);
        fs::write(&out, "older").unwrap();
        let run = drawn(&[&file, "-o", &out]);
        assert_eq!((&*run.out, &*run.err), ("", ""), "{name}");
        let bytes = fs::read(&out).unwrap();
        assert!(bytes.starts_with(head) && bytes.len() < 1_000_000, "{name}: {} bytes", bytes.len());
        if !name.ends_with("png") {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains("prefers-color-scheme:dark") && !text.contains("<script"), "{name}");
            for other in [" src=", " href=", "url(", "@import"] {
                assert!(!text.contains(other), "{name} needs another file: {other}");
            }
        }
    }
    // No draft is left behind.
    let names: Vec<_> = fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains(".plot")), "{names:?}");
    let [light, dark] = [vec![], vec!["--dark"]].map(|dark| {
        let out = folder.file("theme.png");
        drawn(&[&[&*file, "-o", &out], &dark[..]].concat());
        fs::read(&out).unwrap()
    });
    assert!(light != dark && dark.starts_with(b"\x89PNG"));
}

#[test]
fn a_run_has_the_charts_of_what_is_in_its_file() {
    let folder = Folder::new("plot-charts");
    let charts = |file: &str| {
        let out = folder.file("x.svg");
        drawn(&[file, "--out", &out]);
        let svg = fs::read_to_string(out).unwrap();
        let names = ["Timeline", "Balance", "Progress", "Cost of a unit along the range", "How dense the primes are"];
        let names =
            [&names[..], &["Gaps between neighbouring primes", "Time of each way", "Speed-up", "Efficiency"]].concat();
        (names.into_iter().filter(|name| texts(&svg).contains(name)).collect::<Vec<_>>(), svg)
    };
    let (of_primes, svg) = charts(&kept(&folder, "primes.h5", "primes 0..2e7/7 --method sieve --threads 2"));
    assert_eq!(
        of_primes,
        ["Timeline", "Balance", "Progress", "Cost of a unit along the range", "How dense the primes are"]
    );
    assert!(texts(&svg).iter().any(|text| text.starts_with("1270607 primes; ")), "{:?}", texts(&svg));
    // A row is a line of the density, and one is in the legend.
    assert_eq!(svg.matches("class=\"d ls1\"").count(), 8);
    let (of_gaps, svg) = charts(&kept(&folder, "gaps.h5", "primes 0..1e6/5 --gaps"));
    assert!(of_gaps.contains(&"Gaps between neighbouring primes"), "{of_gaps:?}");
    assert!(texts(&svg).contains(&"The largest is 114, after 492113"));
    let (of_delay, svg) = charts(&kept(&folder, "delay.h5", "delay 0.01 0.02 0.03"));
    assert_eq!(of_delay, ["Timeline", "Balance", "Progress", "Cost of a unit along the range"]);
    // Each wait is a bar that says which unit it is, in a lane of its own.
    for unit in ["units 0..1", "units 1..2", "units 2..3"] {
        assert_eq!(svg.matches(&format!(": {unit}, ")).count(), 1, "{unit}");
    }
    let (of_compare, svg) = charts(&kept(&folder, "compare.h5", "compare delay 0.01 0.01 0.01 0.01 --repeat 1"));
    assert_eq!(of_compare, ["Time of each way", "Speed-up", "Efficiency"]);
    assert!(["ideal", "Amdahl's law", "sequential"].iter().all(|name| texts(&svg).contains(name)), "{:?}", texts(&svg));
}

#[test]
fn attempts_stops_and_saves_are_in_the_file_and_drawn() {
    let folder = Folder::new("plot-attempts");
    let file = kept(&folder, "run.h5", "delay 0.01 0.02 600 --threads 1 --for 1s --checkpoint-every 100ms");
    let json = alone(&["show", &file, "-f", "json"]).json();
    let saves = json["run"]["saves"].as_array().unwrap();
    assert!(!saves.is_empty() && saves.iter().all(|save| save.as_f64().unwrap() > 0.0), "{json}");
    let again = alone(&["resume", &file, "--for", "1s", "--checkpoint-every", "100ms"]);
    assert_eq!(again.code, Some(85), "{again:?}");
    let out = folder.file("x.svg");
    drawn(&[&file, "-o", &out]);
    let svg = fs::read_to_string(&out).unwrap();
    for text in ["a new attempt", "attempt 1", "saved", "stopped"] {
        assert!(texts(&svg).contains(&text), "{text}: {:?}", texts(&svg));
    }
    assert!(!texts(&svg).contains(&"complete"));
}

#[test]
fn without_a_file_it_is_drawn_in_characters_eighty_wide() {
    let folder = Folder::new("plot-text");
    let file = kept(&folder, "run.h5", "delay 0.05 0.01 0.02");
    let run = drawn(&[&file]);
    assert!(run.out.lines().all(|line| line.chars().count() <= 80) && run.out.contains('█'), "{}", run.out);
    assert!(run.out.contains("Timeline") && !run.out.contains('\u{1b}') && run.err.is_empty(), "{run:?}");
    let mut coloured = pcount(&["plot", &file]);
    coloured.env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR").env("TERM", "xterm-256color");
    assert!(common::run(coloured).out.contains("\u{1b}[38;5;"));
}

#[test]
fn several_runs_stand_side_by_side() {
    let folder = Folder::new("plot-several");
    let files = ["one.h5", "two.h5"].map(|name| kept(&folder, name, "delay 0.02 0.01"));
    let out = folder.file("both.svg");
    drawn(&[&files[0], &files[1], "-o", &out]);
    let svg = fs::read_to_string(&out).unwrap();
    for text in ["pcount: 2 runs", "Time of each run", "Timeline: one.h5", "Timeline: two.h5"] {
        assert_eq!(texts(&svg).iter().filter(|other| **other == text).count(), 1, "{text}: {:?}", texts(&svg));
    }
    let page = folder.file("both.html");
    drawn(&[&files[0], &files[1], "-o", &page]);
    assert_eq!(fs::read_to_string(page).unwrap().matches("<figure>").count(), 9);
}

#[test]
fn a_trace_has_the_blocks_of_the_run_file() {
    let folder = Folder::new("plot-trace");
    let file = kept(&folder, "run.h5", "primes 0..1e8 --method sieve --threads 2");
    let out = folder.file("x.json");
    let run = drawn(&[&file, "--trace", &out]);
    assert_eq!((&*run.out, &*run.err), ("", ""));
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(&out).unwrap()).unwrap();
    let blocks: Vec<_> = json["traceEvents"].as_array().unwrap().iter().filter(|event| event["ph"] == "X").collect();
    let units: u64 = blocks.iter().map(|block| block["args"]["units"].as_u64().unwrap()).sum();
    let shown = alone(&["show", &file, "-f", "json"]).json();
    assert_eq!(units, shown["run"]["units"].as_u64().unwrap());
    let end = shown["run"]["seconds"]["wall"].as_f64().unwrap() * 1e6;
    for block in blocks {
        let [start, took] = ["ts", "dur"].map(|key| block[key].as_f64().unwrap());
        assert!(start >= 0.0 && took >= 0.0 && start + took <= end * 1.001, "{block}");
    }
}

#[test]
fn bad_input_is_one_line_that_quotes_it_and_writes_nothing() {
    let folder = Folder::new("plot-bad");
    let file = kept(&folder, "run.h5", "delay 0.01");
    let ranks = kept(&folder, "ranks.h5", "ranks");
    let link = folder.file("link.svg");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let before = fs::read_dir(&folder.0).unwrap().count();
    let there = |name: &str| folder.file(name);
    for (args, code, what) in [
        (vec![], 2, "'plot' needs a run file: write pcount plot run.h5".to_string()),
        (vec!["/nowhere/run.h5".into()], 2, "'/nowhere/run.h5': there is no such file".into()),
        (vec!["Cargo.toml".into()], 1, "'Cargo.toml' is not a pcount run file".into()),
        (
            vec![file.clone(), "-o".into(), "x.pdf".into()],
            2,
            "--out: 'x.pdf' does not end in .svg, .png or .html".into(),
        ),
        (vec![file.clone(), "-o".into(), "svg".into()], 2, "--out: 'svg' does not end in".into()),
        (vec![file.clone(), "-o".into(), there("no/x.svg")], 2, "cannot be made in its folder".into()),
        (vec![file.clone(), "-o".into(), "src".into()], 2, "--out: 'src' is not a file name".into()),
        (vec![file.clone(), "-o".into(), link.clone()], 2, "is a file that is read".into()),
        (vec![file.clone(), "--trace".into(), "run.h5".into()], 2, "--trace: 'run.h5' does not end in .json".into()),
        (vec![file.clone(), "--trace".into(), there("no/x.json")], 2, "cannot be made in its folder".into()),
        (vec![file.clone(), "--dark".into()], 2, "--dark is for a PNG".into()),
        (vec![file.clone(), "--format".into(), "json".into()], 2, "--format is not for 'plot'".into()),
        (vec![file.clone(), "--threads".into(), "2".into()], 2, "--threads is not for 'plot'".into()),
        (vec![ranks.clone()], 2, "'ranks.h5': no timeline, counts, gaps or comparison".into()),
        (vec![ranks.clone(), "--trace".into(), there("x.json")], 2, "--trace: 'ranks.h5' has no timeline".into()),
    ] {
        let args: Vec<&str> = std::iter::once("plot").chain(args.iter().map(String::as_str)).collect();
        let run = alone(&args);
        assert_eq!((run.code, &*run.out, run.err.lines().count()), (Some(code), "", 1), "{args:?}: {run:?}");
        assert!(run.err.contains(&what), "{args:?}: {}", run.err);
    }
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), before);
    let other = alone(&["pi", "10", "--trace", "x.json"]);
    assert!(other.code == Some(2) && other.err.contains("'--trace' is not an option"), "{other:?}");
}

#[test]
fn a_run_without_a_timeline_says_which_charts_are_missing() {
    let folder = Folder::new("plot-left-out");
    let files = [kept(&folder, "ranks.h5", "ranks"), kept(&folder, "delay.h5", "delay 0.01")];
    let run = drawn(&[&files[0], &files[1]]);
    assert_eq!(run.said().len(), 1, "{run:?}");
    assert!(
        run.said()[0].contains("'ranks.h5' has no timeline, so timeline, balance, progress and cost are not drawn")
    );
}

/// Under a launcher one rank draws, and none starts MPI.
#[test]
#[cfg_attr(not(feature = "mpi"), ignore = "pcount is built without MPI")]
fn ranks_are_drawn_and_plot_needs_none() {
    let folder = Folder::new("plot-ranks");
    let (file, out) = (folder.file("run.h5"), folder.file("x.svg"));
    let counted =
        mpirun(3, &["primes", "0..1e8", "--method", "sieve", "--threads", "2", "--schedule", "farm", "-o", &file]);
    assert_eq!(counted.code, Some(0), "{counted:?}");
    drawn(&[&file, "-o", &out]);
    let svg = fs::read_to_string(&out).unwrap();
    let lanes = ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1"];
    assert!(lanes.iter().all(|lane| texts(&svg).contains(lane)), "{:?}", texts(&svg));
    fs::remove_file(&out).unwrap();
    let three = mpirun(3, &["plot", &file, "-o", &out]);
    assert_eq!((three.code, three.said().len()), (Some(0), 0), "{three:?}");
    assert_eq!(fs::read_to_string(&out).unwrap(), svg);
}

/// The pictures of the manual are those that this program makes: they have its style and its charts. `scripts/pictures` makes them.
#[test]
fn the_manual_shows_what_is_drawn() {
    let folder = Folder::new("plot-manual");
    let file = kept(&folder, "run.h5", "delay 0.01 0.01");
    let out = folder.file("x.svg");
    drawn(&[&file, "-o", &out]);
    let style = |svg: &str| svg.split("<style>").nth(1).unwrap().split("</style>").next().unwrap().to_string();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let shown = |name: &str| fs::read_to_string(docs.join(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
    let expect = style(&fs::read_to_string(&out).unwrap());
    let lesson = shown("teaching.md");
    let pictures: Vec<&str> =
        lesson.split(".svg)").filter_map(|before| before.rsplit_once("](")).map(|(_, name)| name).collect();
    assert_eq!(pictures.len(), 1 + 10, "{pictures:?}");
    let pictures = pictures.iter().take(10).map(|name| format!("{name}.svg"));
    for picture in pictures.chain(["plot.svg".to_string()]) {
        assert_eq!(style(&shown(&picture)), expect, "{picture}: scripts/pictures makes it anew");
    }
    assert!(texts(&shown("lesson/3-python.svg")).iter().any(|text| text.starts_with("Python mpi4py")));
    assert!(texts(&shown("lesson/10-cluster.svg")).contains(&"Progress"));
    let shown = shown("plot.svg");
    let charts = ["Timeline", "Balance", "Progress", "Cost of a unit along the range", "How dense the primes are"];
    assert!(charts.iter().all(|chart| texts(&shown).contains(chart)), "{:?}", texts(&shown));
    let run = run(pcount(&["help", "plot"]));
    assert!(run.out.contains("--trace <FILE.json>") && run.out.contains("FILE.svg"), "{run:?}");
}
