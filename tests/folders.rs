//! Folders that others can write to: planted links, other users' files, folders that are renamed, removed or replaced while a
//! run goes on. Nobody's file is written over, and what cannot be saved is said.
#![cfg(target_os = "linux")]

mod common;

use common::shim::Fault;
use common::{Folder, Job, Run, ended, kill, mpirun_of, pcount, pids_of, run};
use pcount::report::Status;
use pcount::run_file::read;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// A file of somebody that nobody may write over.
const PRECIOUS: &str = "precious";

/// Nobody, as Linux numbers that user.
const NOBODY: u32 = 65534;

const ENOLCK: i32 = 37;
const EINVAL: i32 = 22;
const EPERM: i32 = 1;

/// A job that waits, so that it is under way for as long as the test wants.
fn start(ranks: usize, file: &str) -> Job {
    let args = ["delay", "0.01", "600", "600", "--threads", "1", "--checkpoint-every", "20ms", "--out", file];
    let command = if ranks == 1 { pcount(&args) } else { mpirun_of(ranks, env!("CARGO_BIN_EXE_pcount"), &args) };
    common::start(command)
}

/// Waits until there is such a file, which the job is to make.
fn wait_for(path: &str, job: &mut Job) {
    while !Path::new(path).exists() {
        assert!(job.try_wait().unwrap().is_none(), "it ended before there was a file");
        std::thread::yield_now();
    }
}

/// Stops the job by a signal to rank 0.
fn stopped(job: Job, file: &str) -> Run {
    let rank = pids_of(job.id(), file).into_iter().min().unwrap_or(job.id());
    kill("TERM", rank);
    ended(job)
}

fn is_root() -> bool {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !root {
        common::ignored("only root can be another user");
    }
    root
}

/// The command as nobody, who can reach a copy of both programs in the folder.
fn as_nobody(folder: &Folder, args: &[&str]) -> Command {
    let program = folder.0.join("pcount");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_pcount-full"), folder.0.join("pcount-full")).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_pcount"), &program).unwrap();
    }
    let mut command = Command::new(program);
    command.args(args).uid(NOBODY).gid(NOBODY).current_dir("/");
    command
}

/// A folder in which everyone may write, with the sticky bit or without.
fn open_to_all(folder: &Folder, mode: u32) -> String {
    let path = folder.0.join("all");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().into()
}

#[test]
fn a_link_that_was_planted_is_not_followed() {
    let folder = Folder::new("planted");
    let (file, victim) = (folder.file("run.h5"), folder.0.join("victim"));
    fs::write(&victim, PRECIOUS).unwrap();
    for name in ["run.h5.new", "run.h5.lock", "run.h5.prev"] {
        let link = folder.0.join(name);
        symlink(&victim, &link).unwrap();
        let job = run(pcount(&["delay", "0.01", "-q", "--out", &file]));
        match name {
            // A draft has another name.
            "run.h5.new" => assert_eq!(job.code, Some(0), "{job:?}"),
            _ => assert!(job.code == Some(2) && job.said()[0].contains("is not a plain file"), "{job:?}"),
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), PRECIOUS);
        fs::remove_file(link).unwrap();
    }
    // Nor is a second name of the file written to.
    fs::hard_link(&victim, folder.0.join("run.h5.lock")).unwrap();
    assert_eq!(run(pcount(&["delay", "0.01", "-q", "--out", &file])).code, Some(0));
    assert_eq!(fs::read_to_string(&victim).unwrap(), PRECIOUS);
}

/// Puts links to the victim in the place of whatever appears in the folder, for as long as it is wanted.
fn plant(folder: &Path, victim: &Path, goes_on: &AtomicBool) {
    while goes_on.load(Ordering::Relaxed) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let _ = fs::remove_file(entry.path());
            let _ = symlink(victim, entry.path());
        }
    }
}

