//! The sieve of Eratosthenes with one flag per number: slower and simpler than the segmented sieve, which is tested against it
//! and takes its first primes from it.

/// All primes up to `limit`, ascending. O(n log log n) time, one byte per number.
pub fn primes(limit: usize) -> Vec<u32> {
    let mut prime = vec![true; limit + 1];
    let mut primes = Vec::new();
    for n in 2..=limit {
        if prime[n] {
            primes.push(n as u32);
            for multiple in (n * n..=limit).step_by(n) {
                prime[multiple] = false;
            }
        }
    }
    primes
}

/// How many primes there are from `first` to `last`, both included; `first` must not be above `last`. `primes` must have at
/// least the primes up to the square root of `last`. Memory: one byte per number of the window.
pub fn count(primes: &[u32], first: u64, last: u64) -> u64 {
    let mut prime = vec![true; (last - first + 1) as usize];
    for &p in primes {
        let p = u128::from(p);
        if p * p > u128::from(last) {
            break;
        }
        let start = (p * p).max(u128::from(first).next_multiple_of(p)) - u128::from(first);
        for index in (start as usize..prime.len()).step_by(p as usize) {
            prime[index] = false;
        }
    }
    let units = (first..=last).take_while(|&n| n < 2).count();
    prime.iter().skip(units).map(|&prime| u64::from(prime)).sum()
}

#[cfg(test)]
mod tests {
    use super::super::super::trial;
    use super::*;

    #[test]
    fn it_finds_what_trial_division_finds() {
        for limit in [0, 1, 2, 3, 4, 100, 10_000] {
            let slow: Vec<u32> = (0..=limit as u32).filter(|&n| trial::is_prime(n.into())).collect();
            assert_eq!(primes(limit), slow, "up to {limit}");
        }
        let base = primes(70_000);
        for (first, last) in [(0, 0), (0, 2), (2, 2), (24, 25), (3_000_000, 3_010_000), (4_294_960_000, 4_294_967_400)]
        {
            assert_eq!(count(&base, first, last), trial::count(first, last), "{first}..={last}");
        }
    }
}
