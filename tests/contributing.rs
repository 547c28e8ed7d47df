//! What CONTRIBUTING.md, RELEASE.md and the hosted workflow say is as it is; and `scripts/measure-code` measures rightly.

mod common;

#[path = "common/guide.rs"]
mod guide;

use common::{Folder, run};
use guide::{apply, copy, examples, root};
use std::fs;
use std::process::Command;

#[test]
fn every_worked_example_fits_the_code() {
    let folder = copy("fits");
    let examples = examples();
    let names: Vec<&str> = examples.iter().map(|example| example.name.as_str()).collect();
    for wanted in ["A kernel", "An output format", "Lanes", "An option", "A batch system"] {
        assert!(names.contains(&wanted), "{names:?}");
    }
    for example in &examples {
        assert!(!example.edits.is_empty(), "{} does nothing", example.name);
        apply(example, &folder.0);
    }
    // The map is still true when its row is changed as the example says.
    let program = folder.0.join("map");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition", "2024", "--test", "tests/map.rs", "-o"]).arg(&program);
    rustc.env("CARGO_MANIFEST_DIR", &folder.0).current_dir(&folder.0);
    let built = run(rustc);
    assert_eq!(built.code, Some(0), "{}", built.err);
    let mut map = Command::new(&program);
    map.env("CARGO_MANIFEST_DIR", &folder.0);
    let mapped = run(map);
    assert_eq!(mapped.code, Some(0), "{}", mapped.out);
}

#[test]
fn a_batch_system_of_the_guide_is_submitted() {
    let folder = copy("moab");
    examples().iter().for_each(|example| apply(example, &folder.0));
    let mut submit = Command::new("python3");
    submit.arg(folder.0.join("scripts/submit")).current_dir(&folder.0).env("PCOUNT", env!("CARGO_BIN_EXE_pcount"));
    submit.args([
        "moab",
        "--nodes",
        "3",
        "--ranks-per-node",
        "5",
        "--threads",
        "7",
        "--time",
        "2h",
        "--account",
        "physics",
    ]);
    let submitted = run({
        submit.args(["--print", "--", "pi", "1e9"]);
        submit
    });
    assert_eq!(submitted.code, Some(0), "{submitted:?}");
    for line in ["#MSUB -l nodes=3:ppn=35", "#MSUB -l walltime=02:00:00", "tasks=15 threads=7", "limit=7080"] {
        assert!(submitted.out.lines().any(|other| other == line), "no {line}: {}", submitted.out);
    }
    assert!(submitted.out.contains("-- pi 1e9"), "{}", submitted.out);
    let parsed = Command::new("bash").arg("-n").arg(folder.0.join("scripts/batch/moab")).status().unwrap();
    assert!(parsed.success());
}

/// Words in backquotes, or commands in blocks, that name a file of the repository.
fn paths_in(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || "`()[];,\"'".contains(c));
    let folders = ["src/", "tests/", "scripts/", "docs/", "benches/", "examples/", ".github/", ".ci/"];
    let path = |word: &&str| folders.iter().any(|folder| word.starts_with(folder));
    words.filter(path).map(|word| word.trim_end_matches(['.', ':']).to_string()).collect()
}

#[test]
fn files_that_are_named_are_there() {
    let made: Vec<String> = examples()
        .iter()
        .flat_map(|example| &example.edits)
        .filter_map(|edit| if let guide::Edit::Write { file, .. } = edit { Some(file.clone()) } else { None })
        .collect();
    for name in [
        "CONTRIBUTING.md",
        "RELEASE.md",
        "SECURITY.md",
        ".github/workflows/ci.yml",
        ".github/pull_request_template.md",
        ".github/ISSUE_TEMPLATE/wrong.md",
        ".github/ISSUE_TEMPLATE/wish.md",
    ] {
        let text = fs::read_to_string(root().join(name)).unwrap();
        for path in paths_in(&text) {
            assert!(root().join(&path).exists() || made.contains(&path), "{name} names {path}, which is not there");
        }
    }
}

