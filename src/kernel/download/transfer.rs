//! One try to fetch a URL: what is sent, what comes, and whether it is whole. The only file that names the curl crate.
//!
//! Redirects are followed here and not by libcurl, because their targets are checked first: they lead to http and https only,
//! from https to http only if the user allows it, and with a password only to the host that it was typed for. Cookies are kept
//! from one request of a download to the next. Proxies, certificates and all else are as libcurl has them.

use super::address::Address;
use super::part::PartFile;
use curl::Version;
use curl::easy::{Easy2, Handler, NetRc, WriteError};
use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// How a transfer may go.
pub struct Rules {
    /// A try is given up when nothing came for so long.
    pub patience: Duration,
    /// Bytes of a file.
    pub max_size: u64,
    /// Whether https may become http.
    pub to_http: bool,
    /// Whom to trust.
    pub certificates: Certificates,
}

/// Certificates to trust beside those of the system.
#[derive(Default)]
pub struct Certificates {
    /// A file of certificates, if one is named.
    pub file: Option<PathBuf>,
    /// A folder of them, if one is named.
    pub folder: Option<PathBuf>,
}

/// Why a try failed, and whether another one may succeed.
#[derive(Debug)]
pub struct TransferFault {
    /// In words.
    pub what: String,
    /// The status that the server sent, if it did.
    pub status: Option<u16>,
    /// Whether it may pass, so that another try makes sense.
    pub passing: bool,
    /// How long the server asks to wait.
    pub wait: Option<Duration>,
}

impl TransferFault {
    /// A fault after which another try makes no sense.
    pub fn lasting(what: impl Into<String>, status: Option<u16>) -> TransferFault {
        TransferFault { what: what.into(), status, passing: false, wait: None }
    }

    fn passing(what: impl Into<String>, status: Option<u16>) -> TransferFault {
        TransferFault { passing: true, ..TransferFault::lasting(what, status) }
    }
}

/// More redirects than this are taken for a circle.
const REDIRECTS_MAX: usize = 50;

/// A host that does not answer at all is given up sooner.
const CONNECTING: Duration = Duration::from_secs(10);

/// Whether this libcurl can do https.
pub fn has_tls() -> bool {
    Version::get().feature_ssl()
}

/// Fetches the file into the part. Returns the status of the response.
///
/// # Errors
/// If the file did not come, is not whole, or must not be fetched.
pub fn fetch(
    from: &Address,
    part: &mut PartFile,
    rules: &Rules,
    until: Instant,
    over: &AtomicBool,
) -> Result<u16, TransferFault> {
    // The first handle initializes libcurl, which older versions cannot do on two threads at once.
    static READY: Once = Once::new();
    READY.call_once(|| drop(Easy2::new(Nobody)));
    let mut easy = Easy2::new(Receiver::new(part, rules, until, over));
    let mut address = from.clone();
    for _ in 0..=REDIRECTS_MAX {
        prepare(&mut easy, &address, rules).map_err(|why| TransferFault::lasting(why.to_string(), None))?;
        easy.get_mut().begin();
        let ended = easy.perform();
        let through_proxy = easy.http_connectcode().unwrap_or(0);
        let receiver = easy.get_mut();
        match receiver.concluded(ended, through_proxy)? {
            Conclusion::Whole => return Ok(receiver.status),
            Conclusion::Redirect(location) => {
                let status = Some(receiver.status);
                let there = address.redirected(&location).map_err(|why| TransferFault::lasting(why, status))?;
                if there.is_open() && !address.is_open() && !rules.to_http {
                    let why = "everyone can read that: --allow-http follows it";
                    let what = format!("redirected from https to '{}', and {why}", there.url());
                    return Err(TransferFault::lasting(what, status));
                }
                address = there;
            }
        }
    }
    Err(TransferFault::lasting(format!("more than {REDIRECTS_MAX} redirects"), Some(easy.get_ref().status)))
}

/// Receives nothing.
struct Nobody;
impl Handler for Nobody {}

