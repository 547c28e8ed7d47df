//! What speed-ups say: the serial part after Karp and Flatt, Amdahl's law, and the universal scalability law.
//!
//! Sources: G. Amdahl, AFIPS 1967, p. 483; A. Karp and H. Flatt, CACM 33 (1990), p. 539; N. Gunther, *Guerrilla Capacity Planning*
//! (Springer 2007), chapter 4.

/// A measured speed-up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// How many computed at the same time.
    pub workers: f64,
    /// How many times as fast that was as one alone.
    pub speedup: f64,
}

/// The serial part that one speed-up tells, from 0 to 1 where the law holds; `None` for one worker, which tells nothing.
pub fn karp_flatt(point: Point) -> Option<f64> {
    let Point { workers, speedup } = point;
    (workers > 1.0).then(|| (1.0 / speedup - 1.0 / workers) / (1.0 - 1.0 / workers))
}

/// The universal scalability law: p workers are p / (1 + contention (p - 1) + crosstalk p (p - 1)) times as fast as one. Without
/// crosstalk it is Amdahl's law, and contention is the serial part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Law {
    /// The part that only one worker at a time can do.
    pub contention: f64,
    /// What each pair of workers costs.
    pub crosstalk: f64,
}

impl Law {
    /// Amdahl's law that fits best: the squares of what it is wrong by are the least. `None` if no point has several workers.
    pub fn amdahl(points: &[Point]) -> Option<Law> {
        (different(points) > 0).then(|| fit(points, false))
    }

    /// The universal scalability law that fits best. `None` if the points have fewer than two different numbers of several workers.
    pub fn universal(points: &[Point]) -> Option<Law> {
        (different(points) > 1).then(|| fit(points, true))
    }

    /// The speed-up of so many workers.
    pub fn speedup(&self, workers: f64) -> f64 {
        workers / self.slowing(workers)
    }

    /// How many workers are best; `None` if more are always better.
    pub fn best(&self) -> Option<f64> {
        (self.crosstalk > 0.0).then(|| ((1.0 - self.contention).max(0.0) / self.crosstalk).sqrt().max(1.0))
    }

    /// How many times as long each of p workers takes for its share.
    fn slowing(&self, workers: f64) -> f64 {
        1.0 + (workers - 1.0) * (self.contention + self.crosstalk * workers)
    }

    fn squares(&self, points: &[Point]) -> f64 {
        points.iter().map(|point| (point.speedup - self.speedup(point.workers)).powi(2)).sum()
    }
}

/// How many different numbers of several workers there are.
fn different(points: &[Point]) -> usize {
    let mut workers: Vec<f64> = points.iter().map(|point| point.workers).filter(|&workers| workers > 1.0).collect();
    workers.sort_by(f64::total_cmp);
    workers.dedup();
    workers.len()
}

/// How often a fit is improved. Ten times are enough for most.
const STEPS: usize = 100;

/// The law that fits best (Gauss and Newton's method). Neither term is negative: workers do not help each other.
fn fit(points: &[Point], with_crosstalk: bool) -> Law {
    let mut law = Law { contention: 0.0, crosstalk: 0.0 };
    for _ in 0..STEPS {
        let next = improved(&law, points, with_crosstalk);
        let between = |part: f64| Law {
            contention: law.contention + part * (next.contention - law.contention),
            crosstalk: law.crosstalk + part * (next.crosstalk - law.crosstalk),
        };
        // A whole step may be too far.
        let parts = std::iter::successors(Some(1.0), |part| Some(part / 2.0)).take(20);
        let Some(better) = parts.map(between).find(|next| next.squares(points) < law.squares(points)) else { break };
        law = better;
    }
    law
}

