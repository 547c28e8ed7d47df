//! Ranks as threads of one process, for tests and `self-test`. A seed shuffles their messages.
//!
//! Between two ranks messages keep their order, as in MPI; from which rank the next one comes is random. Ranks may die here, too: a
//! rank that dies ends its thread at a message that it does not send.

use super::World;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex};

/// Runs `rank` on `size` ranks and returns their results in rank order.
///
/// # Panics
/// If `rank` panics on a rank.
pub fn run<R: Send>(size: usize, seed: u64, rank: impl Fn(&dyn World) -> R + Sync) -> Vec<R> {
    let ends = run_until_deaths(size, seed, &[], rank);
    ends.into_iter().map(|end| end.expect("nobody dies")).collect()
}

/// The same, but ranks die after they have sent a number of messages: a death is a rank and that number. Without deaths the world
/// cannot tolerate any. Dead ranks have no result.
///
/// # Panics
/// If `rank` panics on a rank.
pub fn run_until_deaths<R: Send>(
    size: usize,
    seed: u64,
    deaths: &[(usize, usize)],
    rank: impl Fn(&dyn World) -> R + Sync,
) -> Vec<Option<R>> {
    let post = Post::new(size, !deaths.is_empty());
    std::thread::scope(|scope| {
        let (post, rank) = (&post, &rank);
        let start = |number: usize| {
            let dice = Mutex::new(seed.wrapping_mul(31).wrapping_add(number as u64 + 1));
            let death = deaths.iter().find(|(whose, _)| *whose == number).map(|(_, after)| *after);
            scope.spawn(move || {
                let (post, splits) = (post.clone(), Cell::new(0));
                let me = Rank { number, post, dice, left: Cell::new(death), lost: RefCell::default(), splits };
                let end = catch_unwind(AssertUnwindSafe(|| rank(&me)));
                end.map(Some).unwrap_or_else(|why| if why.is::<Death>() { None } else { resume_unwind(why) })
            })
        };
        let ranks: Vec<_> = (0..size).map(start).collect();
        ranks.into_iter().map(|rank| rank.join().expect("no rank panics")).collect()
    })
}

/// What a thread ends with.
struct Death;

/// Collectives and messages do not mix, so each kind has a box of its own.
#[derive(Default)]
struct Boxes {
    mail: Vec<(usize, Vec<u8>)>,
    collected: Vec<(usize, Vec<u8>)>,
    /// Whether its owner is dead.
    dead: bool,
}

struct Post {
    boxes: Vec<(Mutex<Boxes>, Condvar)>,
    mortal: bool,
    /// The worlds of the first ranks, by the number of the call that made them.
    parts: Mutex<BTreeMap<u64, Arc<Post>>>,
}

impl Post {
    fn new(size: usize, mortal: bool) -> Arc<Post> {
        let boxes = (0..size).map(|_| Default::default()).collect();
        Arc::new(Post { boxes, mortal, parts: Mutex::default() })
    }
}

struct Rank {
    number: usize,
    post: Arc<Post>,
    dice: Mutex<u64>,
    /// How many more messages it sends before it dies, if it does.
    left: Cell<Option<usize>>,
    /// The ranks that are excluded from collectives.
    lost: RefCell<Vec<usize>>,
    /// How often it has asked for a world of the first ranks.
    splits: Cell<u64>,
}

impl Rank {
    fn put(&self, to: usize, change: impl FnOnce(&mut Boxes)) {
        let (boxes, bell) = &self.post.boxes[to];
        change(&mut boxes.lock().expect("no rank panics"));
        bell.notify_all();
    }

    /// Waits for what rank `from` puts into a collective.
    fn collect(&self, from: usize) -> Vec<u8> {
        let (boxes, bell) = &self.post.boxes[self.number];
        let boxes = boxes.lock().expect("no rank panics");
        let missing = |boxes: &mut Boxes| boxes.collected.iter().all(|(who, _)| *who != from);
        let mut boxes = bell.wait_while(boxes, missing).expect("no rank panics");
        let at = boxes.collected.iter().position(|(who, _)| *who == from).expect("it was waited for");
        boxes.collected.remove(at).1
    }

    /// The other ranks that take part in collectives.
    fn others(&self) -> Vec<usize> {
        let lost = self.lost.borrow();
        (1..self.size()).filter(|rank| !lost.contains(rank)).collect()
    }
}

impl World for Rank {
    fn rank(&self) -> usize {
        self.number
    }

    fn size(&self) -> usize {
        self.post.boxes.len()
    }

    fn send(&self, to: usize, bytes: &[u8]) {
        match self.left.get() {
            Some(0) => {
                self.put(self.number, |boxes| boxes.dead = true);
                resume_unwind(Box::new(Death) as Box<dyn Any + Send>);
            }
            left => self.left.set(left.map(|left| left - 1)),
        }
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
        let mut all = vec![Vec::new(); self.size()];
        all[0] = mine;
        self.others().into_iter().for_each(|rank| all[rank] = self.collect(rank));
        Some(all)
    }

    fn broadcast(&self, mine: Vec<u8>) -> Vec<u8> {
        if self.number > 0 {
            return self.collect(0);
        }
        for rank in self.others() {
            self.put(rank, |boxes| boxes.collected.push((0, mine.clone())));
        }
        mine
    }

    fn first_ranks(&self, ranks: usize) -> Option<Box<dyn World + '_>> {
        self.splits.set(self.splits.get() + 1);
        if self.number >= ranks {
            return None;
        }
        let mut parts = self.post.parts.lock().expect("no rank panics");
        let post = parts.entry(self.splits.get()).or_insert_with(|| Post::new(ranks, false)).clone();
        let dice = Mutex::new(*self.dice.lock().expect("no rank panics"));
        let (left, lost, splits) = (Cell::new(None), RefCell::default(), Cell::new(0));
        Some(Box::new(Rank { number: self.number, post, dice, left, lost, splits }))
    }

    fn can_tolerate(&self) -> Result<(), String> {
        if self.post.mortal { Ok(()) } else { Err("nobody dies".into()) }
    }

    fn lost(&self) -> Vec<usize> {
        let dead = |rank: &usize| self.post.boxes[*rank].0.lock().expect("no rank panics").dead;
        (0..self.size()).filter(dead).collect()
    }

    fn shrink(&self) {
        *self.lost.borrow_mut() = self.lost();
    }
}
