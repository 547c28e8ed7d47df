//! Ranks as threads of one process, their mail shuffled by a seed: the world that tests live in.
//!
//! Between two ranks messages keep their order, as MPI's do; from whom the next one comes is anyone's guess.

use super::World;
use std::sync::{Condvar, Mutex};

/// Runs `rank` on `size` ranks and returns what each came to, in rank order.
pub fn run<R: Send>(size: usize, seed: u64, rank: impl Fn(&dyn World) -> R + Sync) -> Vec<R> {
    let post = Post { boxes: (0..size).map(|_| Default::default()).collect() };
    std::thread::scope(|scope| {
        let (post, rank) = (&post, &rank);
        let start = |number: usize| {
            let dice = Mutex::new(seed.wrapping_mul(31).wrapping_add(number as u64 + 1));
            scope.spawn(move || rank(&Rank { number, post, dice }))
        };
        let ranks: Vec<_> = (0..size).map(start).collect();
        ranks.into_iter().map(|rank| rank.join().expect("no rank panics")).collect()
    })
}

/// Collectives and messages do not mix, so each has a box of its own.
#[derive(Default)]
struct Boxes {
    mail: Vec<(usize, Vec<u8>)>,
    collected: Vec<(usize, Vec<u8>)>,
}

struct Post {
    boxes: Vec<(Mutex<Boxes>, Condvar)>,
}

struct Rank<'a> {
    number: usize,
    post: &'a Post,
    dice: Mutex<u64>,
}

impl Rank<'_> {
    fn put(&self, to: usize, change: impl FnOnce(&mut Boxes)) {
        let (boxes, bell) = &self.post.boxes[to];
        change(&mut boxes.lock().expect("no rank panics"));
        bell.notify_all();
    }

    /// Waits for what `from` put into a collective.
    fn collect(&self, from: usize) -> Vec<u8> {
        let (boxes, bell) = &self.post.boxes[self.number];
        let boxes = boxes.lock().expect("no rank panics");
        let missing = |boxes: &mut Boxes| boxes.collected.iter().all(|(who, _)| *who != from);
        let mut boxes = bell.wait_while(boxes, missing).expect("no rank panics");
        let at = boxes.collected.iter().position(|(who, _)| *who == from).expect("it was waited for");
        boxes.collected.remove(at).1
    }
}

impl World for Rank<'_> {
    fn rank(&self) -> usize {
        self.number
    }

    fn size(&self) -> usize {
        self.post.boxes.len()
    }

    fn send(&self, to: usize, bytes: &[u8]) {
        self.put(to, |boxes| boxes.mail.push((self.number, bytes.to_vec())));
    }

    fn poll(&self) -> Option<(usize, Vec<u8>)> {
        let mut boxes = self.post.boxes[self.number].0.lock().expect("no rank panics");
        let mut senders: Vec<usize> = boxes.mail.iter().map(|(from, _)| *from).collect();
        senders.sort_unstable();
        senders.dedup();
        let mut dice = self.dice.lock().expect("no rank panics");
        *dice = dice.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let from = *senders.get((*dice >> 33) as usize % senders.len().max(1))?;
        let at = boxes.mail.iter().position(|(who, _)| *who == from)?;
        Some(boxes.mail.remove(at))
    }

    fn gather(&self, mine: Vec<u8>) -> Option<Vec<Vec<u8>>> {
        if self.number > 0 {
            self.put(0, |boxes| boxes.collected.push((self.number, mine)));
            return None;
        }
        let others = (1..self.size()).map(|rank| self.collect(rank));
        Some([mine].into_iter().chain(others).collect())
    }

    fn share(&self, mine: Vec<u8>) -> Vec<u8> {
        if self.number > 0 {
            return self.collect(0);
        }
        for rank in 1..self.size() {
            self.put(rank, |boxes| boxes.collected.push((0, mine.clone())));
        }
        mine
    }
}