/// The law that would fit best if the speed-up depended on both terms everywhere as it does near `law`.
fn improved(law: &Law, points: &[Point], with_crosstalk: bool) -> Law {
    let (mut xx, mut xy, mut yy, mut x_error, mut y_error) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for &Point { workers, speedup } in points {
        // How the speed-up changes with either term.
        let x = -workers * (workers - 1.0) / law.slowing(workers).powi(2);
        let y = x * workers;
        // What the terms should explain: the error, and what they explain now.
        let error = speedup - law.speedup(workers) + x * law.contention + y * law.crosstalk;
        (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
        (x_error, y_error) = (x_error + x * error, y_error + y * error);
    }
    let contention_only = Law { contention: (x_error / xx).clamp(0.0, 1.0), crosstalk: 0.0 };
    let determinant = xx * yy - xy * xy;
    if !with_crosstalk || determinant <= 1e-12 * xx * yy {
        return contention_only;
    }
    let contention = (x_error * yy - y_error * xy) / determinant;
    let crosstalk = (y_error * xx - x_error * xy) / determinant;
    if crosstalk < 0.0 {
        contention_only
    } else if contention < 0.0 {
        Law { contention: 0.0, crosstalk: (y_error / yy).max(0.0) }
    } else {
        Law { contention: contention.min(1.0), crosstalk }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(law: Law, workers: &[u32]) -> Vec<Point> {
        let point = |&p: &u32| Point { workers: p.into(), speedup: law.speedup(p.into()) };
        workers.iter().map(point).collect()
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn a_law_is_found_in_its_own_numbers() {
        for contention in [0.0, 0.001, 0.05, 0.5, 1.0] {
            for crosstalk in [0.0, 1e-5, 0.001, 0.05] {
                let law = Law { contention, crosstalk };
                for workers in [&[1, 2, 3, 4][..], &[1, 2, 4, 8, 16, 64], &[2, 3]] {
                    let found = Law::universal(&points(law, workers)).unwrap();
                    let same = close(found.contention, contention) && close(found.crosstalk, crosstalk);
                    assert!(same, "{law:?} was found as {found:?}");
                }
                let amdahl = Law { crosstalk: 0.0, ..law };
                let found = Law::amdahl(&points(amdahl, &[1, 2, 3, 16])).unwrap();
                assert!(close(found.contention, contention) && found.crosstalk == 0.0, "{found:?}");
            }
        }
    }

    #[test]
    fn between_measurements_that_differ_the_squares_are_the_least() {
        let mut noisy = points(Law { contention: 0.03, crosstalk: 0.002 }, &[1, 2, 2, 3, 4, 4, 6, 8]);
        noisy.iter_mut().enumerate().for_each(|(index, point)| point.speedup *= 1.0 + 0.02 * (index as f64).sin());
        let [amdahl, universal] = [Law::amdahl(&noisy), Law::universal(&noisy)].map(Option::unwrap);
        assert!(universal.squares(&noisy) < amdahl.squares(&noisy));
        for (contention, crosstalk) in [(1e-4, 0.0), (-1e-4, 0.0), (0.0, 1e-5), (0.0, -1e-5), (1e-4, -1e-5)] {
            let beside =
                |law: Law| Law { contention: law.contention + contention, crosstalk: law.crosstalk + crosstalk };
            assert!(beside(universal).squares(&noisy) >= universal.squares(&noisy));
            if crosstalk == 0.0 {
                assert!(beside(amdahl).squares(&noisy) >= amdahl.squares(&noisy));
            }
        }
    }

    #[test]
    fn more_than_twice_as_fast_on_two_is_all_parallel() {
        let better = [Point { workers: 2.0, speedup: 2.1 }, Point { workers: 4.0, speedup: 4.4 }];
        assert_eq!(Law::universal(&better), Some(Law { contention: 0.0, crosstalk: 0.0 }));
        assert_eq!(Law::amdahl(&better), Law::universal(&better));
        let worse = [Point { workers: 2.0, speedup: 0.5 }];
        assert!(Law::amdahl(&worse).unwrap().contention <= 1.0);
    }

    #[test]
    fn too_few_numbers_of_workers_make_no_law() {
        let of = |workers: &[u32]| points(Law { contention: 0.1, crosstalk: 0.01 }, workers);
        assert_eq!((Law::amdahl(&of(&[1, 1])), Law::universal(&of(&[1, 2, 2]))), (None, None));
        assert!(Law::amdahl(&of(&[2])).is_some() && Law::universal(&of(&[2, 3])).is_some());
    }

    #[test]
    fn the_best_number_of_workers_is_where_more_are_slower() {
        let law = Law { contention: 0.02, crosstalk: 0.0005 };
        let best = law.best().unwrap();
        assert!(law.speedup(best) > law.speedup(best + 1.0) && law.speedup(best) > law.speedup(best - 1.0));
        assert_eq!(Law { contention: 0.5, crosstalk: 0.0 }.best(), None);
        assert_eq!(Law { contention: 1.0, crosstalk: 0.5 }.best(), Some(1.0));
    }

    #[test]
    fn karp_and_flatt_find_amdahls_serial_part() {
        let law = Law { contention: 0.05, crosstalk: 0.0 };
        for point in points(law, &[2, 7, 100]) {
            assert!(close(karp_flatt(point).unwrap(), 0.05));
        }
        assert_eq!(karp_flatt(Point { workers: 1.0, speedup: 1.0 }), None);
    }
}
