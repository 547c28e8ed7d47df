//! What is built in of the parts of pcount that need libraries.

/// The features of `Cargo.toml`, and whether each is built in.
pub const FEATURES: [(&str, bool); 3] =
    [("mpi", cfg!(feature = "mpi")), ("hdf5", cfg!(feature = "hdf5")), ("download", cfg!(feature = "download"))];

/// Whether the feature is built in.
pub fn is_built_in(feature: &str) -> bool {
    FEATURES.contains(&(feature, true))
}

/// The names of the features that are built in, or of those that are not.
pub fn names(built_in: bool) -> Vec<&'static str> {
    FEATURES.iter().filter(|(_, there)| *there == built_in).map(|(name, _)| *name).collect()
}
