use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Entries that are allocated together.
const PAGE: usize = 1024;

/// Where the bucket with each number lies. It takes memory page by page, as numbers come into use.
pub(super) struct Directory {
    pages: Box<[OnceLock<Box<Page>>]>,
}

/// A place plus 1, or 0.
type Page = [AtomicU32; PAGE];

impl Directory {
    /// What an entry takes, in bytes.
    pub(super) const ENTRY: usize = size_of::<AtomicU32>();

    /// A directory for this many numbers, rounded up to whole pages.
    pub(super) fn for_numbers(numbers: usize) -> Self {
        let pages = numbers.div_ceil(PAGE);
        Self {
            pages: (0..pages).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Whether there may be a bucket with this number.
    pub(super) fn reaches(&self, number: usize) -> bool {
        number / PAGE < self.pages.len()
    }

    /// Where the bucket with this number lies, if there is one.
    #[inline]
    pub(super) fn place(&self, number: usize) -> Option<usize> {
        let page = self.pages.get(number / PAGE)?.get()?;
        let entry = page[number % PAGE].load(Ordering::Acquire);
        (entry as usize).checked_sub(1)
    }

    /// Makes a bucket known. The number must be within reach.
    pub(super) fn put(&self, number: usize, place: usize) {
        let page = self.pages[number / PAGE].get_or_init(new_page);
        let entry = u32::try_from(place + 1).unwrap_or(0);
        page[number % PAGE].store(entry, Ordering::Release);
    }
}

#[cold]
fn new_page() -> Box<Page> {
    Box::new([const { AtomicU32::new(0) }; PAGE])
}
