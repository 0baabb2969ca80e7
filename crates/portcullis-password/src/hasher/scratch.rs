//! Memory for argon2, used again and again and wiped in between.

use argon2::Block;
use zeroize::Zeroize;

use crate::{HashError, HashErrorKind};

/// Blocks of 1 KiB that one thread hashes in.
///
/// Up to `keep` blocks stay allocated; whoever needs more gets them for one hash.
pub(crate) struct Scratch {
    kept: Vec<Block>,
    keep: usize,
    /// How many of the first blocks hold something.
    dirty: usize,
}

impl Scratch {
    /// Keeps at most `bytes`.
    pub(crate) const fn keeping(bytes: usize) -> Self {
        Self {
            kept: Vec::new(),
            keep: bytes / Block::SIZE,
            dirty: 0,
        }
    }

    /// Gives `work` exactly so many blocks, whatever they hold.
    pub(super) fn with_blocks<R>(
        &mut self,
        count: usize,
        work: impl FnOnce(&mut [Block]) -> R,
    ) -> Result<R, HashError> {
        if count > self.keep {
            return with_own_blocks(count, work);
        }
        if self.kept.is_empty() {
            self.kept = allocate(self.keep)?;
        }
        self.dirty = self.dirty.max(count);
        Ok(work(&mut self.kept[..count]))
    }

    /// Overwrites what the last hashes left. Costs nothing when they left nothing.
    pub(crate) fn wipe(&mut self) {
        self.kept[..self.dirty]
            .iter_mut()
            .for_each(Zeroize::zeroize);
        self.dirty = 0;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.wipe();
    }
}

fn with_own_blocks<R>(count: usize, work: impl FnOnce(&mut [Block]) -> R) -> Result<R, HashError> {
    let mut blocks = allocate(count)?;
    let result = work(&mut blocks);
    blocks.iter_mut().for_each(Zeroize::zeroize);
    Ok(result)
}

fn allocate(count: usize) -> Result<Vec<Block>, HashError> {
    let mut blocks = Vec::new();
    blocks
        .try_reserve_exact(count)
        .map_err(|_| HashError::new(HashErrorKind::Unavailable))?;
    blocks.resize(count, Block::new());
    Ok(blocks)
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Scratch")
            .field("blocks", &self.kept.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Scratch;

    fn sum(scratch: &Scratch) -> u64 {
        scratch.kept.iter().flat_map(AsRef::<[u64]>::as_ref).sum()
    }

    #[test]
    fn blocks_are_reused_and_wiped() {
        let mut scratch = Scratch::keeping(4 * 1024);
        let first = scratch.with_blocks(3, |blocks| blocks.as_ptr()).unwrap();
        let second = scratch
            .with_blocks(4, |blocks| {
                blocks[3].as_mut().fill(7);
                blocks.as_ptr()
            })
            .unwrap();
        assert_eq!(first, second);
        assert_ne!(sum(&scratch), 0);
        scratch.wipe();
        assert_eq!(sum(&scratch), 0);
    }

    #[test]
    fn more_than_is_kept_is_given_for_one_hash() {
        let mut scratch = Scratch::keeping(4 * 1024);
        let length = scratch.with_blocks(5, |blocks| blocks.len()).unwrap();
        assert_eq!((length, scratch.kept.len()), (5, 0));
    }
}
