//! Text from files of any editor.

/// The text of these bytes: in UTF-8, or in UTF-16 that begins with its mark.
///
/// # Errors
/// If it is in neither; what it should be.
pub fn text(bytes: &[u8]) -> Result<String, String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let whole = bytes.len().is_multiple_of(2);
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text = char::decode_utf16(units).collect::<Result<String, _>>().ok();
        text.filter(|_| whole).ok_or("it begins as text in UTF-16 and is none")
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => {
            String::from_utf8(rest.to_vec()).map_err(|_| "it is not text in UTF-8: save it as such")
        }
    }
    .map_err(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_whatever_editor_wrote_it() {
        let wide =
            |units: fn(u16) -> [u8; 2]| "\u{feff}http://h/ä\r\n".encode_utf16().flat_map(units).collect::<Vec<u8>>();
        for bytes in [
            "http://h/ä\r\n".as_bytes().to_vec(),
            "\u{feff}http://h/ä\r\n".as_bytes().to_vec(),
            wide(u16::to_le_bytes),
            wide(u16::to_be_bytes),
        ] {
            assert_eq!(text(&bytes).unwrap(), "http://h/ä\r\n");
        }
        assert_eq!(text(b"").unwrap(), "");
        assert!(text(b"\xff\xfea").is_err() && text(b"\xff\xfe\x00\xd8").is_err());
        assert!(text(b"gr\xf6\xdfe").unwrap_err().contains("UTF-8"));
    }
}
