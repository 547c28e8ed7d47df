//! `--status-file`: how far a run is, for others to read.

mod common;

use common::{Folder, RANKS, alone, ended, kill, mpirun_of, pcount, start, wait_until};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// The status that is there. It is whole at any moment, because the file is replaced.
fn status(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn names(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(&folder.0).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn it_says_how_far_a_run_is_and_how_it_ended() {
    for &ranks in RANKS {
        let folder = Folder::new("status-run");
        let path = folder.file("s.json");
        // A minute of work at least, so that it is under way when it is looked at.
        let words = ["primes", "0..1e12", "--method", "sieve", "--threads", "1", "--status-file", &path];
        let job = start(match ranks {
            1 => pcount(&words),
            _ => mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), &words),
        });
        wait_until("some units are done", || {
            Path::new(&path).exists() && status(&path)["units"]["done"].as_u64().is_some_and(|done| done > 0)
        });
        let now = status(&path);
        assert_eq!((&now["schema"], &now["status"]), (&"pcount-status/1".into(), &"running".into()), "{now}");
        assert_eq!((&now["kernel"], &now["run"]["ranks"]), (&"primes".into(), &ranks.into()), "{now}");
        let share = now["share"].as_f64().unwrap();
        assert!(share > 0.0 && share < 1.0 && now["seconds"]["gone"].as_f64().unwrap() > 0.0, "{now}");
        kill("USR1", now["run"]["pid"].as_u64().unwrap() as u32);
        let stopped = ended(job);
        assert_eq!(stopped.code, Some(85), "{stopped:?}");
        let last = status(&path);
        assert_eq!((&last["status"], &last["seconds"]["left"]), (&"partial".into(), &Value::Null), "{last}");
        assert!(last["units"]["done"].as_u64() >= now["units"]["done"].as_u64(), "{last}");
        assert_eq!(names(&folder), ["s.json"]);
    }
}

#[test]
fn a_run_that_is_over_says_so() {
    let folder = Folder::new("status-over");
    let path = folder.file("s.json");
    for words in [&["pi", "1e9"][..], &["primes", "0..1e5", "--list"], &["delay", "0"]] {
        let done = alone(&[words, &["--status-file", &path]].concat());
        assert_eq!(done.code, Some(0), "{done:?}");
        let last = status(&path);
        assert_eq!(
            (&last["status"], &last["share"], &last["kernel"]),
            (&"complete".into(), &1.0.into(), &words[0].into())
        );
    }
    assert_eq!(names(&folder), ["s.json"]);
}

#[test]
fn what_is_no_status_is_not_replaced() {
    let folder = Folder::new("status-foreign");
    fs::write(folder.file("work.txt"), "months of work").unwrap();
    fs::write(folder.file("latin"), b"\xe9t\xe9").unwrap();
    std::os::unix::fs::symlink("work.txt", folder.file("link")).unwrap();
    for (name, why) in [
        ("work.txt", "is there and is no status file: name another one"),
        ("latin", "is there and is no status file"),
        ("link", "is no plain file: name another one"),
        ("missing/s.json", "cannot be made in its folder"),
    ] {
        let path = folder.file(name);
        let refused = alone(&["pi", "100", "--status-file", &path]);
        assert_eq!((refused.code, &*refused.out), (Some(2), ""), "{refused:?}");
        assert!(refused.err.contains(&format!("--status-file: '{path}' {why}")), "{}", refused.err);
    }
    assert_eq!(fs::read_to_string(folder.file("work.txt")).unwrap(), "months of work");
    if cfg!(feature = "hdf5") {
        let out = folder.file("run.h5");
        std::os::unix::fs::symlink("run.h5", folder.file("other.h5")).unwrap();
        for (status, out) in [
            (folder.file("run.h5"), &out),
            (folder.file("./run.h5"), &out),
            (folder.file("run.h5.prev"), &out),
            (folder.file("run.h5.lock"), &out),
        ] {
            let refused = alone(&["pi", "100", "--out", out, "--status-file", &status]);
            assert_eq!(refused.code, Some(2), "{refused:?}");
            assert!(refused.err.contains("is where the run file is kept: name another one"), "{}", refused.err);
        }
        assert_eq!(alone(&["pi", "100", "-q", "--out", &out]).code, Some(0));
        // Through a link it is the same file.
        let words = ["pi", "1000", "--out", &folder.file("other.h5"), "--status-file", &out];
        assert_eq!(alone(&words).code, Some(2));
        assert_eq!(alone(&["show", &out, "-q"]).out, "25\n");
    }
    // An empty one may be: a script made it so that its name is taken.
    fs::write(folder.file("empty"), "").unwrap();
    assert_eq!(alone(&["pi", "100", "-q", "--status-file", &folder.file("empty")]).out, "25\n");
    assert_eq!(status(&folder.file("empty"))["status"], "complete");
}

#[test]
fn a_folder_that_goes_costs_the_status_and_not_the_answer() {
    let folder = Folder::new("status-gone");
    fs::create_dir(folder.file("f")).unwrap();
    let path = folder.file("f/s.json");
    let job = start(pcount(&["primes", "0..1e16", "--method", "sieve", "--status-file", &path]));
    wait_until("there is a status", || Path::new(&path).exists());
    // The run may be making a draft there.
    wait_until("its folder is gone", || fs::remove_dir_all(folder.file("f")).is_ok());
    kill("USR1", job.id());
    let stopped = ended(job);
    assert_eq!(stopped.code, Some(85), "{stopped:?}");
    let told = format!("--status-file: '{path}' cannot be replaced now");
    assert_eq!(stopped.err.matches(&told).count(), 1, "{}", stopped.err);
}
