//! Lanes of 256 bits: nearly every x86-64 machine since 2013.

super::generic::lanes! {
    "avx2",
    "avx2,bmi1,bmi2,popcnt",
    || {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt")
    }
}