#[test]
fn whoever_plants_links_as_fast_as_files_appear_spoils_saves_and_no_file() {
    let folder = Folder::new("race");
    let (inner, victim) = (folder.0.join("in"), folder.0.join("victim"));
    fs::create_dir(&inner).unwrap();
    fs::write(&victim, PRECIOUS).unwrap();
    let goes_on = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| plant(&inner, &victim, &goes_on));
        for number in 0..20 {
            let file = inner.join(format!("{number}.h5"));
            let args =
                ["delay", "0.05", "-q", "--threads", "1", "--checkpoint-every", "5ms", "--out", file.to_str().unwrap()];
            let job = run(pcount(&args));
            assert!([Some(0), Some(1), Some(2)].contains(&job.code), "{job:?}");
            assert_eq!(fs::read_to_string(&victim).unwrap(), PRECIOUS, "{job:?}");
        }
        goes_on.store(false, Ordering::Relaxed);
    });
}

#[test]
fn a_folder_that_was_renamed_is_saved_in_and_that_is_said() {
    for ranks in [1, 2] {
        let folder = Folder::new("renamed");
        let (here, there) = (folder.0.join("here"), folder.0.join("there"));
        fs::create_dir(&here).unwrap();
        let file = folder.file("here/run.h5");
        let mut job = start(ranks, &file);
        wait_for(&file, &mut job);
        fs::rename(&here, &there).unwrap();
        // Whoever has another folder at its place gets nothing.
        fs::create_dir(&here).unwrap();
        let run = stopped(job, &file);
        assert_eq!(run.code, Some(85), "{run:?}");
        let said = run.said();
        let renamed = said.iter().filter(|line| line.contains("its folder was renamed or replaced")).count();
        assert!(renamed == 1 && said[0].ends_with(&format!("now '{}'", there.display())), "{run:?}");
        assert_eq!(read(&there.join("run.h5")).unwrap().status, Status::Partial);
        assert_eq!(fs::read_dir(&here).unwrap().count(), 0);
        // Locks and drafts are gone.
        assert!(!there.join("run.h5.lock").exists() && fs::read_dir(&there).unwrap().count() <= 2);
    }
}

#[test]
fn a_folder_that_was_removed_is_said_and_another_in_its_place_gets_nothing() {
    let folder = Folder::new("removed");
    let (here, victim) = (folder.0.join("here"), folder.0.join("victim"));
    fs::create_dir(&here).unwrap();
    fs::create_dir(&victim).unwrap();
    let file = folder.file("here/run.h5");
    let mut job = start(1, &file);
    wait_for(&file, &mut job);
    // A save may be under way in it.
    while fs::remove_dir_all(&here).is_err() {}
    symlink(&victim, &here).unwrap();
    let run = stopped(job, &file);
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""), "{run:?}");
    assert!(run.said().last().unwrap().contains("its folder '") && run.err.contains("was removed"), "{run:?}");
    assert_eq!(fs::read_dir(&victim).unwrap().count(), 0);
}

