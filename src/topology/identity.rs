//! What tells the nodes of one answer apart.

/// What tells one node of an answer from another, as the answer writes it: the id where it is the
/// usual one, which no two nodes share, else everything.
#[derive(Clone, Copy)]
pub(super) struct Identity<'a> {
    /// The host announced; NULL is empty.
    pub host: &'a [u8],
    /// The port announced.
    pub port: u16,
    /// The id, or empty.
    pub id: &'a [u8],
}

/// An id as long as all servers write it: 40 hex digits.
type UsualId = [u8; 40];

impl Identity<'_> {
    #[inline]
    pub fn usual_id(&self) -> Option<&UsualId> {
        self.id.try_into().ok()
    }

    #[inline]
    pub fn is(&self, other: &Identity<'_>) -> bool {
        match (self.usual_id(), other.usual_id()) {
            (Some(id), Some(other)) => id == other,
            _ => self.port == other.port && self.id == other.id && self.host == other.host,
        }
    }

    /// Of the id alone where there is one, as it differs from node to node.
    #[inline]
    pub fn hash(&self, key: u64) -> u64 {
        if let Some(id) = self.usual_id() {
            return id.chunks_exact(8).fold(key, |hash, word| {
                fold(hash ^ <[u8; 8]>::try_from(word).map_or(0, u64::from_le_bytes))
            });
        }
        let text = if self.id.is_empty() { self.host } else { self.id };
        let hash = text
            .iter()
            .fold(key ^ u64::from(self.port), |hash, &byte| fold(hash ^ u64::from(byte)));
        fold(hash)
    }
}

#[inline]
fn fold(value: u64) -> u64 {
    let wide = u128::from(value) * 0x9E37_79B9_7F4A_7C15;
    (wide as u64) ^ (wide >> 64) as u64
}
