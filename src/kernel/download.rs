//! `download`: fetches URLs over HTTP and HTTPS, a rank's all at once. The only file that names the ureq crate.
//!
//! A file is written beside its place and renamed when it is whole. Its name comes from its URL, made safe:
//! never outside the folder, never over another file of the same run. A run that is killed leaves hidden
//! `.part` files, whose place the next one takes. A fault that may pass (no connection, a cut or stalled
//! transfer, a 5xx or 429) is tried again twice after growing pauses; a 404 is not. A download that fails is
//! a row with its error, and the others go on.

use super::{Entry, Given, Opened, Opt, Takes};
use crate::digest::{Sha256, hex};
use crate::draft::Draft;
use crate::error::{Error, Result};
use crate::report::{Fact, Table, Value};
use crate::seat::Seat;
use crate::wire;
use crate::work::{Answer, Forecast, Job, Kernel, Temper};
use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::ResponseExt;
use ureq::http::{StatusCode, Uri};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

pub const ENTRY: Entry = Entry {
    name: "download",
    about: "Fetch URLs, a rank's all at once",
    takes: Takes::Urls,
    options: &[Opt::List, Opt::Dir, Opt::Timeout],
    open,
};

/// Downloads of one rank at once: enough to hide the network's latency, few enough for any server.
const AT_ONCE: usize = 32;

/// A try is given up when nothing came for so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];

fn open(given: &Given) -> Result<Opened> {
    let uris = given.urls.iter().map(|url| checked(url)).collect::<Result<Vec<Uri>>>()?;
    let dir = given.dir.clone().unwrap_or_else(|| PathBuf::from("."));
    let patience = given.timeout.map_or(PATIENCE, Duration::from_secs_f64);
    let facts =
        vec![Fact::new("urls", Value::texts(&given.urls)), Fact::new("dir", Value::text(dir.to_string_lossy()))];
    let names = names(&uris);
    let download = Download { urls: given.urls.clone(), names, dir, agent: agent(patience)? };
    Ok(Opened { job: Job::Work(Box::new(download)), facts, how: vec![] })
}

/// The URL, if it is one that can be fetched.
fn checked(url: &str) -> Result<Uri> {
    let uri = url.parse::<Uri>().ok();
    // What stands behind the host and is no port would go unnoticed.
    if let Some(place) = uri.as_ref().and_then(|uri| uri.authority())
        && place.port().is_none()
        && !place.as_str().ends_with(place.host())
    {
        return Err(Error::usage(format!("'{url}' has no port behind the colon: write one up to 65535, or no colon")));
    }
    match uri.as_ref().map(|uri| (uri.scheme_str(), uri.host())) {
        Some((Some("http" | "https"), Some(host))) if !host.is_empty() => Ok(uri.expect("it has a host")),
        Some((Some(scheme), Some(_))) if scheme.len() > 1 && !scheme.starts_with("http") => {
            Err(Error::usage(format!("'{url}' cannot be fetched by {scheme}: only by http and https")))
        }
        _ => Err(Error::usage(format!("'{url}' is not a whole URL: write http://host/path or https://host/path"))),
    }
}

