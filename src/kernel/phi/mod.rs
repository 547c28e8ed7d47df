//! `phi X A`: Legendre's φ, how many of 1..=x no prime of the first a divides.
//!
//! For few primes the recursion is followed ([`recursion`]). For many primes it is quicker to count what is left: 1, primes, and few
//! products of these ([`products`]). Where the primes go beyond √x there are no products, and π(x) says it all.

mod products;
mod recursion;

use super::primes::{Formula, Pi};
use super::{Given, KernelEntry, Opened, PlanChoice, Takes};
use crate::error::{Error, Result};
use crate::math::approximate;
use crate::math::count::counted::Counted;
use crate::math::count::gourdon::{TermSums, X_END};
use crate::math::count::phi;
use crate::math::count::rough::RoughProducts;
use crate::math::lanes::{self, Lanes};
use crate::math::sieve::{Sieve, SievingPrimes, ordered};
use crate::syntax::Item;
use crate::values::{Fact, Table, Value};
use crate::work::{Answer, Job, Part};
use products::Products;
use recursion::Recursion;

/// The command `phi`.
pub const PHI: KernelEntry = KernelEntry {
    name: "phi",
    about: "Count the numbers up to X that none of the first A primes divides",
    takes: Takes::Two(["X", "A"], "1e9 100"),
    examples: &[("phi 1e9 100", "how many numbers up to 10^9 none of the first 100 primes divides")],
    open,
};

/// The largest x. Beyond 10^25 only a recursion is possible, whose end cannot be waited for with more primes than its tables have.
const X_MAX: u128 = 10u128.pow(30);

/// The x from which it may take its time.
const LARGE: u128 = 1_000_000_000;

fn open(given: &Given) -> Result<Opened> {
    let [x, a] = [0, 1].map(|index: usize| given.items[index]);
    let number = |item: Item| item.first_and_count().0;
    let (to, primes) = (number(x), number(a));
    if to > X_MAX {
        return Err(Error::usage(format!("'{x}' is too large: phi takes X up to 10^30")));
    }
    let lanes = lanes::pick(None)?;
    let facts = vec![Fact::new("x", Value::text(x.to_string())), Fact::new("a", Value::text(a.to_string()))];
    let quicker = way(to, primes, lanes)?;
    let other = match given.otherwise {
        true => other_way(to, primes, &quicker, lanes)?,
        false => None,
    };
    let mut how = vec![];
    if other.is_some() {
        how.push(PlanChoice::cutting(Fact::new("way", Value::text("the slower one"))));
    }
    let job = match other.unwrap_or(quicker) {
        Way::Recursion => Job::work(Recursion::new(to, primes)),
        Way::Products(products) => {
            let pi = Pi::new(to + 1, lanes);
            let pi = if given.otherwise { pi.again() } else { pi };
            how.extend(pi.how().map(|how| PlanChoice::cutting(Fact::new("gourdon", Value::texts([how])))));
            Job::work(Products::new(to, primes, pi, products, lanes))
        }
    };
    Ok(Opened { job, facts, how })
}

/// How φ(x, a) is found.
enum Way {
    /// By the recursion.
    Recursion,
    /// By π(x) and the products of primes above p_a, if there are any.
    Products(Option<RoughProducts>),
}

/// The quicker way. Only integers decide, because all ranks must decide the same.
fn way(x: u128, a: u128, lanes: &'static Lanes) -> Result<Way> {
    let few = a <= phi::SIEVED_MOST as u128;
    if x < LARGE || few {
        return Ok(Way::Recursion);
    }
    if x >= X_END {
        let most = phi::SIEVED_MOST;
        return Err(Error::usage(format!("'{a}' primes are too many: beyond 10^25 phi takes A up to {most}")));
    }
    let Some(prime) = nth_prime(a, x.isqrt() as u64, lanes)? else { return Ok(Way::Products(None)) };
    let a = a as u64;
    match (RoughProducts::new(x, prime, a), u64::try_from(x)) {
        (Some(products), Ok(_)) if products.cost() + Pi::new(x + 1, lanes).cost() > phi::cost(x, a) => {
            Ok(Way::Recursion)
        }
        (Some(products), _) => Ok(Way::Products(Some(products))),
        (None, Ok(_)) => Ok(Way::Recursion),
        (None, Err(_)) => {
            let why = "beyond 2^64 phi takes A up to 100, or so many primes that they go beyond √(X / 2^30)";
            Err(Error::usage(format!(
                "'{a}' primes are too many for the recursion and too few to count what is left: {why}"
            )))
        }
    }
}

