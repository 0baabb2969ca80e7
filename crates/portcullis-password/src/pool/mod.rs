//! Hashing away from the async workers, on a fixed number of threads.

mod builder;
mod priority;
mod queue;
mod shared;
mod stats;
mod worker;

use std::fmt;
use std::io;
use std::sync::Arc;

pub use builder::HashPoolBuilder;
pub use stats::PoolStats;
use tokio::sync::oneshot;

use self::queue::Job;
use self::shared::Shared;
use crate::hasher::Scratch;
use crate::{HashError, HashErrorKind, Password, PasswordHash, PasswordHasher, Verification};

/// A [`PasswordHasher`] on threads of its own.
///
/// - **Threads**: as many as there are cores, fewer where the memory budget asks for it, at lowered priority on Linux, so that
///   a burst of logins does not delay the application's other requests. They end when the last clone is dropped.
/// - **Memory**: each thread keeps what one argon2id hash needs, and wipes it as soon as nothing more waits. A stored hash
///   that needs more gets it for its own time, one such hash at a time in the whole pool; a thread that meets a second one
///   waits. So the pool never takes more than threads × one hash, and one greater hash. scrypt's memory cannot be kept
///   between hashes; it is bounded alike.
/// - **Queue**: bounded. When it is full, or the wait would be too long, the answer is
///   [`Busy`](HashErrorKind::Busy) at once: 503 with Retry-After.
/// - **Cancellation**: a dropped future leaves the queue, and its password is wiped; what is being hashed is finished.
///
/// No runtime is needed: the futures can be awaited anywhere. Cheap to clone.
///
/// ```
/// use portcullis_password::{HashPool, Password, PasswordHasher};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = HashPool::builder(PasswordHasher::default()).threads(2).queue(128).build()?;
/// let stored = pool.hash(Password::new("correct horse battery staple")?).await?;
///
/// let typed = Password::new("something else")?;
/// assert!(!pool.verify(typed.clone(), stored.as_str()).await?.is_match());
/// pool.verify_dummy(typed).await?; // no such user: as slow, and nothing else
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HashPool(Arc<Owner>);

/// Ends the threads when the last handle goes.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.queue.close();
    }
}

impl HashPool {
    /// A pool with the defaults of [`HashPoolBuilder`].
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(hasher: PasswordHasher) -> io::Result<Self> {
        Self::builder(hasher).build()
    }

    /// Configures a pool.
    pub fn builder(hasher: PasswordHasher) -> HashPoolBuilder {
        HashPoolBuilder::new(hasher)
    }

    /// The hasher that the threads use.
    #[must_use]
    pub fn hasher(&self) -> &PasswordHasher {
        &self.0.0.hasher
    }

    /// Hashes a new password. See [`PasswordHasher::hash`].
    ///
    /// # Errors
    /// As there, and [`Busy`](HashErrorKind::Busy).
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        self.run(0, move |hasher, scratch| hasher.hash_in(scratch, &password))
            .await
    }

    /// Compares a password with a stored hash. See [`PasswordHasher::verify`].
    ///
    /// # Errors
    /// As there, and [`Busy`](HashErrorKind::Busy).
    pub async fn verify(
        &self,
        password: Password,
        stored: impl Into<String>,
    ) -> Result<Verification, HashError> {
        let stored = stored.into();
        let memory = self.hasher().memory_bytes(&stored);
        self.run(memory, move |hasher, scratch| {
            hasher.verify_in(scratch, &password, &stored)
        })
        .await
    }

    /// Does the work of verifying, for a user who does not exist, has no password, or may not log in.
    ///
    /// # Errors
    /// [`Busy`](HashErrorKind::Busy), exactly when a real verification would be refused.
    pub async fn verify_dummy(&self, password: Password) -> Result<(), HashError> {
        let work = move |hasher: &PasswordHasher, scratch: &mut Scratch| {
            hasher.verify_dummy_in(scratch, &password);
            Ok(())
        };
        self.run(0, work).await
    }

    /// Counters and gauges, for metrics.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.0.0.stats()
    }

    async fn run<T, W>(&self, memory: usize, work: W) -> Result<T, HashError>
    where
        T: Send + 'static,
        W: FnOnce(&PasswordHasher, &mut Scratch) -> Result<T, HashError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Job::new(memory, move |hasher, scratch| {
            let result = work(hasher, scratch);
            let _ = reply.send(result);
        });
        // Leaves the queue when this future is dropped.
        let _place = self.0.0.admit(job)?;
        answer
            .await
            .unwrap_or(Err(HashError::new(HashErrorKind::Unavailable)))
    }
}

impl fmt::Debug for HashPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HashPool")
            .field("hasher", self.hasher())
            .field("stats", &self.stats())
            .finish()
    }
}
