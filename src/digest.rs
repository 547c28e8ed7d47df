//! SHA-256: of downloads, of factorials, of plans and run files. The only file that names the sha2 crate.

use sha2::Digest;
use std::io;

/// Computes a digest.
#[derive(Default)]
pub struct Sha256(sha2::Sha256);

impl Sha256 {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> [u8; 32] {
        let mut digest = Sha256::default();
        digest.update(bytes);
        digest.finish()
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes.
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// Bytes written here are added to the digest.
impl io::Write for Sha256 {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes as hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sha256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(&Sha256::of(b"")), empty);
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(&Sha256::of(b"abc")), abc);
    }
}
