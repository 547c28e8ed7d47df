//! Who leads in a race of residue classes: what can be known of a piece of the primes without those before it, and who leads when these are known.
//!
//! Of f classes, one that has c of the first N primes is f·c - N *above its share*. For two classes that is how far the one is ahead of the other.
//! A piece knows for each class how many primes it has, and the most and the least that it was above its share. That bounds how far one class went
//! ahead of another; for two classes it says it exactly. So most pieces need no second look.

use crate::wire;

/// A class in a piece.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Course {
    /// Its primes.
    pub count: u64,
    /// The most and the least that it was above its share: from the beginning of the piece, where that is 0, to its end.
    pub most: i64,
    /// See `most`.
    pub least: i64,
}

/// A piece of the primes, class by class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Piece {
    /// Its classes.
    pub classes: Vec<Course>,
}

wire::fields! {
    Course { count most least }
    Piece { classes }
}

impl Piece {
    /// No primes yet.
    pub fn of(classes: usize) -> Piece {
        Piece { classes: vec![Course::default(); classes] }
    }

    /// How many primes there are.
    pub fn primes(&self) -> u64 {
        self.classes.iter().map(|course| course.count).sum()
    }

    /// The piece of these primes, of which only the classes count.
    pub fn read(classes: usize, primes: impl Iterator<Item = usize>) -> Piece {
        let (mut piece, mut total, f) = (Piece::of(classes), 0, classes as i64);
        primes.for_each(|class| {
            total += 1;
            let course = &mut piece.classes[class];
            course.count += 1;
            let above = f * course.count as i64 - total;
            course.most = course.most.max(above);
            // It was least just before.
            course.least = course.least.min(above - (f - 1));
        });
        piece.classes.iter_mut().for_each(|course| course.least = course.least.min(f * course.count as i64 - total));
        piece
    }

    /// The piece of the primes of two classes, whose bits are in `masks`, word by word. Bits are looked at only where a word may go further than
    /// all words before.
    pub fn of_two(words: &[u64], masks: [u64; 2]) -> Piece {
        let (mut counts, mut ahead, mut most, mut least) = ([0; 2], 0i64, 0i64, 0i64);
        for &word in words {
            let [ours, theirs] = masks.map(|mask| u64::from((word & mask).count_ones()));
            if ahead + ours as i64 > most || ahead - (theirs as i64) < least {
                let (mut rest, mut at) = (word & (masks[0] | masks[1]), ahead);
                while rest != 0 {
                    at += if rest & rest.wrapping_neg() & masks[0] != 0 { 1 } else { -1 };
                    (most, least) = (most.max(at), least.min(at));
                    rest &= rest - 1;
                }
            }
            ahead += ours as i64 - theirs as i64;
            counts = [counts[0] + ours, counts[1] + theirs];
        }
        let [one, other] = counts;
        let courses = [Course { count: one, most, least }, Course { count: other, most: -least, least: -most }];
        Piece { classes: courses.into() }
    }

    /// Whether some primes can make this piece.
    pub fn is_possible(&self) -> bool {
        let (f, total) = (i128::from(self.classes.len() as u64), i128::from(self.primes()));
        self.classes.iter().all(|course| {
            let (most, least, own) = (i128::from(course.most), i128::from(course.least), f * i128::from(course.count));
            (0..=own - i128::from(course.count)).contains(&most)
                && (i128::from(course.count) - total..=0).contains(&least)
                && (least..=most).contains(&(own - total))
        })
    }
}

/// A class that took the lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// The prime by which it did.
    pub after: u128,
    /// The index of the class.
    pub class: usize,
    /// By how many primes it led at most, until another took the lead.
    pub most: u64,
}

/// A race, prime by prime or piece by piece. A class leads if it has more primes than each other. Where two have as many, nobody else leads yet.
pub struct Race {
    counts: Vec<u64>,
    /// The most primes that a class has beside the leader.
    others: u64,
    /// The leads so far.
    pub leads: Vec<Lead>,
}

impl Race {
    /// A race of so many classes.
    pub fn of(classes: usize) -> Race {
        Race { counts: vec![0; classes], others: 0, leads: vec![] }
    }

    /// The next prime.
    pub fn next(&mut self, prime: u128, class: usize) {
        self.counts[class] += 1;
        let count = self.counts[class];
        match self.leads.last_mut() {
            Some(lead) if lead.class == class => lead.most = lead.most.max(count - self.others),
            Some(lead) if count <= self.counts[lead.class] => self.others = self.others.max(count),
            _ => {
                self.others = count - 1;
                self.leads.push(Lead { after: prime, class, most: 1 });
            }
        }
    }

