//! The messages between the root and the other ranks while a work is computed.

use super::Parts;
use super::stop::Cause;
use crate::error::{Error, Result};
use crate::values::timeline::Entry;
use crate::wire::{self, Wire};
use crate::work::Computed;
use std::ops::Range;
use std::time::Duration;

/// The longest time between two looks for a message, while nobody waits for a reply.
pub const POLL_INTERVAL_MAX: Duration = Duration::from_millis(20);

/// The shortest time between two looks for a message, while nobody waits for a reply: each look asks MPI, which takes time.
pub const POLL_INTERVAL_MIN: Duration = Duration::from_millis(1);

/// A message from a rank to the root.
#[derive(Default)]
pub struct RankMessage {
    /// The parts of blocks that were not sent before.
    pub parts: Parts,
    /// The units that were done since the last message.
    pub done: Computed,
    /// The timeline of these units.
    pub entries: Vec<Entry>,
    /// The first error on this rank.
    pub failed: Option<Error>,
    /// The signal that this rank got.
    pub stop: Option<Cause>,
    /// Whether it wants more units. Every such wish gets one reply, which may take a while; there is none if all ranks must stop.
    pub wants: bool,
    /// Whether this is its last message.
    pub home: bool,
}

/// A message from the root to a rank.
pub enum RootMessage {
    /// More units; `None` if there are no more.
    Units(Option<Vec<Range<u64>>>),
    /// Begin no more blocks, give the blocks in progress so much time, and end.
    Stop(Duration),
    /// Every rank has sent its last message, and no message is still on its way.
    Finish,
}

wire::fields! { RankMessage { parts done entries failed stop wants home } }

impl Wire for RootMessage {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            RootMessage::Units(units) => {
                0u8.put(out);
                let units = units.as_ref().map(|runs| runs.iter().map(|run| (run.start, run.end)).collect::<Vec<_>>());
                units.put(out);
            }
            RootMessage::Stop(grace) => {
                1u8.put(out);
                grace.as_secs_f64().put(out);
            }
            RootMessage::Finish => 2u8.put(out),
        }
    }
    fn take(bytes: &mut &[u8]) -> Result<RootMessage> {
        match u8::take(bytes)? {
            0 => {
                let units: Option<Vec<(u64, u64)>> = Wire::take(bytes)?;
                Ok(RootMessage::Units(units.map(|runs| runs.into_iter().map(|(start, end)| start..end).collect())))
            }
            1 => {
                let grace = Duration::try_from_secs_f64(Wire::take(bytes)?);
                Ok(RootMessage::Stop(grace.map_err(|_| Error::failed("a message holds no time"))?))
            }
            2 => Ok(RootMessage::Finish),
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
    fn rank_messages_come_back_from_their_bytes() {
        let message = RankMessage {
            parts: vec![(Block { level: 1, index: 7 }, Bytes(vec![1, 2]))],
            done: Computed { units: 2, nanos: 5 },
            failed: Some(Error::failed("a unit")),
            stop: Some(Cause::Signal(2)),
            wants: true,
            ..RankMessage::default()
        };
        let heard: RankMessage = wire::value(&wire::bytes(&message)).unwrap();
        assert_eq!(
            (heard.parts, heard.done, heard.failed, heard.stop),
            (message.parts, message.done, message.failed, message.stop)
        );
        assert!(heard.wants && !heard.home);
    }

    #[test]
    fn root_messages_come_back_from_their_bytes() {
        let heard = |message: RootMessage| wire::value::<RootMessage>(&wire::bytes(&message)).unwrap();
        assert!(
            matches!(heard(RootMessage::Units(Some(vec![3..5, 9..10]))), RootMessage::Units(Some(runs)) if runs == [3..5, 9..10])
        );
        assert!(matches!(heard(RootMessage::Units(None)), RootMessage::Units(None)));
        let grace = Duration::from_millis(250);
        assert!(matches!(heard(RootMessage::Stop(grace)), RootMessage::Stop(found) if found == grace));
        assert!(matches!(heard(RootMessage::Finish), RootMessage::Finish));
        assert!(wire::value::<RootMessage>(&[9]).is_err());
    }
}