/// The way that is not the quicker one; `None` if there is none, or if it takes so much longer that nobody would wait for it.
fn other_way(x: u128, a: u128, quicker: &Way, lanes: &'static Lanes) -> Result<Option<Way>> {
    let products = |products: &Option<RoughProducts>| {
        let own = products.as_ref().map_or(0, RoughProducts::cost);
        own.saturating_add(Pi::new(x + 1, lanes).cost())
    };
    let Ok(a) = u64::try_from(a) else { return Ok(None) };
    let (other, cost, most) = match quicker {
        // The tables of the products begin behind 5.
        Way::Recursion if a > 3 && x < X_END => {
            let other = match nth_prime(a.into(), x.isqrt() as u64, lanes)? {
                None => None,
                Some(prime) => match RoughProducts::new(x, prime, a) {
                    None => return Ok(None),
                    products => products,
                },
            };
            let cost = products(&other);
            (Way::Products(other), cost, phi::cost(x, a))
        }
        Way::Products(own) if x >> 64 == 0 => (Way::Recursion, phi::cost(x, a), products(own)),
        _ => return Ok(None),
    };
    Ok(Some(other).filter(|_| cost <= OTHER_MIN_PS.max(most.saturating_mul(OTHER_MOST))))
}

/// The other way may take so many times as long, or so many picoseconds.
const OTHER_MOST: u128 = 100;
const OTHER_MIN_PS: u128 = 10_000_000_000_000;

/// The a-th prime; `None` if it is above a root.
fn nth_prime(a: u128, root: u64, lanes: &'static Lanes) -> Result<Option<u64>> {
    // Every other number is even.
    let Ok(a) = u64::try_from(a) else { return Ok(None) };
    if a > root / 2 + 1 {
        return Ok(None);
    }
    if a <= A_SIEVED {
        // 2, 3 and 5 are in no table.
        let prime = Counted::primes(phi::above_prime(a)).numbers().nth(a as usize - 4);
        return Ok(prime.filter(|&prime| prime <= root));
    }
    let window = approximate::nth_prime(a.into());
    if window.start() > u128::from(root) {
        return Ok(None);
    }
    let (pi, mut sieve, mut at) = (Pi::new(window.start(), lanes), Sieve::new(lanes, 32 << 10), None);
    let sums = (0..pi.units()).map(|unit| pi.compute(unit, &sieve, &mut at)).fold(TermSums::default(), Part::merge);
    let mut left = pi.close(sums)?;
    let base = SievingPrimes::below(window.end());
    base.make(&mut sieve);
    let mut found = None;
    sieve.words(&base, window, |start, word| {
        for prime in ordered::numbers(start, word) {
            left += 1;
            if left == u128::from(a) {
                found = Some(prime as u64);
            }
        }
    });
    match found {
        Some(prime) => Ok(Some(prime).filter(|&prime| prime <= root)),
        None => Err(Error::wrong(format!("prime number {a} should lie in {window}"))),
    }
}

/// The most primes that are sieved to find the last of them.
const A_SIEVED: u64 = 1_000_000;

