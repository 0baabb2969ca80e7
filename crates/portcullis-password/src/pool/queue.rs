//! A bounded queue whose places can be left.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::PasswordHasher;
use crate::hasher::Scratch;

type Work = Box<dyn FnOnce(&PasswordHasher, &mut Scratch) + Send>;

/// One piece of work. Dropping it drops, and so wipes, the password in it.
pub(super) struct Job {
    pub(super) memory: usize,
    pub(super) work: Work,
}

impl Job {
    /// `memory`: the bytes that a stored hash asks for; 0 for a hash with the current parameters.
    pub(super) fn new(
        memory: usize,
        work: impl FnOnce(&PasswordHasher, &mut Scratch) + Send + 'static,
    ) -> Self {
        Self {
            memory,
            work: Box::new(work),
        }
    }
}

#[derive(Default)]
struct State {
    jobs: VecDeque<(u64, Job)>,
    next_id: u64,
    running: usize,
    closed: bool,
}

pub(super) struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
            arrived: Condvar::new(),
        }
    }

    /// Puts a job at the end unless `refuse` says why not, given how many wait and how many run; gives the job's id.
    pub(super) fn push<E>(
        &self,
        job: Job,
        refuse: impl FnOnce(usize, usize) -> Option<E>,
    ) -> Result<u64, E> {
        let mut state = self.lock();
        if let Some(reason) = refuse(state.jobs.len(), state.running) {
            return Err(reason);
        }
        let id = state.next_id;
        state.next_id += 1;
        state.jobs.push_back((id, job));
        drop(state);
        self.arrived.notify_one();
        Ok(id)
    }

    /// Takes a job out that has not begun. The job is given back, so that it is dropped outside the lock.
    pub(super) fn remove(&self, id: u64) -> Option<Job> {
        let mut state = self.lock();
        let index = state.jobs.iter().position(|(waiting, _)| *waiting == id)?;
        state.jobs.remove(index).map(|(_, job)| job)
    }

    /// The next job, or `None` when none waits. The caller owes a [`Queue::finished`].
    pub(super) fn try_next(&self) -> Option<Job> {
        self.lock().take()
    }

    /// Waits for the next job; `None` when the pool is closed. The caller owes a [`Queue::finished`].
    pub(super) fn next(&self) -> Option<Job> {
        let waiting = |state: &mut State| state.jobs.is_empty() && !state.closed;
        let state = self.arrived.wait_while(self.lock(), waiting);
        state.unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn finished(&self) {
        self.lock().running -= 1;
    }

    /// Lets the threads end.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_all();
    }

    /// How many wait and how many run.
    pub(super) fn load(&self) -> (usize, usize) {
        let state = self.lock();
        (state.jobs.len(), state.running)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self) -> Option<Job> {
        let (_, job) = self.jobs.pop_front()?;
        self.running += 1;
        Some(job)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (waiting, running) = self.load();
        formatter
            .debug_struct("Queue")
            .field("waiting", &waiting)
            .field("running", &running)
            .finish()
    }
}
