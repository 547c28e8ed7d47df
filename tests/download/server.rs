//! A server on this machine that misbehaves in all the ways that servers of the world do.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub target: String,
    pub headers: HashMap<String, String>,
    pub at: Instant,
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The words of the path.
    fn words(&self) -> Vec<&str> {
        let path = self.target.strip_prefix("http://").map_or(&*self.target, |rest| rest.split_once('/').unwrap().1);
        path.trim_start_matches('/').split('/').collect()
    }
}

#[derive(Default)]
struct State {
    asked: Mutex<Vec<Asked>>,
    more: Condvar,
}

pub struct Server {
    pub port: u16,
    state: Arc<State>,
}

pub trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

impl Server {
    /// Serves until the test program ends.
    pub fn new() -> Server {
        Server::over(|stream| Box::new(stream))
    }

    pub fn over(wrap: impl Fn(TcpStream) -> Box<dyn Stream> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, state) = (listener.local_addr().unwrap().port(), Arc::new(State::default()));
        let (seen, wrap) = (state.clone(), Arc::new(wrap));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, wrap) = (seen.clone(), wrap.clone());
                std::thread::spawn(move || {
                    // A client that gives up is part of the play.
                    let _ = serve(wrap(stream), &seen, port);
                });
            }
        });
        Server { port, state }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// All that was asked for under this path, in order.
    pub fn requests(&self, path: &str) -> Vec<Asked> {
        let asked = self.state.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.target.ends_with(path)).cloned().collect()
    }

    pub fn asked(&self, path: &str) -> usize {
        self.requests(path).len()
    }

    /// Waits until this was asked for.
    pub fn wait_for(&self, path: &str) {
        let mut asked = self.state.asked.lock().unwrap();
        while !asked.iter().any(|asked| asked.target.ends_with(path)) {
            asked = self.state.more.wait(asked).unwrap();
        }
    }
}

/// The request, but for its last byte: a connection that is closed with a byte unread is reset.
fn read_request(stream: &mut dyn Stream) -> std::io::Result<Asked> {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r") {
        stream.read_exact(&mut byte)?;
        text.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut lines = text.lines();
    let target = lines.next().unwrap().split(' ').nth(1).unwrap_or("/").to_string();
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_lowercase(), value.into()));
    Ok(Asked { target, headers: headers.collect(), at: Instant::now() })
}

fn serve(mut stream: Box<dyn Stream>, state: &State, port: u16) -> std::io::Result<()> {
    let asked = read_request(&mut *stream)?;
    let times = {
        let mut all = state.asked.lock().unwrap();
        all.push(asked.clone());
        state.more.notify_all();
        all.iter().filter(|other| other.target == asked.target).count()
    };
    let words = asked.words();
    let (kind, name) = (words[0], *words.last().unwrap());
    if kind != "reset" {
        stream.read_exact(&mut [0])?;
    }
    match kind {
        // Answers when sixteen have asked.
        "together" => {
            let mut all = state.asked.lock().unwrap();
            while all.iter().filter(|asked| asked.target.contains("/together/")).count() < 16 {
                all = state.more.wait(all).unwrap();
            }
        }
        "stalled" | "once" | "twice" if kind == "stalled" || times == 1 => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\na beginning")?;
            stream.flush()?;
            return stream.read_exact(&mut [0]);
        }
        "trickle" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            loop {
                stream.write_all(b"x")?;
                stream.flush()?;
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        "flood" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            loop {
                stream.write_all(&[b'x'; 10_000])?;
            }
        }
        _ => (),
    }
    stream.write_all(&reply(&asked, kind, name, times, port))?;
    stream.flush()
}

