//! The lanes that every CPU has. The other lanes are tested against them.

super::generic::lanes! {
    name: "scalar",
    features: [],
    usable: || true,
    clear: Plain,
    fused: false,
}

pub(super) const SCALAR: super::Lanes = compiled::LANES;
