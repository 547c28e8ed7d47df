//! What someone may have meant who typed a number or a range in another notation. A guess is only named, never taken.

use super::{Expression, value};

/// Letters behind a number, and the power of ten they stand for.
const SUFFIXES: [(&str, u32); 14] = [
    ("k", 3),
    ("thousand", 3),
    ("m", 6),
    ("mio", 6),
    ("million", 6),
    ("millions", 6),
    ("g", 9),
    ("b", 9),
    ("bn", 9),
    ("billion", 9),
    ("billions", 9),
    ("t", 12),
    ("trillion", 12),
    ("trillions", 12),
];

/// Between groups of three digits, somewhere in the world. The last three are blanks that do not break a line.
const GROUPED_BY: [char; 8] = [',', '.', '\'', '’', ' ', '\u{a0}', '\u{202f}', '\u{2009}'];

/// A number as pcount reads it that `text` may stand for.
pub fn number(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
    let guesses = [
        grouped(text.trim()),
        Some(bare.trim_start_matches('+').to_string()),
        suffixed(text.trim()),
        based(&bare),
        Some(bare.replacen(',', ".", 1)),
        Some(bare.replace(['×', '·', 'x', 'X'], "*")),
        Some(bare.replacen(".e", "e", 1)),
        Some(format!("0{bare}")).filter(|_| bare.starts_with('.')),
    ];
    guesses.into_iter().flatten().find(|guess| guess != text && value(guess).is_ok())
}

/// `1.000.000` and `1,000` without what parts the groups.
pub fn grouped(text: &str) -> Option<String> {
    let mark = text.chars().find(|c| !c.is_ascii_digit()).filter(|c| GROUPED_BY.contains(c))?;
    let groups: Vec<&str> = text.split(mark).collect();
    let digits = |group: &&str| group.bytes().all(|b| b.is_ascii_digit());
    let first = (1..=3).contains(&groups[0].len()) && !groups[0].starts_with('0');
    (first && groups.iter().all(digits) && groups[1..].iter().all(|group| group.len() == 3)).then(|| groups.concat())
}

/// `1M` as `1e6`.
fn suffixed(text: &str) -> Option<String> {
    let (amount, suffix) = text.split_at(text.find(|c: char| c.is_alphabetic())?);
    let suffix = suffix.to_lowercase();
    let (_, power) = SUFFIXES.iter().find(|(name, _)| *name == suffix)?;
    Some(format!("{}e{power}", amount.trim()))
}

/// Hexadecimal and binary numbers in decimal.
fn based(text: &str) -> Option<String> {
    let (base, digits) =
        text.strip_prefix("0x").map(|digits| (16, digits)).or(text.strip_prefix("0b").map(|d| (2, d)))?;
    u128::from_str_radix(digits, base).ok().map(|number| number.to_string())
}

/// Between the ends of a range in other notations, and whether the end belongs to it there.
const RANGED_BY: [(&str, bool); 13] = [
    ("..<", false),
    ("...", true),
    ("…", true),
    ("->", true),
    ("→", true),
    (" to ", true),
    ("–", true),
    ("—", true),
    ("~", true),
    (":", false),
    (",", false),
    (" ", false),
    ("-", true),
];

/// Ranges as pcount reads them that `text` may stand for, in words: with the end and without, the likelier first.
pub fn range(text: &str) -> Option<String> {
    let inner = text.trim().trim_start_matches("range").trim_start_matches(['(', '[']).trim_end_matches([')', ']']);
    let guess = RANGED_BY.iter().find_map(|(mark, closed)| {
        let (start, end) = inner.split_once(mark)?;
        let (start, end) = (start.trim(), end.trim());
        Some(either(start, end, *closed)).filter(|_| rises(start, end))
    });
    let close: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    guess.or_else(|| Some(close).filter(|close| close != text && super::span(close).is_ok()))
}

/// Several numbers or ranges in one word, as several words.
pub fn several(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split([',', ';']).map(str::trim).collect();
    let numbers = parts.iter().all(|part| value(part).is_ok());
    let ranges = || parts.iter().all(|part| part.contains("..") && super::span(part).is_ok());
    (parts.len() > 1 && (numbers || ranges())).then(|| parts.join(" "))
}

/// Both ranges from `start` to `end`.
pub fn either(start: &str, end: &str, closed: bool) -> String {
    match closed {
        true => format!("{start}..={end}, or {start}..{end} without {end}"),
        false => format!("{start}..{end}, which is without {end}, or {start}..={end}"),
    }
}

/// Whether both are plain numbers, the smaller first.
pub fn rises(start: &str, end: &str) -> bool {
    let plain = |text: &str| Expression { text, at: 0 }.alone();
    matches!((plain(start), plain(end)), (Some(start), Some(end)) if start < end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_other_notations_are_understood() {
        for (text, guess) in [
            ("1.000", "1000"),
            ("1.000.000", "1000000"),
            ("1,000,000", "1000000"),
            ("1'000", "1000"),
            ("1 000 000", "1000000"),
            ("12\u{202f}345", "12345"),
            ("1M", "1e6"),
            ("1.5 million", "1.5e6"),
            ("2k", "2e3"),
            ("3bn", "3e9"),
            ("1,5e6", "1.5e6"),
            ("+5", "5"),
            ("0x10", "16"),
            ("3x10^6", "3*10^6"),
            ("3×10^6", "3*10^6"),
            ("2^64 - 1", "2^64-1"),
            ("1__0", "10"),
            (" 7", "7"),
            ("1.e3", "1e3"),
            (".5e1", "0.5e1"),
        ] {
            assert_eq!(number(text).as_deref(), Some(guess), "{text}");
        }
        for text in ["abc", "", "1e", "∞", "1.0000.000", "0xg", "1Q", "1-", "ten"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn lists_of_other_notations_are_understood() {
        assert_eq!(several("10,20,30").as_deref(), Some("10 20 30"));
        assert_eq!(several("0..10, 20..30").as_deref(), Some("0..10 20..30"));
        assert_eq!(several("1e6;1e7").as_deref(), Some("1e6 1e7"));
        for text in ["10", "10,", "0..1,000", "a,b", "", "1..2"] {
            assert_eq!(several(text), None, "{text}");
        }
    }

    #[test]
    fn ranges_of_other_notations_are_understood() {
        for (text, guess) in [
            ("1-100", "1..=100, or 1..100 without 100"),
            ("0:100", "0..100, which is without 100, or 0..=100"),
            ("1 100", "1..100, which is without 100, or 1..=100"),
            ("0,100", "0..100, which is without 100, or 0..=100"),
            ("range(0, 100)", "0..100, which is without 100, or 0..=100"),
            ("[1, 1e6)", "1..1e6, which is without 1e6, or 1..=1e6"),
            ("1...9", "1..=9, or 1..9 without 9"),
            ("1 to 9", "1..=9, or 1..9 without 9"),
            ("1–9", "1..=9, or 1..9 without 9"),
            ("0..<10", "0..10, which is without 10, or 0..=10"),
            ("0 .. 100", "0..100"),
        ] {
            assert_eq!(range(text).as_deref(), Some(guess), "{text}");
        }
        for text in ["100-1", "2^64-1", "ten", "1", "5-5", "1:2:3", "a:b", ""] {
            assert_eq!(range(text), None, "{text}");
        }
    }
}