#[test]
fn what_another_user_may_not_read_or_replace_is_refused_at_the_start() {
    if !is_root() {
        return;
    }
    let folder = Folder::new("nobody");
    let all = open_to_all(&folder, 0o1777);
    let file = format!("{all}/run.h5");
    assert_eq!(run(pcount(&["pi", "1e6", "-q", "--out", &file])).code, Some(0));
    let whole = fs::read(&file).unwrap();
    let try_it = || run(as_nobody(&folder, &["pi", "1e5", "-q", "--out", &file]));
    let refused = |why: &str| {
        let run = try_it();
        assert_eq!((run.code, run.out.as_str(), run.said().len()), (Some(2), "", 1), "{why}: {run:?}");
        assert!(run.said()[0].contains(why), "{run:?}");
    };
    // The sticky bit keeps others from replacing it, and what cannot be read may be a run.
    refused("'run.h5' is there and cannot be replaced");
    fs::set_permissions(&all, Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o000)).unwrap();
    refused("cannot be read");
    fs::rename(&file, format!("{file}.prev")).unwrap();
    refused("cannot be read");
    fs::set_permissions(&all, Permissions::from_mode(0o1777)).unwrap();
    refused("'run.h5.prev' is there and cannot be replaced");
    assert_eq!(fs::read(format!("{file}.prev")).unwrap(), whole);
    fs::remove_file(format!("{file}.prev")).unwrap();
    // Another user's lock in such a folder cannot be removed, whether its run is dead or not.
    fs::write(format!("{file}.lock"), "").unwrap();
    let run = try_it();
    assert!(run.code == Some(1) && run.said()[0].contains("if no run has it, remove that"), "{run:?}");
    fs::remove_file(format!("{file}.lock")).unwrap();
    // A link that another user put there is not followed.
    fs::write(folder.0.join("empty"), "").unwrap();
    fs::set_permissions(folder.0.join("empty"), Permissions::from_mode(0o666)).unwrap();
    symlink(folder.0.join("empty"), &file).unwrap();
    Command::new("chown").args(["-h", "1:1", &file]).status().unwrap();
    refused("it is a link of another user");
    fs::remove_file(&file).unwrap();
    // What is nobody's is nobody's to replace.
    for _ in 0..2 {
        assert_eq!(try_it().code, Some(0));
    }
    assert_eq!(fs::metadata(&file).unwrap().uid(), NOBODY);
    assert_eq!(fs::read_dir(&all).unwrap().count(), 2);
    // A folder in which nothing may be made is said too.
    fs::set_permissions(&all, Permissions::from_mode(0o755)).unwrap();
    let run = try_it();
    assert!(run.code == Some(1) && run.out.is_empty() && run.said()[0].contains("cannot write"), "{run:?}");
}

/// Serves the same body to whoever asks, until the test program ends; its address.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody");
        }
    });
    format!("http://{address}")
}

#[test]
fn downloads_follow_no_planted_link_either() {
    let (folder, server) = (Folder::new("downloads"), server());
    let (inner, victim) = (folder.0.join("in"), folder.0.join("victim"));
    fs::create_dir(&inner).unwrap();
    fs::write(&victim, PRECIOUS).unwrap();
    for name in [".a.0.part", ".a.part", ".a.000000000000.part"] {
        symlink(&victim, inner.join(name)).unwrap();
    }
    let download = |url: &str| run(pcount(&["download", url, "-q", "--dir", inner.to_str().unwrap()]));
    let got = download(&format!("{server}/a"));
    assert_eq!(got.code, Some(0), "{got:?}");
    assert_eq!(fs::read_to_string(inner.join("a")).unwrap(), "body");
    assert_eq!(fs::read_to_string(&victim).unwrap(), PRECIOUS);
    let goes_on = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| plant(&inner, &victim, &goes_on));
        for number in 0..10 {
            download(&format!("{server}/{number}"));
            assert_eq!(fs::read_to_string(&victim).unwrap(), PRECIOUS);
        }
        goes_on.store(false, Ordering::Relaxed);
    });
}

#[test]
fn downloads_need_no_locks_and_are_kept_where_the_folder_cannot_be_brought_to_the_disk() {
    let server = server();
    // Where files have one name only, a name is taken in another way.
    for (function, name, what, said) in [("flock", "*", ENOLCK, 0), ("fsync", ".", EINVAL, 1), ("link", "*", EPERM, 0)]
    {
        let folder = Folder::new("download-faults");
        let urls = ["a", "b", "c"].map(|name| format!("{server}/{name}"));
        let mut command =
            pcount(&["download", &urls[0], &urls[1], &urls[2], "-q", "--dir", folder.0.to_str().unwrap()]);
        Fault::always(function, name, what).happen(&mut command, &folder);
        let run = run(command);
        assert_eq!((run.code, run.said().len()), (Some(0), said), "{function}: {run:?}");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 3);
        assert_eq!(fs::read_to_string(folder.0.join("a")).unwrap(), "body");
        // What is there is not lost.
        fs::write(folder.0.join("a"), PRECIOUS).unwrap();
        let mut again = pcount(&["download", &urls[0], "-q", "--dir", folder.0.to_str().unwrap()]);
        Fault::always(function, name, what).happen(&mut again, &folder);
        assert_eq!(common::run(again).code, Some(1));
        assert_eq!(fs::read_to_string(folder.0.join("a")).unwrap(), PRECIOUS);
    }
}
