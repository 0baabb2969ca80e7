use std::hash::{Hash, Hasher};

/// As many as most keys need, so that they stay on the stack: two addresses or a user's id and more.
const INLINE: usize = 56;

/// Bytes that only grow, on the stack while they are few.
#[derive(Clone)]
pub(super) enum Bytes {
    Few { bytes: [u8; INLINE], length: usize },
    Many(Vec<u8>),
}

impl Bytes {
    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Few { bytes, length } => &bytes[..*length],
            Self::Many(bytes) => bytes,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, more: &[u8]) {
        if let Self::Few { bytes, length } = self
            && let Some(free) = bytes[*length..].get_mut(..more.len())
        {
            free.copy_from_slice(more);
            *length += more.len();
            return;
        }
        self.push_many(more);
    }

    #[cold]
    fn push_many(&mut self, more: &[u8]) {
        let mut bytes = match self {
            Self::Few { .. } => self.as_slice().to_vec(),
            Self::Many(bytes) => std::mem::take(bytes),
        };
        bytes.extend_from_slice(more);
        *self = Self::Many(bytes);
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self::Few {
            bytes: [0; INLINE],
            length: 0,
        }
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Bytes {}

impl Hash for Bytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}
