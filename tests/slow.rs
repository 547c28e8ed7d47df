//! What takes minutes: `cargo test --test slow`, which `scripts/test --slow` does too.

#[path = "common/golden.rs"]
mod golden;

use std::process::Command;

/// What `pcount` prints, without the end of the line.
fn printed(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pcount")).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_string()
}

#[test]
fn the_sum_of_the_primes_up_to_ten_to_the_eleven() {
    let row = golden::rows("sums").into_iter().find(|row| row[0] == "100000000000").unwrap();
    assert_eq!(printed(&["sum-primes", "0..=1e11", "-q"]), row[1]);
}

/// Every known count in a window, however long it takes.
#[test]
fn every_window_of_the_table() {
    let rows = golden::rows("windows");
    assert!(rows.len() > 20);
    for row in rows {
        let range = format!("{}..={}+{}", row[0], row[0], row[1]);
        assert_eq!(printed(&["primes", "-q", &range]), row[2], "{range}");
    }
}
