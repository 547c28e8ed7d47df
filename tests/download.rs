//! Downloads from a server of this test's own, over HTTP and HTTPS, with every fault that a network has.

mod common;

use common::{Folder, Run, mpirun_of, pcount, run};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What was asked for, and how often.
type Asked = Arc<Mutex<HashMap<String, usize>>>;

struct Server {
    port: u16,
    asked: Asked,
}

impl Server {
    /// Serves until the test program ends.
    fn new() -> Server {
        Server::over(|stream| Box::new(stream))
    }

    fn over(wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, asked) = (listener.local_addr().unwrap().port(), Asked::default());
        let (seen, wrap) = (asked.clone(), Arc::new(wrap));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, wrap) = (seen.clone(), wrap.clone());
                std::thread::spawn(move || {
                    // A client that gives up is part of the play.
                    let _ = serve(wrap(stream), &seen, port);
                });
            }
        });
        Server { port, asked }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().get(path).copied().unwrap_or(0)
    }
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

fn serve(stream: Box<dyn Stream>, asked: &Asked, port: u16) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first)?;
    let path = first.split(' ').nth(1).unwrap_or("/").to_string();
    let mut line = String::new();
    while stream.read_line(&mut line)? > 2 {
        line.clear();
    }
    let times = {
        let mut asked = asked.lock().unwrap();
        let times = asked.entry(path.clone()).or_default();
        *times += 1;
        *times
    };
    let mut stream = stream.into_inner();
    let mut reply = |status: &str, headers: &str, body: &[u8]| {
        write!(stream, "HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n")?;
        stream.write_all(body)?;
        stream.flush()
    };
    let sized = |body: &[u8]| format!("Content-Length: {}\r\n", body.len());
    let name = path.rsplit('/').next().unwrap_or("");
    match path.split('/').nth(1).unwrap_or("") {
        "plain" => reply("200 OK", &sized(name.as_bytes()), name.as_bytes()),
        "big" => reply("200 OK", &sized(&[7; 3_000_000]), &[7; 3_000_000]),
        "empty" => reply("200 OK", &sized(b""), b""),
        "endless" => reply("200 OK", "", b"until it closes"),
        "moved" => {
            reply("302 Found", &format!("Location: http://127.0.0.1:{port}/plain/there\r\nContent-Length: 0\r\n"), b"")
        }
        "circle" => {
            reply("302 Found", &format!("Location: http://127.0.0.1:{port}{path}\r\nContent-Length: 0\r\n"), b"")
        }
        "part" => reply("206 Partial Content", &sized(b"half"), b"half"),
        "astray" => {
            reply("302 Found", &format!("Location: socks5://127.0.0.1:{port}/plain/x\r\nContent-Length: 0\r\n"), b"")
        }
        "missing" => reply("404 Not Found", &sized(b"no"), b"no"),
        "shy" if times < 3 => reply("503 Service Unavailable", &sized(b"later"), b"later"),
        "shy" => reply("200 OK", &sized(b"at last"), b"at last"),
        "busy" => reply("503 Service Unavailable", &sized(b"never"), b"never"),
        "cut" => reply("200 OK", "Content-Length: 1000\r\n", b"only this"),
        "slow" => {
            std::thread::sleep(Duration::from_millis(400));
            reply("200 OK", &sized(b"slow"), b"slow")
        }
        "stalled" => {
            reply("200 OK", "Content-Length: 1000\r\n", b"a beginning")?;
            std::thread::sleep(Duration::from_secs(30));
            Ok(())
        }
        _ => reply("400 Bad Request", &sized(b""), b""),
    }
}

fn download(urls: &[String], dir: &str, more: &[&str]) -> Run {
    let mut args = vec!["download", "--format", "json", "--dir", dir];
    args.extend(more);
    args.extend(urls.iter().map(String::as_str));
    run(pcount(&args))
}

fn rows(run: &Run) -> Vec<Value> {
    run.json()["answer"]["rows"].as_array().unwrap().clone()
}

