//! A block of units: `2^level` of them, starting at a multiple of `2^level`.
//!
//! Blocks are the subtrees of the one tree of a run. So they have halves, a buddy and a parent, and few of them tile any range of
//! units. Nothing here knows ranks or numbers.

use crate::wire;
use std::ops::Range;

/// Units `index << level .. (index + 1) << level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The block has `2^level` units.
    pub level: u32,
    /// Its place among the blocks of its level.
    pub index: u64,
}

impl Block {
    /// Its first unit.
    pub fn first(self) -> u64 {
        self.index << self.level
    }

    /// How many units it has.
    pub fn count(self) -> u64 {
        1 << self.level
    }

    /// Its units.
    pub fn units(self) -> Range<u64> {
        self.first()..self.first() + self.count()
    }

    /// The block of twice as many units that it is a half of.
    pub fn parent(self) -> Block {
        Block { level: self.level + 1, index: self.index >> 1 }
    }

    /// The ancestor at that level, which must not be below its own.
    pub fn parent_at(self, level: u32) -> Block {
        Block { level, index: self.index.checked_shr(level - self.level).unwrap_or(0) }
    }

    /// The other half of the parent.
    pub fn buddy(self) -> Block {
        Block { level: self.level, index: self.index ^ 1 }
    }

    /// Whether it is the left half of its parent.
    pub fn is_left(self) -> bool {
        self.index & 1 == 0
    }

    /// Its left and its right half; `None` for a single unit.
    pub fn halves(self) -> Option<(Block, Block)> {
        let level = self.level.checked_sub(1)?;
        let left = Block { level, index: self.index << 1 };
        Some((left, left.buddy()))
    }

    /// The block over `units` units, rounded up to a power of two.
    pub fn root(units: u64) -> Block {
        Block { level: units.max(1).next_power_of_two().trailing_zeros(), index: 0 }
    }

    /// The largest block that starts with `units`, lies in them and is not above `level`; `None` if there are no units.
    pub fn front(units: &Range<u64>, level: u32) -> Option<Block> {
        let room = units.end.checked_sub(units.start)?.checked_ilog2()?;
        let level = level.min(room).min(units.start.trailing_zeros());
        Some(Block { level, index: units.start >> level })
    }

    /// The fewest blocks that tile `units` in order, none above `level`.
    pub fn tiling(mut units: Range<u64>, level: u32) -> impl Iterator<Item = Block> {
        std::iter::from_fn(move || {
            let block = Block::front(&units, level)?;
            units.start += block.count();
            Some(block)
        })
    }

    /// How many blocks tile the units from 0 to below `units`.
    pub fn tiles(units: u64, level: u32) -> u64 {
        let level = level.min(63);
        (units >> level) + u64::from((units & ((1 << level) - 1)).count_ones())
    }
}

wire::fields! { Block { level index } }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_is_tiled_exactly() {
        for end in 0..70u64 {
            for start in 0..=end {
                for level in [0, 1, 3, u32::MAX] {
                    let mut at = start;
                    for block in Block::tiling(start..end, level) {
                        assert_eq!(block.first(), at);
                        assert!(block.level <= level);
                        at = block.units().end;
                    }
                    assert_eq!(at, end);
                }
            }
        }
    }

    #[test]
    fn tiles_are_counted_without_laying_them() {
        for units in 0..300 {
            for level in [0, 1, 3, 6, 63, u32::MAX] {
                assert_eq!(Block::tiles(units, level), Block::tiling(0..units, level).count() as u64);
            }
        }
        assert_eq!(Block::tiles(u64::MAX, 0), u64::MAX);
    }

    #[test]
    fn halves_are_buddies_and_have_one_parent() {
        let block = Block { level: 5, index: 9 };
        let (left, right) = block.halves().unwrap();
        assert!(left.is_left() && !right.is_left());
        assert_eq!((left.buddy(), left.parent(), right.parent()), (right, block, block));
        assert_eq!(left.first(), block.first());
        assert_eq!(Block { level: 0, index: 3 }.halves(), None);
    }

    #[test]
    fn the_root_covers_all_units() {
        for (units, level) in [(0, 0), (1, 0), (2, 1), (3, 2), (64, 6), (65, 7)] {
            assert_eq!(Block::root(units), Block { level, index: 0 });
        }
    }
}
