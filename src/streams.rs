//! Whether stdin, stdout and stderr were open when the program began, messages on stderr, and the lines that stand below all else
//! there. The only file that names rustix's `stdio` and `termios`.
//!
//! Rust replaces a closed stream by /dev/null before `main`, so that no later file gets its number. Then output is lost without an
//! error. So the check must come before that, where C runs its constructors.
//!
//! The lines below all else are how far a run is, on a terminal. Whoever writes to the terminal removes them first and draws them
//! again afterwards, on whatever thread. Each ends with a line break: if the process is killed, the next prompt stands below them.

use crate::escaped;
use rustix::fd::BorrowedFd;
use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::tcgetwinsize;
use std::fs::File;
use std::io::{IsTerminal, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

/// One bit for each of the three that is closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);

/// Whether there was a stdin.
pub fn has_stdin() -> bool {
    has(0)
}

/// Whether there was a stdout.
pub fn has_stdout() -> bool {
    has(1)
}

fn has(number: u8) -> bool {
    CLOSED.load(Ordering::Relaxed) & (1 << number) == 0
}

/// How many columns the terminal has that shows stdout; `None` if none does.
pub fn columns() -> Option<usize> {
    tcgetwinsize(stdout()).ok().map(|size| usize::from(size.ws_col)).filter(|&columns| columns > 0)
}

/// How far into its file stdout is, if what is written there can be written again: it is a file, and not one to which all is added at the end.
pub fn place_in_stdout() -> Option<u64> {
    let mut file = as_file().ok().filter(|file| file.metadata().is_ok_and(|data| data.is_file()))?;
    // Linux says so, and elsewhere it is not relied on.
    let info = std::fs::read_to_string("/proc/self/fdinfo/1").ok()?;
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
    let flags = u32::from_str_radix(flags.trim(), 8).ok()?;
    (flags & APPEND == 0).then(|| file.stream_position().ok()).flatten()
}

/// The flag of files to which all is added at the end, in Linux.
const APPEND: u32 = 0o2000;

/// Writes these bytes at a place of the file that stdout is, and leaves it where it is.
///
/// # Errors
/// If they cannot be written.
pub fn write_in_stdout(place: u64, bytes: &[u8]) -> std::io::Result<()> {
    as_file()?.write_all_at(bytes, place)
}

fn as_file() -> std::io::Result<File> {
    std::io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

/// What was closed when the program began is closed for a program that takes its place, too.
pub fn close_for_the_next_program() {
    for (number, stream) in (0..).zip([stdin(), stdout(), stderr()]) {
        if !has(number) {
            // Rust has opened it, and an open file can be marked.
            let _ = fcntl_setfd(stream, FdFlags::CLOEXEC);
        }
    }
}

/// Prints one line on stderr.
pub fn remark(what: &str) {
    talk(&format!("pcount: {}\n", escaped::line(what)));
}

/// Prints lines on stderr that are not the answer.
pub fn talk(text: &str) {
    // If nobody reads stderr, there is nobody to tell.
    above_the_view(|| drop(std::io::stderr().write_all(escaped::lines(text).as_bytes())));
}

/// Columns and rows of the terminal of stderr; `None` if it is no terminal, or one that cannot move its cursor.
pub fn terminal() -> Option<(usize, usize)> {
    let obeys = std::env::var_os("TERM").is_some_and(|name| !name.is_empty() && name != "dumb");
    if !obeys || !std::io::stderr().is_terminal() {
        return None;
    }
    let size = tcgetwinsize(stderr()).ok()?;
    // Some terminals do not know their size.
    let known = |size: u16, usual| if size == 0 { usual } else { size.into() };
    Some((known(size.ws_col, 80), known(size.ws_row, 24)))
}

/// The lines that stand below all else on the terminal of stderr.
static VIEW: Mutex<Vec<String>> = Mutex::new(vec![]);

/// Shows these lines below all else on the terminal of stderr, in the place of those that were there.
pub fn show_view(lines: Vec<String>) {
    if let Some(mut view) = view() {
        let text = erased(&view) + &drawn(&lines);
        let _ = std::io::stderr().write_all(text.as_bytes());
        *view = lines;
    }
}

/// Removes these lines.
pub fn hide_view() {
    show_view(vec![]);
}

/// Writes to the terminal what stands above these lines.
pub fn above_the_view<T>(write: impl FnOnce() -> T) -> T {
    let view = view();
    let Some(view) = view.filter(|view| !view.is_empty()) else { return write() };
    let _ = std::io::stderr().write_all(erased(&view).as_bytes());
    let written = write();
    let _ = std::io::stderr().write_all(drawn(&view).as_bytes());
    written
}

/// How often a thread looks whether another one still writes to the terminal.
const VIEW_TRIES: usize = 100;

/// The lines, to be changed. A thread that panics while it has them never gives them back: then there are none.
fn view() -> Option<MutexGuard<'static, Vec<String>>> {
    for _ in 0..VIEW_TRIES {
        match VIEW.try_lock() {
            Ok(view) => return Some(view),
            Err(TryLockError::Poisoned(view)) => return Some(view.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    None
}

/// What a terminal must get to remove these lines, with the cursor below them. It may have become narrower since they were drawn, and
/// have broken them.
fn erased(lines: &[String]) -> String {
    let columns = terminal().map_or(usize::MAX, |(columns, _)| columns);
    match lines.iter().map(|line| line.chars().count().div_ceil(columns).max(1)).sum() {
        0usize => String::new(),
        rows => format!("\x1b[{rows}A\r\x1b[J"),
    }
}

fn drawn(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{}\n", escaped::line(line))).collect()
}

/// Asks the system about each of the three. It uses nothing of Rust that may not be ready yet.
extern "C" fn look() {
    let closed = |stream: BorrowedFd| u8::from(fcntl_getfd(stream).is_err());
    let streams = [stdin(), stdout(), stderr()].map(closed);
    CLOSED.store(streams[0] | streams[1] << 1 | streams[2] << 2, Ordering::Relaxed);
}

// SAFETY: the section holds functions of this type, which the loader calls before `main`, one after the other. This one makes three
// system calls and stores a number.
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[used]
static LOOK_AT_START: extern "C" fn() = look;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_removed_by_their_number() {
        let lines = ["one", "", "three"].map(String::from);
        assert_eq!((erased(&lines), erased(&[])), ("\x1b[3A\r\x1b[J".to_string(), String::new()));
        assert_eq!(drawn(&lines), "one\n\nthree\n");
    }
}
