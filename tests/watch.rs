//! `watch`: a running job is seen from outside, by nothing but what it saves.
#![cfg(feature = "hdf5")]

mod common;

use common::{Folder, alone, ended, kill, mpirun_of, pcount, start, wait_until};
use std::fs;
use std::path::Path;

/// A run of some seconds that saves often.
fn words(out: &str) -> [&str; 10] {
    ["primes", "0..1e10/3", "--method", "sieve", "--threads", "1", "--checkpoint-every", "100ms", "--out", out]
}

#[test]
fn a_job_is_watched_to_its_answer() {
    let ranks: &[usize] = if cfg!(feature = "mpi") { &[1, 3] } else { &[1] };
    for &ranks in ranks {
        let folder = Folder::new("watch-job");
        let file = folder.file("run.h5");
        // It may be watched before it is there.
        let watch = start(pcount(&["watch", &file]));
        let job = start(match ranks {
            1 => pcount(&words(&file)),
            _ => mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), &words(&file)),
        });
        let (job, watch) = (ended(job), ended(watch));
        assert_eq!((job.code, watch.code), (Some(0), Some(0)), "{job:?} {watch:?}");
        // A job that prints rows on the way cannot know how wide their columns will be.
        assert_eq!(watch.out, alone(&["show", &file]).out, "{watch:?}");
        assert!(watch.err.contains("% done after"), "{}", watch.err);
        // What is over is shown at once.
        let over = alone(&["watch", &file, "-q"]);
        assert_eq!((over.code, over.out, &*over.err), (Some(0), alone(&["show", &file, "-q"]).out, ""));
    }
}

#[test]
fn a_run_that_stopped_or_died_is_told_with_the_next_step() {
    for (signal, told) in [("USR1", "the run has stopped: "), ("KILL", "the run is dead (process ")] {
        let folder = Folder::new("watch-stopped");
        let file = folder.file("run.h5");
        let endless = ["primes", "0..1e13", "--method", "sieve", "--checkpoint-every", "100ms", "--out", &file];
        let mut job = start(pcount(&endless));
        let watch = start(pcount(&["watch", &file]));
        wait_until("it is saved", || Path::new(&file).exists() || job.try_wait().unwrap().is_some());
        kill(signal, job.id());
        ended(job);
        let watch = ended(watch);
        assert_eq!((watch.code, &*watch.out), (Some(85), ""), "{watch:?}");
        let last = watch.err.lines().last().unwrap();
        assert!(last.contains(told) && last.ends_with(&format!("to continue: pcount resume {file}")), "{last}");
    }
}

#[test]
fn the_end_of_the_watching_is_not_that_of_the_run() {
    let folder = Folder::new("watch-signal");
    let file = folder.file("run.h5");
    let endless = ["primes", "0..1e13", "--method", "sieve", "--checkpoint-every", "100ms", "--out", &file];
    let mut job = start(pcount(&endless));
    wait_until("it is saved", || Path::new(&file).exists() || job.try_wait().unwrap().is_some());
    let watch = start(pcount(&["watch", &file]));
    #[cfg(target_os = "linux")]
    wait_until("it hears signals", || common::hears(watch.id(), 2));
    kill("INT", watch.id());
    let watch = ended(watch);
    assert_eq!((watch.code, &*watch.out), (Some(85), ""), "{watch:?}");
    assert!(watch.err.contains("is no longer watched; its run goes on"), "{watch:?}");
    assert!(job.try_wait().unwrap().is_none(), "the run goes on");
    kill("USR1", job.id());
    assert_eq!(ended(job).code, Some(85));
}

#[test]
fn a_file_is_replaced_and_vanishes_while_it_is_watched() {
    let folder = Folder::new("watch-replaced");
    let (file, other, last) = (folder.file("run.h5"), folder.file("other.h5"), folder.file("last.h5"));
    let endless = ["primes", "0..1e13", "--method", "sieve", "--checkpoint-every", "50ms", "--out", &other];
    let mut job = start(pcount(&endless));
    wait_until("it is saved", || Path::new(&other).exists() || job.try_wait().unwrap().is_some());
    assert_eq!(alone(&["primes", "0..1e6", "--out", &last]).code, Some(0));
    // A run of this host that lives: this test.
    let host = fs::read_to_string(folder.file("other.h5.lock")).unwrap();
    let host = host.lines().find(|line| line.starts_with("host ")).unwrap().to_string();
    fs::write(folder.file("run.h5.lock"), format!("{host}\npid {}\njob \n", std::process::id())).unwrap();
    let mut watch = start(pcount(&["watch", &file]));
    let replace = |from: &str| {
        fs::copy(from, folder.file("draft")).unwrap();
        fs::rename(folder.file("draft"), &file).unwrap();
    };
    for turn in 0..300 {
        // The copy may be of two versions: then it is damaged, which a real save never is.
        if alone_is_whole(&other, &folder) {
            fs::rename(folder.file("whole"), &file).unwrap();
        }
        if turn % 100 == 50 {
            fs::remove_file(&file).unwrap();
        }
        assert!(watch.try_wait().unwrap().is_none(), "it watches on: turn {turn}");
    }
    kill("USR1", job.id());
    ended(job);
    fs::remove_file(folder.file("run.h5.lock")).unwrap();
    replace(&last);
    let watch = ended(watch);
    assert_eq!((watch.code, watch.out), (Some(0), alone(&["show", &last]).out), "{}", watch.err);
}

/// Copies the newest version to `whole`, if it is not replaced meanwhile.
fn alone_is_whole(other: &str, folder: &Folder) -> bool {
    use std::os::unix::fs::MetadataExt;
    let version = || fs::metadata(other).map(|there| there.ino()).ok();
    let before = version();
    before.is_some() && fs::copy(other, folder.file("whole")).is_ok() && version() == before
}

#[test]
fn what_is_no_run_file_is_one_line() {
    let folder = Folder::new("watch-foreign");
    let (file, good) = (folder.file("run.h5"), folder.file("good.h5"));
    alone(&["primes", "0..1e6", "--out", &good]);
    let mut flipped = fs::read(&good).unwrap();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for (content, told) in [(&b"text"[..], "is not a pcount run file"), (&flipped, "is damaged: ")] {
        fs::write(&file, content).unwrap();
        let watch = alone(&["watch", &file]);
        assert_eq!((watch.code, &*watch.out, watch.err.lines().count()), (Some(1), "", 1), "{watch:?}");
        assert!(watch.err.contains(told), "{watch:?}");
    }
}
