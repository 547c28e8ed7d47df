//! Whether stdin, stdout and stderr were open when the program began, and messages on stderr. The only file that names rustix's
//! `stdio`.
//!
//! Rust replaces a closed stream by /dev/null before `main`, so that no later file gets its number. Then output is lost without an
//! error. So the check must come before that, where C runs its constructors.

use crate::escaped;
use rustix::fd::BorrowedFd;
use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::stdio::{stderr, stdin, stdout};
use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};

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
    let _ = std::io::stderr().write_all(escaped::lines(text).as_bytes());
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
