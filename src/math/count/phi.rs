//! Legendre's φ(x, a): how many of 1..=x have no factor among the first a primes.
//!
//! φ(x, 0) = x and φ(x, a) = φ(x, a-1) - φ(x/p_a, a-1), where the second term counts the numbers whose smallest factor is p_a.
//! Unrolled over a this is φ(x, a) = φ(x, c) - Σ φ(x/p_i, i-1) over c < i ≤ a. Four short cuts end it early:
//! - for few primes the pattern repeats after their product, so φ(x, a) for a ≤ 8 is looked up ([`SmallPhi`]);
//! - for up to 100 primes and small x, what they leave is sieved once, and looked up from then on;
//! - below the square of the next prime only 1 and primes remain, so φ follows from π(x), which is looked up; if this holds for x/p_i,
//!   it holds for all primes that follow;
//! - below p_a only 1 remains.
//!
//! Cost: φ(10^12, a) takes 0.15 s at worst; ten times as much x takes some five times as long. Memory: up to 16 MB for what is sieved,
//! and up to 18 MB for a table of π, or more if the primes up to √x or p_a, whichever is less, go further; and 4 bytes for each of these.

use super::counted::{Counted, WORD, WORD_BYTES};
use super::root;
use crate::math::sieve::naive;
use std::ops::Range;
use std::sync::LazyLock;

/// φ(x, a) for the first few primes.
pub struct SmallPhi {
    /// For each a from 4 up to 7: what the first a primes leave of the numbers below their product.
    periods: Vec<Counted>,
}

const FIRST_PRIMES: [u64; 8] = [2, 3, 5, 7, 11, 13, 17, 19];

/// The products of the first primes, from none to seven, and how many numbers up to there they leave.
const PRODUCTS: [u64; 8] = [1, 2, 6, 30, 210, 2310, 30_030, 510_510];
const TOTIENTS: [u64; 8] = [1, 1, 2, 8, 48, 480, 5760, 92_160];

impl SmallPhi {
    /// The largest a of the tables.
    pub const MOST: usize = FIRST_PRIMES.len();

    /// The tables: some kilobytes, made once.
    pub fn get() -> &'static SmallPhi {
        static TINY: LazyLock<SmallPhi> = LazyLock::new(SmallPhi::new);
        &TINY
    }

    fn new() -> SmallPhi {
        let period = |a: usize| {
            let mut left = Counted::all((PRODUCTS[a] / WORD + 1) as usize);
            // Of a prime below its square only p itself is crossed off here.
            FIRST_PRIMES[3..a].iter().for_each(|&p| left.cross(p));
            left.counted()
        };
        SmallPhi { periods: (4..SmallPhi::MOST).map(period).collect() }
    }

    /// φ(x, a) for a ≤ 8.
    #[inline]
    pub fn phi(&self, x: u64, a: usize) -> u64 {
        if a == SmallPhi::MOST {
            return self.phi(x, a - 1) - self.phi(x / FIRST_PRIMES[a - 1], a - 1);
        }
        x / PRODUCTS[a] * TOTIENTS[a] + self.rest(x % PRODUCTS[a], a)
    }

    /// The same of a number of any size.
    pub fn phi_wide(&self, x: u128, a: usize) -> u128 {
        if a == SmallPhi::MOST {
            return self.phi_wide(x, a - 1) - self.phi_wide(x / u128::from(FIRST_PRIMES[a - 1]), a - 1);
        }
        let product = u128::from(PRODUCTS[a]);
        x / product * u128::from(TOTIENTS[a]) + u128::from(self.rest((x % product) as u64, a))
    }

    /// The same of a number below the product.
    #[inline]
    fn rest(&self, x: u64, a: usize) -> u64 {
        match a {
            // Up to 30 the steps are few.
            0..4 => (1..=x).filter(|n| FIRST_PRIMES[..a].iter().all(|&p| !n.is_multiple_of(p))).count() as u64,
            _ => self.periods[a - 4].up_to(x),
        }
    }
}

