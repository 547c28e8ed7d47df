//! Downloads from a server of this test's own, over HTTP and HTTPS, with every fault that servers, proxies, file systems and
//! people have. All of it on this machine.
#![cfg(feature = "download")]

#[path = "../common/mod.rs"]
mod common;
mod files;
mod secrets;
mod server;
mod surroundings;

use common::{Folder, Run, mpirun_of, pcount, run};
use serde_json::Value;
use server::Server;
use std::process::Command;

/// The download of these URLs into this folder.
fn command(urls: &[String], dir: &str, more: &[&str]) -> Command {
    let mut args = vec!["download", "--format", "json", "--dir", dir];
    args.extend(more);
    args.extend(urls.iter().map(String::as_str));
    clean(pcount(&args))
}

/// Without what this environment says of networks.
fn clean(mut command: Command) -> Command {
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command
}

fn download(urls: &[String], dir: &str, more: &[&str]) -> Run {
    run(command(urls, dir, more))
}

fn rows(run: &Run) -> Vec<Value> {
    run.json()["answer"]["rows"].as_array().unwrap().clone()
}

fn files_in(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What a row has to say: a file with this content, or an error that says this.
enum Shall {
    Be(&'static [u8]),
    Fail(&'static str),
}
use Shall::{Be, Fail};

/// What is asked for, what shall come of it, and how often it is asked for.
const TABLE: &[(&str, Shall, usize)] = &[
    ("/plain/abc", Be(b"abc"), 1),
    ("/big/file.bin", Be(&[7; 3_000_000]), 1),
    ("/plain/", Be(b""), 1),
    ("/endless/text", Be(b"until it closes"), 1),
    // Lengths and chunks.
    ("/chunked/with-a-length", Be(b"hello"), 1),
    ("/extension/x", Be(b"hello"), 1),
    ("/padded/x", Be(b"hello"), 1),
    ("/unfinished/x", Fail("(3 tries)"), 3),
    ("/cut/x", Fail("991 bytes remaining to read (3 tries)"), 3),
    ("/reset/x", Fail("reset"), 3),
    ("/garbage/x", Fail("HTTP/0.9"), 1),
    // Headers.
    ("/folded/x", Be(b"hello"), 1),
    ("/spaced/x", Be(b"hello"), 1),
    ("/continued/x", Be(b"hello"), 1),
    ("/many/x", Be(b"hello"), 1),
    // Redirects.
    ("/moved/x", Be(b"there"), 1),
    ("/utf8/x", Be(b"/query/gr%C3%B6%C3%9Fe"), 1),
    ("/latin1/x", Be(b"/query/gr%F6%DFe"), 1),
    ("/blank/x", Be(b"/query/a%20b"), 1),
    ("/hops/12", Be(b"hello"), 1),
    ("/jumps/40", Be(b"hello"), 1),
    ("/login/x", Be(b"hello"), 2),
    ("/cookies/of-others", Be(b""), 1),
    ("/circle/x", Fail("more than 50 redirects"), 51),
    ("/file/x", Fail("redirected to 'file:///etc/passwd', which cannot be fetched by file"), 1),
    ("/data/x", Fail("redirected to 'data:text/plain,hello', which cannot be fetched by data"), 1),
    ("/ftp/x", Fail("redirected to 'ftp://127.0.0.1/x', which cannot be fetched by ftp"), 1),
    // What passes is outwaited, and what does not is not asked for again.
    ("/shy/x", Be(b"at last"), 3),
    ("/wait/x", Be(b"at last"), 2),
    ("/limit/x", Be(b"at last"), 2),
    ("/busy/x", Fail("503 Service Unavailable (3 tries)"), 3),
    (
        "/tomorrow/x",
        Fail("503 Service Unavailable, and wants the next try after 86400 s: pcount waits at most 60 s"),
        1,
    ),
    ("/missing/x", Fail("404 Not Found"), 1),
    ("/never/x", Fail("501 Not Implemented"), 1),
    ("/part/x", Fail("206 Partial Content"), 1),
    ("/secret/x", Fail("401 Unauthorized"), 1),
];

#[test]
fn servers_are_as_they_are() {
    let (server, folder) = (Server::new(), Folder::new("servers"));
    let urls: Vec<String> = TABLE.iter().map(|(path, ..)| server.url(path)).collect();
    let run = download(&urls, &folder.file("new/deep"), &[]);
    assert_eq!((run.code, run.json()["status"].as_str()), (Some(1), Some("failed")), "{run:?}");
    let rows = rows(&run);
    let mut whole = 0;
    for (row, (path, shall, times)) in rows.iter().zip(TABLE) {
        let error = row["error"].as_str().unwrap_or_default();
        match shall {
            Be(content) => {
                assert_eq!(error, "", "{row}");
                assert_eq!(std::fs::read(row["path"].as_str().unwrap()).unwrap(), *content, "{row}");
                assert_eq!((&row["bytes"], &row["status"]), (&content.len().to_string().into(), &"200".into()));
                whole += 1;
            }
            Fail(why) => {
                assert!(error.contains(why), "{path}: '{error}' and not '{why}'");
                assert_eq!((&row["path"], &row["sha256"]), (&Value::Null, &Value::Null), "{row}");
                assert_eq!(error.ends_with(" tries)"), *times == 3, "{row}");
            }
        }
        assert_eq!(server.asked(path), *times, "{path}");
    }
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!((&rows[0]["sha256"], &rows[0]["url"]), (&abc.into(), &urls[0].clone().into()));
    assert_eq!(files_in(&folder.file("new/deep")).len(), whole, "nothing half-done is left beside the files");
    // Who was asked to wait has waited.
    for path in ["/wait/x", "/limit/x"] {
        let asked = server.requests(path);
        assert!(asked[1].at.duration_since(asked[0].at).as_secs_f64() > 1.9, "{path}");
    }
}

#[test]
fn who_does_not_answer_is_tried_again_and_given_up() {
    let folder = Folder::new("nobody");
    let run = download(&["http://127.0.0.1:1/nobody".into()], &folder.file("out"), &[]);
    let row = &rows(&run)[0];
    let error = row["error"].as_str().unwrap();
    assert!(error.contains("connect") && error.ends_with("(3 tries)"), "{error}");
    assert_eq!((run.code, &row["status"]), (Some(1), &Value::Null));
}

#[test]
fn silence_and_endlessness_are_given_up() {
    let (server, folder) = (Server::new(), Folder::new("endless"));
    for (path, option, why) in [
        ("/stalled/x", "--timeout=0.3", "nothing arrived for 0.3 s (3 tries)"),
        ("/trickle/x", "--max-time=1s", "it took longer than --max-time allows"),
        ("/flood/x", "--max-size=1MB", "larger than 1000000 bytes: --max-size allows more"),
        ("/big/x", "--max-size=2MiB", "larger than 2097152 bytes: --max-size allows more"),
        ("/busy/x", "--max-time=100ms", "503 Service Unavailable, and --max-time leaves none for another try"),
    ] {
        let run = download(&[server.url(path)], &folder.file("out"), &[option]);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert_eq!(rows(&run)[0]["error"], why);
        assert!(files_in(&folder.file("out")).is_empty());
    }
    let run = download(&[server.url("/big/x")], &folder.file("out"), &["--max-size", "3MB"]);
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn all_downloads_of_a_rank_run_at_the_same_time() {
    let (server, folder) = (Server::new(), Folder::new("same-time"));
    // None is answered before all have asked.
    let urls: Vec<String> = (0..16).map(|n| server.url(&format!("/together/{n}"))).collect();
    let run = download(&urls, &folder.file(""), &["--threads", "1"]);
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn ranks_share_the_downloads() {
    let (server, folder) = (Server::new(), Folder::new("share"));
    for schedule in ["fixed", "farm"] {
        let dir = folder.file(schedule);
        let mut args =
            ["download", "--format", "json", "--dir", &dir, "--schedule", schedule].map(String::from).to_vec();
        args.extend((0..9).map(|n| server.url(&format!("/plain/{n}"))));
        args.push(server.url("/missing/10"));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let run = run(clean(mpirun_of(3, env!("CARGO_BIN_EXE_pcount"), &args)));
        assert_eq!(run.code, Some(1), "{run:?}");
        let rows = rows(&run);
        assert_eq!(rows.iter().filter(|row| row["error"].is_null()).count(), 9, "{schedule}: {rows:?}");
        assert_eq!(rows[9]["error"], "404 Not Found");
    }
}

#[test]
fn urls_that_cannot_be_meant_are_one_line() {
    for (url, says) in [
        ("http://h/a b", "'http://h/a b' has a blank in it: write %20 for it, as in 'http://h/a%20b'"),
        ("h/a", "'h/a' is not a whole URL"),
        ("data:,x", "'data:,x' is not a whole URL"),
        ("file:///etc/passwd", "'file:///etc/passwd' cannot be fetched by file"),
    ] {
        let run = run(clean(pcount(&["download", url])));
        assert_eq!((run.code, run.out.as_str(), run.err.lines().count()), (Some(2), "", 1), "{run:?}");
        assert!(run.err.contains(says), "{run:?}");
    }
}

/// A comparison fetches the same files again and again, and finds them the same.
#[test]
fn downloads_are_compared() {
    let (server, folder) = (Server::new(), Folder::new("compared"));
    let urls: Vec<String> = (0..3).map(|n| server.url(&format!("/plain/{n}"))).collect();
    let compare = |urls: &[String]| {
        let mut words = vec!["compare", "download", "--repeat", "2", "--format", "json", "--dir"];
        let dir = folder.file("out");
        words.push(&dir);
        words.extend(urls.iter().map(String::as_str));
        run(clean(pcount(&words)))
    };
    let compared = compare(&urls);
    assert_eq!(compared.code, Some(0), "{compared:?}");
    let threads: Vec<u64> = rows(&compared).iter().map(|row| row["threads"].as_u64().unwrap()).collect();
    assert_eq!(threads, [1, 2, 3]);
    assert_eq!(files_in(&folder.file("out")).len(), 3);
    let failed = compare(&[urls[0].clone(), server.url("/missing/x")]);
    assert_eq!((failed.code, &*failed.out), (Some(1), ""), "{failed:?}");
    assert!(failed.said().last().unwrap().contains("tasks that fail take no time that can be compared"), "{failed:?}");
}
