//! What can go wrong, and the code the program ends with.
//!
//! Errors are values until every rank has heard them ([`crate::world::agree`]); then rank 0 says one
//! line and all ranks leave with the same code. A message is one line that quotes what was wrong and
//! says what would do.

use crate::wire::{Wire, split};
use std::fmt;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The command line asks for something that cannot be meant.
    #[error("{0}")]
    Usage(String),
    /// The run itself failed: a file, the network, MPI, a task.
    #[error("{0}")]
    Failed(String),
    /// A result contradicts itself or what is known.
    #[error("{0}")]
    Wrong(String),
    /// The launcher did not make the world that was asked for.
    #[error("{0}")]
    Launch(String),
}

/// The code of a panic, on whatever rank: sysexits' `EX_SOFTWARE`.
pub const BUG: u8 = 70;

/// The code of a run that was stopped with work left, and what Grid Engine wants to hear instead to run a job again.
pub const STOPPED: u8 = 85;
pub const STOPPED_GRID_ENGINE: u8 = 99;

impl Error {
    pub fn usage(what: impl Into<String>) -> Error {
        Error::Usage(what.into())
    }

    pub fn failed(what: impl Into<String>) -> Error {
        Error::Failed(what.into())
    }

    /// A result that cannot be, told in so many words: the code was tested, so a machine is the first to be suspected.
    pub fn wrong(what: impl fmt::Display) -> Error {
        Error::Wrong(format!("{what}: a machine of this run computes wrongly"))
    }

    /// The exit code, from the table in the README.
    pub fn code(&self) -> u8 {
        match self {
            Error::Failed(_) => 1,
            Error::Usage(_) => 2,
            Error::Wrong(_) => 3,
            Error::Launch(_) => 4,
        }
    }

    /// The same error with something put before its message.
    pub fn at(self, place: &str) -> Error {
        let put = |what| format!("{place}: {what}");
        match self {
            Error::Failed(what) => Error::Failed(put(what)),
            Error::Usage(what) => Error::Usage(put(what)),
            Error::Wrong(what) => Error::Wrong(put(what)),
            Error::Launch(what) => Error::Launch(put(what)),
        }
    }
}

/// Errors travel between ranks as their code and their message.
impl Wire for Error {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(self.code());
        self.to_string().put(out);
    }

    fn take(bytes: &mut &[u8]) -> Result<Error> {
        let code = split(bytes, 1)?[0];
        let what = String::take(bytes)?;
        match code {
            1 => Ok(Error::Failed(what)),
            2 => Ok(Error::Usage(what)),
            3 => Ok(Error::Wrong(what)),
            4 => Ok(Error::Launch(what)),
            _ => Err(Error::Failed(format!("an error with the unknown code {code}"))),
        }
    }
}