/// The primes that the last table of sieved φ is for, and bytes that all these tables take at most.
pub const SIEVED_MOST: usize = 100;
const SIEVED_BYTES: usize = 16 << 20;

/// Tables of sieved φ pay only with more primes than this.
const SIEVED_FROM: u64 = 30;

/// The numbers of the largest table of π beyond the primes that are needed.
const TABLE_MAX: u64 = 1 << 28;

/// The table of π goes so many times as far as √x, if it can be used so far.
const TABLE_ROOTS: u64 = 4;

/// More than the a-th prime. Rosser and Schoenfeld (1962): it is below a·(ln a + ln ln a) for a from 6 on. That sum is below log₂ a: by
/// 0.18 at least from 6 to 10, and from there on it grows more slowly.
pub fn above_prime(a: u64) -> u64 {
    let a = a.max(6);
    a.saturating_mul(u64::from(a.ilog2()) + 1)
}

/// The largest prime that φ(x, a) needs, and about the end of its table of π.
fn limits(x: u128, a: u64) -> (u64, u64) {
    let root_of_x = x.isqrt() as u64;
    // For small a the primes up to √x are far more than the first a.
    let most = root_of_x.min(above_prime(a));
    // π is looked up only below the square of a prime, and p³ > x/p_i if π(x/p_i) is.
    let useful = most.saturating_pow(2).min(root(x, 3).saturating_pow(2));
    (most, useful.min(TABLE_ROOTS.saturating_mul(root_of_x)).min(TABLE_MAX).max(most))
}

/// For how many primes from the ninth on what they leave is sieved, and the words of each table.
fn sieved(x: u128, a: u64) -> (usize, usize) {
    let tables = if a > SIEVED_FROM { (a as usize).min(SIEVED_MOST) - SmallPhi::MOST } else { 0 };
    let most = (SIEVED_BYTES / WORD_BYTES).checked_div(tables).unwrap_or(1);
    (tables, (x.isqrt() / u128::from(WORD) + 1).min(most as u128) as usize)
}

/// How many shares the recursion of φ(x, a) is cut into, a power of two: 256 if it takes more than a moment, and more if they would
/// take longer than about a quarter of a second.
pub fn shares(x: u128, a: u64) -> u64 {
    let cost = cost(x, a);
    let shares = (cost / SHARE_SHORT_PS).min(256).max(cost / SHARE_LONG_PS).clamp(1, SHARES_MAX);
    (shares as u64).next_power_of_two()
}

/// Picoseconds of the shares.
const SHARE_SHORT_PS: u128 = 1_000_000_000;
const SHARE_LONG_PS: u128 = 250_000_000_000;
const SHARES_MAX: u128 = 1 << 22;

/// About the picoseconds for φ(x, a) on a core of 2023. For few primes it is the number of steps; for more it is a power of x and one of
/// a, fitted to measurements from 10^12 to 10^15.
pub fn cost(x: u128, a: u64) -> u128 {
    let (tables, words) = sieved(x, a);
    if a <= SIEVED_MOST as u64 {
        let reach = if tables > 0 { WORD * words as u64 } else { 1 };
        let (all, wide) = (steps(x / u128::from(reach), a as usize), steps(x >> 64, a as usize));
        return all.saturating_mul(STEP_PS) + wide.saturating_mul(WIDE_STEP_PS);
    }
    // There are fewer primes up to n than 2 n / log₂ n.
    let a = u128::from(a).min(x.isqrt() * 2 / u128::from(x.max(4).isqrt().ilog2()));
    FIT_PS * u128::from(root(x, 3)).pow(2) * u128::from(root(a * a, 5))
}

/// Picoseconds of a step, and what it takes more beyond 2^64; and the factor of the fit.
const STEP_PS: u128 = 5_000;
const WIDE_STEP_PS: u128 = 60_000;
const FIT_PS: u128 = 16;