fn answer(x: u128, a: u128, count: u128) -> Answer {
    let row = vec![Value::integer(x), Value::integer(a), Value::integer(count)];
    Answer::rows(Table::of(&["x", "a", "count"]).with([row]), "count")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::tests::{answer, column, given};

    #[test]
    fn shares_make_the_whole() {
        for (numbers, count) in [
            ("0 0", "0"),
            ("10 0", "10"),
            ("10 1", "5"),
            ("100 4", "22"),
            ("1000000 168", "78331"),
            ("1e10 2^128-1", "1"),
            ("2^64-1 1", "9223372036854775808"),
            // As primecount has them.
            ("1e12 1000", "62815294612"),
            ("1e9 3401", "50844134"),
            // One prime less, and two of its multiples are left too, 31607·31607 and 31607·31627.
            ("1e9 3400", "50844137"),
            ("1e9 3500", "50844035"),
            ("1e12 1e6", "37606912019"),
            ("1e9 50847533", "2"),
            ("1e9 50847534", "1"),
            // By both ways.
            ("1e12 5000", "51844497043"),
            ("1e13 3000", "553824289415"),
            ("1e13 10000", "485545403553"),
            ("1e14 1000", "6241090532506"),
            // Powers of two: every other number is odd.
            ("2^64 1", "9223372036854775808"),
            ("10^30 1", "500000000000000000000000000000"),
            ("10^30 3", "266666666666666666666666666666"),
        ] {
            assert_eq!(column(&answer((PHI.open)(&given(numbers))), "count"), [count], "phi {numbers}");
        }
    }

    /// What is refused, and what is not; and which way is taken.
    #[test]
    fn what_cannot_be_waited_for_is_refused() {
        let why = |numbers: &str| (PHI.open)(&given(numbers)).err().map(|why| why.to_string()).unwrap_or_default();
        assert!(why("10^30+1 1").contains("phi takes X up to 10^30"));
        assert!(why("10^25+1 101").contains("'101' primes are too many: beyond 10^25 phi takes A up to 100"));
        assert!(why("10^20 101").contains("too few to count what is left: beyond 2^64 phi takes A up to 100, or"));
        for possible in ["10^30 100", "10^25 1e13", "10^20 1e6", "2^64-1 1e5", "2^64 100"] {
            assert_eq!(why(possible), "", "{possible}");
        }
        let lanes = lanes::pick(None).unwrap();
        let recursion = |x: u128, a: u128| matches!(way(x, a, lanes), Ok(Way::Recursion));
        assert!(
            recursion(10u128.pow(15), 100) && recursion(10u128.pow(14), 500) && !recursion(10u128.pow(14), 100_000)
        );
    }

    /// Both ways, and π(x) twice, come to the same.
    #[test]
    fn the_other_way_finds_the_same() {
        let found = |numbers: &str, otherwise: bool| {
            let opened = (PHI.open)(&Given { otherwise, ..given(numbers) }).unwrap();
            let way =
                opened.how.iter().find(|choice| choice.fact.name == "way").map(|choice| choice.fact.value.clone());
            (column(&answer(Ok(opened)), "count"), way)
        };
        for (numbers, there_is) in [
            ("1e6 4", true),
            ("1e6 30", true),
            ("1e6 168", true),
            ("1e9 100", true),
            ("1e9 3401", true),
            ("1e11 5000", true),
            ("1e12 1000", true),
            ("1e13 3000", true),
            ("1e10 1e9", true),
            ("10 1", false),
            ("1e16 4", false),
        ] {
            let (one, other) = (found(numbers, false), found(numbers, true));
            assert_eq!(one.0, other.0, "phi {numbers}");
            assert!(one.1.is_none() && other.1.is_some() == there_is, "phi {numbers}");
        }
    }

    #[test]
    fn the_nth_prime_is_found_or_above_the_root() {
        let lanes = lanes::pick(None).unwrap();
        for (a, prime) in [(101, 547), (1_000_000, 15_485_863), (1_000_001, 15_485_867), (10_000_000, 179_424_673)] {
            assert_eq!(nth_prime(a, prime, lanes), Ok(Some(prime)), "{a}");
            assert_eq!(nth_prime(a, prime - 1, lanes), Ok(None), "{a}");
        }
        assert_eq!(nth_prime(u128::MAX, u64::MAX, lanes), Ok(None));
    }
}
