//! `download`: fetches URLs over HTTP and HTTPS, a rank's all at once.
//!
//! A file's name comes from its URL, made safe ([`names`]), and what comes is written beside it first ([`part`]). After a fault
//! that may pass (no connection, a cut or stalled transfer, a 5xx or 429) there are two more tries, after growing pauses or as
//! long as the server asks; after another fault there is none. A download that fails is a row with its error; the others continue.

mod address;
mod entry;
mod names;
mod part;
mod task;
mod transfer;

use super::{Given, Opened};
use crate::error::{Error, Result};
pub use entry::{DOWNLOAD, FOLDER};
use std::sync::OnceLock;

static CURL_LOADED: OnceLock<fn(&Given) -> Result<Opened>> = OnceLock::new();

/// Makes downloads available to this program. Whatever calls it makes the program load libcurl when it starts.
pub fn load() {
    CURL_LOADED.get_or_init(|| task::open);
}

fn open(given: &Given) -> Result<Opened> {
    let open = CURL_LOADED.get().ok_or_else(|| Error::failed("libcurl is not loaded: call kernel::load_curl first"))?;
    open(given)
}

/// The text with its %-escapes resolved, as far as they are valid.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let byte = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
