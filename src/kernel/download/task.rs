//! The downloads as a work. A unit is a URL, which is tried until its file is there or another try makes no sense.

use super::FOLDER;
use super::address::Address;
use super::names::names;
use super::part::{PartFile, Shelf};
use super::transfer::{self, Certificates, Rules, TransferFault};
use crate::error::{Error, Result, without_passwords};
use crate::kernel::{Given, Opened};
use crate::placement::Placement;
use crate::values::{Fact, Table, Value};
use crate::wire;
use crate::work::{Answer, Forecast, Job, Kernel, UnitCost};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Downloads of one rank at once: enough to hide the network's latency, few enough for any server.
const DOWNLOADS_AT_ONCE: usize = 32;

/// A try is given up when nothing came for so long.
const STALLED_AFTER: Duration = Duration::from_secs(30);

/// Before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];

/// A server that asks to wait longer before the next try gets none.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Bytes of a file, and the time for it with all tries, if nobody says.
const SIZE_MAX: u64 = 100_000_000_000;
const TIME_MAX: Duration = Duration::from_secs(24 * 3600);

/// A task for each URL.
///
/// # Errors
/// If a URL is not understood, or needs TLS where libcurl has none, or if the certificates that `SSL_CERT_FILE` names
/// cannot be read.
pub fn open(given: &Given) -> Result<Opened> {
    let addresses = given.urls.iter().map(|url| Address::typed(url)).collect::<Result<Vec<Address>>>()?;
    if let Some(url) = given.urls.iter().zip(&addresses).find(|(_, address)| !address.is_open()).map(|(url, _)| url)
        && !transfer::has_tls()
    {
        return Err(Error::usage(format!("'{url}' needs TLS, and the libcurl here has none: see the README on setup")));
    }
    let dir = given.dir.clone().unwrap_or_else(|| PathBuf::from(FOLDER));
    let urls: Vec<String> = given.urls.iter().map(|url| without_passwords(url)).collect();
    let facts = vec![Fact::new("urls", Value::texts(&urls)), Fact::new("dir", Value::text(dir.to_string_lossy()))];
    let rules = Rules {
        patience: given.timeout.map_or(STALLED_AFTER, Duration::from_secs_f64),
        max_size: given.max_size.unwrap_or(SIZE_MAX),
        to_http: given.allow_http,
        certificates: certificates(addresses.iter().any(|address| !address.is_open()))?,
    };
    let names = names(addresses.iter().map(Address::path), &given.taken);
    let time = given.max_time.unwrap_or(TIME_MAX);
    let shelf = Shelf::new(dir, &names, given.force);
    let download = Download { urls, addresses, names, shelf, rules, time };
    Ok(Opened { job: Job::work(download), facts, how: vec![] })
}

/// The certificates that the environment names, by the variables that curl and OpenSSL read: a proxy may have certificates of its own.
fn certificates(needed: bool) -> Result<Certificates> {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let (file, folder) = (named("SSL_CERT_FILE"), named("SSL_CERT_DIR"));
    if let Some(path) = file.as_ref().filter(|_| needed) {
        let wrong = |why: &dyn std::fmt::Display| Error::usage(format!("SSL_CERT_FILE '{}': {why}", path.display()));
        let text = std::fs::read(path).map_err(|why| wrong(&why))?;
        if !String::from_utf8_lossy(&text).contains("-----BEGIN") {
            return Err(wrong(&"it has no certificate"));
        }
    }
    Ok(Certificates { file, folder })
}

struct Download {
    /// As they are shown, without passwords.
    urls: Vec<String>,
    addresses: Vec<Address>,
    /// The file of each.
    names: Vec<String>,
    shelf: Shelf,
    rules: Rules,
    /// How long one may take, with all tries.
    time: Duration,
}

/// What became of one URL.
#[derive(Debug, Default, PartialEq)]
struct DownloadOutcome {
    name: Option<String>,
    bytes: Option<u64>,
    sha256: Option<String>,
    status: Option<u16>,
    error: Option<String>,
}

wire::fields! { DownloadOutcome { name bytes sha256 status error } }

impl Download {
    fn fetch(&self, index: usize) -> DownloadOutcome {
        self.shelf.tidy();
        let until = Instant::now() + self.time;
        let mut pauses = PAUSES.iter();
        for tries in 1.. {
            let fault = match self.attempt(index, until) {
                Ok(outcome) => return outcome,
                Err(fault) => fault,
            };
            match pause_after(&fault, pauses.next(), until) {
                Ok(pause) => std::thread::sleep(pause),
                Err(why) => {
                    let tries = if tries > 1 { format!(" ({tries} tries)") } else { String::new() };
                    let error = Some(format!("{}{why}{tries}", fault.what));
                    return DownloadOutcome { status: fault.status, error, ..DownloadOutcome::default() };
                }
            }
        }
        unreachable!("the pauses end")
    }