/// How many quotients the recursion takes of the products of different primes from the ninth to the a-th up to about `most`: one by each
/// of these primes below the least factor.
fn steps(most: u128, a: usize) -> u128 {
    // Twelfths of binary logarithms, rounded down: 541^12 is below 2^110. A product of twenty primes may be taken for one up to
    // three times as small.
    const TWELFTHS: u32 = 12;
    let primes: Vec<u32> = naive::primes(541).into_iter().take(a).skip(SmallPhi::MOST).collect();
    let mut counts = vec![0u128; 1 + TWELFTHS as usize * most.max(1).ilog2() as usize];
    counts[0] = 1;
    let mut steps = primes.len() as u128;
    for (below, &p) in primes.iter().enumerate().rev() {
        let size = u128::from(p).pow(TWELFTHS).ilog2() as usize;
        for product in (size..counts.len()).rev() {
            let more = counts[product - size];
            counts[product] += more;
            steps += more * below as u128;
        }
    }
    steps
}

/// About the bytes of the tables for φ(x, a) while they are made.
pub fn bytes(x: u128, a: u64) -> u64 {
    let ((most, limit), (tables, words)) = (limits(x, a), sieved(x, a));
    let primes = 2 * most / u64::from(most.max(3).ilog2());
    4 * primes + WORD_BYTES as u64 * (limit / WORD + (tables * words) as u64) + (2 << 20)
}

/// About the seconds for φ(x, a) on a core of 2023.
pub fn seconds(x: u128, a: u64) -> f64 {
    cost(x, a) as f64 * 1e-12
}

/// The tables for φ(x, a) of one x and one a.
pub struct Phi {
    x: u128,
    a: u64,
    small: &'static SmallPhi,
    /// The first a primes, or all up to √x if these are fewer.
    primes: Vec<u32>,
    /// The primes from 7 on up to `limit`.
    table: Counted,
    limit: u64,
    /// What the first primes leave of the numbers up to `reach`: the first nine of them, ten, and so on.
    sieved: Vec<Counted>,
    reach: u64,
}

impl Phi {
    /// The tables for φ(x, a), where `a` may be larger than π(√x). √x, or the a-th prime if it is less, must be below 2^32.
    ///
    /// Cost: that of a sieve up to the table's end, at most 2^28 or these primes. Memory: see [`bytes`].
    pub fn new(x: u128, a: u64) -> Phi {
        let (most, limit) = limits(x, a);
        assert!(most < 1 << 32);
        let table = Counted::primes(limit);
        let primes = [2, 3, 5].into_iter().chain(table.numbers()).take_while(|&p| p <= most);
        let primes: Vec<u32> = primes.take(usize::try_from(a).unwrap_or(usize::MAX)).map(|p| p as u32).collect();
        let (tables, words) = sieved(x, primes.len() as u64);
        let mut left = Counted::all(words);
        let mut sieved = Vec::with_capacity(tables);
        for &p in primes.iter().take(SmallPhi::MOST + tables).skip(3) {
            left.cross(p.into());
            if u64::from(p) > FIRST_PRIMES[SmallPhi::MOST - 1] {
                sieved.push(left.counted_copy());
            }
        }
        Phi { x, a, small: SmallPhi::get(), primes, limit: table.end() - 1, table, sieved, reach: left.end() - 1 }
    }

    /// For all primes up to √x.
    pub fn up_to_the_root(x: u64) -> Phi {
        let phi = Phi::new(x.into(), u64::MAX);
        Phi { a: phi.primes.len() as u64, ..phi }
    }

    /// a, the number of primes.
    pub fn primes(&self) -> u64 {
        self.a
    }

    /// φ(x, a).
    pub fn value(&self) -> u128 {
        self.close(self.removed(0, 1)).expect("no more is removed than there is")
    }

