//! A long list that all threads of a rank make together, in pieces.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A list in pieces. Each thread makes the next piece that nobody has begun.
pub struct Pieces<T> {
    pieces: Vec<OnceLock<Vec<T>>>,
    next: AtomicUsize,
}

impl<T> Pieces<T> {
    /// So many pieces, none of which is made.
    pub fn new(count: u64) -> Pieces<T> {
        Pieces { pieces: (0..count).map(|_| OnceLock::new()).collect(), next: AtomicUsize::new(0) }
    }

    /// Helps to make the pieces, and returns when all are there. Many threads may call it at once; `piece` makes the one of that
    /// index.
    pub fn make(&self, mut piece: impl FnMut(u64) -> Vec<T>) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(place) = self.pieces.get(index) else { break };
            assert!(place.set(piece(index as u64)).is_ok(), "each piece is taken once");
        }
        for place in &self.pieces {
            place.wait();
        }
    }

    /// The pieces in order. [`Pieces::make`] must have returned.
    pub fn iter(&self) -> impl Iterator<Item = &[T]> + Clone {
        (0..self.pieces.len()).map(|index| self.at(index))
    }

    /// The piece of that index. [`Pieces::make`] must have returned.
    pub fn at(&self, index: usize) -> &[T] {
        self.pieces[index].get().expect("the pieces are made")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_piece_is_made_once_by_whichever_thread() {
        for (count, threads) in [(0, 3), (1, 3), (2, 1), (100, 3)] {
            let (pieces, made) = (Pieces::new(count), AtomicUsize::new(0));
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        pieces.make(|index| {
                            made.fetch_add(1, Ordering::Relaxed);
                            vec![index; index as usize % 3]
                        });
                        // Whoever returns finds all of them.
                        let expect = (0..count).flat_map(|index| vec![index; index as usize % 3]);
                        assert!(pieces.iter().flatten().copied().eq(expect));
                    });
                }
            });
            assert_eq!(made.into_inner() as u64, count);
        }
    }
}