    fn attempt(&self, index: usize, until: Instant) -> std::result::Result<DownloadOutcome, TransferFault> {
        let _busy = self.shelf.busy();
        let (address, name) = (&self.addresses[index], &self.names[index]);
        let mut part = PartFile::new(&self.shelf, name);
        let status = transfer::fetch(address, &mut part, &self.rules, until, self.shelf.over());
        let status = status.map_err(|fault| match (fault.status, address.login()) {
            (Some(401), Some(login)) if login.password.is_none() => {
                let why = "the run file keeps no password: put it into ~/.netrc";
                TransferFault { what: format!("{}: {why}", fault.what), ..fault }
            }
            _ => fault,
        })?;
        let bytes = part.bytes();
        let digest = part.keep().map_err(|why| TransferFault::lasting(why, Some(status)))?;
        Ok(DownloadOutcome {
            name: Some(name.clone()),
            bytes: Some(bytes),
            sha256: Some(digest),
            status: Some(status),
            error: None,
        })
    }
}

/// How long to wait for another try, or why there is none.
fn pause_after(
    fault: &TransferFault,
    pause: Option<&Duration>,
    until: Instant,
) -> std::result::Result<Duration, String> {
    let Some(&pause) = pause.filter(|_| fault.passing) else { return Err(String::new()) };
    let wait = fault.wait.unwrap_or_default();
    if wait > WAIT_MAX {
        let (wait, most) = (wait.as_secs(), WAIT_MAX.as_secs());
        return Err(format!(", and wants the next try after {wait} s: pcount waits at most {most} s"));
    }
    let pause = pause.max(wait);
    match Instant::now() + pause < until {
        true => Ok(pause),
        false => Err(", and --max-time leaves none for another try".into()),
    }
}

impl Kernel for Download {
    type Part = Vec<DownloadOutcome>;
    type Scratch = ();

    fn units(&self) -> u64 {
        self.addresses.len() as u64
    }

    fn scratch(&self, _: &Placement) {}

    fn compute(&self, unit: u64, _: &mut ()) -> Result<Vec<DownloadOutcome>> {
        Ok(vec![self.fetch(unit as usize)])
    }

    /// One for each, with a digest or an error.
    fn plausible(&self, units: Range<u64>, part: &Vec<DownloadOutcome>) -> bool {
        let is_digest = |text: &String| text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let can_be = |outcome: &DownloadOutcome| match outcome {
            DownloadOutcome { bytes: Some(_), sha256: Some(sha256), error: None, .. } => is_digest(sha256),
            DownloadOutcome { error: Some(_), .. } => true,
            _ => false,
        };
        let is_inside = |outcome: &DownloadOutcome| outcome.name.as_ref().is_none_or(|name| !name.contains('/'));
        part.len() as u64 == units.end - units.start && part.iter().all(|outcome| can_be(outcome) && is_inside(outcome))
    }

    fn answer(&self, whole: Vec<DownloadOutcome>) -> Result<Answer> {
        let failed = whole.iter().any(|outcome| outcome.error.is_some());
        let path = |name: &String| self.shelf.path().join(Path::new(name)).to_string_lossy().into_owned();
        let rows = whole.into_iter().zip(&self.urls).map(|(outcome, url)| {
            vec![
                Value::text(url),
                Value::from(outcome.name.as_ref().map(path)),
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

    fn unit_cost(&self) -> UnitCost {
        UnitCost::IoBound(DOWNLOADS_AT_ONCE)
    }

    fn abandon(&self) {
        self.shelf.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_faults_that_may_pass_are_tried_again_and_in_time() {
        let later = Instant::now() + Duration::from_secs(1000);
        let fault = |passing, wait| TransferFault { what: "x".into(), status: None, passing, wait };
        let pause = Some(&PAUSES[0]);
        assert_eq!(pause_after(&fault(true, None), pause, later), Ok(PAUSES[0]));
        let wait = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(pause_after(&fault(true, wait(2)), pause, later), Ok(Duration::from_secs(2)));
        assert_eq!(pause_after(&fault(true, wait(0)), pause, later), Ok(PAUSES[0]));
        assert!(
            pause_after(&fault(true, wait(3600)), pause, later)
                .unwrap_err()
                .contains("3600 s: pcount waits at most 60 s")
        );
        assert!(pause_after(&fault(true, wait(5)), pause, Instant::now()).unwrap_err().contains("--max-time"));
        assert!(pause_after(&fault(true, None), None, later).is_err());
        assert!(pause_after(&fault(false, None), pause, later).is_err());
    }
}
