//! The parameters of Gourdon's formula for one x, derived once, and what follows from them.

use crate::math::count::root;
use std::fmt;

/// The formula's x, its two limits, and the bounds that follow. Integers throughout: every rank must compute the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// The x of π(x), from [`X_LEAST`] to below [`X_END`].
    pub x: u128,
    /// Primes up to here are factors of leaves: cbrt x < y < sqrt x.
    pub y: u64,
    /// Leaves go up to here: y <= z < sqrt x.
    pub z: u64,
    /// Where A ends and C and D begin: x^(1/4), but no less than x/y².
    pub star: u64,
    /// ⌊x^(1/2)⌋.
    pub sqrt_x: u64,
    /// ⌊x^(1/3)⌋.
    pub cbrt_x: u64,
    /// The largest p that a leaf of D may have: at most x*, and p < m <= x/p³.
    pub hard: u64,
    /// ⌊z^(1/2)⌋.
    pub sqrt_z: u64,
}

/// The number of primes for which phi is looked up: the first eight. Their multiples are never leaves.
pub const K: usize = 8;

/// The least x for the formula: below it the first K primes reach beyond x^(1/4).
pub const X_LEAST: u128 = 200_000;

/// The end of the x for the formula. A little beyond it, primes up to x^(3/8) would not fit 32 bits.
pub const X_END: u128 = 10u128.pow(25) + 1;

/// The largest y and z: the entries of the tables are indexed by 32 bits.
const YZ_MAX: u64 = (1 << 31) - 1;

/// y and z as multiples of cbrt x and y, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alpha {
    /// y over cbrt x, in thousandths.
    pub y: u64,
    /// z over y, in thousandths.
    pub z: u64,
}

/// The best y over cbrt x, in thousandths, as measured at log2 x = 16, 20, 24, …; in between it is interpolated.
const BEST: [u64; 19] = [
    1000, 1300, 1800, 2500, 3500, 5000, 7200, 11_500, 17_500, 24_500, 32_000, 42_000, 55_000, 72_000, 95_000, 125_000,
    165_000, 215_000, 280_000,
];

impl Alpha {
    /// The values that should be quickest for x.
    pub fn best(x: u128) -> Alpha {
        // log2 x in 256ths; between powers of two the mantissa is near enough to the logarithm.
        let bits = u64::from(x.max(1).ilog2());
        let log = 256 * bits + ((x << 8 >> bits) as u64 - 256).min(255);
        let at = log.saturating_sub(256 * 16);
        let index = ((at / 1024) as usize).min(BEST.len() - 2);
        let (left, right) = (BEST[index], BEST[index + 1]);
        let part = (at - 1024 * index as u64).min(1024);
        Alpha { y: left + (right - left) * part / 1024, z: 1000 }
    }
}

impl Params {
    /// The parameters that should be quickest for x.
    pub fn new(x: u128) -> Params {
        Params::with(x, Alpha::best(x))
    }

    /// The parameters for any alpha: y and z are brought into their ranges.
    ///
    /// # Panics
    /// If x is below [`X_LEAST`], or is [`X_END`] or more.
    pub fn with(x: u128, alpha: Alpha) -> Params {
        assert!((X_LEAST..X_END).contains(&x));
        let (sqrt_x, cbrt_x) = (x.isqrt() as u64, root(x, 3));
        let scaled = |n: u64, thousandths: u64| (u128::from(n) * u128::from(thousandths) / 1000) as u64;
        let most = (sqrt_x - 1).min(YZ_MAX);
        let y = scaled(cbrt_x, alpha.y).clamp(cbrt_x + 1, most);
        Params::of(x, y, scaled(y, alpha.z).clamp(y, most))
    }

    /// The parameters for y and z, which must be in their ranges.
    ///
    /// # Panics
    /// If they are not: the cube root of x is below y, y is at most z, and z is below the square root of x.
    pub fn of(x: u128, y: u64, z: u64) -> Params {
        let (sqrt_x, cbrt_x) = (x.isqrt() as u64, root(x, 3));
        assert!(cbrt_x < y && y <= z && z < sqrt_x);
        let root4 = x.isqrt().isqrt() as u64;
        let (wide, narrow) = (u128::from(y) * u128::from(y), (x / u128::from(y)).isqrt() as u64);
        let star = root4.max(x.div_ceil(wide) as u64).min(y).min(narrow).max(1);
        let fits = u128::from(root4).pow(3) * u128::from(root4 + 1) <= x;
        let hard = star.min(if fits { root4 } else { root4 - 1 });
        Params { x, y, z, star, sqrt_x, cbrt_x, hard, sqrt_z: z.isqrt() }
    }

    /// Other parameters for the same x. All terms have other values then, and take about as long.
    pub fn others(&self) -> Params {
        let y = (self.y - self.y / 20).max(self.cbrt_x + 1);
        Params::of(self.x, y, (y + (y / 50).max(1)).min(self.sqrt_x - 1))
    }

    /// x/z: the end of D's sieve.
    pub fn xz(&self) -> u64 {
        (self.x / u128::from(self.z)) as u64
    }

    /// x/y: B counts primes up to here.
    pub fn xy(&self) -> u64 {
        (self.x / u128::from(self.y)) as u64
    }

    /// The numbers that the table of π must go up to: y, sqrt(x/x*) and sqrt(x/y).
    pub fn table(&self) -> u64 {
        let star = u128::from(self.star);
        self.y.max((self.x / star).isqrt() as u64).max((self.x / u128::from(self.y)).isqrt() as u64)
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "y {}, z {}, k {K}, x* {}", self.y, self.z, self.star)
    }
}