fn prepare<H: Handler>(easy: &mut Easy2<H>, address: &Address, rules: &Rules) -> Result<(), curl::Error> {
    // This keeps connections and cookies.
    easy.reset();
    easy.url(address.url())?;
    easy.cookie_file("")?;
    easy.progress(true)?;
    easy.tcp_keepalive(true)?;
    easy.useragent(concat!("pcount/", env!("CARGO_PKG_VERSION")))?;
    easy.connect_timeout(rules.patience.min(CONNECTING))?;
    if let Some(login) = address.login() {
        match &login.password {
            Some(password) => {
                easy.username(&login.user)?;
                easy.password(password)?;
            }
            None => {
                easy.netrc(NetRc::Optional)?;
                easy.url(&address.with_user())?;
            }
        }
    }
    if let Some(file) = &rules.certificates.file {
        easy.cainfo(file)?;
        // Not every TLS library has a proxy of its own.
        let _ = file.to_str().map(|file| easy.proxy_cainfo(file));
    }
    if let Some(folder) = &rules.certificates.folder {
        easy.capath(folder)?;
        let _ = easy.proxy_capath(folder);
    }
    Ok(())
}

/// The result of a request.
enum Conclusion {
    Whole,
    Redirect(Vec<u8>),
}

/// Receives a response, as far as it is wanted.
struct Receiver<'a, 'b> {
    part: &'a mut PartFile<'b>,
    rules: &'a Rules,
    until: Instant,
    /// Whether the whole run is over.
    over: &'a AtomicBool,
    status: u16,
    reason: String,
    /// The headers that are used here.
    headers: Vec<(String, Vec<u8>)>,
    /// Whether all headers of the last response are here.
    answered: bool,
    /// When bytes came last, and how many had come by then.
    heard: Instant,
    came: f64,
    /// Why the rest is not wanted.
    fault: Option<TransferFault>,
}

const OF_USE: [&str; 4] = ["location", "retry-after", "content-length", "transfer-encoding"];

impl<'a, 'b> Receiver<'a, 'b> {
    fn new(part: &'a mut PartFile<'b>, rules: &'a Rules, until: Instant, over: &'a AtomicBool) -> Self {
        Receiver {
            part,
            rules,
            until,
            over,
            status: 0,
            reason: String::new(),
            headers: vec![],
            answered: false,
            heard: Instant::now(),
            came: 0.0,
            fault: None,
        }
    }

    fn begin(&mut self) {
        (self.status, self.answered, self.heard, self.came) = (0, false, Instant::now(), 0.0);
        self.headers.clear();
    }

    fn header_of(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| &value[..])
    }

    fn redirect(&self) -> Option<&[u8]> {
        self.header_of("location").filter(|_| (300..400).contains(&self.status) && self.status != 304)
    }

    /// An answer with a part of the file is an error: pcount never asks for one.
    fn is_wanted(&self) -> bool {
        (200..300).contains(&self.status) && self.status != 206
    }

    /// Bytes of the body, if the headers say them reliably (RFC 9112, 6.3).
    fn expected(&self) -> Option<u64> {
        let length = std::str::from_utf8(self.header_of("content-length")?).ok()?.parse().ok();
        length.filter(|_| self.header_of("transfer-encoding").is_none())
    }

    fn concluded(&mut self, ended: Result<(), curl::Error>, through_proxy: u32) -> Result<Conclusion, TransferFault> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let status = Some(self.status).filter(|&status| status > 0);
        // The body of a redirect or an error was refused here, and that is no fault.
        let refused = self.answered && !self.is_wanted();
        if let Err(why) = ended
            && !refused
        {
            return Err(network(&why, status, through_proxy));
        }
        if let Some(location) = self.redirect() {
            return Ok(Conclusion::Redirect(location.to_vec()));
        }
        if !self.is_wanted() {
            let what = format!("{} {}", self.status, self.reason).trim_end().to_string();
            let passing = [408, 429, 500, 502, 503, 504].contains(&self.status);
            let wait = self.header_of("retry-after").and_then(pause);
            return Err(TransferFault { what, status, passing, wait });
        }
        Ok(Conclusion::Whole)
    }

    /// Receives a piece of the file.
    fn take(&mut self, data: &[u8]) -> Result<(), TransferFault> {
        let status = Some(self.status);
        let size = self.expected().unwrap_or(0).max(self.part.bytes() + data.len() as u64);
        if size > self.rules.max_size {
            let what = format!("larger than {} bytes: --max-size allows more", self.rules.max_size);
            return Err(TransferFault::lasting(what, status));
        }
        if self.part.bytes() == 0
            && let Some(expected) = self.expected()
        {
            // It is better to know this before the rest of the file has come.
            self.part.may_become(expected).map_err(|why| TransferFault::lasting(why, status))?;
        }
        self.part.write(data).map_err(|why| TransferFault::lasting(why, status))
    }
}

