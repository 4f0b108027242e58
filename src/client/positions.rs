//! Which keys of a split command each of its parts has.

/// For each part the places of its keys among the command's, counted from 0, in the part's order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Positions {
    /// Those of all parts, one part behind the other.
    all: Vec<u32>,
    /// Where each part ends among them.
    ends: Vec<u32>,
}

impl Positions {
    /// Of all parts, one behind the other, and where each ends.
    pub(crate) fn new(all: Vec<u32>, ends: Vec<u32>) -> Self {
        Self { all, ends }
    }

    /// How many parts there are.
    pub(crate) fn parts(&self) -> usize {
        self.ends.len()
    }

    /// How many keys there are.
    pub(crate) fn keys(&self) -> usize {
        self.all.len()
    }

    /// Part by part.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let part = self.all.get(start..end as usize).unwrap_or_default();
            start = end as usize;
            part
        })
    }
}

impl<'a> FromIterator<&'a [u32]> for Positions {
    fn from_iter<T: IntoIterator<Item = &'a [u32]>>(parts: T) -> Self {
        let mut positions = Self::default();
        for part in parts {
            positions.all.extend_from_slice(part);
            positions.ends.push(positions.all.len() as u32);
        }
        positions
    }
}
