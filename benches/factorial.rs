//! What GMP takes for factorials, for `scripts/bench factorial` where Python has no gmpy2: seconds of its product and of its decimal text.

use pcount::digest::{Sha256, hex};
use pcount::math::integer::{Integer, factorial};
use std::time::Instant;

/// `product A B` carries the product through A..B; `rows A B` also makes the text and the digest of each; `one N` makes N! and its text,
/// and `text N` only measures the text.
fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let number = |index: usize| words.get(index).and_then(|word| word.parse::<u32>().ok());
    let (Some(what), Some(first)) = (words.first(), number(1)) else {
        return println!("say product A B, rows A B, one N or text N");
    };
    let mut began = Instant::now();
    let mut value = factorial(first);
    let mut text = String::new();
    match &**what {
        "text" => began = Instant::now(),
        "product" | "rows" => {
            for n in first..number(2).expect("a range has an end") {
                value *= if n > first { Integer::from(n) } else { Integer::from(1) };
                if what == "rows" {
                    text = hex(&Sha256::of(value.to_string().as_bytes()));
                }
            }
        }
        _ => (),
    }
    if what == "one" || what == "text" {
        text = value.to_string();
    }
    let seconds = began.elapsed().as_secs_f64();
    let sha256 = if what == "one" { hex(&Sha256::of(text.as_bytes())) } else { text };
    let seconds = format!("{{\"run\": {{\"seconds\": {{\"compute\": {seconds}}}}}");
    println!("{seconds}, \"sha256\": \"{}\"}}", &sha256[..sha256.len().min(64)]);
}