    /// What the share `part` of `parts` of the recursion removes. The sum over all shares is for [`Phi::close`]. That of some may be
    /// negative, because a term that would take too long is replaced by the terms of its own recursion.
    pub fn removed(&self, part: usize, parts: usize) -> i128 {
        let mut terms = Terms { skip: part, parts };
        self.terms(self.x, self.primes.len(), TERM_DEPTH, &mut terms)
    }

    /// Whether some shares can have this sum. The terms of one recursion count disjoint sets, so they are not more than its x. Terms
    /// that are replaced have up to three primes above 131. Below 2^64 these are below x/`TERM_MAX`, and beyond there are 68 of them; so
    /// their reciprocals come to s = 1.2 at most. Then all such x, and what the first primes leave of them, are 2·(1 + s + s²/2 + s³/6)
    /// times the first x at most.
    pub fn can_be(x: u128, removed: i128) -> bool {
        removed.unsigned_abs() <= 8 * x
    }

    /// The terms of the recursion of φ(v, a) that are in this share: Σ φ(v/p_i, i-1) over 8 < i ≤ a.
    fn terms(&self, v: u128, a: usize, depth: u32, terms: &mut Terms) -> i128 {
        let first = SmallPhi::MOST.min(a);
        let begin = TERM_PRIMES.clamp(first, a);
        let end = match depth {
            0 => begin,
            _ => begin + self.primes[begin..a].partition_point(|&p| v / u128::from(p) > TERM_MAX),
        };
        let whole = |range: Range<usize>, terms: &mut Terms| -> u128 {
            terms.of(range).map(|i| self.phi_wide(v / u128::from(self.primes[i]), i)).sum()
        };
        let mut sum = (whole(first..begin, terms) + whole(end..a, terms)) as i128;
        for i in begin..end {
            let rest = v / u128::from(self.primes[i]);
            if terms.of(0..1).next().is_some() {
                sum += self.small.phi_wide(rest, SmallPhi::MOST) as i128;
            }
            sum -= self.terms(rest, i, depth - 1, terms);
        }
        sum
    }

    /// φ(x, a), from what the recursion removes; `None` if more is removed than there is.
    pub fn close(&self, removed: i128) -> Option<u128> {
        let known = self.primes.len();
        let left = self.small.phi_wide(self.x, known.min(SmallPhi::MOST)).checked_add_signed(removed.checked_neg()?)?;
        // The primes up to √x leave 1 and the primes above √x; each further prime removes itself.
        let left = left.saturating_sub((self.a - known as u64).into()).max(self.x.min(1));
        (left <= self.x).then_some(left)
    }

    /// φ(v, a) for the first a primes, of which there are at least 8.
    fn phi_wide(&self, v: u128, a: usize) -> u128 {
        if let Ok(v) = u64::try_from(v) {
            return self.phi(v, a).into();
        }
        let terms = (SmallPhi::MOST..a).map(|i| self.phi_wide(v / u128::from(self.primes[i]), i));
        self.small.phi_wide(v, SmallPhi::MOST) - terms.sum::<u128>()
    }

    /// The same below 2^64.
    fn phi(&self, v: u64, a: usize) -> u64 {
        if v <= u64::from(self.primes[a - 1]) {
            return v.min(1);
        }
        if let Some(left) = self.look_up(v, a) {
            return left;
        }
        // Begins as far up as there is a table.
        let mut i = if v <= self.reach { (SmallPhi::MOST + self.sieved.len()).min(a) } else { SmallPhi::MOST };
        let mut left = self.look_up(v, i).unwrap_or_else(|| self.small.phi(v, i));
        for &p in &self.primes[i..a] {
            let (p, w) = (u64::from(p), v / u64::from(p));
            if w < p * p && w <= self.limit {
                break;
            }
            left -= self.look_up(w, i).unwrap_or_else(|| self.phi(w, i));
            i += 1;
        }
        // From here on 1 and primes are left of all quotients.
        for &p in &self.primes[i..a] {
            let (p, w) = (u64::from(p), v / u64::from(p));
            // Only the i primes before p are not above w. So 1 remains, here and for all primes from p on.
            if w < p {
                return left - (a - i) as u64;
            }
            left -= self.table.pi(w) + 1 - i as u64;
            i += 1;
        }
        left
    }

