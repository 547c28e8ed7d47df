//! Times as people type them: `0.2`, `90`, `90s`, `500ms`, `1.5h`, `3h50m`, `2d12h`. A number alone is seconds.

use crate::error::{Error, Result};
use std::time::Duration;

/// The units and their seconds. A unit that begins like another stands before it.
const TIME_UNITS: [(&str, f64); 5] = [("ms", 1e-3), ("d", 86400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];

/// The longest wait, in seconds.
const SECONDS_MAX: f64 = 1e6;

/// The longest limit of a run, in seconds.
const DURATION_MAX: f64 = 10.0 * 366.0 * 86400.0;

/// A time to wait, in seconds; it may be 0.
///
/// # Errors
/// If it is no time, negative, or above 10^6 seconds.
pub fn seconds(text: &str) -> Result<f64> {
    match read(text)? {
        seconds if seconds <= SECONDS_MAX => Ok(seconds),
        _ => Err(Error::usage(format!("'{text}' is too long: at most 1e6 seconds are allowed"))),
    }
}

/// A time that something may take.
///
/// # Errors
/// If it is no time, negative, 0, or above ten years.
pub fn duration(text: &str) -> Result<Duration> {
    match read(text)? {
        s if s > 0.0 && s <= DURATION_MAX => Ok(Duration::from_secs_f64(s)),
        s if s > DURATION_MAX => Err(Error::usage(format!("'{text}' is too long: at most ten years are allowed"))),
        _ => Err(Error::usage(format!("'{text}' is not a time: write 3h50m, 90s or 90"))),
    }
}

/// The seconds of a time of either kind.
fn read(text: &str) -> Result<f64> {
    if text.starts_with('-') {
        return Err(Error::usage(format!("'{text}' is negative: a time is 0 or more seconds")));
    }
    let no_time = || match guess(text) {
        Some(meant) => Error::usage(format!("'{text}' is not a time: did you mean {meant}?")),
        None => Error::usage(format!("'{text}' is not a time: write 3h50m, 90s, 500ms or 90")),
    };
    match alone(text) {
        Some(seconds) => Ok(seconds),
        None => with_units(text).ok_or_else(no_time),
    }
}

/// A number without a unit.
fn alone(text: &str) -> Option<f64> {
    // What else Rust takes for a number: signs, "inf", "nan".
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-'));
    text.parse().ok().filter(|_| plain)
}

/// Numbers with units, the long ones first, each once.
fn with_units(text: &str) -> Option<f64> {
    let (mut rest, mut seconds, mut last) = (text, 0.0, f64::INFINITY);
    while !rest.is_empty() {
        let (amount, behind) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let (name, length) = TIME_UNITS.iter().find(|(name, _)| behind.starts_with(name))?;
        if *length >= last {
            return None;
        }
        seconds += amount.parse::<f64>().ok()? * length;
        (last, rest) = (*length, &behind[name.len()..]);
    }
    (!text.is_empty()).then_some(seconds)
}

/// Units as other people write them; one that begins like another stands before it.
const OTHER_UNITS: [(&str, &str); 14] = [
    ("days", "d"),
    ("day", "d"),
    ("hours", "h"),
    ("hour", "h"),
    ("hrs", "h"),
    ("hr", "h"),
    ("minutes", "m"),
    ("minute", "m"),
    ("mins", "m"),
    ("min", "m"),
    ("seconds", "s"),
    ("second", "s"),
    ("secs", "s"),
    ("sec", "s"),
];

/// A time as pcount reads it that `text` may stand for: `2 hours`, `1min`, and `3:50:00` of batch systems.
fn guess(text: &str) -> Option<String> {
    let bare: String = text.to_lowercase().chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    let short = OTHER_UNITS.iter().fold(bare, |text, (long, short)| text.replace(long, short));
    let guess = match short.split(':').collect::<Vec<_>>()[..] {
        [hours, minutes, seconds] => format!("{hours}h{minutes}m{seconds}s"),
        [minutes, seconds] => format!("{minutes}m{seconds}s"),
        _ => short,
    };
    with_units(&guess).map(|_| guess)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_as_batch_systems_have_them() {
        for (text, seconds) in [
            ("90", 90.0),
            ("90s", 90.0),
            ("3h50m", 13800.0),
            ("1.5h", 5400.0),
            ("2d12h", 216000.0),
            ("500ms", 0.5),
            ("1m30s", 90.0),
            ("1e3", 1000.0),
        ] {
            assert_eq!(duration(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
        for text in ["", "0", "0s", "-5", "h", "5x", "3m5h", "5s5s", "90m90", "5 s", ".", "1e400", "9999999d", "1.2.3s"]
        {
            assert!(duration(text).unwrap_err().to_string().starts_with(&format!("'{text}' is ")), "{text}");
        }
    }

    #[test]
    fn times_of_other_notations_are_understood() {
        for (text, meant) in [
            ("2 hours", "2h"),
            ("1min", "1m"),
            ("90 s", "90s"),
            ("3H50M", "3h50m"),
            ("1 day, 2 hrs", "1d2h"),
            ("500 MS", "500ms"),
            ("3:50:00", "3h50m00s"),
            ("10:30", "10m30s"),
        ] {
            let why = duration(text).unwrap_err().to_string();
            assert_eq!(why, format!("'{text}' is not a time: did you mean {meant}?"));
        }
        for text in ["soon", "1x", "1:2:3:4", ":", "h", ""] {
            assert!(duration(text).unwrap_err().to_string().contains("write 3h50m"), "{text}");
        }
    }

    #[test]
    fn waits_have_the_same_grammar_and_may_be_nothing() {
        for (text, expect) in [("0.2", 0.2), ("1e-3", 0.001), ("0", 0.0), ("0s", 0.0), ("1s", 1.0), ("1m30s", 90.0)] {
            assert_eq!(seconds(text).unwrap(), expect, "{text}");
        }
        for text in ["-1", "abc", "inf", "nan", "1e9", "", "+1", "1 s", "12d"] {
            assert!(seconds(text).unwrap_err().to_string().starts_with(&format!("'{text}' is")), "{text}");
        }
    }
}
