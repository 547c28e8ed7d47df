//! What takes minutes: `cargo test --test slow`, which `scripts/test --slow` does too.

#[path = "common/golden.rs"]
mod golden;

use std::process::Command;

/// Every known count in a window, however long it takes.
#[test]
fn every_window_of_the_table() {
    let rows = golden::rows("windows");
    assert!(rows.len() > 20);
    for row in rows {
        let range = format!("{}..={}+{}", row[0], row[0], row[1]);
        let output = Command::new(env!("CARGO_BIN_EXE_pcount")).args(["primes", "-q", &range]).output().unwrap();
        let count = String::from_utf8(output.stdout).unwrap();
        assert_eq!(count.trim(), row[2], "{range}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