impl Handler for Receiver<'_, '_> {
    fn header(&mut self, line: &[u8]) -> bool {
        self.heard = Instant::now();
        let text = line.trim_ascii_end();
        if text.is_empty() {
            // A status below 200 says that the response follows.
            self.answered = self.status >= 200;
        } else if line.starts_with(b"HTTP/") {
            let text = String::from_utf8_lossy(text);
            let mut words = text.splitn(3, ' ');
            self.status = words.nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
            self.reason = words.next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(80).collect();
            self.answered = false;
            self.headers.clear();
        } else if line.starts_with(b" ") || line.starts_with(b"\t") {
            // A header that continues in the next line, which older rules allowed.
            if let Some((_, value)) = self.headers.last_mut() {
                value.push(b' ');
                value.extend_from_slice(text.trim_ascii());
            }
        } else if let Some(colon) = text.iter().position(|&byte| byte == b':') {
            let name = String::from_utf8_lossy(text[..colon].trim_ascii()).to_lowercase();
            if OF_USE.contains(&&*name) && self.header_of(&name).is_none() {
                self.headers.push((name, text[colon + 1..].trim_ascii().to_vec()));
            }
        }
        true
    }

    fn write(&mut self, data: &[u8]) -> Result<usize, WriteError> {
        self.heard = Instant::now();
        if !self.is_wanted() {
            return Ok(0);
        }
        match self.take(data) {
            Ok(()) => Ok(data.len()),
            Err(fault) => {
                self.fault = Some(fault);
                Ok(0)
            }
        }
    }

    fn progress(&mut self, _: f64, came: f64, _: f64, _: f64) -> bool {
        let now = Instant::now();
        if came != self.came {
            (self.came, self.heard) = (came, now);
        }
        let status = Some(self.status).filter(|&status| status > 0);
        if self.over.load(Ordering::Relaxed) {
            self.fault = Some(TransferFault::lasting("the run was stopped", status));
        } else if now >= self.until {
            self.fault = Some(TransferFault::lasting("it took longer than --max-time allows", status));
        } else if now.duration_since(self.heard) > self.rules.patience {
            let what = format!("nothing arrived for {:.1} s", self.rules.patience.as_secs_f64());
            self.fault = Some(TransferFault::passing(what, status));
        }
        self.fault.is_none()
    }
}

/// A fault that libcurl found, and whether it may pass: no connection, or one that was lost or fell silent. An unknown host,
/// a certificate that is not trusted and an answer that is not HTTP stay as they are.
fn network(why: &curl::Error, status: Option<u16>, through_proxy: u32) -> TransferFault {
    let what = crate::error::without_passwords(why.extra_description().unwrap_or(why.description()));
    let lost = why.is_couldnt_connect()
        || why.is_operation_timedout()
        || why.is_partial_file()
        || why.is_got_nothing()
        || why.is_send_error()
        || why.is_recv_error()
        || why.is_http2_stream_error();
    // A proxy that refuses a user refuses every try.
    let barred = (300..500).contains(&through_proxy) || what.starts_with("Unsupported proxy");
    if lost && !barred { TransferFault::passing(what, status) } else { TransferFault::lasting(what, status) }
}

/// What a Retry-After says: seconds, or a date.
fn pause(text: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(text).ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let until = httpdate::parse_http_date(text).ok()?;
            Some(until.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO))
        }
    }
}

/// The curl crate initializes libcurl before `main`, in every run, which takes a millisecond. `build.rs` makes the linker
/// put this in place of that call; the first handle then initializes libcurl.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
// SAFETY: no other function has this name; libcurl initializes itself with its first handle, which `READY` makes alone.
#[unsafe(no_mangle)]
extern "C" fn __wrap_curl_global_init(_: std::ffi::c_long) -> std::ffi::c_int {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_ask_for_patience_in_seconds_or_by_a_date() {
        assert_eq!(pause(b"2"), Some(Duration::from_secs(2)));
        assert_eq!(pause(b"Mon, 01 Jan 1990 00:00:00 GMT"), Some(Duration::ZERO));
        let later = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3600));
        assert!(pause(later.as_bytes()).unwrap() > Duration::from_secs(3000));
        assert_eq!(pause(b"soon"), None);
    }
}
