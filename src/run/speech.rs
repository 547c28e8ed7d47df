//! What a rank says to the root, and the root to a rank, while a work is being done.

use super::Parts;
use super::stop::Cause;
use crate::error::{Error, Result};
use crate::report::Stint;
use crate::wire::{self, Wire};
use std::ops::Range;
use std::time::Duration;

/// What a rank says to the root.
#[derive(Default)]
pub struct Said {
    /// What its blocks came to since it last told.
    pub parts: Parts,
    /// Units done and blocks computed since it last spoke.
    pub done: u64,
    pub stints: Vec<Stint>,
    pub failed: Option<Error>,
    /// Why it was asked to stop.
    pub stop: Option<Cause>,
    /// Whether it wants more units. Every such wish gets one reply, unless all are told to stop; it may take a while.
    pub wants: bool,
    /// Whether this is its last word.
    pub home: bool,
}

/// What the root says to a rank.
pub enum Told {
    /// More units; none if there are no more.
    Units(Option<Vec<Range<u64>>>),
    /// Begin nothing, give what is in flight so much time, and come home.
    Stop(Duration),
    /// Everybody has said the last word, and nothing that was said is still on its way.
    Farewell,
}

wire::fields! { Said { parts done stints failed stop wants home } }

impl Wire for Told {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Told::Units(units) => {
                0u8.put(out);
                let units = units.as_ref().map(|runs| runs.iter().map(|run| (run.start, run.end)).collect::<Vec<_>>());
                units.put(out);
            }
            Told::Stop(grace) => {
                1u8.put(out);
                grace.as_secs_f64().put(out);
            }
            Told::Farewell => 2u8.put(out),
        }
    }
    fn take(bytes: &mut &[u8]) -> Result<Told> {
        match u8::take(bytes)? {
            0 => {
                let units: Option<Vec<(u64, u64)>> = Wire::take(bytes)?;
                Ok(Told::Units(units.map(|runs| runs.into_iter().map(|(start, end)| start..end).collect())))
            }
            1 => {
                let grace = Duration::try_from_secs_f64(Wire::take(bytes)?);
                Ok(Told::Stop(grace.map_err(|_| Error::failed("a message holds no time"))?))
            }
            2 => Ok(Told::Farewell),
            kind => Err(Error::failed(format!("a message of the unknown kind {kind}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::wire::{self, Bytes};

    #[test]
    fn what_is_said_is_heard() {
        let said = Said {
            parts: vec![(Block { level: 1, index: 7 }, Bytes(vec![1, 2]))],
            done: 2,
            failed: Some(Error::failed("a unit")),
            stop: Some(Cause::Signal(2)),
            wants: true,
            ..Said::default()
        };
        let heard: Said = wire::value(&wire::bytes(&said)).unwrap();
        assert_eq!((heard.parts, heard.done, heard.failed, heard.stop), (said.parts, 2, said.failed, said.stop));
        assert!(heard.wants && !heard.home);
    }

    #[test]
    fn what_is_told_is_heard() {
        let heard = |told: Told| wire::value::<Told>(&wire::bytes(&told)).unwrap();
        assert!(
            matches!(heard(Told::Units(Some(vec![3..5, 9..10]))), Told::Units(Some(runs)) if runs == [3..5, 9..10])
        );
        assert!(matches!(heard(Told::Units(None)), Told::Units(None)));
        let grace = Duration::from_millis(250);
        assert!(matches!(heard(Told::Stop(grace)), Told::Stop(found) if found == grace));
        assert!(matches!(heard(Told::Farewell), Told::Farewell));
        assert!(wire::value::<Told>(&[9]).is_err());
    }
}