#[test]
fn what_is_served_is_kept() {
    let (server, folder) = (Server::new(), Folder::new("kept"));
    let urls: Vec<String> = ["/plain/abc", "/big/file.bin", "/empty/nothing", "/endless/text", "/moved/here"]
        .map(|path| server.url(path))
        .into();
    let run = download(&urls, &folder.file("new/deep"), &[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let rows = rows(&run);
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!((&rows[0]["sha256"], &rows[0]["bytes"], &rows[0]["status"]), (&abc.into(), &"3".into(), &"200".into()));
    assert_eq!((&rows[0]["error"], &rows[0]["url"]), (&Value::Null, &urls[0].clone().into()));
    for (row, content) in rows.iter().zip([&b"abc"[..], &[7; 3_000_000], b"", b"until it closes", b"there"]) {
        assert_eq!(std::fs::read(row["path"].as_str().unwrap()).unwrap(), content, "{row}");
    }
    // Nothing half-done is left beside the files.
    assert_eq!(std::fs::read_dir(folder.file("new/deep")).unwrap().count(), urls.len());
}

#[test]
fn failures_leave_the_others_alone() {
    let (server, folder) = (Server::new(), Folder::new("alone"));
    let paths = ["/plain/a", "/missing/b", "/busy/c", "/cut/d", "/circle/e", "/plain/f"];
    let mut urls: Vec<String> = paths.map(|path| server.url(path)).into();
    urls.push("http://127.0.0.1:1/nobody".into());
    urls.extend(["/part/g", "/astray/h"].map(|path| server.url(path)));
    let run = download(&urls, &folder.file(""), &[]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.json()["status"], "failed");
    let rows = rows(&run);
    let errors: Vec<&str> = rows.iter().map(|row| row["error"].as_str().unwrap_or("")).collect();
    assert_eq!((errors[0], errors[5]), ("", ""));
    assert_eq!(errors[1], "404 Not Found");
    assert_eq!(errors[2], "503 Service Unavailable (3 tries)");
    assert!(errors[3].ends_with("(3 tries)"), "{}", errors[3]);
    assert!(errors[4].contains("redirects"), "{}", errors[4]);
    assert!(errors[6].contains("refused") && errors[6].ends_with("(3 tries)"), "{}", errors[6]);
    assert_eq!(errors[7], "206 Partial Content");
    assert!(errors[8].contains("cannot be fetched by socks5"), "{}", errors[8]);
    assert_eq!((&rows[1]["status"], &rows[1]["path"], &rows[6]["status"]), (&"404".into(), &Value::Null, &Value::Null));
    assert_eq!(["/missing/b", "/busy/c", "/cut/d"].map(|path| server.asked(path)), [1, 3, 3]);
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 2, "only whole files stay");
}

#[test]
fn a_fault_that_passes_is_outwaited() {
    let (server, folder) = (Server::new(), Folder::new("passes"));
    let run = download(&[server.url("/shy/x")], &folder.file(""), &[]);
    assert_eq!((run.code, server.asked("/shy/x")), (Some(0), 3), "{run:?}");
    assert_eq!(std::fs::read(folder.file("x")).unwrap(), b"at last");
    assert!(run.took > Duration::from_millis(1250), "the pauses grow");
}

#[test]
fn a_stalled_transfer_is_given_up() {
    let (server, folder) = (Server::new(), Folder::new("stalled"));
    let began = Instant::now();
    let run = download(&[server.url("/stalled/x")], &folder.file(""), &["--timeout", "0.3"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn all_downloads_of_a_rank_run_at_the_same_time() {
    let (server, folder) = (Server::new(), Folder::new("same-time"));
    let urls: Vec<String> = (0..16).map(|n| server.url(&format!("/slow/{n}"))).collect();
    let run = download(&urls, &folder.file(""), &["--threads", "1"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.json()["run"]["seconds"]["compute"].as_f64().unwrap() < 1.6, "sixteen waits of 0.4 s: {run:?}");
}

#[test]
fn names_neither_leave_the_folder_nor_meet() {
    let (server, folder) = (Server::new(), Folder::new("names"));
    let urls: Vec<String> = [
        "/plain/%2e%2e%2f%2e%2e%2fescape",
        "/plain/same",
        "/plain/x/same",
        "/plain/x/SAME",
        "/plain/.hidden",
        "/plain/",
    ]
    .map(|path| server.url(path))
    .into();
    let inner = folder.file("inner");
    let run = download(&urls, &inner, &[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let mut names: Vec<String> = std::fs::read_dir(&inner)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["SAME-3", "escape", "hidden", "index.html", "same", "same-2"]);
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn urls_come_from_a_list_and_a_pipe() {
    let (server, folder) = (Server::new(), Folder::new("list"));
    let list = folder.file("list");
    std::fs::write(&list, format!("# two files\n\n{}\n  {}\n", server.url("/plain/a"), server.url("/plain/b")))
        .unwrap();
    let run = download(&[server.url("/plain/c")], &folder.file("out"), &["--list", &list]);
    assert_eq!((run.code, rows(&run).len()), (Some(0), 3), "{run:?}");
    std::fs::write(&list, "http://fine/\nnot a url\n").unwrap();
    let run = download(&[], &folder.file("out"), &["--list", &list]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.err.contains("'not a url'"), "{}", run.err);

    let mut command = pcount(&["download", "-q", "--list", "-", "--dir", &folder.file("pipe")]);
    let mut child = command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{}", server.url("/plain/abc")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("ba7816bf"));
}

#[test]
fn ranks_share_the_downloads() {
    let (server, folder) = (Server::new(), Folder::new("share"));
    let mut args = vec!["download".to_string(), "--format".into(), "json".into(), "--dir".into(), folder.file("")];
    args.extend((0..9).map(|n| server.url(&format!("/plain/{n}"))));
    args.push(server.url("/missing/10"));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    for schedule in ["fixed", "farm"] {
        let run = run(mpirun_of(3, env!("CARGO_BIN_EXE_pcount"), &[&args[..], &["--schedule", schedule]].concat()));
        assert_eq!(run.code, Some(1), "{run:?}");
        let rows = rows(&run);
        assert_eq!(rows.iter().filter(|row| row["error"].is_null()).count(), 9);
        assert_eq!(rows[9]["error"], "404 Not Found");
    }
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
fn https_is_checked_against_the_certificates() {
    let folder = Folder::new("https");
    let own = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap();
    std::fs::write(folder.file("ca.pem"), own.cert.pem()).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let server = Server::over(move |stream| {
        let session = rustls::ServerConnection::new(config.clone()).unwrap();
        Box::new(rustls::StreamOwned::new(session, stream))
    });
    let url = format!("https://localhost:{}/plain/secret", server.port);
    let get = |certificates: Option<&str>| {
        let mut command = pcount(&["download", "--format", "json", "--dir", &folder.file("out"), &url]);
        if let Some(path) = certificates {
            command.env("SSL_CERT_FILE", path);
        }
        run(command)
    };
    // A stranger's certificate is refused, and not asked for again and again.
    let stranger = get(None);
    assert_eq!(stranger.code, Some(1), "{stranger:?}");
    assert!(!rows(&stranger)[0]["error"].as_str().unwrap().contains("tries"), "{stranger:?}");
    let trusted = get(Some(&folder.file("ca.pem")));
    assert_eq!(trusted.code, Some(0), "{trusted:?}");
    assert_eq!(std::fs::read(folder.file("out/secret")).unwrap(), b"secret");
    // A file of certificates that is none is wrong before anything is fetched.
    std::fs::write(folder.file("none.pem"), "nothing").unwrap();
    assert_eq!(get(Some(&folder.file("none.pem"))).code, Some(2));
}
