use std::time::Duration;

/// Pauses between attempts, each twice the one before, less up to a half by chance: so that the nodes that have lost one server do not
/// come back as one.
pub(crate) struct Pauses {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Pauses {
    pub(crate) const fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
        }
    }

    /// What was tried has proved useful: the next pause is the first again.
    pub(crate) fn begin_anew(&mut self) {
        self.next = self.first;
    }

    pub(crate) async fn rest(&mut self) {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.longest);
        tokio::time::sleep(pause - pause.mul_f32(0.5 * share())).await;
    }
}

/// One of so many, by chance.
#[cfg(feature = "cluster")]
pub(super) fn any_of(count: usize) -> usize {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    usize::from(byte[0]) % count.max(1)
}

/// A random share, from 0 to 1; 0 where there is no randomness.
fn share() -> f32 {
    let mut byte = [0];
    match getrandom::fill(&mut byte) {
        Ok(()) => f32::from(byte[0]) / 255.0,
        Err(_) => 0.0,
    }
}
