//! What can go wrong, and the exit codes.
//!
//! Errors are values until every rank knows them ([`crate::world::agree`]). Then rank 0 prints one line, and all ranks end with the
//! same code. A message is one line that quotes what was wrong and says what would work.

use std::fmt;

/// A result with the errors of pcount.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong. Each kind has an exit code of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// The run itself failed: a file, the network, MPI, a task.
    #[error("{0}")]
    Failed(String),
    /// A result contradicts itself, or is impossible.
    #[error("{0}")]
    Wrong(String),
    /// The launcher did not start the ranks that were asked for.
    #[error("{0}")]
    Launch(String),
    /// A signal came, or the time was over, before anything was computed.
    #[error("{0}")]
    Stopped(String),
}

/// The code of a panic on any rank: `EX_SOFTWARE` of sysexits.
pub const BUG: u8 = 70;

/// The exit code of a wrong result, whether it ends the run or was found in what another run left.
pub const WRONG: u8 = 3;

/// The code of a run that was stopped with work left.
pub const STOPPED: u8 = 85;
/// The code by which Grid Engine runs a job again.
pub const STOPPED_GRID_ENGINE: u8 = 99;

/// Replaces a password.
pub const HIDDEN: &str = "***";

/// The text with the passwords of its URLs replaced.
pub fn without_passwords(text: &str) -> String {
    let (mut told, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("://") {
        let (head, behind) = rest.split_at(at + 3);
        told.push_str(head);
        let end = behind.find(|c: char| "/?#\\".contains(c) || c.is_whitespace()).unwrap_or(behind.len());
        let (place, next) = behind.split_at(end);
        match place.rsplit_once('@').and_then(|(login, host)| Some((login.split_once(':')?.0, host))) {
            Some((user, host)) => told.push_str(&format!("{user}:{HIDDEN}@{host}")),
            None => told.push_str(place),
        }
        rest = next;
    }
    told + rest
}

impl Error {
    /// The command line is wrong: `what` quotes it and says what would work.
    pub fn usage(what: impl Into<String>) -> Error {
        Error::Usage(without_passwords(&what.into()))
    }

    /// The run failed.
    pub fn failed(what: impl Into<String>) -> Error {
        Error::Failed(without_passwords(&what.into()))
    }

    /// An impossible result. The code was tested, so the message suspects the machine first.
    pub fn wrong(what: impl fmt::Display) -> Error {
        Error::Wrong(format!("{what}: a machine of this run computes wrongly"))
    }

    /// The exit code, as in the table of `docs/using.md`.
    pub fn code(&self) -> u8 {
        match self {
            Error::Failed(_) => 1,
            Error::Usage(_) => 2,
            Error::Wrong(_) => WRONG,
            Error::Launch(_) => 4,
            Error::Stopped(_) => STOPPED,
        }
    }

    /// The same error with a text before its message.
    pub fn at(self, place: &str) -> Error {
        let put = |what| format!("{place}: {what}");
        match self {
            Error::Failed(what) => Error::Failed(put(what)),
            Error::Usage(what) => Error::Usage(put(what)),
            Error::Wrong(what) => Error::Wrong(put(what)),
            Error::Launch(what) => Error::Launch(put(what)),
            Error::Stopped(what) => Error::Stopped(put(what)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_urls_are_hidden_and_nothing_else() {
        for (text, told) in [
            ("http://u:p@h/x", "http://u:***@h/x"),
            ("'http://u:p:q@@h' and https://:p@h?a", "'http://u:***@h' and https://:***@h?a"),
            ("http://u@h/ http://h:80/a@b:c", "http://u@h/ http://h:80/a@b:c"),
            ("http://h/x?to=http://u:p@h", "http://h/x?to=http://u:***@h"),
            ("no URL: a@b", "no URL: a@b"),
        ] {
            assert_eq!(without_passwords(text), told);
        }
        assert_eq!(Error::usage("http://u:p@h").to_string(), "http://u:***@h");
    }
}
