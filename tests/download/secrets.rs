//! Passwords of URLs: on the wire, and nowhere else.

use super::common::{Folder, alone, run};
use super::server::Server;
use super::{clean, command, download, rows};

/// `me:ge%21heim`, as it travels.
const SENT: &str = "Basic bWU6Z2UhaGVpbQ==";

#[test]
fn logins_are_decoded_and_go_to_their_own_server_only() {
    let (server, other, folder) = (Server::new(), Server::new(), Folder::new("login"));
    let url = |path: &str| format!("http://u%40d:1%3d2%3f@127.0.0.1:{}{path}", server.port);
    let run = download(&[url("/secret/x"), url(&format!("/away/{}", other.port))], &folder.file("out"), &[]);
    assert_eq!(rows(&run)[0]["error"], serde_json::Value::Null, "{run:?}");
    assert_eq!(std::fs::read_to_string(folder.file("out/x")).unwrap(), "Basic dUBkOjE9Mj8=");
    assert_eq!(rows(&run)[1]["error"], "401 Unauthorized");
    assert_eq!(other.requests("/secret/away")[0].header("authorization"), "");
}

#[test]
fn a_password_is_nowhere_but_on_the_wire() {
    let (server, folder) = (Server::new(), Folder::new("password"));
    let url = |path: &str| format!("http://me:ge%21heim@127.0.0.1:{}{path}", server.port);
    let list = folder.file("list");
    std::fs::write(&list, url("/secret/listed")).unwrap();
    let (dir, file) = (folder.file("out"), folder.file("run.h5"));
    let mut told = vec![];
    for more in [
        &["--format", "json", "--out", &file][..],
        &["--format", "text"],
        &["--format", "csv"],
        &["-q"],
        &["--dry-run"],
        &["--format", "json", "--dry-run"],
        &["--wrong"],
        &["--dir"],
    ] {
        let (typed, missing) = (url("/secret/typed"), url("/missing/x"));
        let words = [&["download", "--list", &list, "--dir", &dir, &typed, &missing][..], more].concat();
        let run = run(clean(super::pcount(&words)));
        told.extend([run.out, run.err]);
    }
    for wrong in [url("/a b"), url("/x").replace("127.0.0.1", "ho<st"), url("/x").replace("http", "ftp")] {
        told.push(run(clean(super::pcount(&["download", &wrong]))).err);
        told.push(alone(&["primes", &wrong]).err);
    }
    told.push(alone(&["show", &file]).out);
    told.push(alone(&["show", &file, "--format", "json"]).out);
    let kept = std::fs::read(&file).unwrap();
    let plain = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        !["ge%21heim", "ge!heim", "heim"].iter().any(|secret| text.contains(secret))
    };
    assert!(told.iter().all(|text| plain(text.as_bytes())), "{told:#?}");
    assert!(plain(&kept), "it is in the run file");
    assert!(told[0].contains("http://me:***@127.0.0.1"), "{}", told[0]);
    assert_eq!(server.requests("/secret/typed")[0].header("authorization"), SENT);
    assert_eq!(server.requests("/secret/listed")[0].header("authorization"), SENT);
}

#[test]
fn what_a_run_file_does_not_keep_is_in_netrc() {
    let (server, folder) = (Server::new(), Folder::new("netrc"));
    let url = format!("http://me:***@127.0.0.1:{}/secret/x", server.port);
    let get = |home: &str| {
        let mut command = command(std::slice::from_ref(&url), &folder.file("out"), &[]);
        command.env("HOME", folder.file(home));
        run(command)
    };
    let run = get("nobody");
    let error = rows(&run)[0]["error"].as_str().unwrap().to_string();
    assert!(error.starts_with("401 Unauthorized: ") && error.contains("~/.netrc"), "{error}");
    std::fs::create_dir_all(folder.file("me")).unwrap();
    std::fs::write(folder.file("me/.netrc"), "machine 127.0.0.1 login me password ge!heim\n").unwrap();
    assert_eq!(get("me").code, Some(0));
    assert_eq!(server.requests("/secret/x").last().unwrap().header("authorization"), SENT);
}
