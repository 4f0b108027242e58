//! Texts that are shown nowhere.

use std::fmt;

use zeroize::Zeroize;

/// A password: reads as `***` wherever it is printed, and is overwritten with zeros when dropped.
///
/// The overwriting is zeroize's (tiny, without dependencies): a plain loop before the memory is given
/// back is dead code to the compiler, and what keeps it alive is `unsafe`, which stays out of here.
#[derive(Clone)]
pub struct Secret(String);

/// What stands for a secret wherever options are shown.
pub(super) const HIDDEN: &str = "***";

impl Secret {
    /// Keeps a copy of `text`, made in one piece so that no half-grown copies stay behind.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text itself: for the wire alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}
