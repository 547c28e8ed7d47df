//! Where downloads go, what they never write over, and what is left of runs that were stopped.

use super::common::{Folder, Job, alone, kill, pcount, run, spawn};
use super::server::Server;
use super::{clean, command, download, files_in, rows};
use std::process::Stdio;

#[test]
fn names_neither_leave_the_folder_nor_meet() {
    let (server, folder) = (Server::new(), Folder::new("names"));
    let paths = [
        "/plain/%2e%2e%2f%2e%2e%2fescape",
        "/plain/same",
        "/plain/x/same",
        "/plain/x/SAME",
        "/plain/.hidden",
        "/plain/",
    ];
    let inner = folder.file("inner");
    let run = download(&paths.map(|path| server.url(path)), &inner, &[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(files_in(&inner), ["SAME-3", "escape", "hidden", "index.html", "same", "same-2"]);
    assert_eq!(files_in(&folder.file("")), ["inner"]);
}

#[test]
fn a_run_file_and_its_companions_keep_their_names() {
    let (server, folder) = (Server::new(), Folder::new("companions"));
    let urls = ["run.h5", "run.h5.prev", "RUN.H5.NEW", "run.h5.lock"].map(|name| server.url(&format!("/plain/{name}")));
    let dir = folder.file("");
    let run = download(&urls, &dir, &["--out", &folder.file("run.h5")]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let paths: Vec<String> = rows(&run).iter().map(|row| row["path"].as_str().unwrap().to_string()).collect();
    assert_eq!(paths, ["run-2.h5", "run.h5-2.prev", "RUN.H5-2.NEW", "run.h5-2.lock"].map(|name| folder.file(name)));
    assert_eq!(alone(&["show", &folder.file("run.h5")]).code, Some(0));
}

#[test]
fn without_a_folder_one_is_named() {
    let (server, folder) = (Server::new(), Folder::new("default"));
    for more in [&["--format", "json"][..], &["-q"]] {
        let url = server.url("/plain/x");
        let mut command = clean(pcount(&[&["download", &url][..], more].concat()));
        command.current_dir(&folder.0);
        let run = run(command);
        assert!((run.out.clone() + &run.err).contains("pcount-downloads"), "{run:?}");
    }
    assert_eq!(files_in(&folder.file("")), ["pcount-downloads"]);
    assert_eq!(files_in(&folder.file("pcount-downloads")), ["x"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_of_the_task() {
    let (server, folder) = (Server::new(), Folder::new("unwritable"));
    std::fs::write(folder.file("file"), "in the way").unwrap();
    let run = download(&[server.url("/plain/a")], &folder.file("file"), &[]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(rows(&run)[0]["error"].as_str().unwrap().contains("file"), "{run:?}");
    assert_eq!(server.asked("/plain/a"), 1, "a full or missing folder does not get better by asking again");
}

#[test]
fn a_file_that_is_there_is_lost_only_by_force() {
    let (server, folder) = (Server::new(), Folder::new("there"));
    let (dir, url) = (folder.file(""), [server.url("/plain/precious")]);
    for (content, more, code, after) in [
        ("old", &[][..], 1, "old"),
        // As long as the new one, so that only its content tells.
        ("PRECIOUS", &[], 1, "PRECIOUS"),
        ("precious", &[], 0, "precious"),
        ("old", &["--force"], 0, "precious"),
    ] {
        std::fs::write(folder.file("precious"), content).unwrap();
        let run = download(&url, &dir, more);
        assert_eq!((run.code, std::fs::read_to_string(folder.file("precious")).unwrap()), (Some(code), after.into()));
        let error = rows(&run)[0]["error"].as_str().unwrap_or("--force").to_string();
        assert!(error.contains("--force"), "{error}");
        assert_eq!(files_in(&dir), ["precious"]);
    }
    // A link leads nowhere.
    std::fs::remove_file(folder.file("precious")).unwrap();
    std::os::unix::fs::symlink(folder.file("victim"), folder.file("precious")).unwrap();
    assert_eq!(download(&url, &dir, &[]).code, Some(1));
    assert_eq!(download(&url, &dir, &["--force"]).code, Some(0));
    assert!(!folder.0.join("victim").exists());
}

#[test]
fn of_two_runs_that_save_one_name_neither_is_lost_silently() {
    let (one, other, folder) = (Server::new(), Server::new(), Folder::new("two"));
    // Both are answered when all have asked, and their answers differ.
    let urls = |server: &Server, ending: &str| -> Vec<String> {
        (0..16).map(|n| server.url(&format!("/together/{ending}{n}/name?{n}"))).collect()
    };
    let children: Vec<Job> = [urls(&one, "a"), urls(&other, "b")]
        .iter()
        .map(|urls| {
            let mut command = command(urls, &folder.file("out"), &[]);
            spawn(command.stdout(Stdio::piped()))
        })
        .collect();
    let mut kept = std::collections::HashMap::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        for row in answer["answer"]["rows"].as_array().unwrap() {
            match row["path"].as_str() {
                Some(path) => {
                    assert!(kept.insert(path.to_string(), row["sha256"].clone()).is_none_or(|it| it == row["sha256"]))
                }
                None => assert!(row["error"].as_str().unwrap().contains("--force"), "{row}"),
            }
        }
    }
    assert_eq!(kept.len(), 16);
}

/// A run that waits for a server which says no more.
fn waiting(server: &Server, dir: &str, file: &str) -> Job {
    let half = format!("/once/{}", dir.rsplit('/').next().unwrap());
    let urls = [server.url("/plain/done"), server.url(&half)];
    let mut command = command(&urls, dir, &["--out", file, "--checkpoint-every", "50ms"]);
    let child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    server.wait_for(&half);
    let both = || files_in(dir).len() == 2 && std::path::Path::new(file).exists();
    while !both() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child
}

#[test]
fn a_stop_leaves_no_part_behind_and_a_kill_none_for_long() {
    let (server, folder) = (Server::new(), Folder::new("stop"));
    for (signal, code, left) in [("TERM", Some(85), 1), ("KILL", None, 2)] {
        let (dir, file) = (folder.file(signal), folder.file(&format!("{signal}.h5")));
        let child = waiting(&server, &dir, &file);
        kill(signal, child.id());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), files_in(&dir).len()), (code, left), "{output:?}");
        // What is missing is tried anew, and what is there is good.
        let mut again = clean(pcount(&["resume", &file, "--format", "json"]));
        again.stdout(Stdio::piped()).stderr(Stdio::piped());
        let run = run(again);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.err.contains("pcount: fetches what is missing of 2 URLs, from 'http://"), "{run:?}");
        assert!(run.err.contains(&format!("saves it in '{dir}'")), "{run:?}");
        assert_eq!(rows(&run)[0]["error"], serde_json::Value::Null, "{run:?}");
        assert_eq!(files_in(&dir), ["done"]);
    }
}

#[test]
fn a_run_file_does_not_say_where_else_or_what_may_be_overwritten() {
    let (server, folder) = (Server::new(), Folder::new("believed"));
    let (dir, file) = (folder.file("there"), folder.file("mail/run.h5"));
    std::fs::create_dir_all(folder.file("mail")).unwrap();
    let child = waiting(&server, &dir, &folder.file("run.h5"));
    kill("TERM", child.id());
    child.wait_with_output().unwrap();
    std::fs::copy(folder.file("run.h5"), &file).unwrap();
    let go_on = |more: &[&str]| run(clean(pcount(&[&["resume", &file, "--format", "json"], more].concat())));
    let refused = go_on(&[]);
    assert_eq!((refused.code, refused.out.as_str(), refused.said().len()), (Some(2), "", 1), "{refused:?}");
    let says =
        format!("'{dir}': that is outside of its own folder; if that is right, write pcount resume {file} --dir {dir}");
    assert!(refused.err.contains(&says), "{refused:?}");
    let other = go_on(&["--dir", &folder.file("elsewhere")]);
    assert!(other.code == Some(2) && other.err.contains("this run was started with dir"), "{other:?}");
    let said = go_on(&["--dir", &dir]);
    assert!(said.code == Some(1) && rows(&said)[0]["error"].is_null(), "{said:?}");
    assert!(alone(&["pi", "1e6", "--dir", "x"]).code == Some(2));
}

#[test]
fn force_is_asked_for_anew() {
    let (server, folder) = (Server::new(), Folder::new("force"));
    let (dir, file) = (folder.file("out"), folder.file("run.h5"));
    let mut command =
        command(&[server.url("/twice/x")], &dir, &["--force", "--out", &file, "--checkpoint-every", "50ms"]);
    let child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    server.wait_for("/twice/x");
    while !std::path::Path::new(&file).exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    kill("TERM", child.id());
    child.wait_with_output().unwrap();
    std::fs::write(folder.file("out/x"), "precious").unwrap();
    let run = run(clean(pcount(&["resume", &file, "--format", "json"])));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(rows(&run)[0]["error"].as_str().unwrap().contains("--force"), "{run:?}");
    assert_eq!(std::fs::read_to_string(folder.file("out/x")).unwrap(), "precious");
}
