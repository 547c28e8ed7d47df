//! What a run claims, and whether it is true: for `verify`, `certify`, `diff` and `merge`.

pub mod claims;
pub mod put_together;
pub mod recount;