#[test]
fn the_hosted_workflow_is_a_workflow() {
    let text = fs::read_to_string(root().join(".github/workflows/ci.yml")).unwrap();
    // What actionlint would not find: it calls the scripts that are there, with words that they take.
    for command in ["scripts/test\n", "scripts/test --checked", "cargo test --locked --no-default-features"] {
        assert!(text.contains(&format!("run: {command}")), "no {command}");
    }
    assert!(text.contains("ubuntu-24.04-arm") && text.contains("rust-version"));
    let program = "import sys, yaml\n\
                   jobs = yaml.safe_load(open(sys.argv[1]))['jobs']\n\
                   for name, job in jobs.items():\n    \
                       assert job['runs-on'] and job['timeout-minutes'], name\n    \
                       for step in job['steps']: assert ('uses' in step) != ('run' in step), step\n\
                   print(' '.join(sorted(jobs)))\n";
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", program]).arg(root().join(".github/workflows/ci.yml"));
    let read = run(python);
    if read.err.contains("No module named 'yaml'") {
        return common::missing("python3-yaml");
    }
    assert_eq!(read.code, Some(0), "{read:?}");
    assert_eq!(read.out.trim(), "aarch64 checked dependencies minimum-rust test without-features");
}

#[test]
fn code_is_measured_as_a_reader_would_count_it() {
    let folder = Folder::new("measured");
    let write = |name: &str, text: &str| {
        let path = folder.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("lib.rs", "//! A crate.\n\npub mod told;\npub mod silent;\n");
    write(
        "told.rs",
        "//! A room.\n\n/// A thing.\npub struct Thing {\n    /// Its size.\n    pub size: u64,\n    pub bare: char,\n}\n\n\
         /// May fail: `}` and '{' in \"texts {{{\" are no brackets.\n///\n/// # Errors\n/// Always.\n///\n/// ```\n/// assert!(true);\n/// ```\n\
         pub fn fails<'a>(text: &'a str) -> Result<char, String> {\n    let brackets = (\"{ // no comment\", '{', '\\'');\n\n    \
         // A comment.\n    Err(format!(\"{text}{}\", brackets.1))\n}\n\npub fn also() -> Result<(), String> { Ok(()) }\n\n\
         #[cfg(test)]\nmod tests {\n    pub struct Thing;\n    fn not_counted() {}\n}\n",
    );
    write(
        "silent/mod.rs",
        "pub(super) const LIMIT: u64 = 1;\nstruct Thing;\nfn long() {\n    let _ = 1;\n    let _ = 2;\n    let _ = 3;\n    let _ = 4;\n}\n",
    );
    write("silent/deep.rs", &format!("const LIMIT: u64 = 2;\nfn very_long() {{\n{}}}\n", "    drop(1);\n".repeat(440)));
    let measured = |words: &[&str]| {
        let mut script = Command::new("python3");
        script.arg(root().join("scripts/measure-code")).args(words);
        run(script)
    };
    let path = folder.0.to_str().unwrap();
    let run = measured(&[path]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""), "{run:?}");
    let is = |what: &str| {
        let line = run.out.lines().find(|line| line.starts_with(what)).unwrap_or_else(|| panic!("{what}: {}", run.out));
        line[what.len()..].trim().to_string()
    };
    assert_eq!(is("functions: number, lines at the median, at 90 %, of the longest"), "4, 6, 442, 442");
    assert_eq!(is("functions above 60 lines"), "1");
    assert_eq!(is("files above 400 lines of code"), "1 of 4");
    // `mod silent`, `bare` and `also`; of seven.
    assert_eq!(is("items and fields written pub without a doc"), "3 of 7");
    assert_eq!(is("names of types defined more than once"), "1");
    assert_eq!(is("names of constants defined more than once"), "1");
    assert_eq!(is("fallible public functions that say so (# Errors)"), "1 of 2");
    assert_eq!(is("doctests"), "1");
    let detailed = measured(&["-v", path]);
    assert!(detailed.out.contains("442 silent/deep.rs:2 very_long"), "{}", detailed.out);
    assert!(detailed.out.contains("told.rs:7 field bare"), "{}", detailed.out);
    // Its own table is about this repository.
    let own = measured(&[]);
    assert!(own.code == Some(0) && own.out.contains("places of a kernel (square)"), "{own:?}");
    for words in [&["--fast"][..], &[path, path], &["tests/golden"]] {
        assert_eq!(measured(words).code, Some(2), "{words:?}");
    }
}