fn agent(patience: Duration) -> Result<ureq::Agent> {
    let mut tls = TlsConfig::builder();
    // As curl and OpenSSL have it: behind a proxy with certificates of its own, this names them.
    if let Some(path) = std::env::var_os("SSL_CERT_FILE") {
        tls = tls.root_certs(certificates(Path::new(&path))?);
    }
    let config = ureq::Agent::config_builder()
        .tls_config(tls.build())
        .http_status_as_error(false)
        .timeout_connect(Some(patience.min(Duration::from_secs(10))))
        .timeout_recv_response(Some(patience))
        .timeout_per_read(Some(patience))
        .user_agent(concat!("pcount/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .build();
    Ok(config.new_agent())
}

fn certificates(path: &Path) -> Result<RootCerts> {
    let wrong = |why: String| Error::usage(format!("SSL_CERT_FILE '{}': {why}", path.display()));
    let pem = std::fs::read(path).map_err(|why| wrong(why.to_string()))?;
    let items = parse_pem(&pem).collect::<std::result::Result<Vec<_>, _>>().map_err(|why| wrong(why.to_string()))?;
    let certificates: Vec<_> = items
        .into_iter()
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    match certificates.is_empty() {
        true => Err(wrong("there is no certificate in it".into())),
        false => Ok(RootCerts::new_with_certs(&certificates)),
    }
}

/// A file name for each URL: its last segment made safe, numbered where two would be the same.
fn names(uris: &[Uri]) -> Vec<String> {
    let (mut taken, mut next) = (HashSet::new(), HashMap::new());
    let name = |uri: &Uri| {
        let name = safe(uri.path());
        let (stem, ending) = match name.rfind('.') {
            Some(dot) => name.split_at(dot),
            None => (&name[..], ""),
        };
        // Some file systems do not tell upper from lower case.
        let next = next.entry(name.to_lowercase()).or_insert(1);
        loop {
            let name = if *next == 1 { name.clone() } else { format!("{stem}-{next}{ending}") };
            *next += 1;
            if taken.insert(name.to_lowercase()) {
                return name;
            }
        }
    };
    uris.iter().map(name).collect()
}

/// A name that is one plain file in a folder, from a URL's path.
fn safe(path: &str) -> String {
    let segment = decoded(path.rsplit('/').next().unwrap_or(""));
    // A decoded slash would lead out of the folder; the text behind it is as good a name.
    let segment = segment.rsplit(['/', '\\']).next().unwrap_or("");
    let plain = |c: char| if c.is_alphanumeric() || "._-+=@,() ".contains(c) { c } else { '_' };
    let name: String = segment.chars().map(plain).collect();
    // No hidden files, and none that is a folder.
    let name = name.trim_start_matches(['.', ' ']).trim_end_matches([' ', '.']);
    let end = (0..=name.len().min(NAME_MAX)).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0);
    match &name[..end] {
        "" => "index.html".into(),
        name => name.into(),
    }
}

/// Bytes of a name: file systems take 255, and the draft and a number need some.
const NAME_MAX: usize = 200;

/// The segment with its %-escapes resolved, as far as they are ones.
fn decoded(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

struct Download {
    urls: Vec<String>,
    /// The file of each URL in `dir`.
    names: Vec<String>,
    dir: PathBuf,
    agent: ureq::Agent,
}

/// What became of one URL.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    bytes: Option<u64>,
    sha256: Option<String>,
    status: Option<u16>,
    error: Option<String>,
}

wire::fields! { Outcome { bytes sha256 status error } }

/// Why a try failed, and whether another may not.
struct Fault {
    what: String,
    status: Option<u16>,
    passing: bool,
}

impl Download {
    fn fetch(&self, index: usize) -> Outcome {
        let mut pauses = PAUSES.iter();
        for tries in 1.. {
            let fault = match self.attempt(index) {
                Ok(outcome) => return outcome,
                Err(fault) => fault,
            };
            match pauses.next().filter(|_| fault.passing) {
                Some(&pause) => std::thread::sleep(pause),
                None => {
                    let tries = if tries > 1 { format!(" ({tries} tries)") } else { String::new() };
                    return Outcome { status: fault.status, error: Some(fault.what + &tries), ..Outcome::default() };
                }
            }
        }
        unreachable!("the pauses end")
    }

    fn attempt(&self, index: usize) -> std::result::Result<Outcome, Fault> {
        let response = self.agent.get(&self.urls[index]).call().map_err(|why| Fault::network(why, None))?;
        let (status, expected) = (response.status(), length(&response));
        let code = Some(status.as_u16());
        // A redirect leads anywhere.
        let there = response.get_uri().to_string();
        if let Err(why) = checked(&there) {
            return Err(Fault { what: format!("redirected: {why}"), status: code, passing: false });
        }
        // Nobody asked for a part.
        if !status.is_success() || status == StatusCode::PARTIAL_CONTENT {
            return Err(Fault { what: status.to_string(), status: code, passing: passing(status) });
        }
        let local = |why: std::io::Error| Fault {
            what: format!("{}: {why}", self.dir.display()),
            status: code,
            passing: false,
        };
        std::fs::create_dir_all(&self.dir).map_err(local)?;
        let (path, beside) = (self.dir.join(&self.names[index]), format!(".{}.{index}.part", self.names[index]));
        let mut draft = Draft::new(&path, &beside).map_err(local)?;
        let (mut body, mut buffer) = (response.into_body().into_reader(), vec![0; 64 << 10]);
        let (mut digest, mut bytes) = (Sha256::default(), 0u64);
        loop {
            let count = body.read(&mut buffer).map_err(|why| Fault::network(why.into(), code))?;
            if count == 0 {
                break;
            }
            digest.update(&buffer[..count]);
            draft.file().write_all(&buffer[..count]).map_err(local)?;
            bytes += count as u64;
        }
        if let Some(expected) = expected.filter(|&expected| expected != bytes) {
            let what = format!("the transfer ended after {bytes} of {expected} bytes");
            return Err(Fault { what, status: code, passing: true });
        }
        draft.keep().map_err(local)?;
        Ok(Outcome { bytes: Some(bytes), sha256: Some(hex(&digest.finish())), status: code, error: None })
    }
}

impl Fault {
    fn network(why: ureq::Error, status: Option<u16>) -> Fault {
        use ureq::Error::{ConnectionFailed, Io, Protocol, Timeout};
        // Certificates do not get better by asking again, and ureq hands their faults on inside of Io.
        let passing = match &why {
            Io(io) => io.kind() != std::io::ErrorKind::InvalidData,
            ConnectionFailed | Protocol(_) | Timeout(_) => true,
            _ => false,
        };
        Fault { what: why.to_string(), status, passing }
    }
}

/// The bytes that the response says it has.
fn length<B>(response: &ureq::http::Response<B>) -> Option<u64> {
    response.headers().get("content-length")?.to_str().ok()?.parse().ok()
}

fn passing(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT
}

impl Kernel for Download {
    type Part = Vec<Outcome>;
    type Scratch = ();

    fn units(&self) -> u64 {
        self.urls.len() as u64
    }

    fn scratch(&self, _: &Seat) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<Vec<Outcome>> {
        Ok(vec![self.fetch(unit as usize)])
    }

    fn answer(&self, whole: Vec<Outcome>) -> Result<Answer> {
        let failed = whole.iter().any(|outcome| outcome.error.is_some());
        let rows = whole.into_iter().zip(self.urls.iter().zip(&self.names)).map(|(outcome, (url, name))| {
            let path = outcome.error.is_none().then(|| self.dir.join(name).to_string_lossy().into_owned());
            vec![
                Value::text(url),
                Value::from(path),
                outcome.bytes.map_or(Value::Nothing, Value::integer),
                Value::from(outcome.sha256),
                outcome.status.map_or(Value::Nothing, Value::integer),
                Value::from(outcome.error),
            ]
        });
        let table = Table::of(&["url", "path", "bytes", "sha256", "status", "error"]).with(rows);
        Ok(Answer { failed, ..Answer::rows(table, "sha256") })
    }

    fn forecast(&self) -> Forecast {
        // Half a second for each is a guess: nobody knows the network.
        Forecast { seconds: 0.5 * self.urls.len() as f64, thread_bytes: 256 << 10, ..Forecast::default() }
    }

    fn temper(&self) -> Temper {
        Temper::Waiting(AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder_and_apart() {
        for (path, name) in [
            ("/a/file.txt", "file.txt"),
            ("/", "index.html"),
            ("", "index.html"),
            ("/a/..", "index.html"),
            ("/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "passwd"),
            ("/..%5c..%5cboot.ini", "boot.ini"),
            ("/.bashrc", "bashrc"),
            ("/a%00b", "a_b"),
            ("/100%", "100_"),
            ("/gr%C3%B6%C3%9Fe.bin", "größe.bin"),
            ("/a%20b.tar.gz", "a b.tar.gz"),
        ] {
            assert_eq!(safe(path), name, "{path}");
        }
        assert_eq!(safe(&"ä".repeat(300)).len(), 200);

        let uris: Vec<Uri> = ["x/a.txt", "y/a.txt", "z/A.TXT", "a-2.txt", "x/", "y/"]
            .iter()
            .map(|path| checked(&format!("http://host/{path}")).unwrap())
            .collect();
        assert_eq!(names(&uris), ["a.txt", "a-2.txt", "A-3.TXT", "a-2-2.txt", "index.html", "index-2.html"]);
    }

    #[test]
    fn only_whole_urls_of_the_web() {
        for url in ["https://example.org/a?b=c", "http://[::1]/", "http://[::1]:80/", "http://me:secret@host/"] {
            assert!(checked(url).is_ok(), "{url}");
        }
        for (url, why) in [
            ("example.org/a", "is not a whole URL"),
            ("/etc/passwd", "is not a whole URL"),
            ("ftp://host/a", "cannot be fetched by ftp"),
            ("http://", "is not a whole URL"),
            ("http://a b", "is not a whole URL"),
            ("http://host:99999/x", "has no port"),
            ("http://host:8765x/", "has no port"),
            ("http://[::1]:x/", "has no port"),
            ("", "is not a whole URL"),
        ] {
            let error = checked(url).unwrap_err().to_string();
            assert!(error.starts_with(&format!("'{url}' {why}")), "{error}");
        }
    }

    #[test]
    fn only_faults_that_may_pass_are_tried_again() {
        let passing = |code| passing(StatusCode::from_u16(code).unwrap());
        assert!([500, 502, 503, 504, 429, 408].into_iter().all(passing));
        assert!(![400, 401, 403, 404, 410].into_iter().any(passing));
    }
}