    /// φ(v, a) if it is in a table.
    #[inline]
    fn look_up(&self, v: u64, a: usize) -> Option<u64> {
        match a.checked_sub(SmallPhi::MOST + 1) {
            None => Some(self.small.phi(v, a)),
            Some(index) if v <= self.reach => self.sieved.get(index).map(|left| left.up_to(v)),
            Some(_) => None,
        }
    }
}

/// Which terms of all are in a share: every `parts`-th, after the next `skip`.
struct Terms {
    skip: usize,
    parts: usize,
}

impl Terms {
    /// Those of the next terms that are in the share.
    fn of(&mut self, next: Range<usize>) -> std::iter::StepBy<Range<usize>> {
        let taken = (next.start + self.skip).min(next.end)..next.end;
        let after = taken.len().next_multiple_of(self.parts);
        self.skip = if taken.is_empty() { self.skip - next.len() } else { after - taken.len() };
        taken.step_by(self.parts)
    }
}

/// A term φ(w, i) with more primes and a larger w is replaced by the terms of its own recursion, up to so many times: others take a
/// second at most.
const TERM_PRIMES: usize = 32;
const TERM_MAX: u128 = 4_000_000_000_000;
const TERM_DEPTH: u32 = 3;

/// φ(x, a).
pub fn phi(x: u64, a: u64) -> u64 {
    Phi::new(x.into(), a).value() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By the definition.
    fn naive(x: u64, a: usize) -> u64 {
        let primes = &naive::primes(3000)[..a];
        (1..=x).filter(|n| primes.iter().all(|&p| !n.is_multiple_of(p.into()))).count() as u64
    }

    #[test]
    fn a_table_repeats() {
        let small = SmallPhi::get();
        for a in 0..=SmallPhi::MOST {
            for x in
                (0..1000).chain(510_500..510_520).chain(9_699_680..9_699_700).chain(u64::MAX - 9..=u64::MAX).step_by(7)
            {
                let expect = if x < 1000 { naive(x, a) } else { by_steps(x, a) };
                assert_eq!(small.phi(x, a), expect, "phi({x}, {a})");
                assert_eq!(small.phi_wide(x.into(), a), u128::from(expect), "phi({x}, {a})");
            }
        }
        // Totients of the products of the first primes.
        let totients = [1, 1, 2, 8, 48, 480, 5760, 92_160, 1_658_880];
        let mut product = 1;
        for (a, totient) in totients.into_iter().enumerate() {
            assert_eq!(small.phi(product, a), totient);
            product *= FIRST_PRIMES.get(a).copied().unwrap_or(1);
        }
    }

    static PRIMES: LazyLock<Vec<u32>> = LazyLock::new(|| naive::primes(200_000));

    /// The recursion and nothing else, but that it ends where 1 is left.
    fn by_steps(x: u64, a: usize) -> u64 {
        match a {
            0 => x,
            _ if u64::from(PRIMES[a - 1]) >= x => x.min(1),
            _ => by_steps(x, a - 1) - by_steps(x / u64::from(PRIMES[a - 1]), a - 1),
        }
    }

    #[test]
    fn it_is_what_the_definition_says() {
        for x in (0..130).chain((130..3000).step_by(37)) {
            for a in (0..40).chain([50, 100, 400]) {
                assert_eq!(phi(x, a as u64), naive(x, a), "phi({x}, {a})");
            }
        }
        assert_eq!(phi(0, 0), 0);
        assert_eq!(phi(u64::MAX, 0), u64::MAX);
        assert_eq!(phi(u64::MAX, 1), 1 << 63);
        assert_eq!(Phi::new(u128::MAX, 1).value(), 1 << 127);
        assert_eq!(phi(1_000_000, u64::MAX), 1);
    }

    #[test]
    fn a_million_beyond_the_root() {
        // Without the multiples of all primes up to the root, 1 and the primes above it remain; each later prime removes itself.
        for a in [168, 169, 1000, 78_497, 78_498, 78_499, 100_000] {
            assert_eq!(phi(1_000_000, a), (78_498 - a.min(78_498)) + 1, "{a}");
        }
    }

    #[test]
    fn a_prime_is_below_its_bound() {
        for (a, &p) in (1..).zip(PRIMES.iter()) {
            assert!(above_prime(a) > u64::from(p), "{a}");
        }
    }

    #[test]
    fn shares_are_parts_of_the_whole() {
        for (x, a) in [(1_000_000, 100), (10_000_000_000, 3000), (500, 3), (3_000_000_000_000_000, 60)] {
            let phi = Phi::new(x, a);
            for parts in [2, 7, 100, 5000] {
                let removed: Vec<_> = (0..parts).map(|part| phi.removed(part, parts)).collect();
                assert!(removed.iter().all(|&removed| Phi::can_be(x, removed)));
                assert_eq!(phi.close(removed.iter().sum()), Some(phi.value()), "{parts}");
            }
        }
    }

    /// Terms are replaced by theirs from 137 · 4·10^12 on.
    #[test]
    fn terms_are_those_of_their_own_recursion() {
        for x in [547_999_999_999_999, 548_000_000_000_137, 75_076_000_000_018_769, 1 << 70, 10u128.pow(24)] {
            for a in [31, 32, 33, 34, 36, 40] {
                let phi = Phi::new(x, a);
                let plain = phi.small.phi_wide(x, 8)
                    - (8..a as usize).map(|i| phi.phi_wide(x / u128::from(phi.primes[i]), i)).sum::<u128>();
                assert_eq!(phi.value(), plain, "phi({x}, {a})");
            }
        }
    }

    #[test]
    fn the_number_of_steps_is_about_that_of_the_quotients() {
        let counted = |most: u128, a: usize| {
            let mut products = vec![(1u128, a.saturating_sub(SmallPhi::MOST))];
            for (below, &p) in PRIMES[..a].iter().skip(SmallPhi::MOST).enumerate().rev() {
                let more: Vec<_> = products.iter().map(|(n, _)| (n * u128::from(p), below)).collect();
                products.extend(more.into_iter().filter(|&(n, _)| n <= most));
            }
            products.iter().map(|&(_, below)| below as u128).sum::<u128>()
        };
        for (most, a) in [(1, 9), (22, 9), (1, 8), (1 << 30, 20), (u128::MAX, 20), (1_000_000, 100), (30_000_000, 60)] {
            let (steps, counted) = (steps(most, a), counted(most, a));
            assert!(counted <= 2 * steps && steps <= 2 * counted, "{most} {a}: {steps}, not {counted}");
        }
    }

    proptest! {
        #![proptest_config(crate::random::cases(500))]

        #[test]
        fn random_pairs_by_the_recursion(bits in 1..17u32, low: u64, a in 0..400usize) {
            let x = low >> (64 - bits);
            prop_assert_eq!(phi(x, a as u64), by_steps(x, a));
        }

        /// φ(x, a) = φ(x, a-1) - φ(x/p_a, a-1), for numbers that use each table.
        #[test]
        fn the_next_prime_takes_its_multiples(bits in 20..34u32, low: u64, a in prop::sample::select(vec![1, 8, 9, 10, 38, 39, 99, 100, 101, 130, 131, 1000])) {
            let (x, p) = (low >> (64 - bits), u64::from(PRIMES[a - 1]));
            let a = a as u64;
            prop_assert_eq!(phi(x, a), phi(x, a - 1) - phi(x / p, a - 1));
        }
    }
}
