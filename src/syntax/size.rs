//! Sizes of files as people type them.

use super::number;
use crate::error::{Error, Result};

/// Bytes: `500MB`, `1.5GB`, `2GiB`; a number alone is bytes.
///
/// # Errors
/// If the text is not a size below 2^63 bytes.
pub fn size(text: &str) -> Result<u64> {
    const SIZE_UNITS: [(&str, u64); 9] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("B", 1),
    ];
    let of_unit = |(name, bytes)| {
        let amount = text.strip_suffix(name)?;
        // No sign and no exponent: those are for numbers alone.
        let amount = amount.parse::<f64>().ok().filter(|_| amount.starts_with(|c: char| c.is_ascii_digit()))?;
        Some(amount * bytes as f64)
    };
    let bytes = match SIZE_UNITS.into_iter().find_map(of_unit) {
        Some(bytes) if bytes < 2f64.powi(63) => bytes as u64,
        Some(_) => u64::MAX,
        None => number(text).ok().and_then(|bytes| bytes.try_into().ok()).unwrap_or(0),
    };
    match bytes {
        1..=0x7fff_ffff_ffff_ffff => Ok(bytes),
        _ => Err(Error::usage(format!("'{text}' is not a size: write 500MB, 2GiB or 1e9"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_or_are_bytes() {
        for (text, bytes) in
            [("500MB", 500_000_000), ("1.5kB", 1500), ("2GiB", 2 << 30), ("1e9", 1_000_000_000), ("7B", 7)]
        {
            assert_eq!(size(text).unwrap(), bytes, "{text}");
        }
        for text in ["", "0", "GB", "-1GB", "infGB", "1.5", "1XB", "0.1B", "99999999TB"] {
            assert!(size(text).unwrap_err().to_string().starts_with(&format!("'{text}' is not a size")), "{text}");
        }
    }
}
