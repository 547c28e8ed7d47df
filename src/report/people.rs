//! Times and sizes for people, rounded.

/// Seconds in the unit that fits: `0.3 s`, `42 s`, `12 min`, `7.5 h`, `34 days`, `3 years`.
pub fn duration(seconds: f64) -> String {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 60.0 * MINUTE;
    const DAY: f64 = 24.0 * HOUR;
    const YEAR: f64 = 365.25 * DAY;
    match seconds {
        s if s < SHOWN_SECONDS_MIN => "less than 0.01 s".into(),
        s if s < 100.0 => format!("{} s", figures(s)),
        s if s < 100.0 * MINUTE => format!("{} min", figures(s / MINUTE)),
        s if s < 48.0 * HOUR => format!("{} h", figures(s / HOUR)),
        s if s < 1000.0 * DAY => format!("{} days", figures(s / DAY)),
        s if s < 1e6 * YEAR => format!("{} years", figures(s / YEAR)),
        s => format!("{:.1e} years", s / YEAR),
    }
}

/// The same of a time that is only expected: `about 34 days`.
pub fn about(seconds: f64) -> String {
    let about = if seconds < SHOWN_SECONDS_MIN { "" } else { "about " };
    about.to_string() + &duration(seconds)
}

/// Shorter times are not shown in figures.
const SHOWN_SECONDS_MIN: f64 = 0.01;

/// Bytes in the decimal unit that fits: `13 MB`, `1.6 GB`.
pub fn bytes(bytes: u64) -> String {
    const BYTE_UNITS: [&str; 7] = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"];
    let (mut amount, mut unit) = (bytes as f64, 0);
    while amount >= 999.5 {
        (amount, unit) = (amount / 1000.0, unit + 1);
    }
    let amount = if unit == 0 { format!("{amount}") } else { figures(amount) };
    format!("{amount} {}", BYTE_UNITS[unit])
}

/// A number that may be large, in few figures: `12`, `950`, `4.21e9`.
pub fn number(amount: f64) -> String {
    if amount < 99_999.5 { figures(amount) } else { format!("{amount:.2e}") }
}

/// Two figures of a small number; all figures of a large one before its point.
fn figures(amount: f64) -> String {
    match amount {
        a if a < 0.095 => format!("{a:.2}"),
        a if a < 9.95 => format!("{a:.1}").trim_end_matches(".0").to_string(),
        a => format!("{a:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_unit_that_fits() {
        for (seconds, text) in [
            (0.0, "less than 0.01 s"),
            (0.034, "0.03 s"),
            (0.25, "0.2 s"),
            (9.96, "10 s"),
            (60.0, "60 s"),
            (720.0, "12 min"),
            (27_000.0, "7.5 h"),
            (34.2 * 86400.0, "34 days"),
            (1e9, "32 years"),
            (1e30, "3.2e22 years"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!((&*about(0.009), &*about(0.25)), ("less than 0.01 s", "about 0.2 s"));
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        for (count, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1 kB"),
            (12_700_000, "13 MB"),
            (999_600, "1 MB"),
            (1_600_000_000, "1.6 GB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn large_numbers_have_three_figures() {
        for (amount, text) in [(0.0, "0.00"), (1.5, "1.5"), (12.0, "12"), (99_999.0, "99999"), (4.2149e9, "4.21e9")] {
            assert_eq!(number(amount), text);
        }
    }
}