fn sized(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn to(location: &[u8]) -> Vec<u8> {
    let (head, tail) = (b"HTTP/1.1 302 Found\r\nLocation: ", b"\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbye");
    [&head[..], location, tail].concat()
}

/// What is answered to this kind of question, asked so many times.
fn reply(asked: &Asked, kind: &str, name: &str, times: usize, port: u16) -> Vec<u8> {
    let ok = |headers: &str, body: &[u8]| sized("200 OK", headers, body);
    let raw = |text: &str| format!("HTTP/1.1 200 OK\r\n{text}").into_bytes();
    let later = |status: &str, wait: &str| sized(status, &format!("Retry-After: {wait}\r\n"), b"later");
    match kind {
        "plain" | "together" => ok("", name.as_bytes()),
        "query" => ok("", asked.target.as_bytes()),
        "big" => ok("", &[7; 3_000_000]),
        "endless" => raw("Connection: close\r\n\r\nuntil it closes"),
        "cut" => raw("Content-Length: 1000\r\n\r\nonly this"),
        "reset" => raw("\r\nno end in sight"),
        "garbage" => b"220 mail.example ESMTP\r\n".to_vec(),
        // Lengths that contradict each other, and chunks as they come.
        "chunked" => raw("Transfer-Encoding: chunked\r\nContent-Length: 1000\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        "extension" => {
            raw(&format!("Transfer-Encoding: chunked\r\n\r\n5;name={}\r\nhello\r\n0\r\n\r\n", "x".repeat(40)))
        }
        "padded" => raw("Transfer-Encoding: chunked\r\n\r\n5    \r\nhello\r\n0  \r\n\r\n"),
        "unfinished" => raw("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        // Headers as nobody should send them.
        "folded" => ok("X-Long: one\r\n two\r\n\tthree\r\n", b"hello"),
        "spaced" => ok("Server : x\r\n", b"hello"),
        "continued" => [b"HTTP/1.1 100 Continue\r\nX-Hint: a\r\nLink: b\r\n\r\n", &*ok("", b"hello")].concat(),
        "many" => ok(&(0..150).map(|n| format!("X-{n}: {n}\r\n")).collect::<String>(), b"hello"),
        // Redirects.
        "moved" => to(format!("http://127.0.0.1:{port}/plain/there").as_bytes()),
        "utf8" => to("/query/größe".as_bytes()),
        "latin1" => to(b"/query/gr\xf6\xdfe"),
        "blank" => to(b"/query/a b"),
        "circle" => to(asked.target.as_bytes()),
        "hops" | "jumps" => match name.parse::<u32>().unwrap() {
            0 => ok("", b"hello"),
            left => to(format!("/{kind}/{}", left - 1).as_bytes()),
        },
        "login" if asked.header("cookie") == "key=open" => ok("", b"hello"),
        "login" => sized("302 Found", "Set-Cookie: key=open\r\nLocation: /login/x\r\n", b""),
        "cookies" => ok("", asked.header("cookie").as_bytes()),
        "file" => to(b"file:///etc/passwd"),
        "data" => to(b"data:text/plain,hello"),
        "ftp" => to(b"ftp://127.0.0.1/x"),
        "downgrade" => to(format!("http://127.0.0.1:{name}/plain/readable").as_bytes()),
        "away" => to(format!("http://127.0.0.1:{name}/secret/away").as_bytes()),
        // Who asks.
        "secret" => match asked.header("authorization") {
            // A user without a password is nobody.
            "" | "Basic bWU6" => sized("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", b"no"),
            login => ok("", login.as_bytes()),
        },
        // What may pass, and what may not.
        "busy" => sized("503 Service Unavailable", "", b"never"),
        "shy" if times < 3 => sized("503 Service Unavailable", "", b"later"),
        "wait" | "limit" if times == 1 => later(if kind == "wait" { "503 Busy" } else { "429 Too Many Requests" }, "2"),
        "shy" | "wait" | "limit" => ok("", b"at last"),
        "tomorrow" => later("503 Service Unavailable", "86400"),
        "twice" => ok("", name.as_bytes()),
        "missing" | "once" => sized("404 Not Found", "", b"no"),
        "never" => sized("501 Not Implemented", "", b"no"),
        "part" => sized("206 Partial Content", "", b"half"),
        _ => sized("400 Bad Request", "", b""),
    }
}