    /// The next piece, if nothing happens in it that only its primes could tell.
    pub fn skips(&mut self, piece: &Piece) -> bool {
        let Some(lead) = self.leads.last_mut() else { return false };
        let (leader, f) = (lead.class, self.counts.len() as i64);
        let (own, own_course) = (self.counts[leader] as i64, piece.classes[leader]);
        let others = || (0..).zip(self.counts.iter().zip(&piece.classes)).filter(|(class, _)| *class != leader);
        // How far each other class may be ahead at most, and how far the leader is ahead of all at most.
        let overtakes = others().any(|(_, (&count, course))| count as i64 + (course.most - own_course.least) / f > own);
        let ahead =
            others().map(|(_, (&count, course))| own - count as i64 + (own_course.most - course.least) / f).min();
        let ahead = ahead.unwrap_or(0).max(0) as u64;
        if overtakes || ahead > lead.most && f > 2 {
            return false;
        }
        lead.most = lead.most.max(ahead);
        self.counts.iter_mut().zip(&piece.classes).for_each(|(count, course)| *count += course.count);
        let others = (0..).zip(&self.counts).filter(|(class, _)| *class != leader);
        self.others = others.map(|(_, count)| *count).max().unwrap_or(0);
        true
    }

    /// How many primes each class has.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Which class has more than each other after each prime, by counting all anew.
    fn judged(classes: usize, primes: &[usize]) -> Vec<Lead> {
        let mut leads: Vec<Lead> = vec![];
        for end in 1..=primes.len() {
            let mut counts = vec![0u64; classes];
            primes[..end].iter().for_each(|&class| counts[class] += 1);
            let most = *counts.iter().max().unwrap();
            let first: Vec<usize> = (0..classes).filter(|&class| counts[class] == most).collect();
            let [leader] = first[..] else { continue };
            let second = (0..classes).filter(|&class| class != leader).map(|class| counts[class]).max().unwrap();
            match leads.last_mut() {
                Some(lead) if lead.class == leader => lead.most = lead.most.max(most - second),
                _ => leads.push(Lead { after: end as u128, class: leader, most: most - second }),
            }
        }
        leads
    }

    /// The same by pieces; how many were skipped.
    fn by_pieces(classes: usize, primes: &[usize], width: usize) -> (Vec<Lead>, usize) {
        let (mut race, mut skipped, mut at) = (Race::of(classes), 0, 0);
        for piece in primes.chunks(width) {
            if race.skips(&Piece::read(classes, piece.iter().copied())) {
                skipped += 1;
            } else {
                (at + 1..).zip(piece).for_each(|(place, &class)| race.next(place as u128, class));
            }
            at += piece.len();
        }
        let counts = (0..classes).map(|class| primes.iter().filter(|&&other| other == class).count() as u64);
        assert_eq!(race.counts(), counts.collect::<Vec<_>>());
        (race.leads, skipped)
    }

    proptest! {
        #![proptest_config(crate::random::cases(300))]

        #[test]
        fn leads_are_those_of_the_judge_however_primes_are_cut(
            (classes, primes) in (2..7usize).prop_flat_map(|f| (Just(f), prop::collection::vec(0..f, 0..150))),
            width in 1..30usize,
        ) {
            prop_assert_eq!(by_pieces(classes, &primes, width).0, judged(classes, &primes));
        }

        #[test]
        fn pieces_of_two_classes_are_those_of_their_primes(
            words in prop::collection::vec(any::<u64>(), 0..20),
            mask in any::<u64>(),
        ) {
            let bits = words.iter().flat_map(|&word| (0..64).filter(move |bit| word >> bit & 1 == 1));
            let read = Piece::read(2, bits.map(|bit| usize::from(mask >> bit & 1 == 0)));
            prop_assert!(read.is_possible());
            prop_assert_eq!(Piece::of_two(&words, [mask, !mask]), read);
        }
    }

    #[test]
    fn pieces_in_which_nothing_happens_are_skipped() {
        for classes in [2, 3] {
            // The first class goes far ahead, and then all take turns.
            let primes: Vec<usize> = (0..2_000).map(|index| if index < 200 { 0 } else { index % classes }).collect();
            let (leads, skipped) = by_pieces(classes, &primes, 50);
            assert_eq!(leads, judged(classes, &primes));
            assert!(skipped > 30, "{skipped}");
        }
    }

    #[test]
    fn pieces_that_cannot_be_are_seen() {
        let piece = Piece::read(3, [0, 1, 1, 2, 0, 0].into_iter());
        assert!(piece.is_possible() && Piece::of(3).is_possible());
        for class in 0..3 {
            let changed = |change: fn(&mut Course)| {
                let mut other = piece.clone();
                change(&mut other.classes[class]);
                other.is_possible()
            };
            assert!(!changed(|course| course.most = i64::MAX));
            assert!(!changed(|course| course.most = -1));
            assert!(!changed(|course| course.least = i64::MIN));
            assert!(!changed(|course| course.least = 1));
            assert!(!changed(|course| course.count += 3));
        }
    }
}
