//! Text of others in a form that is safe to show.
//!
//! Terminals obey control characters: these move the cursor, change the title, and can even type. A word of a command line, a name
//! in a run file, a lock file or the reply of a server may contain some. All such text goes through here, where they become what
//! Rust writes for them: `\n`, `\u{1b}`.

use std::borrow::Cow;

/// The text in one line.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_obeyed)
}

/// The text with its line breaks.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_obeyed(c))
}

/// Whether a terminal does more than show it: control characters, and characters that change the direction of reading, so that text
/// seems to say something else.
pub fn is_obeyed(c: char) -> bool {
    let turns = ['\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}'];
    c.is_control()
        || turns.contains(&c)
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

fn escaped(text: &str, obeyed: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&obeyed) {
        return text.into();
    }
    let each = |c: char| if obeyed(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(each).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_written_out_and_nothing_else() {
        for plain in ["", "x.h5", "größer \\ 'als' \"π\"", "日本"] {
            assert!(matches!(line(plain), Cow::Borrowed(same) if same == plain));
        }
        assert_eq!(
            line("a\x1b[2J\r\n\x07\u{9b}31m\u{7f}\u{202e}b"),
            "a\\u{1b}[2J\\r\\n\\u{7}\\u{9b}31m\\u{7f}\\u{202e}b"
        );
        assert_eq!(lines("a\x1b\nb\n"), "a\\u{1b}\nb\n");
    }
}
